// What is typed in a form that is sent as a whole, while its page has to be reloaded.
import { KEPT } from "./api.js";
import { askBeforeLeaving } from "./dom.js";

export const LOOK = "It was typed before the codebook or a schema was changed: look at it before it is sent.";

/**
 * Return what an outdated page of this window kept of a form, null without. What is typed in this one is kept once the page is outdated, or where it goes on with such; before it is left, the browser asks.
 * @param {string} name of the form
 * @param {() => any} read what is typed and not sent, null if nothing is
 */
export function keptForm(name, read) {
  askBeforeLeaving(() => read() !== null);
  return keptUnder(name, read);
}

/** @param {string} name @param {() => any} read */
function keptUnder(name, read) {
  const place = `${KEPT}/forms/${name}`;
  const kept = sessionStorage.getItem(place);
  const keep = () => {
    const typed = read();
    try {
      if (typed === null) sessionStorage.removeItem(place);
      else sessionStorage.setItem(place, JSON.stringify(typed));
    } catch { /* a full store: the browser asks before the page is left */ }
  };
  const keepOn = () => addEventListener("pagehide", keep); // more may be typed until then
  addEventListener("outdated", () => {
    keep();
    keepOn();
  });
  if (kept === null) return null;
  keepOn();
  return JSON.parse(kept);
}

/**
 * Return what outdated pages of this window kept of forms of which one is open at a time. Who opens one takes it out; the others stay kept.
 * @param {string} name of the forms
 * @param {() => any} read what is typed in the open one and not sent, null if nothing is
 * @returns {any[]}
 */
export function keptForms(name, read) {
  /** @type {any[]} */
  const kept = [];
  askBeforeLeaving(() => read() !== null);
  const before = keptUnder(name, () => {
    const typed = read();
    const all = typed === null ? kept : [...kept, typed];
    return all.length ? all : null;
  });
  kept.push(...[before ?? []].flat()); // a page of an earlier release kept one, and no list
  return kept;
}
