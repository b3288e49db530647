// The keys of the page on which differences are decided.
import { cheatSheet, isDialogOpen } from "./dialogs.js";
import { byId, isTyping } from "./dom.js";
import { isHeld } from "./repeated_input.js";

/** What each key does: always to the passage that is shown when it is pressed. */
export class AdjudicateKeys {
  /** @param {any} page */
  constructor(page) {
    this.page = page;
    addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { page } = this;
    if (isDialogOpen() || !page.state) return;
    const { key } = event;
    const unit = page.units[page.at];
    const isCombined = event.ctrlKey || event.metaKey;
    if (isTyping(event.target)) return;
    if (isHeld(event, page.cursor.moves)) {
      event.preventDefault();
      return;
    }
    if (key === "?" || key === "F1") cheatSheet();
    else if (isCombined && key === "z") page.step("undo");
    else if (isCombined && (key === "y" || key === "Z")) page.step("redo");
    else if (isCombined || event.altKey) return;
    else if (page.cursor.hasFocus) {
      const arrow = { ArrowRight: ["word", 1], ArrowLeft: ["word", -1], ArrowDown: ["sentence", 1], ArrowUp: ["sentence", -1] }[key];
      if (arrow) page.cursor.move(arrow[0], arrow[1], event.shiftKey);
      else if (key === "Enter") page.cursor.take();
      else if (key === "Escape") page.go(page.at);
      else if (key === " ") page.cursor.shift(1);
      else if (key === "Backspace") page.cursor.shift(-1);
      else if (!page.cursor.label(key)) return;
    } else if (key === "ArrowDown" || key === "j") page.next(1);
    else if (key === "ArrowUp" || key === "k") page.next(-1);
    else if (!unit || page.isGone) return;
    else if (key === "l" && unit.left) page.decide(unit, { take: "left" });
    else if (key === "r" && unit.right) page.decide(unit, { take: "right" });
    else if (key === "n") page.edit(unit, unit.verdict?.value ?? unit.left?.value ?? unit.right?.value ?? {});
    else if (key === "x") page.decide(unit, { take: "none" });
    else if (key === "o") page.decide(unit, { take: null });
    else if (key === "a") page.decisions.acceptAgreed();
    else if (key === "c") byId("units").querySelector(".here input")?.focus();
    else return;
    event.preventDefault();
  }
}
