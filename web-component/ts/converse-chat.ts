import css from "#styles";
import type { ChatSession, ChatView } from "#wasm";
import { load } from "./loader.js";
import { localeStrings } from "./locales.js";
import type { ConverseEventDetails, ConverseEventMap, CredentialsSource, Theme, View } from "./types.js";

/** How long a session outlives its element's removal, so that moving the element keeps it. */
const GRACE_MS = 5_000;

/** Somebody who looks at the form for so long is about to use it. */
const REST_MS = 4_000;

/** So long after signing in, what the visit did not need yet is fetched while there is a network: dialogs, troubles, the other transport. */
const RARE_MS = 5_000;

/** One sheet for all elements of a page: parsed once, and allowed by a strict `style-src`. */
let sheet: CSSStyleSheet | undefined;

/**
 * A complete XMPP chat client.
 *
 * @tagname converse-chat
 *
 * @attr {string} service - Origin (or URL) of a `converse-server` or of a site with `/.well-known/host-meta`; `/` is the page's own. Default: `https://` and the account's domain.
 * @attr {string} websocket-url - Address of an XMPP WebSocket (RFC 7395); wins over discovery.
 * @attr {string} bosh-url - Address of a BOSH connection manager (XEP-0206); wins over discovery.
 * @attr {string} prebind-url - URL of the site that answers `{jid, sid, rid}` of a ready BOSH session.
 * @attr {string} domain - Domain that is added to a bare user name, and where anonymous visitors sign in.
 * @attr {string} jid - Address that the sign-in form starts with.
 * @attr {boolean} anonymous - Signs visitors in without an account (SASL ANONYMOUS).
 * @attr {boolean} shared-device - Keeps nothing on the device when the tab is closed: no history, no lists. Fixed once the session starts.
 * @attr {'overlay'|'embedded'|'fullscreen'} view - How the chat sits in the page. Default: `embedded`.
 * @attr {'auto'|'light'|'dark'} theme - Colours. Default: `auto`.
 * @attr {string} lang - Language, BCP 47. Default: the nearest `lang` around the element, then the browser's.
 * @attr {string} label - Heading of the overlay and accessible name of the chat.
 * @attr {string} chat - Address of somebody whose conversation opens after signing in.
 * @attr {boolean} open - Whether the overlay is open.
 *
 * @event {CustomEvent<null>} converse-ready - The program is loaded and the view is drawn.
 * @event {CustomEvent<{message: string}>} converse-error - The program could not be loaded; the element shows why.
 * @event {CustomEvent<{jid: string, transport: 'websocket'|'bosh', resumed: boolean}>} converse-connected - A session stands.
 * @event {CustomEvent<{reconnecting: boolean}>} converse-disconnected - The connection is gone.
 * @event {CustomEvent<null>} converse-signed-out - The session was ended on purpose.
 * @event {CustomEvent<SignInErrorDetail>} converse-sign-in-error - Signing in failed.
 * @event {CustomEvent<MessageDetail>} converse-message - Somebody else's message arrived.
 * @event {CustomEvent<MessageDetail>} converse-message-sent - An own message was written.
 * @event {CustomEvent<{total: number}>} converse-unread - The number of unread messages changed.
 * @event {CustomEvent<{jid: string}>} converse-contact-request - Somebody asks to be a contact.
 * @event {CustomEvent<{command: string, condition: string, text: string}>} converse-command-error - Something the visitor asked for failed.
 * @event {CustomEvent<null>} converse-open - The overlay was opened.
 * @event {CustomEvent<null>} converse-close - The overlay was closed.
 *
 * @csspart avatar - A person's picture or initials.
 * @csspart badge - A count of unread messages.
 * @csspart banner - The strip that says that the connection is gone.
 * @csspart bubble - The body of a message.
 * @csspart button - Any button.
 * @csspart chat - A line of the conversation list.
 * @csspart chat-header - Head of the open conversation.
 * @csspart composer - Where a message is written.
 * @csspart composer-input - Its text field.
 * @csspart composer-send - Its send button.
 * @csspart contact - A line of the contact list.
 * @csspart contact-list - All contacts.
 * @csspart conversation - The open conversation.
 * @csspart conversation-list - All conversations.
 * @csspart day-divider - The line before the first message of a day.
 * @csspart dialog - A dialog.
 * @csspart empty - What stands where nothing is yet.
 * @csspart jump-to-latest - The button that goes to the newest message.
 * @csspart launcher - The round button of the overlay.
 * @csspart load-error - Shown when the program cannot be loaded.
 * @csspart message - One message with everything about it.
 * @csspart message-list - All messages of the open conversation.
 * @csspart message-meta - Time and delivery state of a message.
 * @csspart notice - A short notice.
 * @csspart panel - The overlay's panel.
 * @csspart profile - The own profile.
 * @csspart root - Everything.
 * @csspart search - The field that filters contacts.
 * @csspart sidebar - The side with the lists.
 * @csspart sidebar-header - Its head.
 * @csspart sign-in - The sign-in form.
 * @csspart tabs - Switches between the lists.
 * @csspart unread-divider - The line before the first unread message.
 */
