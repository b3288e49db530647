// Agreement of two coders, as the build computes it.
import { h } from "./dom.js";

const number = (/** @type {any} */ value) => (value === null || value === undefined ? "" : Number(value).toFixed(2));
const interval = (/** @type {any} */ value, /** @type {any} */ low, /** @type {any} */ high) => (value === null || value === undefined ? "" : `${number(value)}${low === null || low === undefined ? "" : ` [${number(low)}, ${number(high)}]`}`);

/** @param {any} found @param {any} form */
export function agreementTable(found, form) {
  if (!found) return h("p", {}, "There is one coding only, so that nothing can be compared.");
  const { spans } = found;
  const label = (/** @type {any} */ row) => row.label ?? form.variables.find((/** @type {any} */ one) => one.variable === row.variable)?.label ?? row.variable;
  const isBelow = (/** @type {any} */ row) => row.target !== null && row.target !== undefined && row.alpha !== null && row.alpha < row.target;
  return h("div", {}, spans ? h("p", {}, `${found.coders.join(" and ")} marked ${spans.first_codings} and ${spans.second_codings} passages, ${spans.matched} of them in common: F1 of passages ${number(spans.f1_spans)}, of characters ${number(spans.f1_characters)}.`) : null,
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Agreement by variable" }, h("table", {}, h("thead", {}, h("tr", {}, ["Variable", "Passages", "Filled", "Agree", "Alpha", "Alpha or F1 where filled", "Aim"].map((one) => h("th", { scope: "col" }, one)))),
      h("tbody", {}, found.variables.map((/** @type {any} */ row) => h("tr", {}, h("th", { scope: "row" }, label(row)), h("td", {}, row.units), h("td", {}, row.units_filled ?? ""), h("td", {}, row.percent_agreement === null || row.percent_agreement === undefined ? "" : `${Math.round(row.percent_agreement)} %`),
        h("td", { class: isBelow(row) ? "other" : null }, interval(row.alpha, row.alpha_low, row.alpha_high)), h("td", {}, row.alpha_filled !== null && row.alpha_filled !== undefined ? interval(row.alpha_filled, row.alpha_filled_low, row.alpha_filled_high) : row.f1 === null || row.f1 === undefined ? "" : `F1 ${interval(row.f1, row.f1_low, row.f1_high)}`), h("td", {}, row.target ?? "")))))),
    h("p", { class: "meaning" }, "As it stands, with 95 % intervals; the same code computes it for the tables of the build."));
}
