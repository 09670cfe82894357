import type { Page } from "@playwright/test";
import { expect, test } from "../../fixtures/index.ts";

/** The keys of what the browser keeps of the chat. */
async function rows(page: Page): Promise<string[]> {
  return page.evaluate(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const opening = indexedDB.open("converse-chat");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          if (!database.objectStoreNames.contains("rows")) return resolve([]);
          const keys = database.transaction("rows").objectStore("rows").getAllKeys();
          keys.onsuccess = () => {
            database.close();
            resolve(keys.result.map(String));
          };
        };
      }),
  );
}

test("the last messages are readable before the network answers", async ({ visit, bot, alice, bob }) => {
  const sender = await bot(bob);
  const chat = await visit();
  await chat.signIn(alice);
  const conversation = await chat.openByScript(bob);
  await conversation.say("a question");
  await sender.hears("a question");
  await sender.say(alice.jid, "an answer");
  await expect(conversation.message("an answer")).toBeVisible();
  await expect.poll(async () => (await rows(chat.page)).filter((key) => key.includes("/history/chat/"))).toHaveLength(1);

  // A server that is silent, on both transports.
  await chat.page.routeWebSocket(/xmpp-websocket/, () => undefined);
  await chat.page.route(/http-bind/, () => undefined);
  await chat.page.reload();
  await chat.row(/bob/i).click();
  const again = chat.conversation();
  await expect(again.message("an answer")).toBeVisible();
  await expect(again.message("a question")).toBeVisible();
});

test("a shared device keeps nothing of the conversation", async ({ visit, bot, alice, bob }) => {
  const sender = await bot(bob);
  const chat = await visit({ "shared-device": "" });
  await chat.signIn(alice);
  const conversation = await chat.openByScript(bob);
  await sender.say(alice.jid, "between us");
  await expect(conversation.message("between us")).toBeVisible();
  // Longer than rows take to be written.
  await chat.page.waitForTimeout(3_000);
  expect(await rows(chat.page)).toEqual([]);
});
