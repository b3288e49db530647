// The kinds of what this browser keeps of a role until it is saved: all of them, for who looks for it.

/** Return the words of a row: its longest text. @param {any} row */
function wordsOf({ text_sha256: hash, ...row }) {
  return Object.values(row).filter((one) => typeof one === "string").sort((a, b) => b.length - a.length)[0] ?? "";
}

/** @type {{name: RegExp, words: (kept: any) => string}[]} by the names under which a desk keeps them, with the source first, quoted */
const KINDS = [
  { name: /^work\/([^/]+)\/[^/]+$/u, words: ({ value, earlier }) => wordsOf(value ?? earlier ?? {}) },
  { name: /^decisions\/([^/]+)\/note\/./u, words: ({ text }) => text },
  { name: /^decisions\/([^/]+)\/begun\/./u, words: ({ value }) => wordsOf(value ?? {}) },
  { name: /^links\/([^/]+)\/basis\/./u, words: ({ text }) => text },
  { name: /^(?:decisions|links)\/([^/]+)\/left\/./u, words: ({ said }) => said },
];

/**
 * Return of what is kept under a name its source and a function for the words that a person knows it by; null where that
 * is nothing unsaved.
 * @param {string} name below a desk's and a role's
 */
export function unsavedKind(name) {
  for (const kind of KINDS) {
    const [, source] = kind.name.exec(name) ?? [];
    if (source) return { source: decodeURIComponent(source), words: kind.words };
  }
  return null;
}
