import { resolve } from "node:path";
import type { Browser, Page } from "@playwright/test";
import { befriend, expect, test } from "../../fixtures/index.ts";
import type { Account, ChatServer } from "../../fixtures/server.ts";

// The library below converse.js and many others, in a page of the server's own origin, over both transports.

const LIBRARY = resolve(import.meta.dirname, "../../node_modules/strophe.js/dist/strophe.umd.min.js");

/** Somebody at strophe.js: one page, one connection. */
class Strophe {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async signIn(browser: Browser, server: ChatServer, account: Account, service: string): Promise<Strophe> {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/healthz`);
    await page.addScriptTag({ path: LIBRARY });
    await page.evaluate(
      async ({ jid, password, service }) => {
        const { Strophe, $pres } = window as any;
        const connection = new Strophe.Connection(service);
        const heard: string[] = [];
        Object.assign(window, { connection, heard });
        const listen = (message: Element) => {
          const body = message.getElementsByTagName("body")[0]?.textContent;
          if (body) heard.push(body);
          return true;
        };
        connection.addHandler(listen, null, "message");
        const { CONNECTED, AUTHFAIL, CONNFAIL } = Strophe.Status;
        await new Promise<void>((resolve, reject) => {
          connection.connect(jid, password, (status: number) => {
            if (status === CONNECTED) resolve();
            if (status === AUTHFAIL) reject(new Error("authentication failed"));
            if (status === CONNFAIL) reject(new Error("connection failed"));
          });
        });
        connection.send($pres());
      },
      { ...account, service },
    );
    return new Strophe(page);
  }

  async say(to: Account, body: string): Promise<void> {
    await this.#page.evaluate(({ jid, body }) => {
      const { connection, $msg } = window as any;
      connection.send($msg({ to: jid, type: "chat", id: connection.getUniqueId() }).c("body").t(body));
    }, { jid: to.jid, body });
  }

  /** Asks and answers the result as text; an error answer is an error. */
  async ask(type: "get" | "set", name: string, xmlns: string): Promise<string> {
    return this.#page.evaluate(
      ({ type, name, xmlns }) =>
        new Promise<string>((resolve, reject) => {
          const { connection, $iq } = window as any;
          const done = (iq: Element) => resolve(iq.outerHTML);
          const failed = (iq?: Element) => reject(new Error(iq?.outerHTML ?? "no answer"));
          connection.sendIQ($iq({ type }).c(name, { xmlns }), done, failed, 10_000);
        }),
      { type, name, xmlns },
    );
  }

  async heard(): Promise<string[]> {
    return this.#page.evaluate(() => (window as any).heard);
  }

  async close(): Promise<void> {
    await this.#page.close();
  }
}

const SERVICES: Record<string, (server: ChatServer) => string> = {
  websocket: (server) => server.websocketUrl,
  bosh: (server) => `${server.origin}/http-bind`,
};

for (const [transport, at] of Object.entries(SERVICES)) {
  test(`strophe.js over ${transport}: roster, chat both ways, history, carbons`, async ({ browser, server, signedIn, alice, bob }) => {
    await befriend(server, alice, bob);
    const page = await signedIn(bob);
    const conversation = await page.openContact(alice.name);
    const hers = await Strophe.signIn(browser, server, alice, at(server));
    expect(await hers.ask("get", "query", "jabber:iq:roster")).toContain(`jid="${bob.jid}"`);

    const hello = `hello over ${transport} <&>`;
    await hers.say(bob, hello);
    await expect(conversation.message(hello)).toBeVisible();
    await conversation.say("and back");
    await expect.poll(() => hers.heard()).toEqual(["and back"]);

    const elsewhere = await Strophe.signIn(browser, server, alice, at(server));
    await elsewhere.ask("set", "enable", "urn:xmpp:carbons:2");
    expect(await elsewhere.ask("set", "query", "urn:xmpp:mam:2")).toContain('complete="true"');
    expect(await elsewhere.heard()).toEqual([hello, "and back"]);
    await hers.say(bob, "seen everywhere");
    await expect.poll(() => elsewhere.heard()).toEqual([hello, "and back", "seen everywhere"]);
    await hers.close();
    await elsewhere.close();
  });

  test(`strophe.js over ${transport}: a wrong password is refused`, async ({ browser, server, alice }) => {
    const wrong = { ...alice, password: "wrong" };
    await expect(Strophe.signIn(browser, server, wrong, at(server))).rejects.toThrow("authentication failed");
  });
}
