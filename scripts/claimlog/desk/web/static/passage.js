// The passage of a claim above its questions: its words, what can be done with others, and the rules for choosing.
import { byId, fill, h } from "./dom.js";

/** Draw the words of the claim that is open. @param {string} title @param {string} quote */
export function drawPassage(title, quote) {
  fill(byId("quote"), h("strong", {}, `${title}: `), h("q", { dir: "auto" }, quote));
}

/**
 * Offer what can be done with words that were chosen.
 * @param {string} quote
 * @param {() => void} take makes a claim of them
 * @param {{title: string, run: () => void} | null} respan gives them to the claim that is open
 */
export function offerPassage(quote, take, respan) {
  const button = (/** @type {string} */ label, /** @type {() => void} */ run, kind = "") => h("button", { type: "button", class: kind, on: { click: run } }, label);
  fill(byId("quote"), h("q", { dir: "auto" }, quote), " ", button("New claim (Enter)", take, "strong"), respan ? button(`These words for ${respan.title.toLowerCase()}`, respan.run) : null);
}

/** Draw what the codebook says of choosing a passage. @param {any} form */
export function passageRules(form) {
  const variable = form.variables.find((/** @type {any} */ one) => one.columns.includes("start"));
  return variable ? h("ol", { class: "rules" }, variable.steps.map((/** @type {any} */ step) => h("li", {}, step.rule))) : null;
}
