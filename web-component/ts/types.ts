/** How the chat sits in the page. */
export type View = "overlay" | "embedded" | "fullscreen";

/** Colours. `auto` follows the visitor's system. */
export type Theme = "auto" | "light" | "dark";

/** An account, as the `credentials` property gives it. */
export interface Credentials {
  /** `juliet@example.com` */
  jid: string;
  /** A password. It never leaves the tab; afterwards only keys derived from it are kept, for the tab. */
  password: string;
}

/** An account, or a function that finds one each time a session is needed; `null` means there is none now. */
export type CredentialsSource = Credentials | (() => Credentials | null | Promise<Credentials | null>);

/** A message as events show it. */
export interface MessageDetail {
  /** The other side's bare address. */
  chat: string;
  /** Whether this account wrote it. */
  own: boolean;
  /** The shown name of its author; empty for own messages. */
  name: string;
  /** Plain text. Never put it into a page as HTML. */
  body: string;
  /** When it was said, milliseconds since 1970. */
  at: number;
}

/** Why signing in failed. */
export interface SignInErrorDetail {
  /** A stable word: `not-authorized`, `unreachable`, `no-mechanism`, `insecure`, `host-unknown`, `site`, `conflict`, `stream`, … */
  reason: string;
  /** English, for the site's developer. */
  detail: string;
}

/** What each event carries. */
export interface ConverseEventDetails {
  "converse-ready": null;
  "converse-error": { message: string };
  "converse-connected": { jid: string; transport: "websocket" | "bosh"; resumed: boolean };
  "converse-disconnected": { reconnecting: boolean };
  "converse-signed-out": null;
  "converse-sign-in-error": SignInErrorDetail;
  "converse-message": MessageDetail;
  "converse-message-sent": MessageDetail;
  "converse-unread": { total: number };
  "converse-contact-request": { jid: string };
  "converse-command-error": { command: string; condition: string; text: string };
  "converse-open": null;
  "converse-close": null;
}

/** The element's events by name, for `addEventListener`. */
export type ConverseEventMap = { [K in keyof ConverseEventDetails]: CustomEvent<ConverseEventDetails[K]> };
