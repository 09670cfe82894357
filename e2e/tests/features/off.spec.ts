import type { Page } from "@playwright/test";
import { xml } from "@xmpp/client";
import { address, befriend, expect, test } from "../../fixtures/index.ts";
import { ChatPage } from "../../pages/chat.ts";

/** Each optional feature and what of it must not be seen on the wire once it is off. */
const TRACES: Record<string, string[]> = {
  "chat-states": ["http://jabber.org/protocol/chatstates"],
  receipts: ["urn:xmpp:receipts"],
  markers: ["urn:xmpp:chat-markers:0"],
  carbons: ["urn:xmpp:carbons:2"],
  mam: ["urn:xmpp:mam:2"],
  vcard: ["vcard-temp'", 'vcard-temp"'],
  ping: ["urn:xmpp:ping"],
};

for (const [feature, namespaces] of Object.entries(TRACES)) {
  test(`${feature} leaves no trace when it is switched off`, async ({ server, browser, witness, bot, alice, bob }) => {
    await befriend(server, alice, bob);
    const his = await bot(bob);
    const context = await browser.newContext();
    await witness.watch(context);
    const page = await context.newPage();
    const sent = wire(page);
    await page.addInitScript(({ jid, password, feature }) => {
      (window as unknown as { configure(chat: Record<string, unknown>): void }).configure = (chat) => {
        chat.disabledFeatures = [feature];
        chat.credentials = { jid, password };
      };
    }, { ...alice, feature });
    await page.goto(address(server, {}));
    const chat = new ChatPage(page);
    await chat.signedIn();
    const conversation = await chat.openContact(bob.name);
    await conversation.say("without it");
    await his.hears("without it");
    await his.say(alice.jid, "and back", xml("request", "urn:xmpp:receipts"), xml("markable", "urn:xmpp:chat-markers:0"), xml("active", "http://jabber.org/protocol/chatstates"));
    await expect(conversation.message("and back")).toBeVisible();
    await conversation.input.pressSequentially("typing");
    const jid = String((await chat.hears("connected")).detail?.jid);
    const info = await his.request(xml("iq", { type: "get", to: jid }, xml("query", "http://jabber.org/protocol/disco#info")));
    for (const namespace of namespaces) {
      expect(sent.filter((frame) => frame.includes(namespace))).toEqual([]);
      expect(info.toString()).not.toContain(namespace.replace(/['"]$/, ""));
    }
    await context.close();
  });
}

/** What the page sends over its WebSocket from now on. */
function wire(page: Page): string[] {
  const sent: string[] = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));
  return sent;
}
