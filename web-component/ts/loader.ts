import init, { ChatSession, join, onMissing } from "#wasm";

/** The module's exports once it runs. */
export interface Core {
  ChatSession: typeof ChatSession;
  /**
   * Fetches what the sign-in form did not need, once for the page. A failure is forgotten: what is missing is then fetched
   * when it is called.
   */
  rest(): Promise<void>;
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
  const place = url ? new URL(url, document.baseURI) : new URL(__WASM_FILE__, import.meta.url);
  if (typeof WebAssembly === "undefined") {
    throw new LoadError("This browser does not run WebAssembly.");
  }
  const answer = await fetch(place, { credentials: "same-origin" }).catch(() => undefined);
  if (!answer?.ok) {
    throw new LoadError(`The chat's program could not be fetched from ${place.pathname} (${answer ? answer.status : "no answer"}).`);
  }
  try {
    await init({ module_or_path: answer });
  } catch (error) {
    if (error instanceof WebAssembly.CompileError && /unsafe-eval|Content Security Policy/i.test(error.message)) {
      throw new LoadError("The page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to script-src.");
    }
    throw new LoadError(`The chat's program does not start: ${error instanceof Error ? error.message : String(error)}`);
  }
  const restPlace = url ? new URL(__REST_FILE__, place) : new URL(__REST_FILE__, import.meta.url);
  onMissing(() => fetchNow(restPlace));
  let joining: Promise<void> | undefined;
  const rest = (): Promise<void> => {
    joining ??= join(fetch(restPlace, { credentials: "same-origin" })).catch((error: unknown) => {
      joining = undefined;
      throw new LoadError(`The chat's program could not be fetched from ${restPlace.pathname} (${String(error)}).`);
    });
    return joining;
  };
  return { ChatSession, rest };
}

/**
 * The second part, while the program stands still: somebody was faster than the network. Only text can be had this way, so
 * each byte comes as the character whose lower half it is.
 */
function fetchNow(place: URL): WebAssembly.Module {
  const request = new XMLHttpRequest();
  request.open("GET", place, false);
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) throw new LoadError(`The chat's program could not be fetched from ${place.pathname} (${request.status}).`);
  return new WebAssembly.Module(Uint8Array.from(request.responseText, (character) => character.charCodeAt(0)));
}

declare const __WASM_FILE__: string;
declare const __REST_FILE__: string;
