// A question whose answer is an entry of a register, or several: looked up while typing.
import { announce, fill, h, keycap, say, settled } from "./dom.js";

const MOST = 9;

/**
 * @param {import("./applicability.js").Slot} slot
 * @param {any} value
 * @param {any} host
 */
export function lookupField(slot, value, host) {
  const { field } = slot;
  /** @type {string[]} */
  const chosen = field.list ? [...(value ?? [])] : value ? [value] : [];
  /** @type {any[]} */
  let entries = [];
  /** @type {any[]} whole answers that were given before */
  const wholes = chosen.length ? [] : host.wholesBefore(slot);
  const input = h("input", {
    type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "entries", "aria-autocomplete": "list",
    "aria-label": field.label, autocomplete: "off", autocapitalize: "off", spellcheck: "false", placeholder: "Identifier, name or alias",
  });
  const list = h("div", { id: "entries", role: "listbox", class: "entries", "aria-label": "Entries that fit" });
  const tags = h("ul", { class: "tags", "aria-label": "Chosen" });
  /** Entries of this work by their letters, while nothing is typed. */
  const letters = host.lettersBefore(field.references);
  const picks = letters.size || wholes.length;
  const element = h("div", { class: "lookup", tabindex: "0", role: "group", "aria-label": field.label }, tags, h("div", { class: "query" }, input, h("button", { type: "button", on: { click: () => register() } }, keycap("+"), " register a new one")), list);

  function drawTags() {
    fill(tags, chosen.map((id) => h("li", { data: { id } }, host.names.label(field.references, id), " ",
      h("button", { type: "button", "aria-label": `Take ${id} out`, on: { click: () => { chosen.splice(chosen.indexOf(id), 1); save(); drawTags(); } } }, "×"))));
  }

  function save() {
    host.set(field.list ? [...chosen] : chosen[0] ?? null);
  }

  /** @param {string} id @param {boolean} stays */
  function take(id, stays) {
    if (!field.list) chosen.length = 0;
    if (!chosen.includes(id)) chosen.push(id);
    if (!stays) {
      host.answer(field.list ? [...chosen] : id);
      return;
    }
    input.value = "";
    save();
    drawTags();
    search();
    announce(`${host.names.label(field.references, id)} chosen`);
  }

  /** Take an entry that was waited for, where it was asked for: another question or claim may be open by now. @param {any} place @param {string} id @param {boolean} stays @returns {string} "here" if the person is there, "elsewhere", or nothing if it is not taken */
  function takeAt(place, id, stays) {
    if (!host.isAt(slot, widget)) return host.put(place, field.list ? [...new Set([...chosen, id])] : id) ? "elsewhere" : "";
    take(id, stays);
    return "here";
  }

  /** Take the first entry that fits what was typed: what stands there may be of what was typed before. Return where it is put, as `takeAt`. @param {string} query @param {boolean} stays */
  async function takeFirst(query, stays) {
    const place = host.place(slot);
    const found = await host.names.find(field.references, query).catch((/** @type {Error} */ error) => error);
    if (found.length) return takeAt(place, found[0].id, stays);
    say(found instanceof Error ? found.message : `Nothing fits ${query}.`);
    return "";
  }

  function register() {
    const place = host.place(slot);
    host.register(field.references, input.value.trim()).then((/** @type {string | null} */ id) => (id ? takeAt(place, id, false) : input.focus()));
  }

  /** What is offered, with its keys: as long as nothing is typed, whole answers and entries of before. */
  function offers() {
    const numbered = (/** @type {any[]} */ some) => some.map((one, at) => ({ ...one, key: at < MOST ? String(at + 1) : "" }));
    if (!input.value.trim() && picks) {
      const known = [...letters].map(([id, key]) => ({ key, id, text: host.names.label(field.references, id), detail: id, choose: () => take(id, false) }));
      return [...numbered(wholes.map((/** @type {any} */ one) => ({ ...one, choose: () => host.answerAll(one.row) }))), ...known];
    }
    return numbered(entries.map((entry) => ({
      text: entry.label, detail: [entry.id, entry.matched !== entry.label && entry.matched !== entry.id ? entry.matched : "", entry.detail, entry.proposed ? "registered here" : ""].filter(Boolean).join(" · "),
      id: entry.id, choose: () => take(entry.id, false),
    })));
  }

  function draw() {
    const offered = offers();
    list.classList.toggle("narrow-entries", !input.value.trim() && picks > 0);
    fill(list, offered.map((offer) => h("div", { role: "option", "aria-selected": "false", class: offer.row ? "entry whole" : "entry", data: { key: offer.key || null, id: offer.id, whole: offer.row ? JSON.stringify(offer.row) : null }, on: { mousedown: (/** @type {Event} */ event) => { event.preventDefault(); offer.choose(); } } },
      keycap(offer.key || "·"), h("span", { class: "about" }, h("strong", {}, offer.text), " ", h("span", { class: "meaning" }, offer.detail ?? "")))));
    if (!offered.length) fill(list, h("p", { class: "none", role: "option", "aria-selected": "false" }, input.value ? "Nothing fits. Plus registers it." : "Nothing is registered yet."));
  }

  async function search() {
    list.setAttribute("aria-busy", "true");
    const query = input.value.trim();
    try {
      const found = await host.names.find(field.references, query);
      if (query !== input.value.trim()) return;
      entries = found;
      list.removeAttribute("aria-busy");
      draw();
    } catch (error) {
      fill(list, h("p", { class: "none" }, String(/** @type {Error} */ (error).message)));
    }
  }

  const searchSoon = settled(60, search);
  let isFresh = true;
  input.addEventListener("input", () => {
    isFresh = false;
    list.setAttribute("aria-busy", "true");
    searchSoon();
  });
  entries = host.names.usual.get(field.references) ?? [];
  drawTags();
  draw();
  search();

  const widget = {
    element,
    focus: () => (picks ? element : input).focus({ preventScroll: true }),
    /** @param {KeyboardEvent} event */
    key(event) {
      const { key } = event;
      const isEmpty = !input.value;
      const offered = offers();
      const isTyped = document.activeElement === input;
      const more = !isTyped && /^\p{Lu}$/u.test(key) ? offered.find((one) => one.id && one.key === key.toLowerCase()) : null;
      const pick = /^[1-9]$/.test(key) || !isTyped ? offered.find((one) => one.key === key) : null;
      if (pick) pick.choose();
      else if (more && field.list) take(more.id, true);
      else if (key === "+") register();
      else if (!isTyped && key === "0") input.focus();
      else if (!isTyped && /^\p{L}$/u.test(key)) {
        input.focus(); // the letter goes there
        return false;
      } else if (!isTyped) return host.keys.common(event);
      else if (!isEmpty && (key === "Enter" || key === ",")) {
        const isSettled = !list.hasAttribute("aria-busy") && entries.length;
        if (isSettled) take(entries[0].id, key === ",");
        else host.keys.hold(takeFirst(input.value.trim(), key === ","));
      } else if (isEmpty && key === "Backspace" && chosen.length && !isFresh) {
        chosen.pop();
        save();
        drawTags();
      } else if (isEmpty && [" ", "Enter", "Backspace", ".", ",", "-", "Delete"].includes(key)) return host.keys.common(event);
      else return false;
      return true;
    },
  };
  return widget;
}
