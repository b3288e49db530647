// A question that is answered by typing; what breaks a rule on own words is marked while typing.
import { fill, h, keycap, settled } from "./dom.js";
import { unreadFlaw } from "./held_value.js";
import { isNumber, typedNumber } from "./typed_number.js";

/** Return a text with marks on its runs. @param {string} text @param {{utf16: [number, number]}[]} runs */
function marked(text, runs) {
  const found = [];
  let at = 0;
  for (const { utf16: [start, end] } of runs) {
    if (start < at) continue;
    found.push(text.slice(at, start), h("mark", {}, text.slice(start, end)));
    at = end;
  }
  return [...found, text.slice(at), "\n"];
}

/** Return what was typed as a value of the field; null if that is nothing, and the text itself if it is to be a number and is none. @param {any} field @param {string} text */
export function typedValue(field, text) {
  const clean = text.replace(/\s*\n\s*/g, " ");
  if (!clean.trim()) return null;
  if (field.kind === "strings") return text.split("\n").map((one) => one.trim()).filter(Boolean);
  return isNumber(field) ? typedNumber(field, clean) : clean;
}

/**
 * @param {import("./applicability.js").Slot} slot
 * @param {any} value
 * @param {any} host
 */
export function textField(slot, value, host) {
  const { field } = slot;
  const isLong = field.own_words || (field.max_length ?? 0) > 120;
  const shown = Array.isArray(value) ? value.join("\n") : value ?? "";
  const input = h(isLong ? "textarea" : "input", {
    class: "typing", "aria-label": field.label, "aria-describedby": "typed-note", autocomplete: "off", rows: isLong ? 4 : null, type: isLong ? null : "text",
    inputmode: field.kind === "number" ? "decimal" : null, spellcheck: isLong ? "true" : "false", placeholder: field.example ? `such as ${field.example}` : null, value: String(shown),
  });
  const mirror = h("div", { class: "mirror", "aria-hidden": "true" });
  const note = h("p", { class: "typed-note", id: "typed-note" });
  /** @type {string[]} */
  const before = slot.list ? host.valuesBefore(slot).slice(0, 9) : [];
  const offers = h("div", { class: "entries" }, before.map((one, at) => h("button", { type: "button", class: "entry", tabindex: "-1", data: { key: at + 1, value: one }, on: { click: () => host.answer(one) } }, keycap(String(at + 1)), h("span", { class: "about" }, one))));
  const element = h("div", { class: "text-field" }, h("div", { class: "typed" }, mirror, input), note, before.length ? offers : null);

  function length() {
    const most = field.max_length;
    return most ? `${[...input.value].length} of at most ${most} characters` : "";
  }

  const check = settled(250, async () => {
    const text = input.value;
    if (!field.own_words || !host.ownWords) return;
    const { limit, runs } = await host.ownWords(text).catch(() => ({ runs: [] }));
    if (text !== input.value) return;
    fill(mirror, marked(text, runs));
    input.setAttribute("aria-invalid", String(runs.length > 0));
    fill(note, runs.length ? `${limit} words or more in a row stand in the text: “${runs[0].words}”` : length());
    note.classList.toggle("bad", runs.length > 0);
  });

  /** @param {any} typed */
  function tell(typed) {
    const flaw = unreadFlaw(field, typed);
    input.setAttribute("aria-invalid", String(Boolean(flaw)));
    fill(note, flaw || length());
    note.classList.toggle("bad", Boolean(flaw));
  }

  function changed() {
    fill(mirror, document.createTextNode(`${input.value}\n`));
    const typed = typedValue(field, input.value);
    tell(typed);
    host.set(typed, true);
    check();
  }

  input.addEventListener("input", changed);
  input.addEventListener("scroll", () => { mirror.scrollTop = input.scrollTop; });
  tell(value);
  if (shown) check();
  return {
    element,
    focus() {
      input.focus({ preventScroll: true });
      input.setSelectionRange(input.value.length, input.value.length);
    },
    /** @param {KeyboardEvent} event */
    key(event) {
      const { key } = event;
      const isEmpty = !input.value;
      if (document.activeElement !== input) return host.keys.common(event);
      if (key === "Enter" && !(event.shiftKey && field.kind === "strings")) host.onward();
      else if (isEmpty && /^[1-9]$/.test(key) && before[Number(key) - 1]) host.answer(before[Number(key) - 1]);
      else if (isEmpty && [" ", "Backspace", ".", ",", "-", "Delete"].includes(key)) return host.keys.common(event);
      else return false;
      return true;
    },
  };
}
