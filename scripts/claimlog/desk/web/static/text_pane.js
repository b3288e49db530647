// The text on the page: one block a line, so that a place in it and an offset lead to each other quickly.
import { fill, h, unprintable } from "./dom.js";

const MOST_OF_NODE = 1500;
const MOST_OF_ESCAPE = 60;
/** Signs of a text that are shown by their escapes, an element each: very many are laid out in minutes. */
const MOST_ESCAPES = 5000;
const STAND_IN = "\ufffd";

/**
 * Return a text node, and what shows it: where it does not print its characters have stand-ins,
 * because places are counted by them, and the style sheet shows the escape.
 * @param {string} piece
 * @param {string} [escape]
 * @returns {[Text, Node]}
 */
function shownPiece(piece, escape) {
  const node = document.createTextNode(piece);
  if (escape === undefined) return [node, node];
  const said = escape.length > MOST_OF_ESCAPE ? `${escape.slice(0, MOST_OF_ESCAPE)}…` : escape;
  return [node, h("span", { class: "escaped", data: { said } }, node)];
}

/**
 * Cut a line into pieces that print, and stand-ins of such that do not with their escape; beyond the most of these, stand-ins alone.
 * @param {string} line
 * @param {number} most
 * @returns {[string, string?][]}
 */
function partsOf(line, most) {
  /** @type {[string, string?][]} */
  const parts = [];
  let plain = "";
  let end = 0;
  const putPlain = () => {
    for (const piece of pieces(plain)) parts.push([piece]);
    plain = "";
  };
  for (const [at, one] of unprintable(line).entries()) {
    const standIns = STAND_IN.repeat(one.end - one.start);
    plain += line.slice(end, one.start);
    if (at < most) {
      putPlain();
      parts.push([standIns, one.said]);
    } else plain += standIns;
    end = one.end;
  }
  plain += line.slice(end);
  putPlain();
  return parts;
}

