import { expect, test } from "../../fixtures/index.ts";
import { ChatPage } from "../../pages/chat.ts";

test("an account given as a property needs no form", async ({ signedIn, alice }) => {
  const chat = await signedIn(alice);
  await expect(chat.signInForm.button).toBeHidden();
});

test("a function is asked for the account each time one is needed", async ({ visit, alice, witness, browser, server }) => {
  const context = await browser.newContext();
  await witness.watch(context);
  const page = await context.newPage();
  await page.addInitScript(({ jid, password }) => {
    const host = window as unknown as { asked: number; configure(chat: { credentials: unknown }): void };
    host.asked = 0;
    host.configure = (chat) => {
      chat.credentials = async () => {
        host.asked += 1;
        return { jid, password };
      };
    };
  }, alice);
  await visit({}, page);
  await new ChatPage(page).signedIn();
  expect(await page.evaluate(() => (window as unknown as { asked: number }).asked)).toBe(1);
  expect(server.log).not.toContain(alice.password);
  await context.close();
});

test("a password never reaches an attribute or the device's storage", async ({ visit, alice }) => {
  const chat = await visit();
  await chat.signIn(alice);
  const stored = await chat.page.evaluate(async () => {
    const rows: string[] = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const opening = indexedDB.open(name!);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      for (const store of database.objectStoreNames) {
        rows.push(
          await new Promise<string>((resolve, reject) => {
            const reading = database.transaction(store).objectStore(store).getAll();
            reading.onsuccess = () => resolve(JSON.stringify(reading.result));
            reading.onerror = () => reject(reading.error);
          }),
        );
      }
      database.close();
    }
    return rows.join("\n");
  });
  expect(stored).not.toContain(alice.password);
  expect(await chat.element.evaluate((element) => element.outerHTML)).not.toContain(alice.password);
});

test("who signs out where the site signs in finds the way back", async ({ signedIn, alice }) => {
  const chat = await signedIn(alice);
  await chat.signOut();
  await expect(chat.element.getByText("You’re signed out")).toBeVisible();
  await chat.element.getByRole("button", { name: "Sign in", exact: true }).click();
  await chat.signedIn();
});
