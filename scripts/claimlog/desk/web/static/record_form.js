// A form of a row: every question that applies in a list, and the one that is open with all that the codebook says.
import { Walk, isDemanded, isFilled, jumpKeys, slotRow, slotValue, slots, withValue } from "./applicability.js";
import { DecisionSteps } from "./decision_steps.js";
import { announce, fill, h, say } from "./dom.js";
import { codeField } from "./field_code.js";
import { listField } from "./field_list.js";
import { lookupField } from "./field_lookup.js";
import { textField } from "./field_text.js";
import { fits, itemsOf, unreadFlaw } from "./held_value.js";
import { PriorAnswers } from "./prior_answers.js";
import { RecordKeys } from "./record_keys.js";
import { drawClosed, drawQuestion, drawSummary, findingItem } from "./record_view.js";

const WIDGETS = { code: codeField, boolean: codeField, reference: lookupField, references: lookupField, objects: listField };

/** What a slot holds, to compare: in a list its very items, for one that is begun looks as another did that was taken out. @param {import("./applicability.js").Slot} slot @param {any} row */
function heldBy(slot, row) {
  return slot.list ? row[slot.list.column] : JSON.stringify(slotValue(slot, row) ?? null);
}

/** The form of one row at a time. */
export class RecordForm {
  /**
   * @param {HTMLElement} summary
   * @param {HTMLElement} panel
   * @param {any} form what the server says forms are made of
   * @param {any} surroundings names, ownWords, register, earlier (rows that were filled before), pins
   * @param {{change: (row: any, isTyping: boolean, name?: string) => void, row?: (name: string) => any, complete: () => void, leave: () => void}} listeners `row` gives a row by its name, where several are opened
   */
  constructor(summary, panel, form, surroundings, listeners) {
    Object.assign(this, { summary, panel, form, surroundings, listeners });
    this.names = surroundings.names;
    this.ownWords = surroundings.ownWords;
    this.register = surroundings.register;
    this.fields = form.streams.claims.fields;
    this.jumps = jumpKeys(this.fields);
    /** @type {Map<string, Map<string, string>>} of the fields of items, by list */
    this.innerJumps = new Map(this.fields.filter((/** @type {any} */ field) => field.kind === "objects").map((/** @type {any} */ field) => [field.column, jumpKeys(field.fields)]));
    this.prior = new PriorAnswers(surroundings.earlier, this.names);
    this.walk = new Walk(this.fields, surroundings.pins.on, surroundings.pins.off, (row, column, begin) => this.prior.isCompanion(row, column, begin));
    /** @type {any} */
    this.row = null;
    /** @type {string | null} the name of the row that is open */
    this.name = null;
    /** @type {any[]} */
    this.findings = [];
    /** @type {string | null} */
    this.active = null;
    this.awaitsJump = false;
    this.lastList = null;
    this.keys = new RecordKeys(this);
    this.names.addEventListener("named", () => this.drawSummary());
  }

  /** Show a row. @param {any} row @param {any[]} findings @param {string} title @param {string} name where several are opened */
  open(row, findings = [], title = "", name = "") {
    this.row = row;
    this.name = name;
    this.findings = findings;
    this.title = title;
    this.walk.passed.clear();
    this.prior.count();
    this.active = null;
    this.drawSummary();
    this.drawClosed();
  }

  close() {
    this.row = null;
    this.name = null;
    this.active = null;
    fill(this.summary);
    fill(this.panel);
  }

  /**
   * Take the row as it was saved or changed elsewhere. A question whose answer is the same stays as it is, with the focus.
   * @param {any} row @param {any[]} findings @param {string} title
   */
  update(row, findings, title) {
    const answer = () => {
      const slot = this.slot(this.active);
      return JSON.stringify((slot && slotValue(slot, this.row)) ?? null);
    };
    const before = answer();
    Object.assign(this, { row, findings, title });
    this.prior.count();
    this.drawSummary();
    const slot = this.slot(this.active);
    if (!slot) {
      this.active = null;
      this.drawClosed();
    } else if (answer() === before) this.drawFindings();
    else this.redraw(slot);
  }

  /** Draw the question that is open anew, with the focus if it had that. @param {import("./applicability.js").Slot} slot */
  redraw(slot) {
    const { hasFocus } = this;
    this.drawPanel(slot);
    if (hasFocus) this.widget.focus();
  }

