import { expect, test as base } from "@playwright/test";
import { Prosody } from "../../fixtures/prosody.ts";
import { talkThroughReload } from "../../fixtures/transcript.ts";
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
    const address = `${prosody.origin}/embed.html?${new URLSearchParams({ view: "fullscreen", ...attributes(prosody) })}`;
    await talkThroughReload(page, { server: prosody, transport, address }, alice, bob);
    expect(witness.requests.length).toBeGreaterThan(0);
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
