// Dialogs: questions, the cheat sheet, and entries that are registered on the spot.
import { applies, isFilled } from "./applicability.js";
import { fill, h, keycap, say } from "./dom.js";
import { goneWords } from "./entry_names.js";
import { typedValue } from "./field_text.js";
import { fits, unreadFlaw } from "./held_value.js";
import { LOOK, keptForms } from "./kept_form.js";

/**
 * Show a dialog until it is closed, and return what it was closed with.
 * @param {string} title @param {any[]} content @param {string} [kind]
 * @param {() => boolean} [isBegun] whether something is typed there, which Escape does not give up
 * @returns {Promise<string>}
 */
export function show(title, content, kind = "", isBegun = () => false) {
  const before = document.activeElement;
  const dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: kind, "aria-label": title }, h("h2", {}, title), content));
  document.body.append(dialog);
  dialog.showModal();
  dialog.scrollTop = 0; // focus may have scrolled it
  const stay = (/** @type {KeyboardEvent} */ event) => {
    const isHere = [...document.querySelectorAll("dialog[open]")].at(-1) === dialog; // others may be open over it
    if (event.key !== "Escape" || event.defaultPrevented || !isHere || !isBegun()) return;
    event.preventDefault();
    say("Escape gives up nothing that is typed here: “Not now” does.");
  };
  addEventListener("keydown", stay);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      removeEventListener("keydown", stay);
      dialog.remove();
      // this comes after keys that were pressed since: the focus may be where the person types now
      if (document.activeElement === document.body && before instanceof HTMLElement) before.focus({ preventScroll: true });
      resolve(dialog.returnValue);
    });
  });
}

/** Close the dialog in which something stands: others may be open below it, or over it. @param {Element} inside @param {string} [value] */
export function close(inside, value = "") {
  inside.closest("dialog")?.close(value);
}

/** Draw a button that closes the dialog in which it stands. @param {string} label @param {string} [value] that it is closed with @param {boolean} [isStrong] */
export function closer(label, value = "", isStrong = false) {
  return h("button", { type: "button", class: isStrong ? "strong" : null, on: { click: (/** @type {any} */ event) => close(event.currentTarget, value) } }, label);
}

/** Ask something; whether it was agreed to. @param {string} title @param {any} content @param {string} [yes] */
export async function confirmed(title, content, yes = "Yes") {
  const buttons = h("p", { class: "buttons" }, closer(yes, "yes", true), closer("Not now"));
  return (await show(title, [content, buttons])) === "yes";
}

/** How keys are called on a keyboard. */
const NAMES = { " ": "Space", ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Control: "Ctrl" };

/** Draw a key, or keys held together. @param {string} combination */
function keys(combination) {
  const parts = combination === "+" ? ["+"] : combination.split("+");
  return h("span", { class: "keys" }, parts.map((key) => keycap(NAMES[/** @type {keyof typeof NAMES} */ (key)] ?? key)));
}

let table = /** @type {any} */ (null);

/** Return the table of keys, read once. */
export async function keyTable() {
  table ??= await (await fetch("/static/keys.json")).json();
  return table;
}

/** Show the keys, or hide them. */
export async function cheatSheet() {
  const sheet = document.querySelector("dialog.cheat-sheet");
  if (sheet) {
    close(sheet);
    return;
  }
  const { modes, keys: all } = await keyTable();
  const here = document.body.dataset.page;
  const parts = modes.filter((/** @type {any} */ mode) => mode.pages.includes(here)).map((/** @type {any} */ mode) => h("section", {}, h("h3", {}, mode.title), h("p", { class: "meaning" }, mode.about ?? ""),
    h("dl", {}, all.filter((/** @type {any} */ one) => one.mode === mode.mode).map((/** @type {any} */ one) => h("div", {}, h("dt", {}, one.keys.map(keys)), h("dd", {}, one.text))))));
  await show("Keys", [h("div", { class: "sheet", tabindex: "0" }, parts), h("p", { class: "buttons" }, closer("Close"))], "cheat-sheet");
}

