// Texts that are like another one, by the longest parts that both have (J. W. Ratcliff and
// D. E. Metzener, "Pattern matching: the Gestalt approach", Dr. Dobb's Journal 1988), as Python's
// difflib has it, so that a server and a page without one propose the same.
"use strict";

(() => {
  /** How alike two texts are at least, from 0 to 1. */
  const CUTOFF = 0.6;

  /** Return how many characters are in the parts that two texts have in common, in the same order. */
  function commonCharacters(/** @type {string} */ one, /** @type {string} */ other) {
    let [size, start, otherStart] = [0, 0, 0];
    let before = new Array(other.length + 1).fill(0);
    for (let at = 0; at < one.length; at += 1) {
      const row = new Array(other.length + 1).fill(0);
      for (let to = 0; to < other.length; to += 1) {
        if (one[at] === other[to]) {
          row[to + 1] = before[to] + 1;
          if (row[to + 1] > size) {
            size = row[to + 1];
            [start, otherStart] = [at - size + 1, to - size + 1];
          }
        }
      }
      before = row;
    }
    if (!size) return 0;
    return size + commonCharacters(one.slice(0, start), other.slice(0, otherStart)) +
      commonCharacters(one.slice(start + size), other.slice(otherStart + size));
  }

  /** Return how many letters two texts have in common, wherever they stand. */
  function commonLetters(/** @type {string} */ one, /** @type {string} */ other) {
    /** @type {Map<string, number>} */
    const letters = new Map();
    for (const letter of one) letters.set(letter, (letters.get(letter) || 0) + 1);
    let common = 0;
    for (const letter of other) {
      const left = letters.get(letter) || 0;
      if (left) common += 1;
      letters.set(letter, left - 1);
    }
    return common;
  }

  /** Order texts by how alike they are, and by their letters, the last first. */
  function byLikeness(/** @type {{name: string, ratio: number}} */ one, /** @type {{name: string, ratio: number}} */ other) {
    return other.ratio - one.ratio || (one.name < other.name ? 1 : -1);
  }

  /**
   * Return the texts that are most like another one, the most alike first.
   * @param {string} text
   * @param {string[]} names
   * @param {number} most
   * @param {number} compared Names with most letters in common, which are compared at all.
   */
  function closeMatches(text, names, most, compared) {
    return names
      .map((name) => ({ name, ratio: (2 * commonLetters(name, text)) / (name.length + text.length) }))
      .filter(({ ratio }) => ratio >= CUTOFF)
      .sort(byLikeness)
      .slice(0, compared)
      .map(({ name }) => name)
      .map((name) => ({ name, ratio: (2 * commonCharacters(name, text)) / (name.length + text.length) }))
      .filter(({ ratio }) => ratio >= CUTOFF)
      .sort(byLikeness)
      .slice(0, most)
      .map(({ name }) => name);
  }

  Object.assign(claimlog, { closeMatches });
})();
