import init, { ChatSession, join, onMissing } from "#wasm";

/** The module's exports once it runs. */
export interface Core {
  ChatSession: typeof ChatSession;
  /** Fetches what every session needs and the sign-in form did not. */
  rest(): Promise<void>;
  /** Fetches all the code that there is. */
  rare(): Promise<void>;
  /** The same without hurry: when the browser is idle, and again when it failed. */
  rareInTime(): Promise<void>;
  /** Says when the program broke in the middle: it needed a part at once and the network is gone. */
  broken: Promise<LoadError>;
}

/** How long to wait after a part did not come. */
const AGAIN_MS = 15_000;

/** Why the module does not run, with what to do about it in the message. */
export class LoadError extends Error {
  override name = "LoadError";
}

let loading: Promise<Core> | undefined;

/**
 * Loads the WebAssembly module, once for the page however many elements ask.
 * A failed load is forgotten, so that a later element tries again.
 */
export function load(url?: string): Promise<Core> {
  loading ??= start(url).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function start(url?: string): Promise<Core> {
  // esbuild puts the hashed file name in; bundlers understand this form.
  const place = url ? new URL(url, document.baseURI) : new URL(__PART_0__, import.meta.url);
  if (typeof WebAssembly === "undefined") {
    throw new LoadError("This browser does not run WebAssembly.");
  }
  const answer = await fetch(place, { credentials: "same-origin" }).catch(() => undefined);
  if (!answer?.ok) throw missing(place, answer?.status);
  try {
    await init({ module_or_path: answer });
  } catch (error) {
    if (error instanceof WebAssembly.CompileError && /unsafe-eval|Content Security Policy/i.test(error.message)) {
      throw new LoadError("The page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to script-src.");
    }
    throw new LoadError(`The chat's program does not start: ${error instanceof Error ? error.message : String(error)}`);
  }
  const places = url
    ? [new URL(__PART_1__, place), new URL(__PART_2__, place)]
    : [new URL(__PART_1__, import.meta.url), new URL(__PART_2__, import.meta.url)];
  let sayBroken: (error: LoadError) => void;
  const broken = new Promise<LoadError>((say) => (sayBroken = say));
  onMissing((part) => {
    try {
      return fetchNow(places[part]!);
    } catch {
      const error = new LoadError("A part of the chat was needed while the network was gone. Reload the page when it is back.");
      sayBroken(error);
      throw error;
    }
  });
  const rest = once(async () => join(0, await compile(places[0]!)));
  const rare = once(async () => {
    await rest();
    join(1, await compile(places[1]!));
  });
  const rareInTime = once(async () => {
    for (;;) {
      await idle();
      try {
        return await rare();
      } catch {
        await new Promise((again) => setTimeout(again, AGAIN_MS));
      }
    }
  });
  return { ChatSession, rest, rare, rareInTime, broken };
}

/** Safari has no idle callback. */
function idle(): Promise<void> {
  return new Promise((then) => ("requestIdleCallback" in globalThis ? requestIdleCallback(() => then(), { timeout: 2_000 }) : then()));
}

/** Does something once for all who ask; a failure is forgotten, so that the next one who asks tries again. */
function once(work: () => Promise<void>): () => Promise<void> {
  let doing: Promise<void> | undefined;
  return () => {
    doing ??= work().catch((error: unknown) => {
      doing = undefined;
      throw error;
    });
    return doing;
  };
}

async function compile(place: URL): Promise<WebAssembly.Module> {
  const answer = await fetch(place, { credentials: "same-origin" }).catch(() => undefined);
  if (!answer?.ok) throw missing(place, answer?.status);
  // Only a server that names the type gets the faster way.
  if (answer.headers.get("content-type") === "application/wasm") return WebAssembly.compileStreaming(answer);
  return WebAssembly.compile(await answer.arrayBuffer());
}

/**
 * A part while the program stands still: somebody was faster than the network. Only text can be had this way, so each byte
 * comes as the character whose lower half it is.
 */
function fetchNow(place: URL): WebAssembly.Module {
  const request = new XMLHttpRequest();
  request.open("GET", place, false);
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) throw missing(place, request.status);
  return new WebAssembly.Module(Uint8Array.from(request.responseText, (character) => character.charCodeAt(0)));
}

function missing(place: URL, status: number | undefined): LoadError {
  return new LoadError(`The chat's program could not be fetched from ${place.pathname} (${status || "no answer"}).`);
}

declare const __PART_0__: string;
declare const __PART_1__: string;
declare const __PART_2__: string;