/** Draw a plain control for a field of an entry. @param {any} field @param {any} value */
function control(field, value) {
  const traits = { id: `entry-${field.column}`, required: field.required };
  if (field.kind === "boolean") return h("select", traits, h("option", { value: "" }, field.required ? "Choose …" : "–"), field.codes.map((/** @type {any} */ { code, label }) => h("option", { value: label, selected: code === value }, label)));
  if (field.kind === "code") return h("select", traits, h("option", { value: "" }, field.required ? "Choose …" : "–"), field.codes.map((/** @type {any} */ code) => h("option", { value: code.code, selected: code.code === value, title: code.definition }, `${code.label}: ${code.definition}`)));
  const shown = Array.isArray(value) ? value.join(field.kind === "strings" ? "\n" : ", ") : value ?? "";
  if (field.kind === "strings" || (field.max_length ?? 0) > 200) return h("textarea", { ...traits, rows: 2, value: shown });
  return h("input", { ...traits, type: "text", value: shown, autocomplete: "off", title: field.description, placeholder: field.example ? `such as ${field.example}` : null });
}

/** Return the value that a control holds. @param {any} field @param {string} text */
function controlValue(field, text) {
  if (field.kind === "boolean") return field.codes.find((/** @type {any} */ one) => one.label === text)?.code ?? null;
  if (field.kind === "references") return text.split(",").map((one) => one.trim()).filter(Boolean);
  return typedValue(field, text);
}

/** Whether the control of a field shows a value, and gives it back. @param {any} field @param {any} value */
function isHeld(field, value) {
  return fits(field, value) && (!["code", "boolean"].includes(field.kind) || field.codes.some((/** @type {any} */ { code }) => code === value));
}

/** Make an identifier of a name: plain letters, digits and hyphens. @param {string} name */
function identifier(name) {
  return name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+|-+$/g, "");
}

/**
 * Draw a plain form for an entry of a register; what its controls cannot hold of the value is shown below them, and is in `typed` but not in `read`. Its controls are had by their columns, not by names in the form: these would hide what a form itself has of the same name.
 * @param {any} stream what the server says of the register
 * @param {any} value
 * @param {{skip?: string[]}} [options]
 */
export function entryForm(stream, value, { skip = [] } = {}) {
  const fields = stream.fields.filter((/** @type {any} */ field) => field.kind !== "objects" && !skip.includes(field.column));
  const rank = (/** @type {any} */ field) => Number(!field.required) + Number(field.column !== stream.label && field.required ? 0.5 : 0);
  /** @type {Map<string, any>} */
  const controls = new Map(fields.map((/** @type {any} */ field) => [field.column, control(field, isHeld(field, value[field.column]) ? value[field.column] : null)]));
  const fieldOf = (/** @type {string} */ column) => fields.find((/** @type {any} */ field) => field.column === column);
  const others = Object.entries(value).filter(([column, one]) => isFilled(one) && !skip.includes(column) && !(fieldOf(column) && isHeld(fieldOf(column), one)));
  const unread = others.filter(([column]) => fieldOf(column)).map(([column, one]) => `${fieldOf(column).label}: ${unreadFlaw(fieldOf(column), one) || `“${one}” is none of its codes: choose one.`}`);
  const form = h("form", { class: "entry-form" }, [...fields].sort((a, b) => rank(a) - rank(b)).map((field) => h("p", { data: { column: field.column } }, h("label", { for: `entry-${field.column}` }, field.label, field.required ? " *" : ""), controls.get(field.column), h("small", {}, field.description ?? ""))),
    [...goneWords(fields, Object.fromEntries(others)), ...unread].map((words) => h("p", { class: "full gone" }, words)));
  const read = () => Object.fromEntries(fields.map((/** @type {any} */ field) => [field.column, controlValue(field, controls.get(field.column).value)]).filter(([, one]) => isFilled(one)));
  const adapt = () => {
    const row = read();
    for (const field of fields) form.querySelector(`[data-column="${field.column}"]`).hidden = !applies(field, row) && !isFilled(row[field.column]);
  };
  form.addEventListener("input", (/** @type {Event} */ event) => {
    const field = fields.find((/** @type {any} */ one) => controls.get(one.column) === event.target);
    const typed = controls.get(field.column);
    typed.setCustomValidity(unreadFlaw(field, controlValue(field, typed.value)));
    adapt();
  });
  adapt();
  return { form, read, typed: () => ({ ...Object.fromEntries(others), ...read() }), controls };
}

