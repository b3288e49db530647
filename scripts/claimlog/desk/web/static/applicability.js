// Which fields of a row apply, and in which order a person comes to them.
import { itemsOf, unreadFlaw } from "./held_value.js";

/** Whether a value says something. @param {any} value */
export function isFilled(value) {
  return !(value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length));
}

/** Whether a column is as a condition says. @param {{column: string, is: string | string[]}} condition @param {any} row */
function holds({ column, is }, row) {
  const value = row[column];
  if (is === "set" || is === "nonempty") return isFilled(value);
  if (is === "null" || is === "empty") return !isFilled(value);
  return is.includes(value);
}

/** Whether a field applies to a row. @param {any} field @param {any} row */
export function applies(field, row) {
  return (field.needs ?? []).every((/** @type {any} */ one) => holds(one, row))
    && !(field.absent_when ?? []).some((/** @type {any} */ one) => holds(one, row));
}

/** Whether a field must be filled in a row. @param {any} field @param {any} row */
export function isDemanded(field, row) {
  return applies(field, row) && (field.required || (field.required_when ?? []).some((/** @type {any} */ one) => holds(one, row)));
}

/**
 * A place in a row that a person fills.
 * @typedef {object} Slot
 * @property {string} key tells it from others of the row
 * @property {any} field
 * @property {any} [list] the field of the list in which it lies
 * @property {number} [item] the number of the item in it
 */

/** Return the places of a row that apply, or are filled all the same. @param {any[]} fields @param {any} row @returns {Slot[]} */
export function slots(fields, row) {
  const found = [];
  for (const field of fields) {
    if (!applies(field, row) && !isFilled(row[field.column])) continue;
    found.push({ key: field.column, field });
    if (field.kind !== "objects") continue;
    for (const [item, value] of itemsOf(field, row).entries()) {
      for (const inner of slots(field.fields, value)) {
        found.push({ key: `${field.column}.${item}.${inner.key}`, field: inner.field, list: field, item });
      }
    }
  }
  return found;
}

/** Return what a slot holds. @param {Slot} slot @param {any} row */
export function slotValue(slot, row) {
  return slot.list ? row[slot.list.column]?.[slot.item ?? 0]?.[slot.field.column] : row[slot.field.column];
}

/** Return the row, or item of a list, in which a slot lies. @param {Slot} slot @param {any} row */
export function slotRow(slot, row) {
  return slot.list ? row[slot.list.column]?.[slot.item ?? 0] ?? {} : row;
}

/** Follows the name of a column or key under which words are kept that are no answer to it. */
export const EARLIER = " (earlier)";

/** Return the slot of words beside one: what was an answer to it, and is none by now. @param {Slot} slot @returns {Slot} */
export function wordsSlot(slot) {
  return { ...slot, field: { column: `${slot.field.column}${EARLIER}` } };
}

/** Return a row with another value in a slot. @param {Slot} slot @param {any} row @param {any} value */
export function withValue(slot, row, value) {
  if (!slot.list) return { ...row, [slot.field.column]: value };
  const items = [...(row[slot.list.column] ?? [])];
  items[slot.item ?? 0] = { ...items[slot.item ?? 0], [slot.field.column]: value };
  return { ...row, [slot.list.column]: items };
}

/** Return the slots of a row that hold what is no answer to them, such as a text that is to be a number and is none. @param {any[]} fields @param {any} row */
export function unreadSlots(fields, row) {
  return slots(fields, row).filter((slot) => unreadFlaw(slot.field, slotValue(slot, row)));
}

/** Say why what a slot holds cannot be saved. @param {Slot} slot @param {any} row */
export function slotFlaw(slot, row) {
  return `${slot.field.label}: ${unreadFlaw(slot.field, slotValue(slot, row))}`;
}

const USUAL = 0.5;

