import { xml } from "@xmpp/client";
import { befriend, expect, test } from "../../fixtures/index.ts";

// No page here: an independent client against our server, so that both sides of ours don't share a mistake.

test("an independent client signs in, is befriended, talks", async ({ server, bot, alice, bob }) => {
  await befriend(server, alice, bob);
  const hers = await bot(alice);
  const his = await bot(bob);
  await his.received((stanza) => stanza.is("presence") && String(stanza.attrs.from).startsWith(alice.jid));
  await hers.say(bob.jid, "hello");
  const heard = await his.hears("hello");
  // XEP-0386 §3.2.1: the server makes the resource, from the client's own word on.
  expect(String(heard.attrs.from)).toMatch(new RegExp(`^${alice.jid}/bot(/|$)`));
});

test("what was said meanwhile waits", async ({ bot, alice, bob }) => {
  const hers = await bot(alice);
  await hers.say(bob.jid, "are you there?");
  await hers.request(xml("iq", { type: "get", to: "localhost" }, xml("ping", "urn:xmpp:ping")));
  const his = await bot(bob);
  const late = await his.hears("are you there?");
  expect(late.getChild("delay", "urn:xmpp:delay")).toBeTruthy();
});
