// The passage of a claim above its questions: its words, what can be done with others, and the rules for choosing.
import { byId, fill, h } from "./dom.js";

/** Draw the words of the claim that is open. @param {string} title @param {string} quote */
export function drawPassage(title, quote) {
  fill(byId("quote"), h("strong", {}, `${title}: `), h("q", { dir: "auto" }, quote));
}

/**
 * Offer what can be done with words that were chosen.
 * @param {string} quote
 * @param {{label: string, run: () => void, isUsual: boolean}[]} uses the usual one is what Enter does
 */
export function offerPassage(quote, uses) {
  fill(byId("quote"), h("q", { dir: "auto" }, quote), " ", uses.map(({ label, run, isUsual }) => h("button", { type: "button", class: isUsual ? "strong" : null, on: { click: run } }, isUsual ? `${label} (Enter)` : label)));
}

/** Draw what the codebook says of choosing a passage. @param {any} form */
export function passageRules(form) {
  const variable = form.variables.find((/** @type {any} */ one) => one.columns.includes("start"));
  return variable ? h("ol", { class: "rules" }, variable.steps.map((/** @type {any} */ step) => h("li", {}, step.rule))) : null;
}
