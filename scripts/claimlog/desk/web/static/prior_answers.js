// Answers that a person gave before in the same work or claim: offered, never taken by themselves.
import { isFilled } from "./applicability.js";
import { valueText } from "./entry_names.js";
import { fits, itemsOf } from "./held_value.js";

const LEAST_ROWS = 3;
const OFTEN = 0.85;
const MOST_OF_CLAIM = 2;
const MOST = 9;

/** Distinct ones of some values, the latest first. @template T @param {T[]} values @returns {T[]} */
function distinct(values) {
  const found = new Map();
  for (const value of [...values].reverse()) {
    const key = JSON.stringify(value);
    if (!found.has(key)) found.set(key, value);
  }
  return [...found.values()];
}

/** An answer as what may go with others: that a column is filled, and with which text. @param {any} row @param {string} column */
function answers(row, column) {
  return typeof row[column] === "string" && row[column].length < 30 ? [column, `${column}=${row[column]}`] : [column];
}

/** What was answered in earlier rows. */
export class PriorAnswers {
  /** @param {() => any[]} earlier rows in the order in which they were filled @param {import("./entry_names.js").EntryNames} names */
  constructor(earlier, names) {
    this.earlier = earlier;
    this.names = names;
    this.count();
  }

  /** Count which columns earlier rows, and items of their lists, have filled beside which answers. */
  count() {
    this.alone = new Map();
    this.together = new Map();
    const add = (/** @type {Map<string, number>} */ map, /** @type {string} */ key) => map.set(key, (map.get(key) ?? 0) + 1);
    const take = (/** @type {any} */ row, /** @type {string} */ begin) => {
      const filled = Object.keys(row).filter((column) => isFilled(row[column]));
      for (const answer of filled.flatMap((column) => answers(row, column))) {
        add(this.alone, begin + answer);
        for (const other of filled) add(this.together, `${begin}${answer} ${other}`);
      }
      for (const column of filled) if (Array.isArray(row[column])) for (const item of row[column]) if (item && typeof item === "object") take(item, `${column}.`);
    };
    for (const row of this.earlier()) take(row, "");
  }

  /** Whether a person mostly answered a question beside an answer that a row has. @param {any} row @param {string} column @param {string} begin of the names of items */
  isCompanion(row, column, begin) {
    return Object.keys(row).some((other) => other !== column && isFilled(row[other]) && answers(row, other).some((answer) => {
      const rows = this.alone.get(begin + answer) ?? 0;
      return rows >= LEAST_ROWS && (this.together.get(`${begin}${answer} ${column}`) ?? 0) >= rows * OFTEN;
    }));
  }

  /**
   * Whole answers to what is open: to all columns of its variable, to a list, or to an item.
   * @param {any} slot @param {any[]} fields @param {any} row
   * @returns {{row: any, text: string}[]}
   */
  wholes(slot, fields, row) {
    if (slot.list) return this.items(slot, row);
    const beside = fields.filter((field) => field.variable === slot.field.variable && slot.field.variable);
    if (beside.some((field) => !field.references || isFilled(row[field.column])) || beside[0]?.column !== slot.field.column) return [];
    const streams = beside.map((field) => field.references).join();
    const pick = (/** @type {any} */ one, /** @type {any[]} */ from) => Object.fromEntries(beside.map((field, at) => [field.column, (fits(from[at], one[from[at].column]) ? one[from[at].column] : null) ?? (field.list ? [] : null)]));
    const filled = (/** @type {any} */ one) => Object.values(one).some(isFilled);
    // what the same claim says of other variables of that shape, then what earlier claims say of this one
    const alike = this.variables(fields).filter((other) => other !== beside && other[0].variable !== slot.field.variable && other.map((field) => field.references).join() === streams);
    const single = beside.length > 1 ? [] : fields.filter((field) => field.list && field.references === slot.field.references && field !== slot.field).map((field) => [field]);
    const here = [...alike, ...alike.map((other) => [...other].reverse()), ...single].map((from) => pick(row, from)).filter(filled);
    const before = this.earlier().map((one) => pick(one, beside)).filter(filled);
    const rows = [...distinct([...here].reverse()).slice(0, beside.length > 1 ? MOST_OF_CLAIM : 3), ...(beside.length > 1 ? distinct(before) : [])];
    return distinct(rows.reverse()).slice(0, MOST).map((one) => ({ row: one, text: beside.map((field) => valueText(field, one[field.column], this.names) || "–").join(" → ") }));
  }

  /** Fields by their variable. @param {any[]} fields @returns {any[][]} */
  variables(fields) {
    const found = new Map();
    for (const field of fields) if (field.variable) found.set(field.variable, [...(found.get(field.variable) ?? []), field]);
    return [...found.values()];
  }

  /** Earlier items without what differs each time: texts that are demanded, and dates. @param {any} slot @param {any} row */
  items(slot, row) {
    const { list, item } = slot;
    if (slot.field !== list.fields[0] || Object.values(row[list.column][item]).some(isFilled)) return [];
    const dated = new Set(list.fields.filter((/** @type {any} */ field) => field.kind === "date").map((/** @type {any} */ field) => field.variable));
    const lasting = list.fields.filter((/** @type {any} */ field) => !(field.kind === "text" && field.required) && !dated.has(field.variable));
    const items = this.earlier().flatMap((one) => itemsOf(list, one)).map((one) => Object.fromEntries(lasting.map((/** @type {any} */ field) => [field.column, one[field.column] ?? null])));
    return distinct(items).slice(0, MOST).map((one) => ({ row: one, text: lasting.map((/** @type {any} */ field) => valueText(field, one[field.column], this.names)).filter(Boolean).join(" · ") }));
  }

  /** Entries of a register that were used, each with a letter of its name that stays its own. @param {string} stream @param {any[]} fields @returns {Map<string, string>} */
  letters(stream, fields) {
    const used = (/** @type {any[]} */ within, /** @type {any} */ row) => within.flatMap((field) => {
      if (field.kind === "objects") return itemsOf(field, row).flatMap((/** @type {any} */ item) => used(field.fields, item));
      return field.references === stream && fits(field, row[field.column]) ? [row[field.column] ?? []].flat() : [];
    });
    const free = new Set("abcdefghijklmnopqrstuvwxyz");
    const found = new Map();
    for (const id of new Set(this.earlier().flatMap((row) => used(fields, row)))) {
      const letter = [...this.names.label(stream, id).toLowerCase(), ...free].find((one) => free.has(one));
      if (!letter) break;
      free.delete(letter);
      found.set(id, letter);
    }
    return found;
  }

  /** Texts given to a field of items; of those that are numbered, the next number too. @param {any} slot @returns {string[]} */
  values(slot) {
    const items = this.earlier().flatMap((one) => itemsOf(slot.list, one));
    const given = distinct(items.map((item) => item[slot.field.column]).filter((value) => typeof value === "string" && value));
    const numbers = new Map();
    for (const [, stem, number] of given.map((one) => /^(.*-)(\d+)$/.exec(one) ?? [])) if (stem) numbers.set(stem, Math.max(Number(number), numbers.get(stem) ?? 0));
    return [...given.slice(0, 7), ...[...numbers].slice(0, 2).map(([stem, number]) => `${stem}${number + 1}`)];
  }

  /** Lists of items that were given whole. @param {any} field @returns {any[][]} */
  lists(field) {
    const known = (/** @type {any} */ item) => Object.fromEntries(field.fields.map((/** @type {any} */ inner) => [inner.column, item[inner.column] ?? null]));
    return distinct(this.earlier().map((one) => itemsOf(field, one).map(known)).filter(isFilled));
  }
}
