// Choosing a passage in the text, by keys or by the mouse.
import { announce } from "./dom.js";
import { TextLabels } from "./text_labels.js";

/** Words of the claim before that have labels too: what is said within it, or overlaps with it, comes next. */
const WORDS_BACK = 9;

/** The place of the keyboard in the text. It calls `take` with the span that was chosen. */
export class TextCursor {
  /**
   * @param {import("./text_pane.js").TextPane} pane
   * @param {import("./text_words.js").TextWords} words
   * @param {import("./claim_marks.js").ClaimMarks} marks
   * @param {HTMLElement} layer
   * @param {{take: (span: [number, number]) => void, open: (name: string) => void}} listeners
   */
  constructor(pane, words, marks, layer, listeners) {
    Object.assign(this, { pane, words, marks, listeners });
    this.labels = new TextLabels(pane, words, layer);
    this.word = 0;
    /** @type {number | null} the word at which a choice began */
    this.anchor = null;
    /** @type {number | null} the first word of a passage chosen by labels */
    this.first = null;
    this.isSelected = false;
    this.windowBegin = 0;
    const { element, scroller } = pane;
    element.addEventListener("focus", () => this.showLabels());
    element.addEventListener("blur", () => this.labels.hide());
    element.addEventListener("mouseup", (event) => this.released(event));
    new ResizeObserver(() => this.labels.labelled.length && this.labels.draw()).observe(scroller);
  }

  /** Begin where the next claim may: behind a place in the text, or within the end of the claim before it. @param {number} offset @param {number} [earliest] */
  startAt(offset, earliest = offset) {
    const word = Math.min(this.words.from(offset), this.words.size - 1);
    this.word = Math.max(0, word);
    this.windowBegin = earliest < offset ? Math.max(this.words.from(earliest) + 1, this.word - WORDS_BACK) : this.word;
    this.clear();
  }

  /** Forget what is chosen. */
  clear() {
    this.anchor = null;
    this.first = null;
    this.isSelected = false;
    this.marks.pending(null);
    if (this.hasFocus) this.labels.show(this.windowBegin);
  }

  get hasFocus() {
    return document.activeElement === this.pane.element;
  }

  /** Keys that only move the labels, while it has the focus. */
  get moves() {
    return this.hasFocus ? [" ", "Backspace"] : [];
  }

  focus() {
    this.pane.element.focus({ preventScroll: true });
    if (this.words.size) this.pane.reveal(this.words.span(this.word, Math.min(this.word + 20, this.words.size - 1)));
    this.showLabels();
  }

  showLabels() {
    this.labels.show(this.first ?? this.windowBegin, this.first !== null);
  }

  /** Take what a label stands at: a whole clause, or the first word of a passage and then the last. @param {string} key */
  label(key) {
    const clause = this.labels.clause(key);
    const word = this.labels.word(key);
    if (clause === null && word === null) return false;
    if (clause || this.first !== null) {
      const span = this.words.span(this.first ?? clause[0], clause ? clause[1] : word);
      this.clear();
      this.listeners.take(span);
      return true;
    }
    this.first = word;
    this.word = word;
    this.marks.pending(this.words.span(word, word));
    this.labels.show(word, true);
    announce(`First word: ${this.said(word)}. Now the last.`);
    return true;
  }

  /** Put the labels on what follows, or back. @param {1 | -1} step */
  shift(step) {
    if (step < 0 && this.first !== null) {
      this.clear();
      return;
    }
    const { labelled } = this.labels;
    if (step > 0 && labelled.length) this.windowBegin = this.words.beside(labelled[labelled.length - 1], 1);
    else this.windowBegin = this.words.unit(this.windowBegin, -1, "sentence");
    this.pane.reveal(this.words.span(this.windowBegin, this.windowBegin));
    this.labels.show(this.windowBegin, this.first !== null);
    announce(`Labels begin at: ${this.said(this.windowBegin)}`);
  }

  /** @param {number} word */
  said(word) {
    const [start, end] = this.words.span(word, Math.min(word + 3, this.words.size - 1));
    return this.words.content.slice(start, end);
  }

  /** Move by a unit, and choose what lies between if asked. @param {"word" | "clause" | "sentence"} unit @param {1 | -1} step @param {boolean} isChoosing */
  move(unit, step, isChoosing) {
    const { words } = this;
    const before = this.word;
    if (isChoosing && this.anchor === null) this.anchor = before;
    if (!isChoosing) this.anchor = null;
    const choosesOn = isChoosing && step > 0;
    let next = unit === "word" ? words.beside(before, step) : words.unit(before, step, unit);
    if (choosesOn && unit !== "word") {
      // up to the last word of the unit, not to the first of the next one
      const last = words.beside(next, -1);
      next = last > before ? last : words.beside(words.unit(next, 1, unit), -1);
      if (next <= before) next = words.beside(before, 1);
    }
    this.word = next;
    this.isSelected = isChoosing;
    this.marks.pending(words.span(this.anchor ?? next, next));
    this.pane.reveal(words.span(next, next));
    if (!isChoosing && unit !== "word") {
      this.windowBegin = next;
      this.labels.show(next);
    }
    const [start, end] = words.span(this.anchor ?? next, next);
    announce(words.content.slice(start, end).slice(-200));
  }

  /** Make a claim of what is chosen, or open the one in which the cursor stands. */
  take() {
    if (this.isSelected || this.first !== null) {
      const span = this.words.span(this.anchor ?? this.first ?? this.word, this.word);
      this.clear();
      this.listeners.take(span);
      return;
    }
    const [claim] = this.marks.at(this.words.starts[this.word]);
    if (claim) this.listeners.open(claim.name);
    else announce("Nothing is chosen here. Choose words with Shift and the arrows, or by their labels.");
  }

  /** After the mouse: a passage is chosen, or a claim is opened. @param {MouseEvent} event */
  released(event) {
    const chosen = this.pane.selection();
    if (chosen) {
      const touched = this.words.within(chosen);
      document.getSelection()?.removeAllRanges();
      if (!touched) return;
      [this.anchor, this.word] = touched;
      this.isSelected = true;
      this.marks.pending(this.words.span(...touched));
      this.listeners.chosen?.(this.words.span(...touched));
      return;
    }
    const offset = this.pane.under(event);
    const [claim] = offset === null ? [] : this.marks.at(offset);
    if (claim) this.listeners.open(claim.name);
    else if (offset !== null) {
      this.word = Math.min(this.words.from(offset), this.words.size - 1);
      this.windowBegin = this.word;
      this.clear();
    }
  }
}
