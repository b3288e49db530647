// Escapes what does not print as itself, by the rule of claimlog.escaping: controls, turns of
// direction, signs of no width. The pages of a site of files and the coding desk share it.
"use strict";

(() => {
  const CONTROLS = "\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff";
  const INVISIBLE =
    "\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u200e\\u200f\\u202a-\\u202e" +
    "\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}" +
    "\\u{e0000}-\\u{e00ff}\\u{e01f0}-\\u{e0fff}";
  const JOINERS = "\\u200c\\u200d";
  const SELECTORS = "\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}";

  /** What never prints, as far as it goes, or one sign that depends on what is beside it. */
  const RUN = new RegExp(`((?:(?!\\r\\n)[${CONTROLS}${INVISIBLE}])+)|[${JOINERS}${SELECTORS}]`, "gu");
  const NEVER = new RegExp(`[${CONTROLS}${INVISIBLE}]`, "u");
  const JOINER = new RegExp(`[${JOINERS}]`, "u");
  const JOINED = new RegExp(`[^\\0-\\x7f${JOINERS}]`, "u");
  const SELECTED = new RegExp(`[^\\0-\\x7f${SELECTORS}]`, "u");
  const KEYCAP = "\u20e3";

  /** Whether a joiner or selector spells something beside these characters. */
  function isSpelling(/** @type {string} */ sign, /** @type {string} */ before, /** @type {string} */ after) {
    if (JOINER.test(sign)) return JOINED.test(before) && JOINED.test(after) && !NEVER.test(after);
    return SELECTED.test(before) || after === KEYCAP;
  }

  /** Write a character as Python escapes it. @param {string} character */
  function escaped(character) {
    if (character === "\r") return "\\r";
    const code = character.codePointAt(0);
    const [sign, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
    return `\\${sign}${code.toString(16).padStart(digits, "0")}`;
  }

  /**
   * Return where a text does not print, in UTF-16 units, and what is written there.
   * @param {string} text
   * @returns {{start: number, end: number, said: string}[]}
   */
  function unprintable(text) {
    const found = [];
    let before = "";
    let end = 0;
    for (const match of text.matchAll(RUN)) {
      const start = match.index;
      if (start > end) before = [...text.slice(Math.max(0, start - 2), start)].pop();
      end = start + match[0].length;
      const after = end < text.length ? String.fromCodePoint(text.codePointAt(end)) : "";
      if (match[1] || !isSpelling(match[0], before, after)) {
        const said = [...match[0]].map(escaped).join("");
        found.push({ start, end, said });
        before = said;
      } else before = match[0];
    }
    return found;
  }

  /** Return a text in which only what prints as itself is left as it is. @param {string} text */
  function printable(text) {
    let end = 0;
    const parts = unprintable(text).flatMap((one) => {
      const plain = text.slice(end, one.start);
      end = one.end;
      return [plain, one.said];
    });
    return parts.length ? [...parts, text.slice(end)].join("") : text;
  }

  globalThis.claimlog = Object.assign(globalThis.claimlog ?? {}, { unprintable, printable });
})();
