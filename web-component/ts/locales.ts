/** Languages beside English, which the module carries itself. */
const TRANSLATED = ["de"] as const;

const loaded = new Map<string, Promise<object | undefined>>();

/**
 * The strings of the best language for a BCP 47 tag; `undefined` is English.
 * A file that does not come leaves English: better than no chat.
 */
export function localeStrings(tag: string): Promise<object | undefined> {
  const language = tag.toLowerCase().split("-")[0];
  if (!TRANSLATED.some((known) => known === language)) return Promise.resolve(undefined);
  let strings = loaded.get(language!);
  if (!strings) {
    strings = fetch(new URL(`./locales/${language}.json`, import.meta.url), { credentials: "same-origin" })
      .then((answer) => (answer.ok ? (answer.json() as Promise<object>) : undefined))
      .catch(() => undefined);
    loaded.set(language!, strings);
  }
  return strings;
}
