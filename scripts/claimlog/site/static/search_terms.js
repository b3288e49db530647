// What a reader typed into the search, read into terms, and the phrases that are looked for: see
// claimlog.site.search.query.
"use strict";

(() => {
  const QUOTATION = /[“”„«»]/g;
  const PIECE = /"([^"]*)"|([^\s"]+)/g;

  /** @typedef {{text: string, isPhrase: boolean}} Term */

  /**
   * Return the terms of a search; those without a letter or digit are left out.
   * @param {string} text
   * @param {{characters: number, terms: number}} limits
   * @returns {Term[]}
   */
  function searchTerms(text, limits) {
    const plain = claimlog.cut(text, limits.characters).replace(/\0/g, " ").replace(QUOTATION, '"');
    /** @type {Map<string, Term>} */
    const terms = new Map();
    for (const [, phrase, word] of plain.matchAll(PIECE)) {
      const term = { text: phrase || word || "", isPhrase: Boolean(phrase) };
      if (claimlog.hasWord(term.text)) terms.set(JSON.stringify(term), term);
    }
    return [...terms.values()].slice(0, limits.terms);
  }

  /**
   * Return the groups of phrases that a search looks for.
   *
   * A stop word is looked for within a phrase or a name, and where there are no other words.
   * @param {Term[]} terms
   * @param {{nameWords: number, stopWords: string[]}} limits
   * @param {(text: string) => Promise<string[]>} alternatives other names of what a run of words names
   * @param {boolean} [withPrefixes] whether a word is also what longer words begin with
   */
  async function searchGroups(terms, limits, alternatives, withPrefixes = false) {
    const stopWords = new Set(limits.stopWords);
    const groups = [];
    const passing = [];
    for (let at = 0; at < terms.length;) {
      const { size, names } = await longestName(terms.slice(at, at + limits.nameWords), alternatives);
      const own = textOf(terms.slice(at, at + size));
      const isName = names.length > 0;
      const isPrefix = withPrefixes && !terms[at].isPhrase && !isName;
      const group = [own, ...names.filter(claimlog.hasWord)].map((text, number) => ({
        tokens: claimlog.tokens(text),
        isPrefix: isPrefix && number === 0,
      }));
      const isPassing = !isName && !terms[at].isPhrase && stopWords.has(claimlog.plainLetters(own));
      (isPassing ? passing : groups).push(group);
      at += size;
    }
    return groups.length ? groups : passing;
  }

  /** @param {Term[]} terms */
  function textOf(terms) {
    return terms.map((term) => term.text).join(" ");
  }

  /** Return how many of the first terms are a name, and its alternatives; or one and none. */
  async function longestName(/** @type {Term[]} */ terms, alternatives) {
    for (let size = terms.length; size > 0; size -= 1) {
      const run = terms.slice(0, size);
      if (size === 1 || !run.some((term) => term.isPhrase)) {
        const names = await alternatives(textOf(run));
        if (names.length) return { size, names };
      }
    }
    return { size: 1, names: [] };
  }

  Object.assign(claimlog, { searchTerms, searchGroups });
})();
