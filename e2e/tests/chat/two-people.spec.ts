import { befriend, expect, test } from "../../fixtures/index.ts";

const TRANSPORTS = {
  websocket: { service: "/" },
  bosh: { "bosh-url": "/http-bind" },
} as const;

for (const [transport, embedding] of Object.entries(TRANSPORTS)) {
  test(`two people talk over ${transport}`, async ({ server, visit, alice, bob }) => {
    await befriend(server, alice, bob);
    const hers = await visit({ ...embedding });
    await hers.signIn(alice);
    const his = await visit({ ...embedding });
    await his.signIn(bob);
    expect((await hers.hears("connected")).detail).toMatchObject({ transport });
    expect((await his.hears("connected")).detail).toMatchObject({ transport });

    const toBob = await hers.openContact(bob.name);
    await toBob.say("Hello Bob");
    const toAlice = await his.openContact(alice.name);
    await expect(toAlice.message("Hello Bob")).toBeVisible();
    await toAlice.say("Hello Alice");
    await expect(toBob.message("Hello Alice")).toBeVisible();
    await toBob.delivered("Hello Bob", "Read");
  });
}

test("the other side is seen typing", async ({ server, signedIn, alice, bob }) => {
  await befriend(server, alice, bob);
  const hers = await signedIn(alice);
  const his = await signedIn(bob);
  const toBob = await hers.openContact(bob.name);
  const toAlice = await his.openContact(alice.name);
  await toAlice.say("one");
  await expect(toBob.message("one")).toBeVisible();
  await toAlice.input.pressSequentially("still writing");
  await expect(toBob.typing).toBeVisible();
});

test("a message that waits is counted and found at the divider", async ({ signedIn, bot, alice, bob }) => {
  const sender = await bot(bob);
  const chat = await signedIn(alice);
  await sender.addContact(alice.jid);
  await sender.say(alice.jid, "first");
  await sender.say(alice.jid, "second");
  await expect.poll(async () => (await chat.heard("unread")).at(-1)?.detail?.total).toBe(2);
  const conversation = await chat.openByScript(bob);
  await expect(conversation.message("second")).toBeVisible();
  await expect(conversation.log.getByText("New messages")).toBeVisible();
  await expect.poll(async () => (await chat.heard("unread")).at(-1)?.detail?.total).toBe(0);
});

test("who cannot be reached is said in words", async ({ signedIn, alice }) => {
  const chat = await signedIn(alice);
  const conversation = await chat.openByScript({ ...alice, jid: "ghost@localhost" });
  await conversation.input.fill("anybody there?");
  await conversation.input.press("Enter");
  await expect(conversation.message("anybody there?").getByText("nobody can be reached at this address")).toBeVisible();
});

test("somebody who is no contact has one name everywhere", async ({ signedIn, alice, bob }) => {
  const chat = await signedIn(alice);
  await chat.openByScript(bob);
  await expect(chat.element.getByRole("textbox", { name: `Message ${bob.name}` })).toBeVisible();
  await chat.element.getByRole("button", { name: /^Show details of/ }).first().click();
  const details = chat.element.getByRole("dialog", { name: "Details" });
  await expect(details.getByRole("heading", { name: bob.name })).toBeVisible();
  await expect(details.getByRole("button", { name: "Send a message" })).toBeHidden();
});

test("what was not sent yet is still in the composer later", async ({ signedIn, bot, alice, bob }) => {
  await bot(bob);
  const chat = await signedIn(alice);
  const conversation = await chat.openByScript(bob);
  await conversation.input.fill("half a thought");
  await expect(conversation.input).toHaveValue("half a thought");
  await chat.page.waitForTimeout(1_500);
  await chat.page.reload();
  await chat.signedIn();
  const again = await chat.openByScript(bob);
  await expect(again.input).toHaveValue("half a thought");
});

test("what is said elsewhere by the same account appears here", async ({ signedIn, bot, alice, bob }) => {
  const elsewhere = await bot(alice);
  const chat = await signedIn(alice);
  const conversation = await chat.openByScript(bob);
  await elsewhere.say(bob.jid, "from my other client");
  await expect(conversation.message("from my other client")).toBeVisible();
});

test("times are written as in the visitor's region where the page names only a language", async ({ signedIn, bot, alice, bob }) => {
  const sender = await bot(bob);
  // The page is `lang="en"`, the browser en-GB: no a.m. and p.m.
  const chat = await signedIn(alice);
  const conversation = await chat.openByScript(bob);
  await sender.say(alice.jid, "what time is it?");
  await expect(conversation.message("what time is it?").locator("time")).toHaveText(/^\d\d:\d\d$/);
});
