import type { Locator, Page } from "@playwright/test";
import { xml } from "@xmpp/client";
import { expect, test } from "../../fixtures/index.ts";

/** The usual ones; each would set `window.pwned` or be drawn as something else than text. */
const PAYLOADS = [
  `<script>window.pwned = 1</script>`,
  `<img src=x onerror="window.pwned=1">`,
  `"><svg onload="window.pwned=1">`,
  `<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>`,
  `<a href="javascript:window.pwned=1">x</a>`,
  `{{constructor.constructor('window.pwned=1')()}}`,
  `<style>* { display: none !important }</style>`,
];

test("hostile bodies are text", async ({ signedIn, bot, alice, bob }) => {
  const sender = await bot(bob);
  const chat = await signedIn(alice);
  const conversation = await chat.openByScript(bob);
  for (const payload of PAYLOADS) {
    await sender.say(alice.jid, payload);
    await expect(conversation.log.getByText(payload, { exact: true })).toBeVisible();
  }
  await unharmed(chat);
});

test("hostile roster names, groups and status texts are text", async ({ signedIn, bot, alice, bob }) => {
  const hers = await bot(alice);
  const his = await bot(bob);
  const name = `<img src=x onerror="window.pwned=1">`;
  const item = xml("item", { jid: bob.jid, name }, xml("group", {}, `<script>window.pwned=1</script>`));
  await hers.request(xml("iq", { type: "set" }, xml("query", { xmlns: "jabber:iq:roster" }, item)));
  await hers.presence(bob.jid, "subscribe");
  await his.received((stanza) => stanza.is("presence") && stanza.attrs.type === "subscribe");
  await his.presence(alice.jid, "subscribed");
  await his.send(xml("presence", {}, xml("show", {}, "away"), xml("status", {}, `<svg onload="window.pwned=1">`)));
  const chat = await signedIn(alice);
  await chat.tab("Contacts").click();
  await expect(chat.element.getByText(name).first()).toBeVisible();
  await unharmed(chat);
});

test("links lead only where the web is, and without handing over the page", async ({ signedIn, bot, alice, bob }) => {
  const sender = await bot(bob);
  const chat = await signedIn(alice);
  const conversation = await chat.openByScript(bob);
  await sender.say(alice.jid, `see https://example.org/a?b=1&c=2 and javascript:window.pwned=1 and data:text/html,x and vbscript:x`);
  await expect(conversation.message("see https")).toBeVisible();
  const links = conversation.log.getByRole("link");
  await expect(links).toHaveCount(1);
  await expect(links).toHaveAttribute("href", "https://example.org/a?b=1&c=2");
  await expect(links).toHaveAttribute("rel", /noopener/);
  await expect(links).toHaveAttribute("rel", /noreferrer/);
  await unharmed(chat);
});

async function unharmed(chat: { page: Page; element: Locator }): Promise<void> {
  expect(await chat.page.evaluate(() => "pwned" in window)).toBe(false);
  for (const tag of ["script", "iframe", "object", "embed"]) {
    expect(await chat.element.locator(tag).count()).toBe(0);
  }
  expect(await chat.element.evaluate((element) => element.shadowRoot?.querySelectorAll("[onerror],[onload],[onclick]").length)).toBe(0);
}
