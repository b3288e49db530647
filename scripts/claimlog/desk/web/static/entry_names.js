// Entries of registers: looked up by name, and named where only their identifier is known.
import { get, quoted } from "./api.js";
import { EARLIER, isFilled } from "./applicability.js";
import { fits, itemsOf, plainText } from "./held_value.js";

const PASSAGE = ["start", "end", "utf16", "text_sha256"];

/** Labels of register entries, each asked for once. */
export class EntryNames extends EventTarget {
  /** @param {string | null} source whose entries of one's own count too */
  constructor(source) {
    super();
    this.source = source;
    /** @type {Map<string, string>} */
    this.labels = new Map();
    /** @type {Set<string>} */
    this.asked = new Set();
    /** @type {Map<string, any[]>} answers to nothing typed, which come up again and again */
    this.usual = new Map();
  }

  /** Return the entries that fit what was typed, the best first. @param {string} stream @param {string} query */
  async find(stream, query) {
    const more = this.source ? quoted`&source=${this.source}` : "";
    const { entries } = await get(quoted`api/lookup/${stream}?q=${query}` + more);
    for (const entry of entries) this.labels.set(`${stream}/${entry.id}`, entry.label);
    if (!query) this.usual.set(stream, entries);
    return entries;
  }

  /** Return the identifier for a new entry of a numbered register. @param {string} stream @returns {Promise<string>} */
  async next(stream) {
    const more = this.source ? quoted`?source=${this.source}` : "";
    return (await get(quoted`api/lookup/${stream}` + more)).next;
  }

  /** Return the label of an entry; its identifier until that is known. @param {string} stream @param {string} id */
  label(stream, id) {
    const key = `${stream}/${id}`;
    if (!this.labels.has(key) && !this.asked.has(key)) {
      this.asked.add(key);
      this.find(stream, id).then(() => this.labels.has(key) && this.dispatchEvent(new Event("named")), () => this.asked.delete(key));
    }
    return this.labels.get(key) ?? id;
  }
}

/** Say what a field holds, in the labels of its codes and entries. @param {any} field @param {any} value @param {EntryNames} names @returns {string} */
export function valueText(field, value, names) {
  if (value === null || value === undefined || value === "") return "";
  if (!fits(field, value)) return plainText(value);
  if (field.kind === "objects") return value.map((/** @type {any} */ item) => itemText(field, item, names)).join(" ← ");
  if (Array.isArray(value)) return value.map((one) => valueText(field, one, names)).join(", ");
  if (field.references) return names.label(field.references, value);
  const code = field.codes?.find((/** @type {any} */ one) => one.code === value);
  return code ? code.label : String(value);
}

/** Say what an item of a list holds. @param {any} field @param {any} item @param {EntryNames} names */
export function itemText(field, item, names) {
  return field.fields.map((/** @type {any} */ inner) => valueText(inner, item[inner.column], names)).filter(Boolean).join(" · ") || "(nothing yet)";
}

/**
 * Say what a row holds for which its form has no question any more: words that nothing is made of.
 * @param {any[]} fields @param {any} row @param {string} [list] in whose items the columns are
 * @returns {string[]}
 */
export function goneWords(fields, row, list = "") {
  const known = new Map([...PASSAGE.map((column) => [column, column]), ...fields.map((field) => [field.column, field.label])]);
  const gone = Object.entries(row).filter(([column, value]) => !known.has(column) && isFilled(value)).map(([column, value]) => {
    const name = column.endsWith(EARLIER) ? column.slice(0, -EARLIER.length) : column;
    return known.has(name) ? `“${plainText(value)}” was typed for ${known.get(name)}${list}, which cannot hold it any more.` : `There is no ${name}${list} any more, for which “${plainText(value)}” was typed.`;
  });
  const inner = fields.filter((field) => field.kind === "objects").flatMap((field) => itemsOf(field, row).flatMap((/** @type {any} */ item) => goneWords(field.fields, item, ` of ${field.label}`)));
  return [...gone, ...inner];
}
