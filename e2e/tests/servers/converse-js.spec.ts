import { resolve } from "node:path";
import type { Browser, Locator, Page } from "@playwright/test";
import { befriend, expect, test } from "../../fixtures/index.ts";
import type { Account, ChatServer } from "../../fixtures/server.ts";

// The leading client in a page of its own, with the settings that its documentation names, against our host and our prebind.

const LIBRARY = resolve(import.meta.dirname, "../../node_modules/converse.js/dist");

interface Peer {
  page: Page;
  contact: (name: string) => Locator;
}

/** A page with converse.js as a site would have it; everything comes from the server's own origin. */
async function open(browser: Browser, server: ChatServer, settings: Record<string, unknown>, route?: (page: Page) => Promise<void>): Promise<Peer> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, bypassCSP: true });
  const all = {
    view_mode: "fullscreen",
    assets_path: "/peer/",
    discover_connection_methods: false,
    show_background: false,
    play_sounds: false,
    allow_non_roster_messaging: true,
    message_archiving: "always",
    i18n: "en",
    loglevel: "error",
    ...settings,
  };
  // Its start page shows pictures of elsewhere.
  await page.route((url) => url.origin !== server.origin && url.protocol !== "ws:", (request) => request.abort());
  await page.route("**/peer/**", (request) => request.fulfill({ path: resolve(LIBRARY, new URL(request.request().url()).pathname.slice("/peer/".length)) }));
  await route?.(page);
  await page.goto(`${server.origin}/peer.html#${encodeURIComponent(JSON.stringify(all))}`);
  return { page, contact: (name) => page.locator("converse-roster, converse-rosterview").getByText(name).first() };
}

function login(account: Account, service: Record<string, string>): Record<string, unknown> {
  return { authentication: "login", auto_login: true, jid: account.jid, password: account.password, ...service };
}

async function talk({ page, contact }: Peer, name: string): Promise<{ say: (text: string) => Promise<void>; message: (text: string) => Locator }> {
  await contact(name).click({ timeout: 30_000 });
  const input = page.locator("converse-chat textarea.chat-textarea").first();
  await expect(input).toBeVisible();
  return {
    say: async (text) => {
      await input.fill(text);
      await input.press("Enter");
    },
    message: (text) => page.locator("converse-chat-message").getByText(text, { exact: true }).first(),
  };
}

const SERVICES: Record<string, (server: ChatServer) => Record<string, string>> = {
  websocket: (server) => ({ websocket_url: server.websocketUrl }),
  bosh: (server) => ({ bosh_service_url: `${server.origin}/http-bind` }),
};

for (const [transport, of] of Object.entries(SERVICES)) {
  test(`converse.js over ${transport}: roster, chat both ways, history after a reload`, async ({ browser, server, signedIn, alice, bob }) => {
    test.setTimeout(120_000);
    await befriend(server, alice, bob);
    const ours = await signedIn(bob);
    const conversation = await ours.openContact(alice.name);
    const peer = await open(browser, server, login(alice, of(server)));
    const chat = await talk(peer, bob.name);
    await chat.say("from the peer");
    await expect(conversation.message("from the peer")).toBeVisible();
    await conversation.say("from us");
    await expect(chat.message("from us")).toBeVisible();

    await peer.page.reload();
    const again = await talk(peer, bob.name);
    await expect(again.message("from us")).toBeVisible();
    await expect(again.message("from the peer")).toBeVisible();
    await conversation.say("and on");
    await expect(again.message("and on")).toBeVisible();
    await peer.page.close();
  });
}

test("converse.js with its documented prebind set-up signs in with a session of ours", async ({ browser, server, signedIn, alice, bob }) => {
  test.setTimeout(120_000);
  await befriend(server, alice, bob);
  const ours = await signedIn(bob);
  const conversation = await ours.openContact(alice.name);
  const settings = { authentication: "prebind", prebind_url: "/site/prebind", bosh_service_url: `${server.origin}/http-bind`, jid: alice.jid, auto_login: true };
  const peer = await open(browser, server, settings, async (page) => {
    await page.route("**/site/prebind", async (route) => {
      const headers = { authorization: `Bearer ${server.visitorToken(alice)}` };
      const answer = await fetch(`${server.origin}/prebind`, { method: "POST", headers });
      await route.fulfill({ json: await answer.json() });
    });
  });
  const chat = await talk(peer, bob.name);
  await chat.say("prebound");
  await expect(conversation.message("prebound")).toBeVisible();
  await conversation.say("welcome");
  await expect(chat.message("welcome")).toBeVisible();
  await peer.page.close();
});
