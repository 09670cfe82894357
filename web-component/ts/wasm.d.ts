/** What the WebAssembly module exports; `wasm-pack` writes the real thing into `pkg/`. */
declare module "#wasm" {
  /** Instantiates the module once. */
  export default function init(input: { module_or_path: URL | Response | Promise<Response> }): Promise<unknown>;
  /** Gives the program its second part (0) or its third (1), in this order. */
  export function join(part: number, module: WebAssembly.Module): void;
  /** Says how to get a part at once, when it is needed before it was joined. */
  export function onMissing(callback: (part: number) => WebAssembly.Module): void;
  /** One XMPP session with its state; outlives the views that show it. */
  export class ChatSession {
    constructor(options: object, emit: (type: string, detail: unknown) => void);
    mount(root: ShadowRoot, view: object): ChatView;
    sign_in(jid: string, password: string): void;
    start(how: object): void;
    sign_out(forget: boolean): void;
    credentials(jid?: string, password?: string): void;
    open_chat(jid: string): void;
    send_message(jid: string, body: string): void;
    reconnect(): void;
    set_locale(lang: string, strings: object | undefined): void;
    end(): void;
    free(): void;
  }
  /** The session drawn into a shadow root. */
  export class ChatView {
    update(view: object, session: ChatSession): void;
    unmount(): void;
    free(): void;
  }
}

declare module "#styles" {
  const css: string;
  export default css;
}
