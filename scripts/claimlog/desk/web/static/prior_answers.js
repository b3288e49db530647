// Answers that a person gave before in the same work: offered, never taken by themselves.
import { isFilled } from "./applicability.js";
import { valueText } from "./entry_names.js";

/** Distinct ones of some values, the latest first. @template T @param {T[]} values @returns {T[]} */
function distinct(values) {
  const found = new Map(values.reverse().map((value) => [JSON.stringify(value), value]));
  return [...found.values()];
}

/** What was answered in earlier rows. */
export class PriorAnswers {
  /** @param {() => any[]} earlier rows in the order in which they were filled @param {import("./entry_names.js").EntryNames} names */
  constructor(earlier, names) {
    this.earlier = earlier;
    this.names = names;
  }

  /** Whole answers to a variable with several columns of entries, while none of them is filled. @param {any} slot @param {any[]} fields @param {any} row */
  combinations(slot, fields, row) {
    const beside = fields.filter((field) => !slot.list && field.variable === slot.field.variable && slot.field.variable);
    if (beside.length < 2 || beside[0].column !== slot.field.column) return [];
    if (beside.some((field) => !field.references || isFilled(row[field.column]))) return [];
    const given = this.earlier().filter((one) => beside.some((field) => isFilled(one[field.column])));
    const rows = distinct(given.map((one) => Object.fromEntries(beside.map((field) => [field.column, one[field.column] ?? (field.list ? [] : null)]))));
    return rows.map((one) => ({ row: one, text: beside.map((field) => valueText(field, one[field.column], this.names) || "–").join(" → ") }));
  }

  /** Texts given to a field of items. @param {any} slot @returns {string[]} */
  values(slot) {
    const items = this.earlier().flatMap((one) => one[slot.list.column] ?? []);
    return distinct(items.map((item) => item[slot.field.column]).filter((value) => typeof value === "string" && value));
  }

  /** Lists that were given whole. @param {any} field @returns {any[][]} */
  lists(field) {
    return distinct(this.earlier().map((one) => one[field.column]).filter(isFilled));
  }
}