export class ConverseChat extends HTMLElement {
  static readonly version = __VERSION__;

  static readonly observedAttributes = ["view", "theme", "lang", "label", "open", "chat"] as const;

  /** Resolves when the program is loaded and the view is drawn; rejects when it cannot be. */
  readonly ready: Promise<void>;

  #settleReady!: { resolve: () => void; reject: (error: unknown) => void };
  #session: ChatSession | undefined;
  #view: ChatView | undefined;
  #ending: ReturnType<typeof setTimeout> | undefined;
  #starting = false;
  #credentials: CredentialsSource | undefined;
  #disabledFeatures: readonly string[] = [];
  #enabledFeatures: readonly string[] = [];
  #unread = 0;
  #connected = false;

  constructor() {
    super();
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // Nobody need listen: the element shows the reason itself.
    this.ready.catch(() => undefined);
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
    }
    root.adoptedStyleSheets = [sheet];
  }

  /** An account or a function that finds one; set it before the element is connected, or whenever it becomes known. A secret is never an attribute. */
  get credentials(): CredentialsSource | undefined {
    return this.#credentials;
  }
  set credentials(value: CredentialsSource | undefined) {
    this.#credentials = value;
    if (value) this.#session?.start({ kind: "callback" });
  }

  /** Features that are switched off, by id (`chat-states`, `receipts`, `markers`, …). Fixed once the session starts. */
  get disabledFeatures(): readonly string[] {
    return this.#disabledFeatures;
  }
  set disabledFeatures(value: readonly string[]) {
    this.#disabledFeatures = [...value];
  }

  /** Where not empty: the only optional features that run. Fixed once the session starts. */
  get enabledFeatures(): readonly string[] {
    return this.#enabledFeatures;
  }
  set enabledFeatures(value: readonly string[]) {
    this.#enabledFeatures = [...value];
  }

  /** Where the `.wasm` file lies when it is not beside the script. Set it before the element is connected. */
  wasmUrl: string | undefined;

  /** How the chat sits in the page. */
  get view(): View {
    const value = this.getAttribute("view");
    return value === "overlay" || value === "fullscreen" ? value : "embedded";
  }
  set view(value: View) {
    this.setAttribute("view", value);
  }

  /** Colours. */
  get theme(): Theme {
    const value = this.getAttribute("theme");
    return value === "light" || value === "dark" ? value : "auto";
  }
  set theme(value: Theme) {
    this.setAttribute("theme", value);
  }

  /** Whether the overlay is open. */
  get open(): boolean {
    return this.hasAttribute("open");
  }
  set open(value: boolean) {
    this.toggleAttribute("open", value);
  }

  /** Whether a session stands. */
  get connected(): boolean {
    return this.#connected;
  }

  /** How many messages are unread. */
  get unread(): number {
    return this.#unread;
  }

  /** Signs in with an address and a password. */
  async signIn(jid: string, password: string): Promise<void> {
    await this.ready;
    this.#session?.sign_in(jid, password);
  }

  /** Ends the session. `forget` also deletes what this browser keeps of the account. */
  async signOut(options: { forget?: boolean } = {}): Promise<void> {
    await this.ready;
    this.#session?.sign_out(options.forget ?? false);
  }

  /** Opens the conversation with somebody, and the overlay. */
  async openChat(jid: string): Promise<void> {
    await this.ready;
    this.#session?.open_chat(jid);
    this.open = true;
  }

  /** Sends a message. */
  async sendMessage(jid: string, body: string): Promise<void> {
    await this.ready;
    this.#session?.send_message(jid, body);
  }

  connectedCallback(): void {
    clearTimeout(this.#ending);
    this.#ending = undefined;
    if (this.#session) {
      this.#mount();
    } else if (!this.#starting) {
      this.#starting = true;
      void this.#start();
    }
  }

  disconnectedCallback(): void {
    this.#view?.unmount();
    this.#view = undefined;
    this.#ending = setTimeout(() => this.#end(), GRACE_MS);
  }

  attributeChangedCallback(name: string, old: string | null, value: string | null): void {
    if (old === value) return;
    if (name === "chat") {
      if (value && this.#connected) this.#session?.open_chat(value);
      return;
    }
    if (name === "lang") {
      void this.#translate();
      return;
    }
    if (name === "open") this.#emit(value === null ? "converse-close" : "converse-open", null);
    this.#updateView();
  }

  #updateView(): void {
    if (this.#session) this.#view?.update(this.#viewConfig(), this.#session);
  }

  async #start(): Promise<void> {
    try {
      const core = await load(this.wasmUrl);
      void core.broken.then((error) => this.isConnected && this.#showLoadError(error));
      const language = this.#language();
      const strings = await localeStrings(language);
      // Removed for good while the program was loading.
      if (!this.isConnected) {
        this.#starting = false;
        return;
      }
      this.#session = new core.ChatSession(this.#options(), (type, detail) => this.#onCoreEvent(type, detail));
      this.#session.set_locale(language, strings);
      this.#mount();
      const how = this.#howToSignIn();
      // Whoever has to type sees the form first; everyone else needs the whole program now.
      const typing = how.kind === "restore" && !keepsSession();
      // After a reload everything is in the browser's cache.
      if (!typing) await (how.kind === "restore" || this.#needsBosh(how.kind) ? core.rare() : core.rest());
      this.#session?.start(how);
      this.#settleReady.resolve();
      this.#emit("converse-ready", null);
      this.addEventListener("converse-connected", () => setTimeout(() => void core.rareInTime(), RARE_MS), { once: true });
      if (typing) {
        const fetchRest = () => void (this.#needsBosh(how.kind) ? core.rare() : core.rest()).catch(() => undefined);
        for (const sign of ["pointerdown", "keydown", "input"]) this.addEventListener(sign, fetchRest, { once: true });
        setTimeout(fetchRest, REST_MS);
      }
    } catch (error) {
      this.#showLoadError(error);
    } finally {
      this.#starting = false;
    }
  }

  #mount(): void {
    if (!this.#session || !this.shadowRoot) return;
    this.#view?.unmount();
    this.#view = this.#session.mount(this.shadowRoot, this.#viewConfig());
  }

  #end(): void {
    this.#ending = undefined;
    // Removed is signed out: the server is told, and the tab keeps nothing that could sign in again.
    this.#session?.sign_out(false);
    this.#session?.end();
    this.#session = undefined;
    this.#connected = false;
    this.#unread = 0;
  }

  /** The page's language. The region, which decides how times and dates are written, is the visitor's where the page names none. */
  #language(): string {
    const around = this.closest("[lang]")?.getAttribute("lang");
    if (!around) return navigator.language || "en";
    return navigator.languages.find((tag) => tag.startsWith(`${around}-`)) ?? around;
  }

  async #translate(): Promise<void> {
    if (!this.#session) return;
    const language = this.#language();
    const strings = await localeStrings(language);
    this.#session?.set_locale(language, strings);
    this.#updateView();
  }

  #options(): object {
    return {
      service: this.getAttribute("service") ?? undefined,
      websocketUrl: this.getAttribute("websocket-url") ?? undefined,
      boshUrl: this.getAttribute("bosh-url") ?? undefined,
      lang: this.#language(),
      sharedDevice: this.hasAttribute("shared-device"),
      disabled: this.#disabledFeatures,
      enabled: this.#enabledFeatures,
    };
  }

  #viewConfig(): object {
    return {
      view: this.view,
      theme: this.theme,
      label: this.getAttribute("label") ?? "",
      open: this.open,
      domain: this.getAttribute("domain") ?? undefined,
      jid: this.getAttribute("jid") ?? undefined,
      chat: this.getAttribute("chat") ?? undefined,
      disabled: this.#disabledFeatures,
      enabled: this.#enabledFeatures,
      form: !this.hasAttribute("prebind-url") && !this.#credentials && !this.hasAttribute("anonymous"),
    };
  }

  /** Whether it is known now that the session will run over BOSH, whose code is not in every visit's part. */
  #needsBosh(kind: string): boolean {
    return kind === "prebind" || (this.hasAttribute("bosh-url") && !this.hasAttribute("websocket-url"));
  }

  #howToSignIn(): { kind: string; url?: string; domain?: string } {
    const prebind = this.getAttribute("prebind-url");
    if (prebind) return { kind: "prebind", url: prebind };
    if (this.#credentials) return { kind: "callback" };
    if (this.hasAttribute("anonymous")) return { kind: "anonymous", domain: this.getAttribute("domain") ?? "" };
    return { kind: "restore" };
  }

  #onCoreEvent(type: string, detail: unknown): void {
    switch (type) {
      case "credentials-wanted":
        void this.#answerCredentials();
        return;
      case "set-open":
        this.open = detail === true;
        return;
      case "sign-in-wanted":
        this.#session?.start(this.#howToSignIn());
        return;
      case "converse-connected":
        if (!this.#connected) {
          this.#connected = true;
          const chat = this.getAttribute("chat");
          if (chat) this.#session?.open_chat(chat);
        }
        break;
      case "converse-disconnected":
      case "converse-signed-out":
        this.#connected = false;
        break;
      case "converse-unread":
        this.#unread = (detail as { total: number }).total;
        break;
    }
    this.#emit(type as keyof ConverseEventDetails, detail as never);
  }

  async #answerCredentials(): Promise<void> {
    const source = this.#credentials;
    let account = null;
    try {
      account = typeof source === "function" ? await source() : (source ?? null);
    } catch (error) {
      console.error("<converse-chat>: the credentials function failed", error);
    }
    if (account && typeof account.jid === "string" && typeof account.password === "string") {
      this.#session?.credentials(account.jid, account.password);
    } else {
      this.#session?.credentials();
    }
  }

  #emit<K extends keyof ConverseEventDetails>(type: K, detail: ConverseEventDetails[K]): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  #showLoadError(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const box = document.createElement("div");
    box.className = "load-error";
    box.setAttribute("part", "load-error");
    box.setAttribute("role", "alert");
    const title = document.createElement("strong");
    title.textContent = "The chat could not be loaded.";
    const text = document.createElement("p");
    text.textContent = message;
    box.append(title, text);
    this.shadowRoot?.replaceChildren(box);
    console.error("<converse-chat>:", error);
    this.#settleReady.reject(error);
    this.#emit("converse-error", { message });
  }
}

/** Whether this tab was signed in: `sessionStorage` has rows of ours. */
function keepsSession(): boolean {
  try {
    return Object.keys(sessionStorage).some((key) => key.startsWith("converse-chat:"));
  } catch {
    return false;
  }
}

export interface ConverseChat {
  addEventListener<K extends keyof ConverseEventMap>(
    type: K,
    listener: (this: ConverseChat, event: ConverseEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare const __VERSION__: string;

declare global {
  interface HTMLElementTagNameMap {
    "converse-chat": ConverseChat;
  }
}
