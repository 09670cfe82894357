import type { Locator } from "@playwright/test";
import { expect, test } from "../../fixtures/index.ts";

/** How each part inside the element looks. */
async function looks(chat: { element: Locator }): Promise<unknown> {
  return chat.element.evaluate((element) => {
    const properties = ["fontSize", "fontFamily", "display", "color", "backgroundColor", "padding", "margin", "boxSizing", "lineHeight", "position"];
    const inside = [...(element.shadowRoot?.querySelectorAll("*") ?? [])];
    return inside.map((node) => {
      const style = getComputedStyle(node) as unknown as Record<string, string>;
      return [node.localName, ...properties.map((property) => style[property])].join(" ");
    });
  });
}

for (const view of ["embedded", "fullscreen"]) {
  test(`a page that unsets everything does not change the chat inside (${view})`, async ({ visit }) => {
    const calm = await visit({ view });
    await expect(calm.signInForm.button).toBeVisible();
    const hostile = await visit({ view, page: "hostile.html" });
    await expect(hostile.signInForm.button).toBeAttached();
    expect(await looks(hostile)).toEqual(await looks(calm));
  });
}

test("the chat does not change the page", async ({ visit }) => {
  const chat = await visit({ view: "embedded" });
  await expect(chat.signInForm.button).toBeVisible();
  const outside = await chat.page.evaluate(() => ({
    sheets: document.styleSheets.length,
    adopted: document.adoptedStyleSheets.length,
    heading: getComputedStyle(document.querySelector("h1")!).fontSize,
    overflow: getComputedStyle(document.body).overflow,
  }));
  expect(outside).toEqual({ sheets: 1, adopted: 0, heading: "16px", overflow: "visible" });
});
