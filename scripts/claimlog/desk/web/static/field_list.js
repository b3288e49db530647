// A question whose answer is a list of items with fields of their own, as the hops of a chain.
import { h, keycap } from "./dom.js";
import { itemText } from "./entry_names.js";

/**
 * @param {import("./applicability.js").Slot} slot
 * @param {any[] | null} value
 * @param {any} host
 */
export function listField(slot, value, host) {
  const { field } = slot;
  const items = value ?? [];
  const before = host.listsBefore(slot).slice(0, 9);
  const rows = items.map((item, at) => h("li", {}, h("button", { type: "button", class: "quiet", on: { click: () => host.goTo(`${field.column}.${at}.${field.fields[0].column}`) } }, itemText(field, item, host.names)), " ",
    h("button", { type: "button", "aria-label": `Take item ${at + 1} away`, on: { click: () => host.set(items.filter((_, other) => other !== at)) } }, "×")));
  const offers = before.map((/** @type {any[]} */ one, /** @type {number} */ at) => h("button", { type: "button", class: "entry", tabindex: "-1", data: { key: at + 1, value: JSON.stringify(one) }, on: { click: () => host.answer(one) } },
    keycap(String(at + 1)), h("span", { class: "about" }, one.map((item) => itemText(field, item, host.names)).join(" ← "))));
  const element = h("div", { class: "list-field", tabindex: "0", role: "group", "aria-label": field.label },
    items.length ? h("ol", { class: "items" }, rows) : h("p", { class: "none" }, "Nothing yet."),
    h("p", {}, h("button", { type: "button", class: "strong", on: { click: () => host.addItem() } }, keycap("Enter"), " one more")),
    before.length ? [h("h3", {}, "As before"), h("div", { class: "entries" }, offers)] : null);
  return {
    element,
    focus: () => element.focus({ preventScroll: true }),
    /** @param {KeyboardEvent} event */
    key(event) {
      const { key } = event;
      if (/^[1-9]$/.test(key) && before[Number(key) - 1]) host.answer(before[Number(key) - 1]);
      else if (key === "Enter" && (document.activeElement === element || !element.contains(document.activeElement))) host.addItem();
      else if (key === "Delete" && items.length) host.set(items.slice(0, -1));
      else if (/^[a-z]$/.test(key)) host.jump(key);
      else return host.keys.common(event);
      return true;
    },
  };
}
