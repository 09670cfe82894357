import { xml } from "@xmpp/client";
import { befriend, expect, test } from "../../fixtures/index.ts";

// What the embedded host does for native clients, seen through one that is not ours.

const PUBSUB = "http://jabber.org/protocol/pubsub";
const TUNE = "http://jabber.org/protocol/tune";

test("who is blocked is heard no more, and sees nobody", async ({ server, bot, alice, bob }) => {
  await befriend(server, alice, bob);
  const hers = await bot(alice);
  const his = await bot(bob);
  await his.received((stanza) => stanza.is("presence") && String(stanza.attrs.from).startsWith(alice.jid));
  const block = (name: string) => xml(name, { xmlns: "urn:xmpp:blocking" }, xml("item", { jid: bob.jid }));
  await hers.request(xml("iq", { type: "set" }, block("block")));
  await his.received((stanza) => stanza.is("presence") && stanza.attrs.type === "unavailable");
  const id = await his.say(alice.jid, "do you hear me?");
  const refused = await his.received((stanza) => stanza.is("message") && stanza.attrs.id === id);
  expect(refused.attrs.type).toBe("error");
  expect(refused.getChild("error")?.getChild("service-unavailable")).toBeTruthy();
  const list = await hers.request(xml("iq", { type: "get" }, xml("blocklist", { xmlns: "urn:xmpp:blocking" })));
  expect(list.getChild("blocklist")?.getChild("item")?.attrs.jid).toBe(bob.jid);
  const own = await hers.say(bob.jid, "nor I you");
  const unsent = await hers.received((stanza) => stanza.is("message") && stanza.attrs.id === own);
  expect(unsent.getChild("error")?.getChild("blocked", "urn:xmpp:blocking:errors")).toBeTruthy();
  await hers.request(xml("iq", { type: "set" }, block("unblock")));
  await his.say(alice.jid, "and now?");
  await hers.hears("and now?");
});

test("what one publishes reaches friends who want it", async ({ server, bot, alice, bob }) => {
  await befriend(server, alice, bob);
  const hers = await bot(alice);
  const his = await bot(bob);
  const publish = (title: string) => {
    const tune = xml("tune", { xmlns: TUNE }, xml("title", {}, title));
    const item = xml("publish", { node: TUNE }, xml("item", { id: "current" }, tune));
    return hers.request(xml("iq", { type: "set" }, xml("pubsub", { xmlns: PUBSUB }, item)));
  };
  const told = (title: string) => (stanza: ReturnType<typeof xml>) =>
    stanza.is("message") && stanza.attrs.from === alice.jid && String(stanza).includes(`<title>${title}</title>`);
  await publish("Yesterday");
  await his.wants(TUNE);
  const last = await his.received(told("Yesterday"));
  expect(last.getChild("delay", "urn:xmpp:delay")).toBeTruthy();
  await publish("Help!");
  await his.received(told("Help!"));
  const items = xml("pubsub", { xmlns: PUBSUB }, xml("items", { node: TUNE }));
  const kept = await his.request(xml("iq", { type: "get", to: alice.jid }, items));
  expect(kept.getChild("pubsub")?.getChild("items")?.getChildren("item").length).toBe(1);
});
