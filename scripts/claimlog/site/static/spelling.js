// What a misspelt word may mean: the nearest word that the data know. See claimlog.site.search.spelling.
"use strict";

(() => {
  /** Return which letters occur in a word, as 64 bits in two numbers. @param {string} word */
  function letterBits(word) {
    const bits = [0, 0];
    for (const char of word) {
      const at = char.codePointAt(0) % 64;
      bits[at >> 5] |= 1 << (at % 32);
    }
    return bits;
  }

  /** Count the bits of a number. @param {number} bits */
  function bitCount(bits) {
    let number = 0;
    for (let left = bits; left; left &= left - 1) number += 1;
    return number;
  }

  /**
   * Return how many slips lead from a word to another: a letter too many, too few or another one, or
   * two neighbours that changed places.
   * @param {string} one
   * @param {string} other
   */
  function editDistance(one, other) {
    let last = [];
    let before = [];
    let row = Array.from({ length: other.length + 1 }, (_, at) => at);
    for (let at = 1; at <= one.length; at += 1) {
      [last, before, row] = [before, row, [at]];
      for (let to = 1; to <= other.length; to += 1) {
        let least = Math.min(before[to] + 1, row[to - 1] + 1, before[to - 1] + Number(one[at - 1] !== other[to - 1]));
        if (at > 1 && to > 1 && one[at - 1] === other[to - 2] && one[at - 2] === other[to - 1]) {
          least = Math.min(least, last[to - 2] + 1);
        }
        row.push(least);
      }
    }
    return row[other.length];
  }

  /** Words with how common they are. */
  class Vocabulary {
    /**
     * @param {{words: string, weights: string}} data
     * @param {{letters: number[], firstLetterKept: number, oneEdit: number, candidates: number}} limits
     */
    constructor(data, limits) {
      const words = data.words.split(" ");
      const weights = claimlog.numbers(data.weights);
      this.limits = limits;
      this.weights = new Map(words.map((word, at) => [word, weights[at]]));
      const [shortest, longest] = limits.letters;
      this.candidates = words
        .filter((word) => word.length >= shortest && word.length <= longest)
        .map((word) => ({ word, bits: letterBits(word) }));
    }

    /** @param {string} word */
    has(word) {
      return this.weights.has(word);
    }

    /** Return the word nearest to a misspelt one, the commonest of equally near ones. @param {string} word */
    nearest(word) {
      const { letters: [shortest, longest], firstLetterKept, oneEdit, candidates } = this.limits;
      if (word.length <= shortest || word.length > longest || /\p{Nd}/u.test(word)) return undefined;
      const most = word.length <= oneEdit ? 1 : 2;
      const own = letterBits(word);
      const near = [];
      for (const { word: text, bits } of this.candidates) {
        if (Math.abs(text.length - word.length) <= most) {
          const other = bitCount(bits[0] ^ own[0]) + bitCount(bits[1] ^ own[1]);
          if (other <= 2 * most) near.push({ text, other });
        }
      }
      near.sort((one, another) => one.other - another.other);
      /** @type {{text: string, slips: number, weight: number} | undefined} */
      let best;
      for (const { text } of near.slice(0, candidates)) {
        if (word.length > firstLetterKept || text[0] === word[0]) {
          const slips = editDistance(word, text);
          const weight = this.weights.get(text);
          const isBetter = !best || slips < best.slips || (slips === best.slips &&
            (weight > best.weight || (weight === best.weight && text < best.text)));
          if (slips > 0 && slips <= most && isBetter) best = { text, slips, weight };
        }
      }
      return best && best.text;
    }
  }

  Object.assign(claimlog, { Vocabulary, editDistance });
})();
