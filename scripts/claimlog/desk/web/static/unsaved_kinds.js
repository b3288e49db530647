// The kinds of what this browser keeps of a role until it is saved, all of them, and the keys under which it does.
import { KEPT, quoted } from "./api.js";

/** Return the words of a row: its longest text. @param {any} row */
function wordsOf({ text_sha256: hash, ...row }) {
  return Object.values(row).filter((one) => typeof one === "string").sort((a, b) => b.length - a.length)[0] ?? "";
}

/** Whether something is an object with columns. @param {any} value */
const isRow = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
/** @param {any} value */
const isSpan = (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isInteger);
/** @param {any} value */
const isText = (value) => typeof value === "string";

/** @type {Record<string, {fits: (kept: any) => boolean, words: (kept: any) => string}>} what is kept of a kind, and its words */
const KINDS = {
  work: { fits: ({ name, value }) => isText(name) && (value === null || (isRow(value) && isSpan(value.utf16))), words: ({ value, earlier }) => wordsOf(value ?? earlier ?? {}) },
  note: { fits: ({ text }) => isText(text), words: ({ text }) => text },
  begun: { fits: ({ unit, utf16, value }) => isText(unit) && isSpan(utf16) && isRow(value), words: ({ value }) => wordsOf(value) },
  basis: { fits: ({ text }) => isText(text), words: ({ text }) => text },
  left: { fits: ({ said }) => isText(said), words: ({ said }) => said },
};

/** The names under which a desk keeps them: the kind of place, the source, and the rest; words of a person come last, with any sign. */
const NAMES = [/^(work)\/(.+)\/([^/]+)$/su, /^(decisions|links)\/(.+?)\/((?:note|begun|basis|left)\/.+)$/su];

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
 * Return of what is kept under a key its source, the key under which this desk keeps it, whether a value is one of that kind,
 * and a function for the words that a person knows it by; null where that is nothing unsaved.
 * @param {string} key
 */
export function unsavedKind(key) {
  const name = key.split("/").slice(3).join("/"); // below a desk's and a role's
  const [, what, text, rest] = NAMES.map((one) => one.exec(name)).find(Boolean) ?? [];
  if (!text) return null;
  const source = identifierIn(text);
  const kind = what === "work" ? what : rest.split("/")[0];
  return { source, own: `${placeOf(/** @type {any} */ (what), source)}/${rest}`, ...KINDS[kind] };
}

/** Return what is kept under a key; null if nothing is, or nothing that this release understands. @param {string} key @param {string | null} [text] */
export function keptAt(key, text = localStorage.getItem(key)) {
  try {
    const value = JSON.parse(text ?? "null");
    return unsavedKind(key)?.fits(value) ?? true ? value : null;
  } catch { // no JSON, or null
    return null;
  }
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
  const own = key.startsWith(`${KEPT}/`) && unsavedKind(key)?.own;
  if (own) rename(key, own);
}