/** The way that the keyboard takes through the slots of a row. */
export class Walk {
  /**
   * @param {any[]} fields
   * @param {Set<string>} pinned columns that a person put on the way
   * @param {Set<string>} unpinned and took off it
   * @param {(row: any, column: string, begin: string) => boolean} isCompanion whether a column is mostly answered beside what a row has
   */
  constructor(fields, pinned, unpinned, isCompanion) {
    this.fields = fields;
    this.isCompanion = isCompanion;
    this.pinned = pinned;
    this.unpinned = unpinned;
    /** @type {Set<string>} slots that a person left empty in this row */
    this.passed = new Set();
  }

  /** Whether the way leads to a field by itself. @param {Slot} slot @param {any} row */
  isOn(slot, row) {
    const { field } = slot;
    if (isDemanded(field, slotRow(slot, row))) return true;
    const name = slot.list ? `${slot.list.column}.${field.column}` : field.column;
    if (this.unpinned.has(name)) return false;
    if (!field.variable && !slot.list) return this.pinned.has(name); // a note is a comment, nothing to decide
    if (this.pinned.has(name) || (field.share ?? 0) >= USUAL) return true;
    return this.isCompanion(slotRow(slot, row), field.column, slot.list ? `${slot.list.column}.` : "");
  }

  /** Whether a slot of the way still waits for an answer. @param {Slot} slot @param {any} row */
  isOpen(slot, row) {
    const value = slotValue(slot, row);
    return Boolean(unreadFlaw(slot.field, value)) || (!isFilled(value) && !this.passed.has(slot.key) && this.isOn(slot, row));
  }

  /**
   * Return the slot that is next after one: the other columns of its variable, then those that wait behind
   * it, then those that wait before it; null once all are answered.
   * @param {string | null} key @param {any} row @returns {Slot | null}
   */
  next(key, row) {
    const all = slots(this.fields, row);
    const at = all.findIndex((slot) => slot.key === key);
    const here = all[at];
    const beside = here?.field.variable && all[at + 1];
    if (beside && beside.field.variable === here.field.variable && beside.item === here.item
      && beside.field.kind !== "objects" && (isFilled(slotValue(here, row)) || this.isOn(beside, row))
      && !isFilled(slotValue(beside, row)) && !this.passed.has(beside.key)) return beside;
    const behind = all.slice(at + 1).find((slot) => this.isOpen(slot, row));
    return behind ?? all.slice(0, Math.max(0, at)).find((slot) => this.isOpen(slot, row)) ?? null;
  }

  /** Return the slot before one on the way, or that is filled, or of the same item. @param {string} key @param {any} row @returns {Slot | null} */
  before(key, row) {
    const all = slots(this.fields, row);
    const at = all.findIndex((slot) => slot.key === key);
    return all.slice(0, Math.max(0, at)).reverse().find((slot) => this.isOn(slot, row) || isFilled(slotValue(slot, row)) || (slot.list && slot.item === all[at].item)) ?? null;
  }

  /** Slots that are demanded and empty, or hold what is no answer. @param {any} row */
  missing(row) {
    const isMissing = (/** @type {Slot} */ slot) => isDemanded(slot.field, slotRow(slot, row)) && !isFilled(slotValue(slot, row));
    return slots(this.fields, row).filter((slot) => isMissing(slot) || unreadFlaw(slot.field, slotValue(slot, row)));
  }
}

/**
 * Give each field a letter by which it is gone to, of its label where one is left. Fields that follow from
 * another, and further columns of one variable, have none: the way leads to them.
 * @param {any[]} fields
 * @returns {Map<string, string>}
 */
export function jumpKeys(fields) {
  const free = new Set("abcdefghijklmnopqrstuvwxyz");
  const found = new Map();
  const variables = new Set();
  for (const { column, label, variable, needs } of fields) {
    if (needs?.length || (variable && variables.has(variable))) continue;
    variables.add(variable);
    const key = [...label.toLowerCase(), ...free].find((one) => free.has(one));
    if (key === undefined) break;
    free.delete(key);
    found.set(column, key);
  }
  return found;
}