/** Cut a line into pieces that are not long, between words where it can be. @param {string} line */
function pieces(line) {
  const found = [];
  for (let rest = line; rest;) {
    let end = Math.min(rest.length, MOST_OF_NODE);
    if (end < rest.length) {
      const space = rest.lastIndexOf(" ", end);
      if (space > 0) end = space + 1;
      else if (/[\uD800-\uDBFF]/u.test(rest[end - 1])) end -= 1;
    }
    found.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return found;
}

/** A text drawn in an element that scrolls. */
export class TextPane {
  /**
   * @param {HTMLElement} element holds the text
   * @param {HTMLElement} scroller scrolls it
   * @param {string} content
   * @param {string} [language]
   */
  constructor(element, scroller, content, language) {
    this.element = element;
    this.scroller = scroller;
    /** @type {number[]} where each text node begins */
    this.begins = [];
    /** @type {Text[]} */
    this.nodes = [];
    /** @type {HTMLElement[]} */
    this.blocks = [];
    /** @type {number[]} the first text node of each block */
    this.firstNodes = [];
    /** @type {Map<Node, number>} */
    this.numbers = new Map();
    this.escapes = 0;
    this.measured = document.createRange(); // one alone: each range follows all that changes in the page
    let begin = 0;
    for (const line of content.split("\n")) {
      if (line.trim()) this.addBlock(line, begin);
      begin += line.length + 1;
    }
    if (language) element.lang = language;
    fill(element, this.blocks);
    this.visible = [0, 0];
    this.onVisible = () => {};
    this.seen = new Set();
    this.watch();
  }

  /** @param {string} line @param {number} begin */
  addBlock(line, begin) {
    const block = h("p", { data: { block: this.blocks.length } });
    this.firstNodes.push(this.nodes.length);
    let at = begin;
    for (const [piece, escape] of partsOf(line, MOST_ESCAPES - this.escapes)) {
      const [node, shown] = shownPiece(piece, escape);
      this.escapes += Number(escape !== undefined);
      this.numbers.set(node, this.nodes.length);
      this.begins.push(at);
      this.nodes.push(node);
      block.append(shown);
      at += piece.length;
    }
    block.dir = "auto"; // last: else it is found out anew, from the whole line, with each piece
    this.blocks.push(block);
  }

  /** Note which blocks are near what is seen, and say so when that changes. */
  watch() {
    const told = () => {
      const seen = [...this.seen].sort((a, b) => a - b);
      if (!seen.length) return;
      const first = this.begins[this.firstNodes[seen[0]]];
      const after = this.firstNodes[seen[seen.length - 1] + 1];
      const visible = [first, after === undefined ? Infinity : this.begins[after]];
      if (visible[0] === this.visible[0] && visible[1] === this.visible[1]) return;
      this.visible = visible;
      this.onVisible();
    };
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const number = Number(/** @type {HTMLElement} */ (target).dataset.block);
        if (isIntersecting) this.seen.add(number);
        else this.seen.delete(number);
      }
      told();
    }, { root: this.scroller, rootMargin: "60% 0px" });
    for (const block of this.blocks) observer.observe(block);
  }

  /** Return the text node of an offset and the place in it; an end belongs to what it ends. @param {number} offset @param {boolean} isEnd @returns {[Text, number]} */
  place(offset, isEnd = false) {
    let low = 0;
    let high = this.nodes.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.begins[middle] < offset || (!isEnd && this.begins[middle] === offset)) low = middle;
      else high = middle - 1;
    }
    return [this.nodes[low], Math.max(0, Math.min(offset - this.begins[low], this.nodes[low].length))];
  }

  /** Return a range that never follows changes: the text has none. @param {[number, number]} span */
  range([start, end]) {
    const [startContainer, startOffset] = this.place(start);
    const [endContainer, endOffset] = this.place(end, true);
    return new StaticRange({ startContainer, startOffset, endContainer, endOffset });
  }

  /** Return the rectangles of a span, in the coordinates of the element. @param {[number, number]} span */
  rectangles([start, end]) {
    const { measured: range } = this;
    range.setStart(...this.place(start));
    range.setEnd(...this.place(end, true));
    const { left, top } = this.element.getBoundingClientRect();
    return [...range.getClientRects()].map((one) => new DOMRect(one.left - left, one.top - top, one.width, one.height));
  }

  /** Return the rectangles of the text nodes with which a span begins and ends: between them may lie very many. @param {[number, number]} span */
  endRectangles([start, end]) {
    const [first, from] = this.place(start);
    const [, to] = this.place(end, true);
    return [...this.rectangles([start, Math.min(end, start - from + first.length)]), ...this.rectangles([Math.max(start, end - to), end])];
  }

  /** Return the offset of a place in the page, null outside the text. @param {Node | null} node @param {number} at */
  offset(node, at) {
    if (!node) return null;
    let number = this.numbers.get(node);
    let inside = at;
    if (number === undefined) {
      if (!this.element.contains(node)) return null;
      const child = node.childNodes[at];
      const block = child ?? node;
      const inner = [...this.numbers.keys()].find((text) => block.contains(text));
      if (!inner) return null;
      number = this.numbers.get(inner);
      inside = child ? 0 : inner.textContent?.length ?? 0;
    }
    return this.begins[number] + inside;
  }

  /** Return the span that is selected by the mouse, null without one. @returns {[number, number] | null} */
  selection() {
    const chosen = document.getSelection();
    if (!chosen || chosen.isCollapsed || !chosen.rangeCount) return null;
    const range = chosen.getRangeAt(0);
    const start = this.offset(range.startContainer, range.startOffset);
    const end = this.offset(range.endContainer, range.endOffset);
    return start === null || end === null || start >= end ? null : [start, end];
  }

  /** Return the offset under the pointer. @param {MouseEvent} event */
  under(event) {
    const caret = document.caretPositionFromPoint?.(event.clientX, event.clientY);
    return caret ? this.offset(caret.offsetNode, caret.offset) : null;
  }

  /** Scroll as little as needed to show a span. @param {[number, number]} span */
  reveal(span) {
    const [first] = this.endRectangles(span);
    if (!first) return;
    const { scroller } = this;
    const top = this.element.offsetTop + first.top - scroller.scrollTop;
    const room = scroller.clientHeight;
    if (top < 40 || top + first.height > room - 60) {
      scroller.scrollTo({ top: this.element.offsetTop + first.top - room / 3, behavior: "instant" });
    }
  }
}
