// Words as the server reads them: letters without case and accents, names, and the words of SQLite's
// full-text index, which are stems.
"use strict";

(() => {
  const WORD = /[\p{L}\p{N}]+/gu;
  const TOKEN = /[\p{L}\p{N}\p{Co}\u0300-\u036f]+/gu;
  const MARK = /^[\u0300-\u036f]$/;

  /** Return a letter without difference of case, sometimes two; a dotless i is no i. */
  function foldLetter(/** @type {string} */ char) {
    return char === "ı" ? char : char.toUpperCase().toLowerCase();
  }

  /** Return a text without difference of case. @param {string} text */
  function foldCase(text) {
    return [...text].map(foldLetter).join("");
  }

  /** Return a text in lower case without accents. @param {string} text */
  function plainLetters(text) {
    return foldCase(text.normalize("NFKD").replace(/\p{Mn}/gu, ""));
  }

  /** Return the words of a text in lower case without accents. @param {string} text @returns {string[]} */
  function wordsOf(text) {
    return plainLetters(text).match(WORD) || [];
  }

  /** Return what is compared of a name: its letters and digits. @param {string} text */
  function nameKey(text) {
    return wordsOf(text).join("");
  }

  /** Return a letter as SQLite's tokenizer unicode61 has it. @param {string} char */
  function tokenLetter(char) {
    if (MARK.test(char)) return "";
    const folded = foldLetter(char);
    const lower = [...folded.normalize("NFC")].length === 1 ? folded : char.toLowerCase();
    const [base, ...marks] = lower.normalize("NFD");
    return marks.length === 1 && base < "\x80" ? base : lower;
  }

  /** Return the stems that SQLite's index has for a text. @param {string} text @returns {string[]} */
  function tokens(text) {
    const found = (text.match(TOKEN) || []).map((word) => [...word].map(tokenLetter).join(""));
    return found.filter(Boolean).map(claimlog.stem);
  }

  /** Whether a text has a letter or a digit. @param {string} text */
  function hasWord(text) {
    return text.search(WORD) >= 0;
  }

  Object.assign(claimlog, { WORD, foldCase, plainLetters, wordsOf, nameKey, tokens, hasWord });
})();
