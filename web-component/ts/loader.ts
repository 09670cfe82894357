import init, { ChatSession } from "#wasm";

/** The module's exports once it runs. */
export interface Core {
  ChatSession: typeof ChatSession;
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
  return { ChatSession };
}

declare const __WASM_FILE__: string;