  /** @param {any[]} findings */
  showFindings(findings) {
    this.findings = findings;
    if (!this.row) return;
    this.drawSummary();
    if (this.active) this.drawFindings();
    else this.drawClosed();
  }

  get hasFocus() {
    return this.panel.contains(document.activeElement);
  }

  get slots() {
    return slots(this.fields, this.row);
  }

  /** @param {string | null} key */
  slot(key) {
    return this.slots.find((slot) => slot.key === key) ?? null;
  }

  /** Open a question, with the focus on it. @param {string | null} key */
  goTo(key) {
    const slot = this.slot(key);
    if (!slot) return;
    this.active = slot.key;
    this.awaitsJump = false;
    this.drawSummary();
    this.drawPanel(slot);
    this.widget.focus();
  }

  /** Open the first question that waits. */
  goToOpen() {
    const next = this.walk.next(null, this.row);
    this.goTo(next ? next.key : this.fields[0].column);
  }

  /** Go on to the next question, or say that the row is complete; not while what stands there is no answer. */
  onward() {
    const slot = this.slot(this.active);
    const flaw = slot && unreadFlaw(slot.field, slotValue(slot, this.row));
    if (flaw) {
      announce(flaw);
      return;
    }
    if (slot && !isFilled(slotValue(slot, this.row)) && !isDemanded(slot.field, slotRow(slot, this.row))) this.walk.passed.add(slot.key);
    const next = this.walk.next(this.active, this.row);
    if (next) this.goTo(next.key);
    else {
      this.rest();
      this.listeners.complete();
    }
  }

  /** Leave the question that is open, and open no other. */
  rest() {
    this.active = null;
    this.drawClosed();
    this.drawSummary();
  }

  back() {
    const before = this.active && this.walk.before(this.active, this.row);
    if (before) this.goTo(before.key);
    else this.listeners.leave();
  }

  /** Leave the question empty, with what belongs to the same variable behind it, and go on. */
  pass() {
    const slot = this.slot(this.active);
    if (!slot) return;
    if (isFilled(slotValue(slot, this.row))) this.set(null);
    const { variable } = slot.field;
    const begin = this.slots.findIndex((one) => one.key === slot.key);
    for (const one of this.slots.slice(begin)) {
      const isPart = one.key === slot.key || (variable && one.field.variable === variable && one.item === slot.item && one.list === slot.list);
      if (isPart && !isFilled(slotValue(one, this.row))) this.walk.passed.add(one.key);
    }
    this.onward();
  }

  /** @param {any} row @param {boolean} isTyping */
  change(row, isTyping = false) {
    const changed = (/** @type {string} */ column) => JSON.stringify(row[column]) !== JSON.stringify(this.row[column]);
    this.findings = this.findings.filter((/** @type {any} */ one) => !one.columns.some(changed)); // judged anew once saved
    this.row = row;
    this.listeners.change(row, isTyping);
    this.drawSummary();
  }

  /** Put a value into the question that is open, and stay. @param {any} value @param {boolean} isTyping */
  set(value, isTyping = false) {
    const slot = this.slot(this.active);
    if (!slot) return;
    this.change(withValue(slot, this.row, value), isTyping);
    if (!isTyping && slot.field.kind !== "reference" && slot.field.kind !== "references") this.goTo(slot.key);
  }

  /** Answer the question that is open, and go on. @param {any} value */
  answer(value) {
    const slot = this.slot(this.active);
    if (!slot) return;
    if (slot.field.list) this.lastList = slot.key;
    this.change(withValue(slot, this.row, value));
    this.onward();
  }

  /** Whether the person is at a question as it was drawn. @param {import("./applicability.js").Slot} slot @param {any} widget */
  isAt(slot, widget) {
    return this.active === slot.key && this.widget === widget && this.hasFocus;
  }

  /** Remember a question, and its answer, before something is asked for that may come once another one is open. @param {import("./applicability.js").Slot} slot */
  place(slot) {
    return { name: this.name, slot, before: heldBy(slot, this.row) };
  }

  /** Put an answer that came late where it was asked for, unless that was answered meanwhile; whether it is put. @param {any} place @param {any} value */
  put({ name, slot, before }, value) {
    const isOpen = name === this.name;
    if (!isOpen && !this.listeners.row) return false; // it was given up, with all that was for it
    const row = isOpen ? this.row : this.listeners.row(name);
    if (!row || heldBy(slot, row) !== before) {
      say(`What was looked up for ${slot.field.label} came too late, and is not taken.`);
      return false;
    }
    const changed = withValue(slot, row, value);
    if (!isOpen) this.listeners.change(changed, false, name);
    else this.change(changed);
    if (isOpen && this.active === slot.key) this.redraw(slot);
    return true;
  }

