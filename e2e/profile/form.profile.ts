import { expect, test } from "../fixtures/index.ts";
import { Ran } from "./ran.ts";

const EMBEDDINGS: Record<string, string>[] = [
  { view: "fullscreen", theme: "light" },
  { view: "embedded", theme: "dark", domain: "localhost", jid: "alice@localhost" },
  { view: "overlay", theme: "auto", lang: "de", open: "" },
  { view: "overlay" },
];

test("the form in each view, theme and language, and typing into it", async ({ visit, browser }) => {
  const ran = await Ran.open("form.txt");
  for (const attributes of EMBEDDINGS) {
    for (const viewport of [{ width: 1280, height: 800 }, { width: 360, height: 740 }]) {
      const context = await browser.newContext({ viewport });
      const page = await context.newPage();
      await Ran.listen(page);
      const chat = await visit(attributes, page);
      if (attributes.view === "overlay" && !("open" in attributes)) {
        await chat.element.getByRole("button").first().click();
      }
      const form = chat.element.locator("form");
      await expect(form).toBeVisible();
      await form.locator("input").first().fill("somebody@localhost");
      await form.locator("input").nth(1).fill("typing");
      await page.keyboard.press("Tab");
      // What leaving the page runs can't be fetched any more by then.
      await page.evaluate(() => {
        window.dispatchEvent(new PageTransitionEvent("pagehide"));
        document.dispatchEvent(new Event("visibilitychange"));
      });
      await page.waitForTimeout(100);
      await ran.take(page);
      await context.close();
    }
  }
});
