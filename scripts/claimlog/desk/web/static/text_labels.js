// Labels above words: a key each, so that two keys choose a passage.
import { fill, h } from "./dom.js";

export const LABELS = "asdfghjklqwertyuiopzxcvbnm1234567890";

/** One-key labels on the words that follow a place. */
export class TextLabels {
  /** @param {import("./text_pane.js").TextPane} pane @param {import("./text_words.js").TextWords} words @param {HTMLElement} layer */
  constructor(pane, words, layer) {
    this.pane = pane;
    this.words = words;
    this.layer = layer;
    /** @type {number[]} words that have a label, in the order of the labels */
    this.labelled = [];
  }

  /** Label words from a number on. @param {number} from */
  show(from) {
    this.labelled = [];
    let number = from;
    if (number < this.words.size && this.words.isFurniture(number)) number = this.words.beside(number, 1);
    while (this.labelled.length < LABELS.length && number < this.words.size && !this.words.isFurniture(number)) {
      this.labelled.push(number);
      const next = this.words.beside(number, 1);
      if (next === number) break;
      number = next;
    }
    this.draw();
  }

  hide() {
    this.labelled = [];
    fill(this.layer);
  }

  /** Return the word with a label, null without one. @param {string} key */
  word(key) {
    return this.labelled[LABELS.indexOf(key)] ?? null;
  }

  draw() {
    const { offsetTop, offsetLeft } = this.pane.element;
    const drawn = this.labelled.map((number, at) => {
      const [rectangle] = this.pane.rectangles(this.words.span(number, number));
      if (!rectangle) return null;
      const label = h("span", { class: this.words.beginsClause(number) ? "label first" : "label" }, LABELS[at]);
      label.style.left = `${rectangle.left + offsetLeft + rectangle.width / 2}px`;
      label.style.top = `${rectangle.top + offsetTop}px`;
      return label;
    });
    fill(this.layer, drawn);
  }
}
