import { befriend, expect, test } from "../../fixtures/index.ts";

// The browser itself complains about connections that fail.
const EXPECTED = /WebSocket connection|ERR_CONNECTION|Failed to load resource|net::ERR/;

for (const [how, signal] of [["stopped in order", "SIGTERM"], ["killed", "SIGKILL"]] as const) {
  test(`a server that is ${how} and comes back loses nothing`, async ({ server, signedIn, witness, alice, bob }) => {
    test.setTimeout(90_000);
    witness.allow(EXPECTED);
    await befriend(server, alice, bob);
    const hers = await signedIn(alice);
    const his = await signedIn(bob);
    const toBob = await hers.openContact(bob.name);
    const toAlice = await his.openContact(alice.name);
    await toBob.say("before");
    await expect(toAlice.message("before")).toBeVisible();

    await server.down(signal);
    await expect(hers.element.getByText(/Connection lost|Reconnecting/).first()).toBeVisible();
    await toBob.say("into the void");
    await toBob.delivered("into the void", "Waiting to be sent");

    await server.up();
    await expect(toAlice.message("into the void")).toBeVisible({ timeout: 60_000 });
    await expect(toAlice.message("into the void")).toHaveCount(1);
    await expect(toBob.message("into the void")).toHaveCount(1);
    await toBob.delivered("into the void", "Read");
  });
}

test("a lost network is said at once, also while the connection may yet survive it", async ({ signedIn, witness, alice }) => {
  witness.allow(EXPECTED);
  const chat = await signedIn(alice);
  const banner = chat.element.getByText("You’re offline. Messages are sent when you’re back.");
  await chat.page.context().setOffline(true);
  await expect(banner).toBeVisible({ timeout: 3_000 });
  await chat.page.context().setOffline(false);
  await expect(banner).toBeHidden();
});

test("a service that is not there is said in words", async ({ visit, witness, alice }) => {
  witness.allow(EXPECTED);
  witness.trust("ws://localhost:9");
  witness.allow(/policy: connect-src|Content Security Policy|violates/);
  const chat = await visit({ "websocket-url": "ws://localhost:9/xmpp-websocket", "bosh-url": "/no-such-address" });
  await chat.signInForm.submit(alice.jid, alice.password);
  await expect(chat.signInForm.alert).toContainText("can’t be reached", { timeout: 30_000 });
});
