// Full-text search over the words of the index, by the rules of SQLite's FTS5: what has all groups of
// a search, or one of them; of each group, one of its phrases.
"use strict";

(() => {
  /**
   * @typedef {{tokens: string[], isPrefix: boolean}} Phrase
   * @typedef {Map<number, number[]>} Places by row, where a word stands: see packed_words.py
   */

  /** Read the places of a word. @param {string} packed @returns {Places} */
  function placesOf(packed) {
    const numbers = claimlog.numbers(packed);
    const found = new Map();
    let row = 0;
    for (let at = 0; at < numbers.length;) {
      const first = numbers[at];
      at += 1;
      row += first >> 1;
      let several = 1;
      if (first % 2) {
        several = numbers[at];
        at += 1;
      }
      const own = new Array(several);
      let place = 0;
      for (let number = 0; number < several; number += 1, at += 1) {
        place += numbers[at];
        own[number] = place;
      }
      found.set(row, own);
    }
    return found;
  }

  /** Join the places of several words. @param {Places[]} several @returns {Places} */
  function joined(several) {
    if (several.length === 1) return several[0];
    const found = new Map();
    for (const places of several) {
      for (const [row, own] of places) {
        found.set(row, found.has(row) ? [...found.get(row), ...own] : own);
      }
    }
    return found;
  }

  /** A full-text index with some columns. */
  class WordIndex {
    /**
     * @param {string} name
     * @param {string[]} first the first word of each part
     * @param {number} columns
     */
    constructor(name, first, columns) {
      this.words = new claimlog.KeyedParts(name, first);
      this.columns = columns;
      /** @type {Map<string, Promise<Places>>} */
      this.places = new Map();
    }

    /** @param {string} token @param {boolean} isPrefix @returns {Promise<Places>} */
    placesOfToken(token, isPrefix) {
      const key = isPrefix ? `${token}*` : token;
      if (!this.places.has(key)) {
        const packed = isPrefix ? this.words.startingWith(token) : this.words.get(token).then((one) => (one ? [one] : []));
        this.places.set(key, packed.then((several) => joined(several.map(placesOf))));
      }
      return this.places.get(key);
    }

    /**
     * Return the rows that have a phrase, in one column if that is said.
     * @param {Phrase} phrase
     * @param {number} [column]
     */
    async rowsOfPhrase(phrase, column) {
      const last = phrase.tokens.length - 1;
      if (last < 0) return new Set();
      const places = await Promise.all(
        phrase.tokens.map((token, at) => this.placesOfToken(token, phrase.isPrefix && at === last)),
      );
      const found = new Set();
      const others = last ? places.slice(1) : [];
      for (const [row, own] of places[0]) {
        if (others.every((one) => one.has(row))) {
          const following = others.map((one) => new Set(one.get(row)));
          const stands = own.some((place) => (column === undefined || place % this.columns === column) &&
            following.every((one, at) => one.has(place + (at + 1) * this.columns)));
          if (stands) found.add(row);
        }
      }
      return found;
    }

    /**
     * Return the rows that fit a search, in their order.
     * @param {Phrase[][]} groups
     * @param {boolean} isAny whether one group is enough
     * @param {number} [column]
     * @returns {Promise<number[]>}
     */
    async rows(groups, isAny, column) {
      /** @type {Set<number> | undefined} */
      let found;
      for (const group of groups) {
        const own = new Set();
        for (const phrase of group) {
          for (const row of await this.rowsOfPhrase(phrase, column)) own.add(row);
        }
        if (found === undefined) found = own;
        else if (isAny) own.forEach((row) => found.add(row));
        else found = new Set([...found].filter((row) => own.has(row)));
        if (!isAny && !found.size) break;
      }
      return [...(found || [])].sort((one, other) => one - other);
    }
  }

  Object.assign(claimlog, { WordIndex });
})();
