import { befriend, expect, test } from "../../fixtures/index.ts";

test("the pages are served under the strict policy", async ({ server }) => {
  const answer = await fetch(`${server.origin}/embed.html`);
  const policy = answer.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
  expect(policy).toMatch(/style-src 'self'(;|$)/);
  expect(policy).not.toContain("unsafe-inline");
});

// The witness of every test fails it on a violation or a request to another origin; here everything is done once in one page.
test("a whole visit breaks no policy and stays on its origin", async ({ server, visit, witness, alice, bob }) => {
  await befriend(server, alice, bob);
  const chat = await visit({ lang: "en" });
  await chat.signIn(alice);
  const conversation = await chat.openContact(bob.name);
  await conversation.say("hello https://example.org/");
  await chat.element.evaluate((element) => element.setAttribute("theme", "dark"));
  await chat.element.evaluate((element) => element.setAttribute("view", "embedded"));
  await chat.element.evaluate((element) => element.setAttribute("lang", "de"));
  await expect(chat.element.getByRole("tab", { name: "Chats" }).or(chat.element.getByRole("tab").first()).first()).toBeVisible();
  expect(witness.requests.length).toBeGreaterThan(3);
  expect(witness.complaints).toEqual([]);
});
