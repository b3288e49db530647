// Labels above words: a letter for a word, a digit for a clause, so that one key or two choose a passage.
import { fill, h } from "./dom.js";

export const LETTERS = "asdfghjklqwertyuiopzxcvbnm";
const DIGITS = "123456789";

/** One-key labels on the words and clauses that follow a place. */
export class TextLabels {
  /** @param {import("./text_pane.js").TextPane} pane @param {import("./text_words.js").TextWords} words @param {HTMLElement} layer */
  constructor(pane, words, layer) {
    this.pane = pane;
    this.words = words;
    this.layer = layer;
    /** @type {number[]} words that have a letter, in the order of the letters */
    this.labelled = [];
    /** @type {[number, number][]} clauses that have a digit, in the order of the digits */
    this.clauses = [];
  }

  /** Label words and clauses from a word on. @param {number} from @param {boolean} isEnd whether the last word is looked for */
  show(from, isEnd = false) {
    this.labelled = [];
    this.clauses = [];
    this.isEnd = isEnd;
    let number = from;
    if (number < this.words.size && this.words.isFurniture(number)) number = this.words.beside(number, 1);
    const isIn = () => number < this.words.size && !this.words.isFurniture(number) && this.clauses.length < DIGITS.length;
    while (isIn() && (isEnd || this.labelled.length < LETTERS.length)) {
      if (this.labelled.length < LETTERS.length) this.labelled.push(number);
      if (isEnd ? this.endsClause(number) : this.words.beginsClause(number)) this.clauses.push([isEnd ? from : number, this.clauseEnd(number)]);
      const next = this.words.beside(number, 1);
      if (next === number) break;
      number = next;
    }
    this.draw();
  }

  /** @param {number} number */
  endsClause(number) {
    return number + 1 >= this.words.size || this.words.beginsClause(number + 1);
  }

  /** Return the last word of the clause of a word. @param {number} number */
  clauseEnd(number) {
    let last = number;
    while (!this.endsClause(last)) last += 1;
    return last;
  }

  hide() {
    this.labelled = [];
    this.clauses = [];
    fill(this.layer);
  }

  /** Return the word with a letter, null without one. @param {string} key */
  word(key) {
    return this.labelled[LETTERS.indexOf(key)] ?? null;
  }

  /** Return the clause with a digit, null without one. @param {string} key */
  clause(key) {
    return this.clauses[DIGITS.indexOf(key)] ?? null;
  }

  draw() {
    const { offsetTop, offsetLeft } = this.pane.element;
    const label = (/** @type {number} */ number, /** @type {string} */ key, /** @type {string} */ kind) => {
      const [rectangle] = this.pane.rectangles(this.words.span(number, number));
      if (!rectangle) return null;
      const place = { word: rectangle.left + rectangle.width / 2, clause: rectangle.left, end: rectangle.right }[kind];
      const element = h("span", { class: `label ${kind}` }, key);
      element.style.left = `${place + offsetLeft}px`;
      element.style.top = `${rectangle.top + offsetTop}px`;
      return element;
    };
    fill(this.layer, this.labelled.map((number, at) => label(number, LETTERS[at], "word")),
      this.clauses.map(([first, last], at) => label(this.isEnd ? last : first, DIGITS[at], this.isEnd ? "end" : "clause")));
  }
}
