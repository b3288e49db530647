// A question with codes: one key each.
import { h, keycap } from "./dom.js";

/** Remembered while the page is open: whether everything about codes is shown. */
const shown = { more: false };

/** Draw one code. @param {any} code @param {boolean} isChosen @param {() => void} choose */
function option(code, isChosen, choose) {
  const more = [["Include", code.include], ["Exclude", code.exclude], ["Example", code.example]].filter(([, text]) => text);
  return h(
    "div",
    { role: "radio", class: "option", tabindex: "-1", "aria-checked": String(isChosen), "aria-keyshortcuts": code.key || null, data: { code: code.code, key: code.key }, on: { click: choose } },
    keycap(code.key || "·"),
    h("span", { class: "about" }, h("strong", {}, code.label), " ", h("span", { class: "meaning" }, code.definition),
      h("span", { class: "more" }, more.map(([name, text]) => h("span", {}, h("em", {}, `${name}: `), text)))),
  );
}

/**
 * @param {import("./applicability.js").Slot} slot
 * @param {any} value
 * @param {any} host what the form offers its fields
 */
export function codeField(slot, value, host) {
  const { codes, list, label } = slot.field;
  const hasDigits = codes.every((/** @type {any} */ code) => /^\d$/.test(code.key));
  const chosen = new Set(list ? value ?? [] : [value]);
  const choose = (/** @type {string} */ code) => {
    if (!list) host.answer(code);
    else host.set(chosen.has(code) ? value.filter((/** @type {string} */ one) => one !== code) : [...(value ?? []), code]);
  };
  const options = codes.map((/** @type {any} */ code) => option(code, chosen.has(code.code), () => choose(code.code)));
  const element = h("div", { role: "radiogroup", class: `options${codes.length > 9 ? " many" : ""}${shown.more ? " all" : ""}`, tabindex: "0", "aria-label": label }, options);

  /** Move among the codes with the arrows. @param {number} step */
  function walk(step) {
    const at = options.indexOf(document.activeElement);
    options[(at + step + options.length) % options.length]?.focus();
  }

  return {
    element,
    focus: () => element.focus({ preventScroll: true }),
    /** @param {KeyboardEvent} event */
    key(event) {
      const { key } = event;
      const code = codes.find((/** @type {any} */ one) => one.key && one.key === key);
      const at = options.indexOf(document.activeElement);
      if (code) choose(code.code);
      else if (hasDigits && /^[a-z]$/.test(key)) host.jump(key);
      else if (key === "ArrowDown" || key === "ArrowRight") walk(1);
      else if (key === "ArrowUp" || key === "ArrowLeft") walk(-1);
      else if (key === "Enter" && at >= 0) choose(codes[at].code);
      else if (key === "+") {
        shown.more = !shown.more;
        element.classList.toggle("all", shown.more);
      } else return host.keys.common(event);
      return true;
    },
  };
}
