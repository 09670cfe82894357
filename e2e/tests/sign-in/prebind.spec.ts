import { expect, test } from "../../fixtures/index.ts";
import { ChatPage } from "../../pages/chat.ts";

// `rid` comes as a string or as a number from the sites that exist.
for (const kind of ["string", "number"] as const) {
  test(`a site's prebind answer with rid as a ${kind} signs in over BOSH`, async ({ server, browser, witness, visit, alice }) => {
    const context = await browser.newContext();
    await witness.watch(context);
    const page = await context.newPage();
    // The part of the site's back end: it knows the visitor, and asks the chat server for a session.
    await page.route("**/site/prebind", async (route) => {
      const answer = await fetch(`${server.origin}/prebind`, {
        method: "POST",
        headers: { authorization: `Bearer ${server.visitorToken(alice)}` },
      });
      const session = (await answer.json()) as { rid: string };
      await route.fulfill({ json: { ...session, rid: kind === "string" ? String(session.rid) : Number(session.rid) } });
    });
    await visit({ "prebind-url": "/site/prebind" }, page);
    const chat = new ChatPage(page);
    await chat.signedIn();
    expect((await chat.hears("connected")).detail).toMatchObject({ transport: "bosh" });
    await context.close();
  });
}

test("a site that refuses is an error that is shown", async ({ browser, witness, visit }) => {
  const context = await browser.newContext();
  witness.allow(/403/);
  await witness.watch(context);
  const page = await context.newPage();
  await page.route("**/site/prebind", (route) => route.fulfill({ status: 403, json: { error: "forbidden" } }));
  await visit({ "prebind-url": "/site/prebind" }, page);
  const chat = new ChatPage(page);
  expect((await chat.hears("sign-in-error")).detail).toMatchObject({ reason: "site" });
  await expect(chat.element.getByText("This site could not sign you in to chat.")).toBeVisible();
  await context.close();
});
