// Words, clauses and sentences of a text, by offsets in UTF-16 units.

const CLAUSE_END = /[,;:—–()[\]«»„“”"…،؛、。，；：！？.!?]/u;

/** Words of a text as the server counts them, and the places at which people pause. */
export class TextWords {
  /**
   * @param {string} content
   * @param {number[]} words start, end, start, end …
   * @param {{utf16: [number, number]}[]} furniture
   * @param {string} [language]
   */
  constructor(content, words, furniture, language) {
    this.content = content;
    this.starts = Int32Array.from(words.filter((_, at) => at % 2 === 0));
    this.ends = Int32Array.from(words.filter((_, at) => at % 2 === 1));
    this.language = language;
    /** Whether each word lies in page furniture, where nothing is coded. */
    this.inFurniture = new Uint8Array(this.size);
    const marks = furniture.map((span) => span.utf16).sort((one, other) => one[0] - other[0]);
    let mark = 0;
    let end = 0; // of the furthest of the marks that begin before a word
    for (let number = 0; number < this.size; number += 1) {
      for (; mark < marks.length && marks[mark][0] <= this.starts[number]; mark += 1) end = Math.max(end, marks[mark][1]);
      this.inFurniture[number] = Number(this.starts[number] < end);
    }
  }

  get size() {
    return this.starts.length;
  }

  /** Return the number of the first word that ends behind an offset; the size if none does. @param {number} offset */
  from(offset) {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle] <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Return the numbers of the first and the last word that a span touches, null without one. @param {[number, number]} span */
  within([start, end]) {
    const first = this.from(start);
    let last = first;
    while (last + 1 < this.size && this.starts[last + 1] < end) last += 1;
    return first < this.size && this.starts[first] < end ? [first, last] : null;
  }

  /** Return the span of some words. @param {number} first @param {number} last @returns {[number, number]} */
  span(first, last) {
    return [this.starts[Math.min(first, last)], this.ends[Math.max(first, last)]];
  }

  /** Whether a word lies in page furniture, where nothing is coded. @param {number} number */
  isFurniture(number) {
    return this.inFurniture[number] === 1;
  }

  /** Return the next word in a direction that can be coded; the same one at an end. @param {number} number @param {1 | -1} step */
  beside(number, step) {
    let next = number + step;
    while (next >= 0 && next < this.size && this.isFurniture(next)) next += step;
    return next >= 0 && next < this.size ? next : number;
  }

  /** Whether a clause begins with a word: something that people pause at stands before it. @param {number} number */
  beginsClause(number) {
    if (number === 0) return true;
    const gap = this.content.slice(this.ends[number - 1], this.starts[number]);
    return gap.includes("\n") || CLAUSE_END.test(gap);
  }

  /** Numbers of the words with which sentences begin. @returns {Int32Array} */
  get sentences() {
    if (!this.cachedSentences) {
      const found = new Set();
      const cut = new Intl.Segmenter(this.language || "en", { granularity: "sentence" });
      let begin = 0;
      for (const line of this.content.split("\n")) {
        for (const { index } of cut.segment(line)) found.add(this.from(begin + index));
        begin += line.length + 1;
      }
      this.cachedSentences = Int32Array.from([...found].filter((number) => number < this.size)).sort();
    }
    return this.cachedSentences;
  }

  /** Return the first and the last word of the sentence of a word. @param {number} number */
  sentence(number) {
    const { sentences } = this;
    let at = sentences.length - 1;
    while (at > 0 && sentences[at] > number) at -= 1;
    return [sentences[at] ?? 0, (sentences[at + 1] ?? this.size) - 1];
  }

  /** Return the first word of the next clause or sentence in a direction. @param {number} number @param {1 | -1} step @param {"clause" | "sentence"} unit */
  unit(number, step, unit) {
    const [begin, end] = this.sentence(number);
    if (unit === "sentence") {
      if (step > 0) return this.beside(end, 1);
      return number > begin ? begin : this.sentence(Math.max(0, begin - 1))[0];
    }
    let next = this.beside(number, step);
    while (next !== this.beside(next, step) && !this.beginsClause(next)) next = this.beside(next, step);
    return next;
  }
}
