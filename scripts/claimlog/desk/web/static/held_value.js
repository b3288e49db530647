// What a row holds in a field: a column may have been another one when it was typed, or saved.
import { isNumber, numberFlaw } from "./typed_number.js";

/** Whether a value is of the shape that a field holds; a number may stand there as it is typed. @param {any} field @param {any} value */
export function fits(field, value) {
  if (value === null || value === undefined) return true;
  if (field.kind === "objects") return Array.isArray(value) && value.every((one) => one && typeof one === "object" && !Array.isArray(one));
  if (field.list) return Array.isArray(value) && value.every((one) => typeof one !== "object");
  return (isNumber(field) ? ["number", "string"] : [field.kind === "boolean" ? "boolean" : "string"]).includes(typeof value);
}

/** The items of a list in a row; none where something else stands there. @param {any} field @param {any} row @returns {any[]} */
export function itemsOf(field, row) {
  const value = row[field.column];
  return fits(field, value) ? value ?? [] : [];
}

/** Say a value in words where no field does. @param {any} value */
export function plainText(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Say why what a field holds is no answer to it; nothing, if it is. A row holds such a value as long as it is shown. @param {any} field @param {any} value */
export function unreadFlaw(field, value) {
  if (!fits(field, value)) return `“${plainText(value)}” was typed for another question than this is now: answer it anew, or leave it empty.`;
  return isNumber(field) && typeof value === "string" ? numberFlaw(field, value) : "";
}
