// Makes dist/ from pkg/ (wasm-pack's output), ts/, styles/ and locales/.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync, existsSync, copyFileSync } from "node:fs";
import { build } from "esbuild";

const parts = ["pkg/converse_chat_bg.wasm", "pkg/converse_chat_rest.wasm", "pkg/converse_chat_rare.wasm"];
if (!parts.every((part) => existsSync(part))) {
  console.error("web-component/pkg is missing: run `cargo xtask dist`, which builds the WebAssembly module first");
  process.exit(1);
}
const { version } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist/locales", { recursive: true });

// The name carries the content, so that servers may let browsers keep it for ever.
const names = parts.map((part) => {
  const bytes = readFileSync(part);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const name = `${part.replace(/^pkg\/|(_bg)?\.wasm$/g, "")}-${hash}.wasm`;
  writeFileSync(`dist/${name}`, bytes);
  return name;
});

const css = await build({
  entryPoints: ["styles/index.css"], bundle: true, minify: true, write: false, logLevel: "warning",
});
const styles = {
  name: "styles",
  setup(api) {
    api.onResolve({ filter: /^#styles$/ }, () => ({ path: "styles", namespace: "styles" }));
    api.onLoad({ filter: /.*/, namespace: "styles" }, () => ({ contents: css.outputFiles[0].text.trim(), loader: "text" }));
    // The registration is a module of its own that imports the class, so that a page with both has one class.
    api.onResolve({ filter: /^\.\/converse-chat\.js$/ }, ({ path }) => ({ path, external: true }));
    api.onResolve({ filter: /^#wasm$/ }, () => ({ path: new URL("pkg/converse_chat.js", import.meta.url).pathname }));
  },
};

await build({
  entryPoints: ["ts/define.ts", "ts/converse-chat.ts"],
  outdir: "dist",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  define: { __VERSION__: JSON.stringify(version), ...Object.fromEntries(names.map((name, index) => [`__PART_${index}__`, JSON.stringify(`./${name}`)])) },
  plugins: [styles],
});

// One JSON file a language, white space removed.
for (const name of readdirSync("locales")) {
  if (!name.endsWith(".json")) continue;
  writeFileSync(`dist/locales/${name}`, JSON.stringify(JSON.parse(readFileSync(`locales/${name}`, "utf8"))));
}

execFileSync("npx", ["tsc", "-p", "."], { stdio: "inherit" });
copyFileSync("ts/wasm.d.ts", "dist/types/wasm.d.ts");
execFileSync("npx", ["cem", "analyze", "--globs", "ts/converse-chat.ts", "--outdir", "dist", "--quiet"], { stdio: "inherit" });
