// Claims marked in the text (CSS Custom Highlight API) and as bars in the margin; only those that are near what is seen.
import { fill, h, printable } from "./dom.js";

const LANES = 6;
const NAMES = ["claim-1", "claim-2", "claim-3", "claim-current", "claim-pending", "furniture", "claim-left", "claim-right"];

/**
 * Return the pieces of a text over which the same number of spans lie.
 * @param {[number, number][]} spans
 * @returns {{span: [number, number], depth: number}[]}
 */
export function depths(spans) {
  const steps = new Map();
  for (const [start, end] of spans) {
    steps.set(start, (steps.get(start) ?? 0) + 1);
    steps.set(end, (steps.get(end) ?? 0) - 1);
  }
  const found = [];
  let depth = 0;
  let before = 0;
  for (const place of [...steps.keys()].sort((a, b) => a - b)) {
    if (depth > 0 && place > before) found.push({ span: /** @type {[number, number]} */ ([before, place]), depth });
    depth += steps.get(place);
    before = place;
  }
  return found;
}

/** Give each span the first lane that is free beside it. @param {{span: [number, number]}[]} sorted */
export function lanes(sorted) {
  /** @type {number[]} */
  const ends = [];
  return sorted.map(({ span: [start, end] }) => {
    let lane = ends.findIndex((one) => one <= start);
    if (lane < 0) lane = ends.length < LANES ? ends.length : LANES - 1;
    ends[lane] = end;
    return lane;
  });
}

/** Whether two claims have one place and one look. @param {any} one @param {any} other */
function isAlike(one, other) {
  return one.name === other.name && one.trait === other.trait && one.span[0] === other.span[0] && one.span[1] === other.span[1];
}

/** Marks of a text and its margin. */
export class ClaimMarks {
  /**
   * @param {import("./text_pane.js").TextPane} pane
   * @param {HTMLElement} margin
   * @param {{utf16: [number, number]}[]} furniture
   * @param {(name: string) => void} choose
   */
  constructor(pane, margin, furniture, choose) {
    this.pane = pane;
    this.margin = margin;
    this.furniture = furniture;
    /** @type {{name: string, span: [number, number], title: string, trait?: string}[]} in the order of the text */
    this.claims = [];
    /** @type {string | null} */
    this.current = null;
    /** @type {Map<string, HTMLElement>} bars in the margin, by their claims */
    this.bars = new Map();
    for (const name of NAMES) {
      const highlight = new Highlight();
      highlight.priority = NAMES.indexOf(name);
      CSS.highlights.set(name, highlight);
    }
    pane.onVisible = () => this.draw();
    new ResizeObserver(() => this.draw()).observe(pane.element);
    margin.addEventListener("click", (event) => {
      const bar = /** @type {HTMLElement} */ (event.target).closest("[data-name]");
      if (bar instanceof HTMLElement && bar.dataset.name) choose(bar.dataset.name);
    });
  }

  /** Show other claims, or another one of them as the current one: then the others stay as they are drawn, as there may be thousands. @param {any[]} claims @param {string | null} current */
  show(claims, current = this.current) {
    const before = this.claims;
    this.claims = claims;
    this.current = current;
    if (claims.length !== before.length || !claims.every((one, at) => isAlike(one, before[at]))) {
      this.draw();
      return;
    }
    for (const [at, { name, title }] of claims.entries()) if (title !== before[at].title) this.bars.get(name)?.setAttribute("title", printable(title));
    this.drawCurrent();
  }

  /** Claims near what is seen: those before end behind its begin, so that long ones count. */
  get near() {
    const [first, last] = this.pane.visible;
    return this.claims.filter(({ span: [start, end] }) => start < last && end > first);
  }

  /** @param {string} name @param {[number, number][]} spans */
  mark(name, spans) {
    const highlight = CSS.highlights.get(name);
    highlight.clear();
    for (const span of spans) highlight.add(this.pane.range(span));
  }

  /** Show the words that are chosen and not yet a claim. @param {[number, number] | null} span */
  pending(span) {
    this.mark("claim-pending", span ? [span] : []);
  }

  draw() {
    const { near } = this;
    const [first, last] = this.pane.visible;
    // cut to what is near, and no word twice in one highlight: painting them takes claims times lines
    const piecesOf = (/** @type {string | undefined} */ kind) => depths(near.filter(({ trait }) => trait === kind).map(({ span: [start, end] }) => [Math.max(start, first), Math.min(end, last)]));
    const pieces = piecesOf(undefined);
    this.mark("claim-1", pieces.filter(({ depth }) => depth === 1).map(({ span }) => span));
    this.mark("claim-2", pieces.filter(({ depth }) => depth === 2).map(({ span }) => span));
    this.mark("claim-3", pieces.filter(({ depth }) => depth > 2).map(({ span }) => span));
    for (const kind of ["left", "right"]) this.mark(`claim-${kind}`, piecesOf(kind).map(({ span }) => span));
    this.mark("furniture", this.furniture.map(({ utf16 }) => utf16).filter(([start, end]) => start < last && end > first));
    this.drawMargin(near);
    this.drawCurrent();
  }

  drawCurrent() {
    const current = this.claims.find(({ name }) => name === this.current);
    this.mark("claim-current", current ? [current.span] : []);
    for (const bar of this.margin.querySelectorAll(".current")) bar.classList.remove("current");
    this.bars.get(this.current ?? "")?.classList.add("current");
  }

  /** @param {any[]} near */
  drawMargin(near) {
    const places = lanes(near);
    this.bars.clear();
    for (const [at, claim] of near.entries()) {
      const rectangles = this.pane.endRectangles(claim.span);
      if (!rectangles.length) continue;
      const top = rectangles.reduce((least, one) => Math.min(least, one.top), Infinity);
      const bottom = rectangles.reduce((most, one) => Math.max(most, one.bottom), 0);
      const kind = `bar${claim.trait ? ` ${claim.trait}` : ""}`;
      const bar = h("div", { class: kind, title: claim.title, data: { name: claim.name } });
      bar.style.top = `${top + this.pane.element.offsetTop}px`;
      bar.style.height = `${Math.max(bottom - top - 3, 8)}px`;
      bar.style.insetInlineEnd = `${places[at] * 7 + 2}px`;
      this.bars.set(claim.name, bar);
    }
    fill(this.margin, [...this.bars.values()]);
  }

  /** Return the claims at an offset, the innermost first. @param {number} offset */
  at(offset) {
    return this.claims
      .filter(({ span: [start, end] }) => start <= offset && offset <= end)
      .sort((a, b) => a.span[1] - a.span[0] - (b.span[1] - b.span[0]));
  }
}
