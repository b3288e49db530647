// What was decided about the own coding, once it was.
import { get, page, quoted } from "./api.js";
import { agreementTable } from "./agreement_panel.js";
import { alarm, byId, count, fill, h } from "./dom.js";
import { EntryNames } from "./entry_names.js";
import { unitComparison } from "./unit_row.js";

const { source, role } = /** @type {{source: string, role: string}} */ (document.body.dataset);

/** Whether the adjudicator took what this coder said. @param {any} unit @param {string[]} coders */
function outcome(unit, coders) {
  const mine = coders[0] === role ? "left" : "right";
  const { verdict } = unit;
  if (!verdict) return "not decided";
  if (verdict.take === mine) return "as you said";
  if (verdict.take === "none") return unit[mine] ? "no claim" : "no claim, as you said";
  if (verdict.take === "new") return "neither: a value of the adjudicator's own";
  return unit.kind === "agreed" ? "as both said" : "as the other said";
}

async function start() {
  const [form, { source: row, text }, found] = await Promise.all([get("api/form"), get(quoted`api/sources/${source}`), get(quoted`api/verdicts/${source}`)]);
  fill(byId("title"), `Verdicts on ${row.title}`);
  const names = new EntryNames(source);
  const host = { state: { sides: found.coders, committed: true }, fields: form.streams.claims.fields, names, text: text?.content ?? "" };
  const draw = () => {
    const units = found.units.filter((/** @type {any} */ unit) => byId("all").checked || unit.kind !== "agreed" || unit.verdict?.note);
    byId("count").textContent = `${count(units.length, "passage")} shown of ${found.units.length}.`;
    fill(byId("units"), units.map((/** @type {any} */ unit) => h("li", { class: "unit" }, h("p", { class: "unit-head" }, h("span", { class: "state" }, outcome(unit, found.coders)), unit.claim_id ? ` ${unit.claim_id}` : ""),
      unit.verdict?.note ? h("p", { class: "notice" }, h("strong", {}, "To you: "), unit.verdict.note) : null, unitComparison(unit, host))));
  };
  names.addEventListener("named", draw);
  byId("all").addEventListener("change", draw);
  draw();
  if (found.agreement !== undefined) fill(byId("agreement"), agreementTable(found.agreement, form));
}

start().catch((error) => {
  alarm(error.message);
  fill(byId("units"), h("li", {}, h("a", { href: page("") }, "Start")));
});
