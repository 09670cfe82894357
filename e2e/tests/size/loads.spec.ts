import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { befriend, expect, test } from "../../fixtures/index.ts";

const LIST = resolve(import.meta.dirname, "../../loads.txt");
const HEADER = "# What a page loads of the element, by the moment it is asked for; kept by tests/size, weighed by `cargo xtask size`.\n";

/** The weights of `cargo xtask size` are of these files: the list must be what a real page asks for. */
test("a page loads what the list says, when it says so", async ({ server, visit, alice, bob }) => {
  await befriend(server, alice, bob);
  const chat = await visit();
  const loaded = new Set<string>();
  const lines: string[] = [];
  const moment = async (name: string, until = Infinity) => {
    const entries = await chat.page.evaluate(() => performance.getEntriesByType("resource").map(({ name, startTime }) => ({ name, startTime })));
    for (const entry of entries) {
      const { pathname } = new URL(entry.name);
      const file = pathname.startsWith("/element/") ? pathname.slice("/element/".length) : undefined;
      if (!file || loaded.has(file) || entry.startTime > until) continue;
      loaded.add(file);
      // A content hash in a name changes with every build.
      lines.push(`${name}: ${file.replace(/-[0-9A-Za-z]{8,}\./, "-*.")}`);
    }
  };
  await expect(chat.signInForm.button).toBeVisible();
  await moment("sign-in form", (await chat.hears("ready")).at);
  // A person types longer than the network takes for the second part, which the first touch of the form fetches.
  await chat.element.getByRole("textbox").first().click();
  const fetched = () => chat.page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("_rest-")));
  await expect.poll(fetched).toBe(true);
  await chat.page.waitForTimeout(1_000);
  await chat.signIn(alice);
  await moment("signed in");
  const conversation = await chat.openContact(bob.name);
  await expect(conversation.input).toBeVisible();
  await moment("chat open");

  const list = HEADER + lines.sort().map((line) => `${line}\n`).join("");
  if (process.env.CONVERSE_UPDATE_LOADS) await writeFile(LIST, list);
  expect(await readFile(LIST, "utf8").catch(() => "")).toBe(list);
});
