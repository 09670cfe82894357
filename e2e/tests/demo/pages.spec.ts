import { type BrowserContext, type Page } from "@playwright/test";
import { Demo } from "../../fixtures/demo.ts";
import { expect, test as base } from "../../fixtures/index.ts";
import { Witness } from "../../fixtures/witness.ts";
import { ChatPage } from "../../pages/chat.ts";

const test = base.extend<{ demo: Demo; open: (path: string) => Promise<Page> }>({
  demo: async ({}, use, info) => {
    const demo = await Demo.start();
    await use(demo);
    if (info.status !== info.expectedStatus) await info.attach("logs", { body: demo.log, contentType: "text/plain" });
    await demo.dispose();
  },
  open: async ({ demo, browser }, use) => {
    const contexts: BrowserContext[] = [];
    const witness = new Witness();
    witness.trust(demo.origin);
    await use(async (path) => {
      const context = await browser.newContext();
      contexts.push(context);
      await witness.watch(context);
      const page = await context.newPage();
      await page.goto(`${demo.origin}${path}`);
      return page;
    });
    for (const context of contexts) await context.close();
    expect(witness.complaints).toEqual([]);
  },
});

test("a customer of the shop asks, and the shop answers from the full-screen client", async ({ demo, open }) => {
  const client = await open("/client/");
  const staff = new ChatPage(client);
  await staff.signIn(demo.people.bob);

  const shop = await open("/shop/");
  await shop.getByRole("button", { name: "Log in" }).click();
  await shop.getByRole("button", { name: "Ask the workshop" }).click();
  const customer = new ChatPage(shop);
  const question = customer.conversation();
  await question.say("Is my bike ready?");

  await staff.row(/Alice/).click();
  const answer = staff.conversation();
  await expect(answer.message("Is my bike ready?")).toBeVisible();
  await answer.say("It is, come by until six.");
  await expect(question.message("It is, come by until six.")).toBeVisible();
});

test("the shop sees its customers among its contacts, and what waits in the tab's title", async ({ demo, open }) => {
  const client = await open("/client/");
  await expect(client).toHaveTitle("Chat");
  const staff = new ChatPage(client);
  await staff.signIn(demo.people.bob);
  await staff.tab("Contacts").click();
  await expect(staff.row("Carol Cooper")).toBeVisible();

  const shop = await open("/shop/");
  await shop.getByRole("button", { name: "Log in" }).click();
  await shop.getByRole("button", { name: "Ask the workshop" }).click();
  await expect(staff.row(/Alice Archer.*Online|Online.*Alice Archer/)).toBeVisible();
  await new ChatPage(shop).conversation().say("Anybody in?");
  await expect(client).toHaveTitle("(1) Chat");
  await staff.tab("Chats").click();
  await staff.row(/Alice/).click();
  await expect(client).toHaveTitle("Chat");
});

test("a wrong shop password gives no chat", async ({ open }) => {
  const page = await open("/shop/");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.locator("converse-chat")).toHaveCount(0);
});

test("the visitor's token and the secret never reach page script", async ({ demo, open }) => {
  const page = await open("/shop/");
  const bodies: Promise<string>[] = [];
  page.on("response", (response) => {
    if (new URL(response.url()).pathname.startsWith("/api/")) bodies.push(response.text().catch(() => ""));
  });
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Ask the workshop" }).click();
  await expect(new ChatPage(page).conversation().input).toBeVisible();
  const text = (await Promise.all(bodies)).join("\n");
  expect(text).toContain('"sid"');
  expect(text).not.toContain(demo.chat.secret);
  expect(text).not.toContain("eyJ");
});

test("the chat stands in the flow of the article", async ({ demo, open }) => {
  const page = await open("/article/");
  const chat = new ChatPage(page);
  await chat.signIn(demo.people.alice);
  const box = (await chat.element.boundingBox())!;
  const text = (await page.getByRole("heading", { name: "What happens when the page reloads" }).boundingBox())!;
  expect(box.y + box.height).toBeLessThanOrEqual(text.y);
});
