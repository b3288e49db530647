// Marking page furniture in a text: by the mouse, or line by line with keys.
import { announce, byId, fill, h } from "./dom.js";
import { TextPane } from "./text_pane.js";

/** A mark as it is sent. @param {{utf16: [number, number], kind: string}} mark */
export function plainMark({ utf16, kind }) {
  return { utf16, kind };
}

/** The text of a source with the furniture marked in it; `_furniture.html` has its elements. */
export class FurnitureMarks {
  /**
   * @param {string} content
   * @param {string} language
   * @param {any[]} kinds codes of kinds of furniture
   * @param {{utf16: [number, number], kind: string}[]} furniture
   * @param {(() => void) | null} changed null where nothing may be marked
   */
  constructor(content, language, kinds, furniture, changed) {
    Object.assign(this, { content, kinds, changed });
    this.furniture = furniture.map(plainMark);
    this.line = -1;
    fill(byId("kind"), kinds.map((/** @type {any} */ one) => h("option", { value: one.code, title: one.definition }, one.label)));
    CSS.highlights.set("furniture", new Highlight());
    this.pane = new TextPane(byId("text"), byId("scroller"), content, language);
    byId("marking-tools").hidden = !changed;
    byId("mark").addEventListener("click", () => this.mark());
    byId("scroller").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.draw();
  }

  draw() {
    const highlight = CSS.highlights.get("furniture");
    highlight.clear();
    this.furniture.sort((one, other) => one.utf16[0] - other.utf16[0]);
    for (const { utf16 } of this.furniture) highlight.add(this.pane.range(utf16));
    const label = (/** @type {string} */ kind) => this.kinds.find((/** @type {any} */ one) => one.code === kind)?.label ?? kind;
    fill(byId("furniture"), this.furniture.map((one, at) => h("li", {}, h("q", { dir: "auto" }, this.content.slice(...one.utf16).slice(0, 90)), ` (${label(one.kind)}) `,
      this.changed && h("button", { type: "button", class: "quiet", on: { click: () => this.put(this.furniture.filter((_, other) => other !== at)) } }, "is text"))));
    byId("none").hidden = this.furniture.length > 0;
  }

  /** @param {{utf16: [number, number], kind: string}[]} furniture */
  put(furniture) {
    this.furniture = furniture;
    this.draw();
    this.changed?.();
  }

  /** Go by lines with the arrows; m marks the line as furniture, or takes the mark off. @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { blocks } = this.pane;
    if (step && blocks.length) {
      blocks[this.line]?.classList.remove("here");
      this.line = Math.max(0, Math.min(blocks.length - 1, this.line + step));
      blocks[this.line].classList.add("here");
      blocks[this.line].scrollIntoView({ block: "nearest" });
      announce(blocks[this.line].textContent ?? "");
    } else if (event.key === "m" && this.changed) this.mark();
    else return;
    event.preventDefault();
  }

  /** Mark what is selected as furniture, or the line at which the arrows stand; what is marked whole is text again. */
  mark() {
    const begin = this.pane.begins[this.pane.firstNodes[this.line]];
    const chosen = this.pane.selection();
    const span = chosen ?? (begin === undefined ? null : [begin, begin + (this.pane.blocks[this.line].textContent ?? "").length]);
    if (!span) {
      byId("mark-note").textContent = "Select words first, or go to a line with the arrows.";
      return;
    }
    const touches = (/** @type {any} */ one) => one.utf16[1] > span[0] && one.utf16[0] < span[1];
    const isMarked = !chosen && this.furniture.some(touches);
    const others = this.furniture.filter((one) => !touches(one));
    document.getSelection()?.removeAllRanges();
    byId("mark-note").textContent = "";
    this.put(isMarked ? others : [...others, { utf16: span, kind: byId("kind").value }]);
    announce(isMarked ? "Text again." : "Marked.");
  }
}
