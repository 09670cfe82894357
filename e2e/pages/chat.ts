import { expect, type Locator, type Page } from "@playwright/test";
import type { Account } from "../fixtures/server.ts";

/** An event that the element sent to its page. */
export interface Heard {
  type: string;
  detail: Record<string, unknown> | null;
  /** Milliseconds since the page was opened. */
  at: number;
}

/** The element in a page, found as people and their tools find things: by role and label. English only. */
export class ChatPage {
  readonly page: Page;
  readonly element: Locator;
  readonly signInForm: SignInForm;

  constructor(page: Page, element: Locator = page.locator("converse-chat")) {
    this.page = page;
    this.element = element;
    this.signInForm = new SignInForm(element);
  }

  /** Fills in the form and waits until the lists are there. */
  async signIn(account: Account): Promise<void> {
    await this.signInForm.submit(account.jid, account.password);
    await this.signedIn();
  }

  /** Waits until the lists are there. */
  async signedIn(): Promise<void> {
    // A narrow panel with an open conversation shows no lists.
    await expect(this.tab("Chats").or(this.conversation().input).first()).toBeVisible({ timeout: 20_000 });
  }

  tab(name: "Chats" | "Contacts"): Locator {
    return this.element.getByRole("tab", { name });
  }

  get search(): Locator {
    return this.element.getByRole("searchbox", { name: "Search" });
  }

  /** Somebody's row in the list that shows. */
  row(name: string | RegExp): Locator {
    const list = this.element.getByRole("tabpanel");
    return list.getByRole("button", { name }).or(list.getByRole("option", { name })).first();
  }

  /** Goes to somebody's conversation through the list of contacts. */
  async openContact(name: string): Promise<Conversation> {
    await this.tab("Contacts").click();
    await this.row(new RegExp(name)).click();
    return this.conversation(name);
  }

  /** Goes to somebody's conversation as the page's script may. */
  async openByScript(account: Account): Promise<Conversation> {
    await this.element.evaluate((chat, jid) => (chat as unknown as { openChat(jid: string): Promise<void> }).openChat(jid), account.jid);
    return this.conversation();
  }

  /** The conversation in front. */
  conversation(name?: string): Conversation {
    return new Conversation(this.element, name);
  }

  /** What the element told its page so far. */
  async heard(type?: string): Promise<Heard[]> {
    const all = await this.page.evaluate(() => (window as unknown as { heard: Heard[] }).heard);
    return type === undefined ? all : all.filter((event) => event.type === `converse-${type}`);
  }

  /** Waits for an event of this type and answers the first. */
  async hears(type: string): Promise<Heard> {
    await expect.poll(async () => (await this.heard(type)).length, { timeout: 20_000 }).toBeGreaterThan(0);
    return (await this.heard(type))[0]!;
  }

  async signOut(): Promise<void> {
    await this.element.getByRole("button", { name: "Your account" }).click();
    await this.element.getByRole("menuitem", { name: "Sign out" }).or(this.element.getByRole("button", { name: "Sign out" })).first().click();
    await this.element.getByRole("dialog").or(this.element.getByRole("alertdialog")).getByRole("button", { name: "Sign out" }).click();
  }
}

/** The form that asks for address and password. */
export class SignInForm {
  readonly address: Locator;
  readonly password: Locator;
  readonly button: Locator;
  readonly alert: Locator;

  constructor(element: Locator) {
    this.address = element.getByRole("textbox", { name: "Address" });
    this.password = element.getByLabel("Password", { exact: true });
    this.button = element.getByRole("button", { name: "Sign in", exact: true });
    this.alert = element.getByRole("alert");
  }

  async submit(address: string, password: string): Promise<void> {
    await this.address.fill(address);
    await this.password.fill(password);
    await this.button.click();
  }
}

/** One open conversation. */
export class Conversation {
  readonly log: Locator;
  readonly input: Locator;
  readonly #element: Locator;

  constructor(element: Locator, name?: string) {
    this.#element = element;
    this.log = element.getByRole("log", name === undefined ? {} : { name: new RegExp(name) });
    this.input = element.getByRole("textbox", { name: name === undefined ? /^Message / : new RegExp(`^Message ${name}`) });
  }

  /** Writes a message and sends it with the Enter key. */
  async say(body: string): Promise<void> {
    await this.input.fill(body);
    await this.input.press("Enter");
    await expect(this.message(body)).toBeVisible();
  }

  /** A message that holds this text. */
  message(body: string): Locator {
    return this.log.locator("[part~=message]").filter({ hasText: body });
  }

  /** The messages that are drawn, from top to bottom. */
  async bodies(): Promise<string[]> {
    return this.log.locator("[part~=bubble]").allInnerTexts();
  }

  /** Waits until an own message has come this far. */
  async delivered(body: string, state: "Sent" | "Delivered" | "Read" | "Not sent" | "Waiting to be sent"): Promise<void> {
    await expect(this.message(body).getByLabel(state).or(this.message(body).getByText(state)).first()).toBeAttached();
  }

  get typing(): Locator {
    return this.#element.getByText(/typing…/).first();
  }
}
