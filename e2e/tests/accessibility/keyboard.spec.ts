import { address, befriend, expect, giveCredentials, test } from "../../fixtures/index.ts";

test("the overlay opens, talks and closes by keyboard, and gives the focus back", async ({ server, signedIn, alice, bob }) => {
  await befriend(server, alice, bob);
  const chat = await signedIn(alice, { view: "overlay", open: "", chat: bob.jid });
  const conversation = chat.conversation();
  await conversation.input.focus();
  await chat.page.keyboard.type("typed");
  await chat.page.keyboard.press("Enter");
  await expect(conversation.message("typed")).toBeVisible();
  await chat.page.keyboard.press("Escape");
  await expect(async () => {
    if (await conversation.input.isVisible()) await chat.page.keyboard.press("Escape");
    await expect(conversation.input).toBeHidden({ timeout: 500 });
  }).toPass();
  const launcher = chat.element.getByRole("button", { name: "Open chat" });
  await expect(launcher).toBeFocused();
  await chat.page.keyboard.press("Enter");
  await expect(conversation.input).toBeVisible();
});

test("the tab key goes around in a dialog, and Escape gives the focus back", async ({ signedIn, alice }) => {
  const chat = await signedIn(alice);
  const account = chat.element.getByRole("button", { name: "Your account" });
  await account.focus();
  await chat.page.keyboard.press("Enter");
  const dialog = chat.element.getByRole("dialog", { name: "Your account" });
  await expect(dialog).toBeVisible();
  const close = dialog.getByRole("button", { name: "Close" });
  await chat.page.keyboard.press("Shift+Tab");
  await expect(dialog.getByRole("button", { name: "Sign out" })).toBeFocused();
  await chat.page.keyboard.press("Tab");
  await expect(close).toBeFocused();
  await chat.page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(account).toBeFocused();
});

test("who opens the overlay on a conversation can type at once", async ({ signedIn, alice, bob }) => {
  const chat = await signedIn(alice, { view: "overlay", open: "", chat: bob.jid });
  const { input } = chat.conversation();
  await expect(input).toBeVisible();
  await chat.element.getByRole("button", { name: "Close chat" }).first().click();
  await chat.element.getByRole("button", { name: "Open chat" }).click();
  await expect(input).toBeFocused();
});

test("new messages are announced in a log", async ({ signedIn, bot, alice, bob }) => {
  const sender = await bot(bob);
  const chat = await signedIn(alice);
  const conversation = await chat.openByScript(bob);
  await sender.say(alice.jid, "announce me");
  await expect(conversation.log).toContainText("announce me");
});

test("who wants less motion gets none", async ({ browser, server, witness, alice }) => {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  await witness.watch(context);
  const page = await context.newPage();
  await giveCredentials(page, alice);
  await page.goto(address(server, { view: "overlay", open: "" }));
  await expect(page.locator("converse-chat").getByRole("tab").first()).toBeVisible({ timeout: 20_000 });
  const moving = await page.locator("converse-chat").evaluate((element) =>
    (element.shadowRoot?.getAnimations() ?? []).filter((one) => Number(one.effect?.getComputedTiming().duration ?? 0) > 20).length,
  );
  expect(moving).toBe(0);
  await context.close();
});