/** What is typed of an entry that is being registered. */
let begun = () => /** @type {any} */ (null);

/** What was typed of some in outdated pages: each is there when such an entry is to be registered again. */
const left = keptForms("entry", () => begun());

/**
 * Register an entry on the spot; its identifier, or null.
 * @param {any} stream
 * @param {string} typed
 * @param {(id: string, value: any, isWanted: () => boolean) => Promise<any>} save is told whether the dialog is still open
 * @param {() => Promise<string>} next gives the identifier in a numbered register
 */
export async function registerEntry(stream, typed, save, next) {
  const kept = left.find((one) => one.register === stream.id && (!typed || typed === one.typed));
  const row = kept?.row ?? { [stream.label]: typed, [stream.id]: identifier(typed) };
  const { form, read, typed: allTyped, controls } = entryForm(stream, stream.numbered ? { ...row, [stream.id]: "" } : row);
  const problem = h("ul", { class: "flaws" });
  const name = controls.get(stream.label);
  const own = controls.get(stream.id);
  const tell = (/** @type {any} */ told) => fill(problem, [{ message: told.message, columns: [] }, ...(told.body?.findings ?? [])].map((one) => h("li", {}, one.message)));
  if (stream.numbered) next().then((id) => { own.value ||= id; }, tell); // the dialog is open by then: nobody goes elsewhere
  else name.addEventListener("input", () => { own.value = identifier(name.value); });
  form.append(h("div", { role: "alert" }, problem), h("p", { class: "buttons" }, h("button", { class: "strong" }, "Register"), closer("Not now")));
  /** @param {boolean} isSaving while it is saved, all is as it was sent, and is sent once */
  const hold = (isSaving) => { for (const one of form.elements) one.disabled = isSaving && one.type !== "button"; };
  if (kept) tell({ message: LOOK });
  let id = null;
  let isBegun = Boolean(kept);
  begun = () => (isBegun ? { register: stream.id, typed: kept?.typed ?? typed, row: allTyped() } : null);
  if (kept) left.splice(left.indexOf(kept), 1); // it is kept of this form from here on
  form.addEventListener("input", () => { isBegun = true; });
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    const sent = read();
    const before = document.activeElement;
    hold(true);
    try {
      await save(sent[stream.id], sent, () => form.isConnected);
      id = sent[stream.id];
      close(form);
    } catch (error) {
      tell(error);
      hold(false);
      if (before instanceof HTMLElement) before.focus();
    }
  });
  const closed = show(`New: ${stream.title}`, [form], "wide", () => isBegun);
  (typed ? controls.get(stream.fields.find((/** @type {any} */ field) => field.required && field.kind === "code")?.column) ?? name : name).focus();
  await closed;
  begun = () => null;
  return id;
}

/** Show two versions of a row beside each other; which columns differ is marked. @param {any[]} rows name, left and right text @param {[string, string]} titles */
export function sideBySide(rows, titles) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Both versions" }, h("table", { class: "versions-table" }, h("thead", {}, h("tr", {}, h("th", {}, "Variable"), titles.map((title) => h("th", {}, title)))),
    h("tbody", {}, rows.map(([name, left, right]) => h("tr", { class: left === right ? null : "differs" }, h("th", { scope: "row" }, name), h("td", {}, left || "–"), h("td", {}, right || "–"))))));
}

/** Whether a dialog is open. */
export function isDialogOpen() {
  return Boolean(document.querySelector("dialog[open]"));
}

