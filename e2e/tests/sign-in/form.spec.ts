import { expect, test } from "../../fixtures/index.ts";

test("the form signs in and the page hears of it", async ({ visit, alice }) => {
  const chat = await visit();
  await chat.signIn(alice);
  const { detail } = await chat.hears("connected");
  expect(detail).toMatchObject({ transport: "websocket", resumed: false });
  expect(String(detail?.jid)).toContain(alice.jid);
});

test("a bare user name is enough where the page names the domain", async ({ visit, alice }) => {
  const chat = await visit({ domain: "localhost" });
  await chat.signInForm.submit(alice.local, alice.password);
  await chat.signedIn();
});

test("a wrong password is said and leaves the form usable", async ({ visit, alice }) => {
  const chat = await visit();
  await chat.signInForm.submit(alice.jid, "not the password");
  await expect(chat.signInForm.alert).toContainText("don’t match");
  expect((await chat.hears("sign-in-error")).detail).toMatchObject({ reason: "not-authorized" });
  await expect(chat.signInForm.address).toHaveValue(alice.jid);
  await chat.signInForm.submit(alice.jid, alice.password);
  await chat.signedIn();
});

test("an address that is none is not even tried", async ({ visit }) => {
  const chat = await visit();
  await chat.signInForm.submit("not an address @", "x");
  await expect(chat.signInForm.alert.or(chat.element.getByText("Enter an address")).first()).toBeVisible();
  expect(await chat.heard("sign-in-error")).toEqual([]);
  await expect(chat.signInForm.address).toHaveAttribute("aria-invalid", "true");
  await expect(chat.signInForm.password).not.toHaveAttribute("aria-invalid", "true");
});

test("the form's example is an address of the page's own domain", async ({ visit }) => {
  const chat = await visit({ domain: "chat.example.org" });
  await expect(chat.signInForm.address).toHaveAttribute("placeholder", "you@chat.example.org");
});

test("the button in the password field covers no text in a right-to-left page", async ({ visit }) => {
  const chat = await visit({ lang: "ar" });
  await chat.signInForm.password.fill("x");
  const button = (await chat.element.getByRole("button", { name: "Show password" }).boundingBox())!;
  const input = (await chat.signInForm.password.boundingBox())!;
  const [left, right] = await chat.signInForm.password.evaluate((field) => {
    const { paddingLeft, paddingRight } = getComputedStyle(field);
    return [parseFloat(paddingLeft), parseFloat(paddingRight)];
  });
  const covers = button.x + button.width > input.x + left! && button.x < input.x + input.width - right!;
  expect(covers).toBe(false);
});

test("the keyboard is enough to sign in", async ({ visit, alice }) => {
  const chat = await visit();
  await chat.signInForm.address.focus();
  await chat.page.keyboard.type(alice.jid);
  await chat.page.keyboard.press("Tab");
  await expect(chat.signInForm.password).toBeFocused();
  await chat.page.keyboard.type(alice.password);
  await chat.page.keyboard.press("Enter");
  await chat.signedIn();
});

test("signing out returns to the form and a reload stays there", async ({ visit, alice }) => {
  const chat = await visit();
  await chat.signIn(alice);
  await chat.signOut();
  await expect(chat.signInForm.button).toBeVisible();
  await chat.hears("signed-out");
  await chat.page.reload();
  await expect(chat.signInForm.button).toBeVisible();
});
