// What a form of a row looks like: the list of its questions, the one that is open, and what the rules say.
import { isDemanded, isFilled, slotRow, slotValue } from "./applicability.js";
import { variableNotes } from "./decision_steps.js";
import { fill, h } from "./dom.js";
import { goneWords, valueText } from "./entry_names.js";
import { itemsOf } from "./held_value.js";

/** @typedef {import("./record_form.js").RecordForm} RecordForm */

/** Draw the list of questions. @param {RecordForm} record */
export function drawSummary(record) {
  const missing = new Set(record.walk.missing(record.row).map((slot) => slot.key));
  const first = record.slots[0]?.key;
  const rows = record.slots.map((slot) => {
    const { field } = slot;
    const value = slotValue(slot, record.row);
    const flaws = record.findingsOf(slot);
    const text = field.kind === "objects" && itemsOf(field, record.row).length ? `${value.length}` : valueText(field, value, record.names);
    const traits = { inner: slot.list, active: slot.key === record.active, missing: missing.has(slot.key), bad: flaws.some((/** @type {any} */ one) => one.severity === "error"), blank: !isFilled(value) };
    const state = Object.entries(traits).filter(([, holds]) => holds).map(([name]) => name).join(" ");
    const jump = record.letter(slot) ?? "";
    return h("li", { class: state }, h("button", { type: "button", tabindex: slot.key === (record.active ?? first) ? "0" : "-1", data: { slot: slot.key }, "aria-current": slot.key === record.active ? "true" : null, on: { click: () => record.goTo(slot.key) } },
      h("kbd", { class: jump ? null : "empty" }, jump), h("span", { class: "question" }, field.label), h("span", { class: "value" }, text || (missing.has(slot.key) ? "to decide" : "–"))));
  });
  record.summary.classList.toggle("awaits-jump", record.awaitsJump);
  fill(record.summary, rows, goneWords(record.fields, record.row).map((words) => h("li", { class: "gone" }, words)));
  record.summary.querySelector(".active")?.scrollIntoView({ block: "nearest" });
}

/** Draw the question that is open, with all that the codebook says. @param {RecordForm} record @param {import("./applicability.js").Slot} slot @param {any} variable */
export function drawQuestion(record, slot, variable) {
  const { field } = slot;
  const where = slot.list ? `${slot.list.label}, ${(slot.item ?? 0) + 1}: ` : "";
  record.panel.dataset.slot = slot.key;
  fill(record.panel, h("h2", {}, where, field.label, pinButton(record, slot)), field.description ? h("p", { class: "meaning" }, field.description) : null, record.flaws, record.widget.element, variableNotes(variable), record.steps.element);
  record.panel.scrollTop = 0;
}

/** The button that puts a question on the way for good, or takes it off. @param {RecordForm} record @param {import("./applicability.js").Slot} slot */
function pinButton(record, slot) {
  if (isDemanded(slot.field, slotRow(slot, record.row))) return null;
  const name = slot.list ? `${slot.list.column}.${slot.field.column}` : slot.field.column;
  const isOn = record.walk.isOn(slot, record.row);
  return h("button", { type: "button", class: "quiet pin", "aria-pressed": String(isOn), on: { click: () => { record.surroundings.pins.toggle(name, !isOn); record.goTo(slot.key); } } }, isOn ? "always asked" : "asked on request");
}

/** Draw what stands in the panel while no question is open. @param {RecordForm} record */
export function drawClosed(record) {
  delete record.panel.dataset.slot;
  const { missing, others } = rowFindings(record.findings, record.walk.missing(record.row));
  fill(record.panel, h("h2", {}, record.title), missing ? h("p", {}, missing) : h("p", {}, "Everything that must be is decided."),
    h("p", {}, h("button", { type: "button", class: "strong", on: { click: () => record.goToOpen() } }, missing ? "Go on with it" : "Look through it")),
    others.length ? h("ul", { class: "flaws" }, others.map((one) => labelledItem(one, record.fields))) : null);
}

/**
 * Tell what is not decided yet from what breaks a rule: of a column that waits for an answer the rules say no more.
 * @param {any[]} findings
 * @param {import("./applicability.js").Slot[]} slots that are demanded and empty
 */
export function rowFindings(findings, slots) {
  const columns = new Set(slots.filter((slot) => !slot.list).map((slot) => slot.field.column));
  const others = findings.filter((one) => !(one.columns.length && one.columns.every((/** @type {string} */ column) => columns.has(column))));
  return { missing: slots.length ? `To decide: ${slots.map((slot) => slot.field.label).join(", ")}.` : "", others };
}

/** Draw a finding at its question. @param {any} finding */
export function findingItem(finding) {
  return h("li", { class: finding.severity }, finding.message, finding.remedy ? h("span", { class: "meaning" }, ` ${finding.remedy}`) : null);
}

/** Draw a finding with the questions that it is about. @param {any} finding @param {any[]} fields */
export function labelledItem(finding, fields) {
  const labels = fields.filter((field) => finding.columns.includes(field.column)).map((field) => field.label);
  return h("li", { class: finding.severity }, labels.length ? h("strong", {}, `${labels.join(", ")}: `) : null, finding.message);
}