  /** Wait for what is looked up, before the row is taken as it is; whether all of it is put where it was asked for, with what was typed ahead: else it was said why. @returns {Promise<boolean>} */
  async arrived() {
    if (this.keys.lookups.size) say("An entry is still looked up: what was asked for is done once it is there.");
    return (await Promise.all(this.keys.lookups)).every(Boolean);
  }

  /** Answer all columns of a variable, or of an item. @param {any} values */
  answerAll(values) {
    const slot = this.slot(this.active);
    if (!slot) return;
    if (!slot.list) for (const column of Object.keys(values)) this.walk.passed.add(column);
    const row = Object.entries(values).reduce((before, [column, value]) => withValue({ ...slot, field: { column } }, before, value), this.row);
    this.change(row);
    this.onward();
  }

  /** Begin one more item in the list that is open. */
  addItem() {
    const slot = this.slot(this.active);
    if (!slot) return;
    const items = [...itemsOf(slot.field, this.row), Object.fromEntries(slot.field.fields.map((/** @type {any} */ inner) => [inner.column, null]))];
    this.change({ ...this.row, [slot.field.column]: items });
    const begin = `${slot.field.column}.${items.length - 1}.`;
    const first = this.slots.find((one) => one.key.startsWith(begin) && this.walk.isOpen(one, this.row));
    this.goTo(first?.key ?? `${begin}${slot.field.fields[0].column}`);
  }

  /** The letter of a question: in an item, those of the item; else, those of the row. @param {any} slot */
  letter(slot) {
    const here = this.slot(this.active);
    if (here?.list) return slot.list === here.list && slot.item === here.item ? this.innerJumps.get(slot.list.column)?.get(slot.field.column) : "";
    return slot.list ? "" : this.jumps.get(slot.field.column);
  }

  /** Go to the question with a letter. @param {string} letter */
  jump(letter) {
    this.awaitsJump = false;
    const slot = this.slots.find((one) => this.letter(one) === letter);
    if (slot) this.goTo(slot.key);
    else {
      this.drawSummary();
      announce("No question that applies has that letter.");
    }
  }

  wholesBefore(/** @type {any} */ slot) {
    return this.prior.wholes(slot, this.fields, this.row);
  }

  lettersBefore(/** @type {string} */ stream) {
    return this.prior.letters(stream, this.fields);
  }

  valuesBefore(/** @type {any} */ slot) {
    return this.prior.values(slot);
  }

  listsBefore(/** @type {any} */ slot) {
    return this.prior.lists(slot.field);
  }

  /** Findings about a slot; of an empty one that waits for an answer, none. @param {any} slot */
  findingsOf(slot) {
    const value = slotValue(slot, this.row);
    if (!isFilled(value) && isDemanded(slot.field, slotRow(slot, this.row))) return [];
    return this.findings.filter((/** @type {any} */ one) => one.columns.includes(slot.field.column));
  }

  drawSummary() {
    if (this.row) drawSummary(this);
  }

  /** @param {import("./applicability.js").Slot} slot */
  drawPanel(slot) {
    const { field } = slot;
    const variable = this.form.variables.find((/** @type {any} */ one) => one.variable === field.variable && one.stream === "claims")
      ?? (field.references && this.form.variables.find((/** @type {any} */ one) => one.via === field.column));
    const widget = WIDGETS[/** @type {keyof typeof WIDGETS} */ (field.kind)] ?? textField;
    const value = slotValue(slot, this.row);
    this.widget = widget(slot, fits(field, value) ? value : null, this);
    this.steps = new DecisionSteps(variable, field, (code) => (code === null ? this.pass() : this.answer(code)));
    this.flaws = h("ul", { class: "flaws", "aria-label": "Findings" });
    drawQuestion(this, slot, variable);
    this.drawFindings();
  }

  drawFindings() {
    const slot = this.slot(this.active);
    if (!slot || !this.flaws) return;
    const value = slotValue(slot, this.row);
    const misfit = fits(slot.field, value) ? [] : [{ severity: "error", message: unreadFlaw(slot.field, value) }];
    fill(this.flaws, [...misfit, ...this.findingsOf(slot)].map(findingItem));
  }

  /** What stands in the panel while no question is open. */
  drawClosed() {
    drawClosed(this);
  }
}
