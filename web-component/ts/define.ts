import { ConverseChat } from "./converse-chat.js";

export { ConverseChat };
export type * from "./types.js";

// Two copies of the package in one page are the site's accident, not an error: the first one serves.
if (!customElements.get("converse-chat")) {
  customElements.define("converse-chat", ConverseChat);
}
