import type { Page } from "@playwright/test";
import { befriend, expect, test } from "../../fixtures/index.ts";

/** One frame on a WebSocket of the page, as it went by. */
interface Frame {
  /** Which of the page's sockets, in the order they were opened. */
  socket: number;
  sent: boolean;
  text: string;
}

/** Writes down every frame from now on, over all reloads. */
function record(page: Page): Frame[] {
  const frames: Frame[] = [];
  let sockets = 0;
  page.on("websocket", (socket) => {
    const number = sockets++;
    const note = (sent: boolean) => ({ payload }: { payload: string | Buffer }) => {
      frames.push({ socket: number, sent, text: payload.toString() });
    };
    socket.on("framesent", note(true));
    socket.on("framereceived", note(false));
  });
  return frames;
}

/** How often the page had to wait for the server up to and with the first frame that matches. */
function roundTrips(frames: Frame[], until: RegExp): number {
  let trips = 0;
  let asked = false;
  for (const { sent, text } of frames) {
    if (sent) asked = true;
    else if (asked) {
      trips += 1;
      asked = false;
    }
    if (!sent && until.test(text)) return trips;
  }
  throw new Error(`no frame matches ${until}: ${frames.map(({ text }) => text).join("\n")}`);
}

/** All that the browser keeps for the page, as text. */
async function kept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const read = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const all: unknown[] = [{ ...localStorage }, { ...sessionStorage }, document.cookie];
    for (const { name } of await indexedDB.databases()) {
      const database = await read(indexedDB.open(name!));
      for (const store of database.objectStoreNames) {
        const rows = database.transaction(store).objectStore(store);
        all.push(await read(rows.getAllKeys()), await read(rows.getAll()));
      }
      database.close();
    }
    return JSON.stringify(all);
  });
}

test("a reload goes on with the session by its token, in one round trip, and no password is kept", async ({ server, visit, bot, alice, bob }) => {
  test.setTimeout(90_000);
  await befriend(server, alice, bob);
  const friend = await bot(bob);
  const chat = await visit();
  const frames = record(chat.page);
  await chat.page.reload();
  await chat.signIn(alice);
  await chat.hears("connected");
  const toBob = await chat.openContact(bob.name);
  await toBob.say("before");
  await toBob.delivered("before", "Sent");
  const rows = await kept(chat.page);
  expect(rows).toContain("session/token");
  expect(rows).not.toContain("session/keys");
  expect(rows).not.toContain(alice.password);

  const before = new Set(frames.map(({ socket }) => socket)).size;
  await chat.page.reload();
  // Written while the page was on its way: the server had it for the session that was left.
  await friend.say(alice.jid, "meanwhile");
  await chat.signedIn();
  expect((await chat.hears("connected")).detail).toMatchObject({ transport: "websocket", resumed: true });
  const after = frames.filter(({ socket }) => socket >= before);
  expect(new Set(after.map(({ socket }) => socket)).size).toBe(1);
  expect(after[0]!.text).toMatch(/^<open /);
  expect(after[1]!.text).toMatch(/^<authenticate [^>]*mechanism=['"]HT-SHA-256-NONE['"]/);
  expect(after.slice(0, 2).map(({ sent }) => sent)).toEqual([true, true]);
  expect(roundTrips(after, /<resumed /)).toBe(1);
  for (const { sent, text } of after) {
    if (sent) expect(text).not.toMatch(/^<(auth|response|abort|iq[^>]*><bind) |SCRAM|PLAIN/);
  }
  const again = await chat.openByScript(bob);
  await expect(again.message("meanwhile")).toBeVisible();
  await expect(again.message("meanwhile")).toHaveCount(1);
  // Once more: the token of the second page is as good.
  await chat.page.reload();
  await chat.signedIn();
  expect((await chat.hears("connected")).detail).toMatchObject({ resumed: true });
});

test("a token that was given up signs nobody in", async ({ visit, alice }) => {
  const chat = await visit();
  await chat.signIn(alice);
  const stolen = await chat.page.evaluate(() => ({ ...sessionStorage }));
  await chat.signOut();
  await expect(chat.signInForm.button).toBeVisible();
  // The farewell takes a moment, and nobody waits for it.
  await chat.page.waitForTimeout(1_000);
  await chat.page.evaluate((rows) => Object.entries(rows).forEach(([key, value]) => sessionStorage.setItem(key, value)), stolen);
  await chat.page.reload();
  await expect(chat.signInForm.button).toBeVisible();
  expect((await chat.hears("sign-in-error")).detail).toMatchObject({ reason: "not-authorized" });
});

test("over BOSH a reload resumes by token, too", async ({ visit, alice }) => {
  const bodies: string[] = [];
  const chat = await visit({ "bosh-url": "/http-bind" });
  await chat.signIn(alice);
  chat.page.on("request", (request) => bodies.push(request.postData() ?? ""));
  await chat.page.reload();
  await chat.signedIn();
  expect((await chat.hears("connected")).detail).toMatchObject({ transport: "bosh", resumed: true });
  expect(bodies.join("")).toContain("HT-SHA-256-NONE");
  expect(bodies.join("")).not.toMatch(/SCRAM|PLAIN/);
});
