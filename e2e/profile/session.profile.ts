import { befriend, expect, test } from "../fixtures/index.ts";
import { Ran } from "./ran.ts";

// What an ordinary session runs, trouble with the network and the page's own life included: that code must be there before the
// network is gone. BOSH is for pages where WebSocket does not work or the site signs in: it comes when it is asked for, while
// there is a network.
// A reload has all parts in the browser's cache and takes them before it begins.
test("a session over WebSocket, through lost connections", async ({ server, visit, browser, bot, alice, bob }) => {
  test.setTimeout(240_000);
  const ran = await Ran.open("session.txt");
  await befriend(server, alice, bob);
  const his = await bot(bob);
  for (const [round, attributes] of ([{}, { view: "overlay", open: "" }] as Record<string, string>[]).entries()) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await Ran.listen(page);
    const chat = await visit(attributes, page);
    // Signing in may fail for want of a network.
    if (round === 1) {
      await context.setOffline(true);
      await chat.signInForm.submit(alice.jid, alice.password);
      await expect(chat.signInForm.alert).toBeVisible({ timeout: 30_000 });
      await context.setOffline(false);
    }
    await chat.signIn(alice);
    // The first round finds no history, the second one more than a page of it.
    const conversation = await chat.openContact(bob.name);
    await expect(conversation.input).toBeVisible();
    await page.waitForTimeout(1_000);
    await conversation.say(`hello in round ${round}`);
    for (let n = 0; n < 60; n++) await his.say(alice.jid, `number ${n} of round ${round}, see https://example.org/`);
    await expect(conversation.message(`number 59 of round ${round}`).first()).toBeVisible();
    await conversation.input.pressSequentially("typing");
    await conversation.log.hover();
    await page.mouse.wheel(0, -4_000);
    await page.waitForTimeout(1_000);
    for (const hidden of [true, false]) {
      await page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
        for (const name of hidden ? ["offline"] : ["online", "pagehide", "pageshow"]) dispatchEvent(new Event(name));
      }, hidden);
      await page.waitForTimeout(2_500);
    }
    // The server goes without a word and comes back; what was written meanwhile is sent then.
    await server.down("SIGKILL");
    await expect(chat.element.getByText(/Connection lost|Reconnecting/).first()).toBeVisible({ timeout: 30_000 });
    await conversation.say(`into the void of round ${round}`);
    await page.waitForTimeout(3_000);
    await server.up();
    await conversation.delivered(`into the void of round ${round}`, "Sent");
    // What leaving the page runs can't be fetched any more by then.
    await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent("pagehide")));
    await ran.take(page);
    await context.close();
  }
});
