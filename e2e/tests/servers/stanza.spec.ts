import { createRequire } from "node:module";
import { befriend, expect, test } from "../../fixtures/index.ts";
import type { Account, ChatServer } from "../../fixtures/server.ts";

// CommonJS only.
const { createClient } = createRequire(import.meta.url)("stanza") as typeof import("stanza");
type Client = ReturnType<typeof createClient>;

async function signIn(account: Account, transports: Record<string, string | false>, heard: string[]): Promise<Client> {
  const client = createClient({ jid: account.jid, password: account.password, transports });
  client.on("message", (message) => message.body && heard.push(message.body));
  client.on("carbon:sent", (carbon) => {
    const body = carbon.carbon.forward.message?.body;
    if (body) heard.push(body);
  });
  await new Promise<void>((resolve, reject) => {
    client.on("session:started", () => resolve());
    client.on("auth:failed", () => reject(new Error("authentication failed")));
    client.on("disconnected", () => reject(new Error("disconnected")));
    client.connect();
  });
  await client.enableCarbons();
  await client.sendPresence();
  return client;
}

const TRANSPORTS: Record<string, (server: ChatServer) => Record<string, string | false>> = {
  websocket: (server) => ({ websocket: server.websocketUrl, bosh: false }),
  bosh: (server) => ({ websocket: false, bosh: `${server.origin}/http-bind` }),
};

for (const [transport, of] of Object.entries(TRANSPORTS)) {
  test(`stanza over ${transport}: roster, chat both ways, history, carbons`, async ({ server, signedIn, alice, bob }) => {
    await befriend(server, alice, bob);
    const page = await signedIn(bob);
    const conversation = await page.openContact(alice.name);
    const heard: string[] = [];
    const hers = await signIn(alice, of(server), heard);
    const { items } = await hers.getRoster();
    expect(items?.map((item) => item.jid)).toEqual([bob.jid]);
    hers.sendMessage({ to: bob.jid, type: "chat", body: "hello <&>" });
    await expect(conversation.message("hello <&>")).toBeVisible();
    await conversation.say("and back");
    await expect.poll(() => heard).toEqual(["and back"]);

    const elsewhere: string[] = [];
    const second = await signIn(alice, of(server), elsewhere);
    const history = await second.searchHistory({});
    expect(history.results?.map((result) => result.item.message?.body).filter(Boolean)).toEqual(["hello <&>", "and back"]);
    hers.sendMessage({ to: bob.jid, type: "chat", body: "seen everywhere" });
    await expect.poll(() => elsewhere).toEqual(["seen everywhere"]);
    // They stay until the server goes: over BOSH the library trips over what comes after its own end.
  });

  test(`stanza over ${transport}: a wrong password is refused`, async ({ server, alice }) => {
    await expect(signIn({ ...alice, password: "wrong" }, of(server), [])).rejects.toThrow("authentication failed");
  });
}
