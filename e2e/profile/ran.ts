import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";

declare global {
  // eslint-disable-next-line no-var
  var ran: Set<number>;
}

/** A list of functions that ran, written where `cargo xtask profile` wants it. */
export class Ran {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  static async open(name: string): Promise<Ran> {
    const folder = process.env.CONVERSE_PROFILE;
    if (!folder) throw new Error("this is started by `cargo xtask profile`");
    const ran = new Ran(join(folder, name));
    await writeFile(ran.#file, "");
    return ran;
  }

  /** Gives the instrumented module what it imports. Before the page is opened. */
  static async listen(page: Page): Promise<void> {
    await page.addInitScript(() => {
      globalThis.ran = new Set();
      const withRan = (imports?: WebAssembly.Imports) => ({ ...imports, profile: { ran: (index: number) => globalThis.ran.add(index) } });
      const { instantiate, instantiateStreaming } = WebAssembly;
      // The instrumented module is whole: joining parts does nothing.
      WebAssembly.Instance = class {
        readonly exports = { $ready: {} };
      } as unknown as typeof WebAssembly.Instance;
      WebAssembly.instantiateStreaming = (source, imports) => instantiateStreaming.call(WebAssembly, source, withRan(imports));
      WebAssembly.instantiate = ((source: BufferSource, imports?: WebAssembly.Imports) =>
        instantiate.call(WebAssembly, source, withRan(imports))) as typeof WebAssembly.instantiate;
    });
  }

  /** Writes down what ran in the page since it was loaded. */
  async take(page: Page): Promise<void> {
    const indices = await page.evaluate(() => [...globalThis.ran]);
    await appendFile(this.#file, indices.map((index) => `${index}\n`).join(""));
  }
}
