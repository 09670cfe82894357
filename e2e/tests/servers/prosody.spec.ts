import { Bot, befriend } from "../../fixtures/bot.ts";
import { expect, test as base } from "@playwright/test";
import { Prosody } from "../../fixtures/prosody.ts";
import { Witness } from "../../fixtures/witness.ts";
import { ChatPage } from "../../pages/chat.ts";

const test = base.extend<{ prosody: Prosody; witness: Witness }>({
  prosody: async ({}, use, info) => {
    const prosody = await Prosody.start();
    await use(prosody);
    if (info.status !== info.expectedStatus) await info.attach("prosody log", { body: prosody.log, contentType: "text/plain" });
    await prosody.dispose();
  },
  witness: async ({ context, prosody }, use) => {
    const witness = new Witness();
    witness.trust(prosody.origin);
    await witness.watch(context);
    await use(witness);
    expect(witness.complaints).toEqual([]);
  },
});

const TRANSPORTS = {
  websocket: (prosody: Prosody) => ({ "websocket-url": prosody.websocketUrl }),
  bosh: (prosody: Prosody) => ({ "bosh-url": prosody.boshUrl }),
};

for (const [transport, attributes] of Object.entries(TRANSPORTS)) {
  test(`Prosody over its own ${transport}`, async ({ prosody, witness, page }) => {
    const alice = await prosody.addAccount("alice", "Alice Archer");
    const bob = await prosody.addAccount("bob", "Bob Baker");
    await befriend(prosody, alice, bob);
    const his = await Bot.signIn(bob, prosody);
    await his.say(alice.jid, "while you were away");

    await page.goto(`${prosody.origin}/embed.html?${new URLSearchParams({ view: "fullscreen", ...attributes(prosody) })}`);
    const chat = new ChatPage(page);
    await chat.signIn(alice);
    expect((await chat.hears("connected")).detail).toMatchObject({ transport });
    const conversation = await chat.openContact(bob.name);
    await expect(conversation.message("while you were away")).toHaveCount(1);
    await conversation.say("hello from the page");
    await his.hears("hello from the page");
    await his.say(alice.jid, "hello from elsewhere");
    await expect(conversation.message("hello from elsewhere")).toHaveCount(1);
    await conversation.delivered("hello from the page", "Sent");

    await page.reload();
    await chat.signedIn();
    const again = await chat.openContact(bob.name);
    await expect(again.message("hello from elsewhere")).toHaveCount(1);
    await expect(again.message("hello from the page")).toHaveCount(1);
    expect(witness.requests.length).toBeGreaterThan(0);
    await his.signOut();
  });
}

test("Prosody's answer to a wrong password is understood", async ({ prosody, witness, page }) => {
  const alice = await prosody.addAccount("alice", "Alice Archer");
  await page.goto(`${prosody.origin}/embed.html?${new URLSearchParams({ "websocket-url": prosody.websocketUrl })}`);
  const chat = new ChatPage(page);
  await chat.signInForm.submit(alice.jid, "wrong");
  await expect(chat.signInForm.alert).toContainText("don’t match");
  expect(witness.requests.length).toBeGreaterThan(0);
});
