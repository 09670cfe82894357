import init, { ChatSession, join, onMissing } from "#wasm";

/** The module's exports once it runs. */
export interface Core {
  ChatSession: typeof ChatSession;
  /** Fetches what the sign-in form did not need. */
  rest(): Promise<void>;
  /** Fetches what few visits need: the code of rare dialogs and troubles. */
  rare(): Promise<void>;
}

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
  onMissing((part) => fetchNow(places[part]!));
  const rest = once(async () => join(0, await compile(places[0]!)));
  const rare = once(async () => {
    await rest();
    join(1, await compile(places[1]!));
  });
  return { ChatSession, rest, rare };
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
