import { xml } from "@xmpp/client";
import { expect, test } from "../../fixtures/index.ts";

const MANY = 130;

test("older messages come page by page, in order and once", async ({ signedIn, bot, alice, bob }) => {
  const sender = await bot(bob);
  for (let n = 1; n <= MANY; n++) await sender.say(alice.jid, `number ${n}.`);
  // The answer comes after everything before it has been dealt with.
  await sender.request(xml("iq", { type: "get", to: "localhost" }, xml("ping", "urn:xmpp:ping")));
  const chat = await signedIn(alice);
  const conversation = await chat.openByScript(bob);
  await expect(conversation.message(`number ${MANY}.`)).toBeVisible();
  const seen = new Set<number>();
  await expect(async () => {
    for (const body of await conversation.bodies()) {
      const number = /number (\d+)\./.exec(body)?.[1];
      if (number) seen.add(Number(number));
    }
    await conversation.log.hover();
    await chat.page.mouse.wheel(0, -600);
    await chat.page.waitForTimeout(100);
    expect(seen.size).toBe(MANY);
  }).toPass({ timeout: 30_000, intervals: [0] });
  const numbers = (await conversation.bodies()).map((body) => Number(/number (\d+)\./.exec(body)?.[1])).filter(Number.isFinite);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(new Set(numbers).size).toBe(numbers.length);
});

test("a reload shows the conversation again, and each message once", async ({ signedIn, bot, alice, bob }) => {
  const sender = await bot(bob);
  const chat = await signedIn(alice);
  const conversation = await chat.openByScript(bob);
  await conversation.say("before the reload");
  await sender.hears("before the reload");
  await sender.say(alice.jid, "an answer");
  await expect(conversation.message("an answer")).toBeVisible();
  await chat.page.reload();
  await chat.signedIn();
  const again = await chat.openByScript(bob);
  await expect(again.message("an answer")).toHaveCount(1);
  await expect(again.message("before the reload")).toHaveCount(1);
  await sender.say(alice.jid, "after the reload");
  await expect(again.message("after the reload")).toHaveCount(1);
});

test("a new device shows more than the one conversation that filled the archive's newest page", async ({ server, signedIn, bot, alice, bob }) => {
  const carol = await server.addAccount("carol", "Carol Cooper");
  const [quiet, busy] = [await bot(carol), await bot(bob)];
  await quiet.say(alice.jid, "do not forget me");
  for (let n = 1; n <= 120; n += 1) await busy.say(alice.jid, `one of many ${n}`);
  // Somebody who has read them elsewhere: nothing is waiting for this device.
  const elsewhere = await bot(alice);
  await elsewhere.hears("one of many 120");
  await elsewhere.signOut();
  const chat = await signedIn(alice);
  await expect(chat.row(/Carol Cooper/)).toBeVisible();
  await expect(chat.row(/Carol Cooper/)).toContainText("do not forget me");
});
