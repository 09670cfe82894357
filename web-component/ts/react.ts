import type { ConverseChat } from "./converse-chat.js";
import type { Theme, View } from "./types.js";

/** The element's attributes as JSX takes them (React 19 and others that follow the standard for custom elements). */
export interface ConverseChatJsx {
  service?: string;
  "websocket-url"?: string;
  "bosh-url"?: string;
  "prebind-url"?: string;
  domain?: string;
  jid?: string;
  anonymous?: boolean;
  "shared-device"?: boolean;
  view?: View;
  theme?: Theme;
  lang?: string;
  label?: string;
  chat?: string;
  open?: boolean;
  class?: string;
  className?: string;
  id?: string;
  ref?: unknown;
  key?: string | number;
  credentials?: ConverseChat["credentials"];
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace JSX {
    interface IntrinsicElements {
      "converse-chat": ConverseChatJsx;
    }
  }
}
