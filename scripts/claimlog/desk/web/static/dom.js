// Elements made by scripts: texts are texts, never markup, and escaped where they do not print.
import "./repeated_input.js";
import "./site/printable.js";

/** @type {{printable: (text: string) => string, unprintable: (text: string) => {start: number, end: number, said: string}[]}} */
export const { printable, unprintable } = /** @type {any} */ (globalThis).claimlog;

const READ_ATTRIBUTES = ["title", "aria-label", "placeholder"];

/** Return what goes into an element: gathered one by one, a call takes some ten thousands of arguments at most. @param {any[]} children */
function content(children) {
  const found = new DocumentFragment();
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    found.append(child instanceof Node ? child : printable(String(child)));
  }
  return found;
}

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} [traits] attributes; `on` holds listeners, `data` data attributes; null and false are left out
 * @param {...any} children nodes, texts, or lists of them; null is left out
 */
export function h(tag, traits = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "data") {
      for (const [key, one] of Object.entries(value)) if (one !== null && one !== undefined) element.dataset[key] = String(one);
    } else if (["value", "checked", "disabled", "open", "hidden", "selected"].includes(name)) element[name] = value;
    else if (READ_ATTRIBUTES.includes(name)) element.setAttribute(name, printable(String(value)));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(content(children));
  return element;
}

/** Return the element of an identifier. @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/** Put children in place of those that an element has. */
export function fill(/** @type {Element} */ element, /** @type {any[]} */ ...children) {
  element.replaceChildren(content(children));
  return element;
}

/** Change what an element has, while one may have the focus: if that is gone, it goes to the one of its identifier, else to what is open. @param {Element} element @param {() => void} change */
function withFocus(element, change) {
  const active = element.contains(document.activeElement) ? document.activeElement : null;
  const [start, end] = active instanceof HTMLInputElement ? [active.selectionStart, active.selectionEnd] : [null, null];
  change();
  if (!active || element.contains(document.activeElement)) return;
  const again = (active.id && byId(active.id)) || element.querySelector(".here");
  again?.focus({ preventScroll: true });
  if (start !== null && again instanceof HTMLInputElement) again.setSelectionRange(start, end);
}

/** Put children in place of those that an element has, one of which may have the focus. */
export function refill(/** @type {Element} */ element, /** @type {any[]} */ ...children) {
  withFocus(element, () => fill(element, ...children));
}

/** Put rows in place of those that a list has, one of which may have the focus; those that stay, which may be thousands, are not touched. @param {Element} list @param {Element[]} rows */
export function refillRows(list, rows) {
  withFocus(list, () => {
    const wanted = new Set(rows);
    for (const one of [...list.children]) if (!wanted.has(one)) one.remove();
    let place = list.firstElementChild;
    for (const row of rows) {
      if (row === place) place = row.nextElementSibling;
      else list.insertBefore(row, place);
    }
  });
}

/** Say something to who listens to the page, and shows it to nobody. @param {string} text */
export function announce(text) {
  const live = byId("live");
  const said = printable(text);
  hush();
  live.textContent = live.textContent === said ? `${said}\u00a0` : said;
}

/** Say something to all, such as why what was asked for is not done: over dialogs too, until something else is said, a click, or Escape. @param {string} text */
export function say(text) {
  announce(text);
  const live = byId("live");
  live.className = "said";
  live.popover = "manual"; // dialogs are below it
  live.showPopover?.();
}

/** Show no longer what was said. */
function hush() {
  const live = byId("live");
  live.className = "hush";
  live.removeAttribute("popover");
}

addEventListener("pointerdown", hush, true);
addEventListener("keydown", ({ key }) => key === "Escape" && hush(), true);

/** Show a problem above the page until it is solved. @param {string} [text] nothing takes it away @param {...any} more */
export function alarm(text = "", ...more) {
  const place = byId("alarm");
  place.hidden = !text;
  fill(place, text, ...more);
}

/** Return a key as it stands on a keyboard. @param {string} key */
export function keycap(key) {
  return h("kbd", {}, key);
}

/** Say a number of things. @param {number} number @param {string} one @param {string} [many] */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** Whether letters typed now belong to a field of text. @param {EventTarget | null} target */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["radio", "checkbox", "button", "submit", "file"].includes(target.type);
}

/** Let the browser ask before a page with something unsaved is left. @param {() => boolean} isUnsaved */
export function askBeforeLeaving(isUnsaved) {
  addEventListener("beforeunload", (event) => isUnsaved() && event.preventDefault());
}

/** Run something once no more has come for some milliseconds. */
export function settled(/** @type {number} */ milliseconds, /** @type {(...given: any[]) => void} */ run) {
  let timer = 0;
  return (/** @type {any[]} */ ...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...given), milliseconds);
  };
}

/** Return a random name of letters and digits. */
export function randomName(/** @type {string} */ begin) {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return begin + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
