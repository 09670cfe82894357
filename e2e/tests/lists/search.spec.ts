import { befriend, expect, test } from "../../fixtures/index.ts";

test("what all addresses have in common finds nobody", async ({ server, signedIn, alice, bob }) => {
  await befriend(server, alice, bob);
  const chat = await signedIn(alice);
  await chat.tab("Contacts").click();
  await expect(chat.row(/Bob/)).toBeVisible();
  await chat.search.fill("localh");
  await expect(chat.element.getByText("Nothing found")).toBeVisible();
  await chat.search.fill("bo");
  await expect(chat.row(/Bob/)).toBeVisible();
  await chat.search.fill("bob@localh");
  await expect(chat.row(/Bob/)).toBeVisible();
});

test("looking for somebody among the chats finds who is only a contact", async ({ server, signedIn, alice, bob }) => {
  await befriend(server, alice, bob);
  const chat = await signedIn(alice);
  await chat.search.fill("bob");
  await chat.row(/Bob/).click();
  await chat.conversation(bob.name).say("found you");
});

test("an address that is in no list can be written to from either list", async ({ signedIn, alice }) => {
  const chat = await signedIn(alice);
  for (const list of ["Contacts", "Chats"] as const) {
    await chat.tab(list).click();
    await chat.search.fill("someone@localhost");
    await expect(chat.element.getByRole("button", { name: "Message someone@localhost" })).toBeVisible();
  }
  await chat.element.getByRole("button", { name: "Message someone@localhost" }).click();
  await expect(chat.conversation().input).toBeVisible();
});

test("Escape takes back a search before it closes the overlay", async ({ signedIn, alice }) => {
  const chat = await signedIn(alice, { view: "overlay", open: "" });
  await chat.search.fill("nobody at all");
  await chat.search.press("Escape");
  await expect(chat.search).toHaveValue("");
  await expect(chat.element.getByText("Nothing found")).toBeHidden();
  await expect(chat.search).toBeFocused();
  await chat.search.press("Escape");
  await expect(chat.search).toBeHidden();
});

test("people have their names in the lists before anybody opens them", async ({ server, bot, signedIn, alice, bob }) => {
  // No name in the list of contacts, and never online: only the vCard knows it.
  const elsewhere = await bot(alice);
  await elsewhere.addContact(bob.jid);
  const chat = await signedIn(alice);
  await chat.tab("Contacts").click();
  await expect(chat.row(bob.name)).toBeVisible();
  void server;
});
