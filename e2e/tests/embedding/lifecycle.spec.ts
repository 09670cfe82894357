import { befriend, expect, test } from "../../fixtures/index.ts";
import { ChatPage } from "../../pages/chat.ts";

test("moving the element keeps its session", async ({ signedIn, bot, alice, bob }) => {
  const sender = await bot(bob);
  const chat = await signedIn(alice);
  await chat.element.evaluate((element) => {
    const place = document.createElement("section");
    document.body.append(place);
    place.append(element);
  });
  await chat.signedIn();
  await sender.say(alice.jid, "still here?");
  await chat.hears("message");
  expect(await chat.heard("connected")).toHaveLength(1);
  expect(await chat.heard("disconnected")).toHaveLength(0);
});

test("a removed element leaves no connection behind", async ({ signedIn, alice }) => {
  const chat = await signedIn(alice);
  const closed = chat.page.evaluate(() => {
    const element = document.querySelector("converse-chat")!;
    return new Promise<boolean>((resolve) => {
      element.addEventListener("converse-disconnected", () => resolve(true));
      element.addEventListener("converse-signed-out", () => resolve(true));
      element.remove();
      setTimeout(() => resolve(false), 9_000);
    });
  });
  await closed;
  await chat.page.waitForTimeout(500);
  // A new element starts anew in the same page.
  await chat.page.evaluate(() => document.querySelector("main")!.append(Object.assign(document.createElement("converse-chat"))));
  await expect(chat.page.locator("converse-chat").getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
});

test("two elements on a page hold two accounts", async ({ visit, alice, bob }) => {
  const first = await visit({ view: "embedded" });
  await first.page.evaluate(() => {
    const second = document.createElement("converse-chat");
    second.setAttribute("service", "/");
    second.setAttribute("view", "embedded");
    document.querySelector("main")!.append(second);
  });
  const one = new ChatPage(first.page, first.page.locator("converse-chat").nth(0));
  const two = new ChatPage(first.page, first.page.locator("converse-chat").nth(1));
  await one.signIn(alice);
  await two.signIn(bob);
  const toBob = await one.openByScript(bob);
  const toAlice = await two.openByScript(alice);
  await toBob.say("to the other one");
  await expect(toAlice.message("to the other one")).toBeVisible();
});

test("the view changes while it runs and keeps the conversation", async ({ server, signedIn, alice, bob }) => {
  await befriend(server, alice, bob);
  const chat = await signedIn(alice, { view: "fullscreen" });
  const conversation = await chat.openContact(bob.name);
  await conversation.say("keep me");
  for (const view of ["embedded", "overlay", "fullscreen"]) {
    await chat.element.evaluate((element, name) => {
      element.setAttribute("view", name);
      element.setAttribute("open", "");
    }, view);
    await expect(conversation.message("keep me")).toBeVisible();
  }
  expect(await chat.heard("connected")).toHaveLength(1);
});

test("German is a file away", async ({ visit }) => {
  const chat = await visit({ lang: "de" });
  await expect(chat.element.getByRole("button", { name: "Anmelden", exact: true })).toBeVisible();
});

test("the package registers once, whatever is loaded twice", async ({ visit }) => {
  const chat = await visit();
  await chat.page.evaluate(() => import(`${location.origin}/element/define.js?again`));
  await expect(chat.signInForm.button).toBeVisible();
});
