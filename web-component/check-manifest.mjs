// The element's surface is documented or does not exist: compares the class's JSDoc with what the code does.
import { readFileSync } from "node:fs";

const source = readFileSync("ts/converse-chat.ts", "utf8");
const types = readFileSync("ts/types.ts", "utf8");
const readme = readFileSync("README.md", "utf8");
const jsx = readFileSync("ts/react.ts", "utf8");
const parts = readFileSync("../crates/chat-ui/src/parts.rs", "utf8");

const all = (text, pattern) => new Set([...text.matchAll(pattern)].map((match) => match[1]));
const problems = [];
const compare = (what, left, right, where) => {
  for (const name of left) if (!right.has(name)) problems.push(`${what} ${name} is not in ${where}`);
};

const attrs = all(source, /@attr \{[^}]*\} ([a-z-]+)/g);
const used = all(source, /(?:get|has|toggle|set)Attribute\("([a-z-]+)"/g);
used.delete("part");
used.delete("role");
compare("attribute", used, attrs, "the JSDoc (@attr)");
compare("attribute", attrs, all(readme, /`([a-z-]+)`/g), "README.md");
compare("attribute", attrs, all(jsx, /^ {2}"?([a-z-]+)"?\?:/gm), "react.ts");

const events = all(source, /@event \{[^\n]*?\} (converse-[a-z-]+)/g);
const declared = all(types, /^ {2}"(converse-[a-z-]+)":/gm);
compare("event", declared, events, "the JSDoc (@event)");
compare("event", events, declared, "types.ts");
compare("event", events, all(readme, /`(converse-[a-z-]+)`/g), "README.md");
for (const [, name] of readFileSync("src/events.rs", "utf8").matchAll(/"(converse-[a-z-]+)"/g)) {
  if (!declared.has(name)) problems.push(`event ${name} of events.rs is not in types.ts`);
}

const documented = all(source, /@csspart ([a-z-]+)/g);
// Only the list: the tests below it hold other words.
const drawn = all(parts.slice(0, parts.indexOf("];")), /"([a-z]+(?:-[a-z]+)*)"/g);
drawn.add("load-error");
compare("part", drawn, documented, "the JSDoc (@csspart)");
compare("part", documented, drawn, "crates/chat-ui/src/parts.rs");

for (const problem of problems) console.error(problem);
console.log(`manifest: ${attrs.size} attributes, ${events.size} events, ${documented.size} parts, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
