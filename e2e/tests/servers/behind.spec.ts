import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test as base } from "@playwright/test";
import { Prosody } from "../../fixtures/prosody.ts";
import { ChatServer } from "../../fixtures/server.ts";
import { talkThroughReload } from "../../fixtures/transcript.ts";
import { Witness } from "../../fixtures/witness.ts";
import { ChatPage } from "../../pages/chat.ts";

/** Prosody, and our server in front of it: the page knows only the latter. */
const test = base.extend<{ prosody: Prosody; front: ChatServer; witness: Witness }>({
  prosody: async ({}, use, info) => {
    const prosody = await Prosody.start();
    await use(prosody);
    if (info.status !== info.expectedStatus) await info.attach("prosody log", { body: prosody.log, contentType: "text/plain" });
    await prosody.dispose();
  },
  front: async ({ prosody }, use, info) => {
    const folder = await mkdtemp(join(tmpdir(), "converse-front-"));
    const config = join(folder, "config.toml");
    const table = `domain = "${prosody.domain}"\naddress = "${prosody.c2sAddress}"\nca_file = "${prosody.certificate}"\n`;
    await writeFile(config, `[[upstream]]\n${table}`);
    const front = await ChatServer.start({ domain: "front.example", config });
    await use(front);
    if (info.status !== info.expectedStatus) await info.attach("server log", { body: front.log, contentType: "text/plain" });
    await front.dispose();
    await rm(folder, { recursive: true, force: true });
  },
  witness: async ({ context, front }, use) => {
    const witness = new Witness();
    witness.trust(front.origin);
    await witness.watch(context);
    await use(witness);
    expect(witness.complaints).toEqual([]);
  },
});

const TRANSPORTS: Record<string, Record<string, string>> = { websocket: { service: "/" }, bosh: { "bosh-url": "/http-bind" } };

for (const [transport, attributes] of Object.entries(TRANSPORTS)) {
  test(`Prosody behind our server, over ${transport}`, async ({ prosody, front, witness, page }) => {
    const alice = await prosody.addAccount("alice", "Alice Archer");
    const bob = await prosody.addAccount("bob", "Bob Baker");
    const server = { websocketUrl: front.websocketUrl, domain: prosody.domain };
    const address = `${front.origin}/embed.html?${new URLSearchParams({ view: "fullscreen", ...attributes })}`;
    await talkThroughReload(page, { server, transport, address }, alice, bob);
    expect(witness.requests.length).toBeGreaterThan(0);
  });
}

test("a wrong password at the server behind is understood", async ({ prosody, front, witness, page }) => {
  const alice = await prosody.addAccount("alice", "Alice Archer");
  await page.goto(`${front.origin}/embed.html?${new URLSearchParams({ service: "/" })}`);
  const chat = new ChatPage(page);
  await chat.signInForm.submit(alice.jid, "wrong");
  await expect(chat.signInForm.alert).toContainText("don’t match");
  expect(witness.requests.length).toBeGreaterThan(0);
});
