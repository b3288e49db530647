// The keys of the page on which a text is coded, by the table of keys.
import { cheatSheet, isDialogOpen } from "./dialogs.js";
import { announce, byId, isTyping } from "./dom.js";
import { isHeld } from "./repeated_input.js";

/** What each key does on the page, where it has the focus. */
export class CodeKeys {
  /** @param {any} page */
  constructor(page) {
    this.page = page;
    addEventListener("keydown", (event) => this.key(event));
  }

  /** What the keys of the table do, by their action. */
  get actions() {
    const { page } = this;
    const { cursor } = page;
    return {
      help: () => cheatSheet(),
      nextClaim: () => this.beside(1),
      previousClaim: () => this.beside(-1),
      nextFlaw: () => this.beside(1, (draft) => page.checks.of(draft.draft).length > 0 || page.record.walk.missing(draft.value).length > 0),
      undo: () => page.step("undo"),
      redo: () => page.step("redo"),
      respan: () => {
        if (!page.current) return;
        page.respanned = page.current;
        cursor.startAt(page.work.draft(page.current).span.utf16[0]);
        cursor.focus();
        announce("Choose other words for this claim.");
      },
      fresh: () => page.fresh(),
      leave: () => page.fresh(page.work.draft(page.current)?.span.utf16[1]),
      labelsOn: () => cursor.shift(1),
      labelsBack: () => cursor.shift(-1),
      take: () => cursor.take(),
      delete: () => {
        if (!page.current || page.work.finished) return;
        const { span } = page.work.draft(page.current);
        page.work.delete(page.current);
        page.close();
        page.fresh(span.utf16[0]);
        announce("Claim taken away. Undo brings it back.");
      },
    };
  }

  /** Open the claim before or after the one that is open. @param {1 | -1} step @param {(draft: any) => boolean} fits */
  beside(step, fits = () => true) {
    const { page } = this;
    const { drafts } = page.work;
    const at = drafts.findIndex((draft) => draft.draft === page.current);
    const [begin] = page.pane.visible;
    const from = at >= 0 ? at : drafts.findIndex((draft) => draft.span.utf16[0] >= begin) - (step > 0 ? 1 : 0);
    for (let passed = 1; passed <= drafts.length; passed += 1) {
      const draft = drafts[(from + step * passed + drafts.length * 2) % drafts.length];
      if (fits(draft)) {
        page.open(draft.draft, page.checks.slotOf(draft));
        return;
      }
    }
    announce("There is none.");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { key } = event;
    const held = `${event.ctrlKey || event.metaKey ? "Control+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey && (event.ctrlKey || event.metaKey) ? "Shift+" : ""}${key}`;
    if (isDialogOpen()) {
      if (key === "F1" || (key === "?" && !isTyping(event.target))) {
        event.preventDefault();
        cheatSheet();
      }
      return;
    }
    const typed = isTyping(event.target);
    if (typed && ["?", "Control+z", "Control+y", "Control+Shift+Z"].includes(held)) return;
    if (key === "Escape" && this.page.record.steps?.isOpen) {
      this.page.record.steps.leave();
      event.preventDefault();
      return;
    }
    if (!typed && isHeld(event, this.page.cursor.moves)) {
      event.preventDefault();
      return;
    }
    const anywhere = this.page.table.keys.find((/** @type {any} */ one) => one.mode === "anywhere" && one.keys.includes(held));
    let isTaken = Boolean(anywhere);
    if (anywhere) this.actions[anywhere.action]();
    else if (this.page.cursor.hasFocus) isTaken = this.textKey(event, held);
    else if (byId("panel").contains(document.activeElement)) isTaken = this.page.record.keys.take(event);
    if (isTaken) event.preventDefault();
  }

  /** @param {KeyboardEvent} event @param {string} held */
  textKey(event, held) {
    const { key } = event;
    const arrow = { ArrowRight: ["word", 1], ArrowLeft: ["word", -1], ArrowDown: ["sentence", 1], ArrowUp: ["sentence", -1] }[key];
    if (arrow && !event.altKey) {
      const isClause = (event.ctrlKey || event.metaKey) && arrow[0] === "word";
      this.page.cursor.move(isClause ? "clause" : arrow[0], arrow[1], event.shiftKey);
      return true;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (key.length === 1 && this.page.cursor.label(key)) return true;
    const known = this.page.table.keys.find((/** @type {any} */ one) => one.mode === "text" && one.keys.includes(held));
    if (!known || !this.actions[known.action]) return false;
    this.actions[known.action]();
    return true;
  }
}
