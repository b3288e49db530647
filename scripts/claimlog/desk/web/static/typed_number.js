// Numbers as people type them: a text that may mean another number than it says is none.

/** Most digits that a number keeps to the last. */
const DIGITS = 15;

const NUMBER = /^[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)$/;

/** Digits in threes, or a fraction of three digits: which of both, only who typed it knows. */
const THREES = /^[-+]?(?:[1-9]\d*[.,]\d{3}|\d{1,3}(?:[\s.,'’_]\d{3})+)$/;

/** Begins with a lone zero, as no number in threes does. */
const FRACTION = /^[-+]?0[.,]\d+$/;

/** Whether a field takes numbers. @param {any} field */
export function isNumber({ kind }) {
  return kind === "number" || kind === "integer";
}

/** Say in a line why a text is no number of a field; nothing, if it is one. @param {any} field @param {string} text */
export function numberFlaw(field, text) {
  const clean = text.trim();
  const digits = clean.replace(/[^-+\d]/g, "");
  if (THREES.test(clean) && !FRACTION.test(clean)) {
    const fraction = field.kind === "number" && NUMBER.test(clean) ? `, or ${clean.replace(",", ".")}0 if that is meant` : "";
    return `“${clean}” is no number here: write ${digits}${fraction}.`;
  }
  if (!NUMBER.test(clean)) return `“${clean}” is no number: write digits alone, such as 10000 or 0.5.`;
  if (field.kind === "integer" && /[.,]/.test(clean)) return `“${clean}” is no whole number.`;
  if (digits.replace(/^[-+]?0*/, "").length > DIGITS) return `“${clean}” has more than the ${DIGITS} digits that are kept of a number.`;
  return "";
}

/** Return the number that was typed, or the text where it is none. @param {any} field @param {string} text */
export function typedNumber(field, text) {
  return numberFlaw(field, text) ? text : Number(text.trim().replace(",", "."));
}
