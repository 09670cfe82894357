import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { befriend, expect, test } from "../../fixtures/index.ts";

const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 360, height: 740 } };

for (const view of ["overlay", "embedded", "fullscreen"]) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const theme of ["light", "dark"]) {
      test(`no serious finding: ${view}, ${size}, ${theme}`, async ({ server, visit, alice, bob }) => {
        await befriend(server, alice, bob);
        const chat = await visit({ view, theme, open: "" });
        await chat.page.setViewportSize(viewport);
        await expect(chat.signInForm.button).toBeVisible();
        await sound(chat.page);
        await chat.signIn(alice);
        await sound(chat.page);
        const conversation = await chat.openContact(bob.name);
        await conversation.say("hello");
        await sound(chat.page);
      });
    }
  }
}

async function sound(page: Page): Promise<void> {
  // A fade that is still running has other colours than the one that people read.
  await page.evaluate(async () => {
    const running = document.querySelector("converse-chat")?.shadowRoot?.getAnimations() ?? [];
    await Promise.all(running.filter((one) => one.effect?.getComputedTiming().iterations !== Infinity).map((one) => one.finished.catch(() => undefined)));
  });
  const { violations } = await new AxeBuilder({ page }).include("converse-chat").withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const findings = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.flat().join(" ")} ${failureSummary}`).join("; ")}`);
  expect(findings).toEqual([]);
}
