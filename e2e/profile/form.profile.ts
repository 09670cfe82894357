import { appendFile, writeFile } from "node:fs/promises";
import { expect, test } from "../fixtures/index.ts";

const OUT = process.env.CONVERSE_PROFILE ?? "";

declare global {
  // eslint-disable-next-line no-var
  var ran: Set<number>;
}

test("the form in each view, theme and language, and typing into it", async ({ visit, browser }) => {
  expect(OUT, "say in CONVERSE_PROFILE where the list goes").not.toBe("");
  await writeFile(OUT, "");
  const embeddings: Record<string, string>[] = [
    { view: "fullscreen", theme: "light" },
    { view: "embedded", theme: "dark", domain: "localhost", jid: "alice@localhost" },
    { view: "overlay", theme: "auto", lang: "de", open: "" },
    { view: "overlay" },
  ];
  for (const attributes of embeddings) {
    for (const size of [{ width: 1280, height: 800 }, { width: 360, height: 740 }]) {
      const context = await browser.newContext({ viewport: size });
      const page = await context.newPage();
      await page.addInitScript(() => {
        globalThis.ran = new Set();
        const withRan = (imports?: WebAssembly.Imports) => ({ ...imports, profile: { ran: (index: number) => globalThis.ran.add(index) } });
        const { instantiate, instantiateStreaming } = WebAssembly;
        WebAssembly.instantiateStreaming = (source, imports) => instantiateStreaming.call(WebAssembly, source, withRan(imports));
        WebAssembly.instantiate = ((source: BufferSource, imports?: WebAssembly.Imports) =>
          instantiate.call(WebAssembly, source, withRan(imports))) as typeof WebAssembly.instantiate;
      });
      const chat = await visit(attributes, page);
      const form = chat.element.locator("form");
      if (attributes.view === "overlay" && !("open" in attributes)) {
        await chat.element.getByRole("button").first().click();
      }
      await expect(form).toBeVisible();
      await form.locator("input").first().fill("somebody@localhost");
      await form.locator("input").nth(1).fill("typing");
      await page.keyboard.press("Tab");
      const indices = await page.evaluate(() => [...globalThis.ran]);
      await appendFile(OUT, indices.map((index) => `${index}\n`).join(""));
      await context.close();
    }
  }
});
