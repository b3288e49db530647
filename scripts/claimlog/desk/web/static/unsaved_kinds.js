// The kinds of what this browser keeps of a role until it is saved, all of them, and the keys under which it does.
import { KEPT, quoted } from "./api.js";

/** Return the words of a row: its longest text. @param {any} row */
function wordsOf({ text_sha256: hash, ...row }) {
  return Object.values(row).filter((one) => typeof one === "string").sort((a, b) => b.length - a.length)[0] ?? "";
}

/** @type {Record<string, (kept: any) => string>} the words of what is kept, by its kind */
const KINDS = {
  work: ({ value, earlier }) => wordsOf(value ?? earlier ?? {}),
  note: ({ text }) => text,
  begun: ({ value }) => wordsOf(value ?? {}),
  basis: ({ text }) => text,
  left: ({ said }) => said,
};

/** The names under which a desk keeps them: the kind of place, the source, and the rest; words of a person come last. */
const NAMES = [/^(work)\/(.+)\/([^/]+)$/u, /^(decisions|links)\/(.+?)\/((?:note|begun|basis|left)\/.+)$/u];

/** Return the place below which this desk keeps what is of a source. @param {"work" | "decisions" | "links"} what @param {string} source */
export function placeOf(what, source) {
  return `${KEPT}/${what}/${quoted`${source}`}`;
}

/** Return the identifier that stands in a name: quoted, or as it is in names of earlier releases. @param {string} text */
function identifierIn(text) {
  try {
    const source = decodeURIComponent(text);
    return quoted`${source}` === text ? source : text;
  } catch {
    return text;
  }
}

/**
 * Return of what is kept under a name its source, the key under which this desk keeps it, and a function for the words that
 * a person knows it by; null where that is nothing unsaved.
 * @param {string} name below a desk's and a role's
 */
export function unsavedKind(name) {
  const [, what, text, rest] = NAMES.map((one) => one.exec(name)).find(Boolean) ?? [];
  if (!text) return null;
  const source = identifierIn(text);
  const kind = what === "work" ? what : rest.split("/")[0];
  return { source, own: `${placeOf(/** @type {any} */ (what), source)}/${rest}`, words: KINDS[kind] };
}

/** Keep something under another key, if nothing is kept there, and there is room; whether it is. @param {string} from @param {string} to */
export function rename(from, to) {
  const value = localStorage.getItem(from);
  if (value === null || localStorage.getItem(to) !== null) return false; // another window took it, or has the same
  localStorage.removeItem(from); // first: there may be no room for both
  try {
    localStorage.setItem(to, value);
  } catch {
    localStorage.setItem(from, value);
    return false;
  }
  return true;
}

// before any page looks for its own: names of earlier releases have the source as it is
for (const key of Object.keys(localStorage)) {
  const own = key.startsWith(`${KEPT}/`) && unsavedKind(key.slice(KEPT.length + 1))?.own;
  if (own) rename(key, own);
}
