// A passage that two coders saw, with what each said where they differ.
import { isFilled } from "./applicability.js";
import { h, keycap } from "./dom.js";
import { goneWords, valueText } from "./entry_names.js";
import { fits } from "./held_value.js";

const KINDS = { agreed: "both say the same", span: "other words marked", codes: "coded otherwise", left_only: "marked by one", right_only: "marked by one", added: "marked by neither" };

/** The texts of a column on both sides. @param {string} name @param {any} unit @param {any[]} fields @param {any} names */
function texts(name, unit, fields, names) {
  const [column, inner] = name.split(".");
  const field = fields.find((one) => one.column === column);
  if (!field) return [name, ["", ""]];
  const of = (/** @type {any} */ draft) => {
    const value = draft?.value[column];
    if (!isFilled(value)) return "";
    if (!inner || !fits(field, value)) return valueText(field, value, names);
    const part = field.fields.find((/** @type {any} */ one) => one.column === inner);
    return value.map((/** @type {any} */ item) => valueText(part, item[inner], names) || "–").join(" ← ");
  };
  const part = inner && field.fields.find((/** @type {any} */ one) => one.column === inner);
  return [part ? `${field.label}: ${part.label}` : field.label, [of(unit.left), of(unit.right)]];
}

/** Draw what one side says of the passage where the other says nothing. @param {any} draft @param {any} host */
function whole(draft, host) {
  return h("dl", { class: "codes" }, host.fields.filter((/** @type {any} */ field) => isFilled(draft.value[field.column])).map((/** @type {any} */ field) => h("div", {}, h("dt", {}, field.label),
    h("dd", {}, valueText(field, draft.value[field.column], host.names)))));
}

/** Draw what each side said in columns that there are no more. @param {any} unit @param {any} host */
function gone(unit, host) {
  const of = (/** @type {any} */ draft, /** @type {string} */ side) => (draft ? goneWords(host.fields, draft.value).map((words) => h("p", { class: "coder-note" }, h("strong", {}, `${side}: `), words)) : null);
  return [of(unit.left, host.state.sides[0]), of(unit.right, host.state.sides[1])];
}

/** Draw where both sides differ, or what one of them says. @param {any} unit @param {any} host */
export function unitComparison(unit, host) {
  const [left, right] = host.state.sides;
  const quote = (/** @type {any} */ draft) => (draft ? h("q", { dir: "auto" }, host.text.slice(...draft.span.utf16)) : h("span", { class: "meaning" }, "not marked"));
  if (!unit.left || !unit.right) {
    const side = unit.left ? left : right;
    const draft = unit.left ?? unit.right;
    return [h("p", {}, quote(draft ?? { span: unit.span })), draft ? [h("p", { class: "meaning" }, `Only ${side} marked this.`), whole(draft, host)] : null, gone(unit, host)];
  }
  const rows = unit.differs.map((/** @type {string} */ name) => texts(name, unit, host.fields, host.names));
  const isOther = unit.left.span.start !== unit.right.span.start || unit.left.span.end !== unit.right.span.end;
  return [isOther ? null : h("p", {}, quote(unit.left)), h("table", { class: "versions-table" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Variable"), h("th", { scope: "col", class: "of-left" }, left), h("th", { scope: "col", class: "of-right" }, right))),
    h("tbody", {}, isOther ? h("tr", { class: "differs" }, h("th", { scope: "row" }, "Passage"), h("td", {}, quote(unit.left)), h("td", {}, quote(unit.right))) : null,
      rows.map(([label, [one, other]]) => h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, one || "–"), h("td", {}, other || "–"))))), gone(unit, host)];
}

/**
 * Draw a passage; with what can be decided, if it is the one that is open.
 * @param {any} unit
 * @param {boolean} isHere
 * @param {any} host
 * @param {() => void} go
 */
export function unitRow(unit, isHere, host, go) {
  const verdict = unit.verdict;
  const said = verdict ? { left: `taken from ${host.state.sides[0]}`, right: `taken from ${host.state.sides[1]}`, new: "a value of one's own", none: "no claim" }[verdict.take] : "open";
  const head = h("p", { class: "unit-head" }, h("span", { class: "state" }, KINDS[/** @type {keyof typeof KINDS} */ (unit.kind)] ?? unit.kind), " ", h("strong", {}, said), unit.note ? h("span", { class: "meaning" }, ` · ${unit.note}`) : null);
  const name = `unit-${unit.unit}`;
  if (!isHere) return h("li", { class: verdict ? "unit decided" : "unit" }, h("button", { type: "button", class: "quiet", on: { click: go } }, host.text.slice(...unit.span.utf16).slice(0, 110)), head);
  const button = (/** @type {string} */ key, /** @type {string} */ label, /** @type {any} */ run, isOff = false) => h("button", { type: "button", disabled: isOff || host.state.committed, on: { click: run } }, keycap(key), ` ${label}`);
  const note = h("input", { id: `${name}-note`, value: host.note(unit), maxlength: 500, disabled: host.state.committed, on: {
    input: () => host.typeNote(unit, /** @type {HTMLInputElement} */ (note).value),
    keydown: (/** @type {KeyboardEvent} */ event) => ["Escape", "Enter"].includes(event.key) && /** @type {HTMLElement} */ (event.target).closest("li")?.focus(),
  } });
  const hasNotes = host.fields.some((/** @type {any} */ field) => field.column === "note");
  const notes = ["left", "right"].filter((side) => hasNotes && unit[side]?.value.note).map((side, at) => h("p", { class: "coder-note" }, h("strong", {}, `${host.state.sides[side === "left" ? 0 : 1] ?? at}: `), unit[side].value.note));
  const actions = h("p", { class: "buttons" },
    button("l", `take ${host.state.sides[0]}`, () => host.decide(unit, { take: "left" }), !unit.left),
    unit.right || unit.left ? button("r", `take ${host.state.sides[1] ?? "the other"}`, () => host.decide(unit, { take: "right" }), !unit.right) : null,
    button("n", "new …", () => host.edit(unit, verdict?.value ?? unit.left?.value ?? unit.right?.value ?? {})),
    button("x", "no claim", () => host.decide(unit, { take: "none" })),
    verdict ? button("o", "open again", () => host.decide(unit, { take: null })) : null);
  return h("li", { class: "unit here", tabindex: "-1", "aria-current": "true" }, head, unitComparison(unit, host), notes, actions,
    h("p", { class: "note-line" }, h("label", { for: `${name}-note` }, keycap("c"), " note to the coders "), note));
}
