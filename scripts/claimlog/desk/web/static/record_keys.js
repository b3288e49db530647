// The keys of a form of a row: those of the question that is open, and those that mean the same at every one.
import { announce, isTyping, say } from "./dom.js";
import { isHeld } from "./repeated_input.js";

/** Keys of one form. */
export class RecordKeys {
  /** @param {import("./record_form.js").RecordForm} record */
  constructor(record) {
    this.record = record;
    /** @type {{widget: any, keys: string[]} | null} keys that wait for an answer to the question that is open */
    this.held = null;
    /** @type {Set<Promise<boolean>>} lookups under way, and whether what was found and typed then is taken */
    this.lookups = new Set();
  }

  /** Keep the keys that come until an answer is known, and take them then; not once the person went elsewhere, or if there is none. @param {Promise<string>} looked "here" if it was put where the person still is, "elsewhere", or nothing if it was not put */
  hold(looked) {
    const held = { widget: this.record.widget, keys: /** @type {string[]} */ ([]) };
    this.held = held;
    const taken = looked.then((put) => {
      this.lookups.delete(taken);
      if (this.held === held) this.held = null;
      const isDropped = put !== "here" && held.keys.length > 0;
      if (put && isDropped) say("What was typed while the entry was looked up is not taken: you were elsewhere when it came.");
      for (const key of isDropped ? [] : held.keys) {
        if (this.record.hasFocus && this.take(/** @type {any} */ ({ key, target: document.activeElement }))) continue;
        if (key === "Backspace") document.execCommand("delete");
        else if (key.length === 1) document.execCommand("insertText", false, key); // the only way to type what an undo takes back
      }
      return Boolean(put) && !isDropped;
    });
    this.lookups.add(taken);
  }

  /** Take a key; whether it meant something. @param {KeyboardEvent} event */
  take(event) {
    const { record } = this;
    if (!record.active || event.ctrlKey || event.metaKey || event.altKey) return false;
    const isWaiting = this.held?.widget === record.widget;
    if (isHeld(event)) return isWaiting || event.key === "Enter" || !isTyping(event.target); // else it edits text
    if (isWaiting) {
      if (event.key.length === 1 || ["Enter", "Backspace"].includes(event.key)) this.held.keys.push(event.key);
      return true;
    }
    if (record.awaitsJump && /^[a-z]$/.test(event.key)) {
      record.jump(event.key);
      return true;
    }
    if (record.awaitsJump && event.key !== "Shift") {
      record.awaitsJump = false;
      record.drawSummary();
    }
    if (record.steps?.isOpen && record.steps.key(event)) return true;
    if (event.target instanceof HTMLElement && event.target.closest("button, a, summary") && [" ", "Enter"].includes(event.key)) return false;
    return record.widget.key(event);
  }

  /** Keys that mean the same at every question. @param {KeyboardEvent} event */
  common({ key }) {
    const { record } = this;
    const slot = record.slot(record.active);
    if (key === " ") record.pass();
    else if (key === "Enter") record.onward();
    else if (key === "Backspace") record.back();
    else if (key === "," && record.lastList) record.goTo(record.lastList);
    else if (key === "." ) {
      record.awaitsJump = true;
      record.drawSummary();
      announce("Now the letter of a question.");
    } else if (key === "-" && record.steps?.canBegin) record.steps.begin();
    else if (key === "Delete" && slot?.list) {
      const { list, item } = slot;
      record.change({ ...record.row, [list.column]: record.row[list.column].filter((/** @type {any} */ _, /** @type {number} */ at) => at !== item) });
      record.goTo(list.column);
    } else return false;
    return true;
  }
}
