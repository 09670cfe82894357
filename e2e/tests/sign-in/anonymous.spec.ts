import { expect, test } from "../../fixtures/index.ts";

test.use({ serverOptions: { env: { CONVERSE_SERVER_ACCOUNTS_ANONYMOUS: "true" } } });

test("a visitor without an account is let in where the server allows it", async ({ visit }) => {
  const chat = await visit({ anonymous: "", domain: "localhost" });
  await chat.signedIn();
  expect(String((await chat.hears("connected")).detail?.jid)).toMatch(/@localhost\//);
});
