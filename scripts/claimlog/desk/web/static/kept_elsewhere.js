// What this browser keeps of the role that other desks at this address have not saved: of other packages, or of this one
// before it was copied, moved or restored. Which of them was this one, only the person knows. And what is kept of this one
// that no page understands.
import { get, KEPT, quoted } from "./api.js";
import { byId, count, fill, h, say } from "./dom.js";
import { keptAt, rename, unsavedKind } from "./unsaved_kinds.js";

const [ORIGIN, DESK, ROLE] = KEPT.split("/");

/** How many changes of a desk are named. */
const NAMED = 3;

/**
 * @typedef {object} Kept
 * @property {string} key
 * @property {string} own the key under which it would be of this desk
 * @property {string} source
 * @property {any} value
 * @property {string} words that a person knows it by
 */

/** What other desks have not saved, by the mark of each. @returns {Map<string, Kept[]>} */
function keptElsewhere() {
  const found = new Map();
  for (const key of Object.keys(localStorage).sort()) {
    const [origin, desk, role] = key.split("/");
    const kind = origin === ORIGIN && desk !== DESK && role === ROLE && unsavedKind(key);
    const value = kind && keptAt(key);
    if (value) found.set(desk, [...found.get(desk) ?? [], { key, own: kind.own, source: kind.source, value, words: kind.words(value) }]);
  }
  return found;
}

/** Whether something that is kept can be saved here: the source is there, with the text in which it was chosen. @param {Kept} kept */
async function fits({ source, value }) {
  try {
    const { source: row } = await get(quoted`api/sources/${source}`);
    return [undefined, row.text_sha256].includes(value.value?.text_sha256);
  } catch (error) {
    if (/** @type {any} */ (error).status === 404) return false;
    throw error;
  }
}

/** Go on here with what one desk has not saved, but with nothing that is of another text, or kept here already. @param {Kept[]} all */
async function takeOver(all) {
  let fit;
  try {
    fit = await Promise.all(all.map(fits));
  } catch (error) {
    say(`Nothing was taken: ${/** @type {any} */ (error).message}`);
    return;
  }
  const taken = all.filter(({ key, own }, at) => fit[at] && rename(key, own));
  if (taken.length) location.reload();
  else say("Nothing was taken: the texts are not here, or not as they were, or what is kept here of the same is not saved either.");
}

/** Say what one desk has not saved. @param {Kept[]} all */
function section(all) {
  const named = all.slice(0, NAMED).map(({ source, words }) => `${source} ${words ? `“${words.slice(0, 60)}”` : "a change without words"}`).join("; ");
  const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : "";
  return h("div", {}, h("p", {}, `This browser keeps ${count(all.length, "change")} of ${ROLE} that another desk at this address has not saved: ${named}${more}. Start that one again, and open its start address, to save them there.`),
    h("p", { class: "buttons" }, h("button", { type: "button", on: { click: () => takeOver(all) } }, "It was this package, before it was moved or restored: go on with them here")));
}

/** The keys of what this browser keeps of this desk that no page understands: all leave it as it is. */
function notUnderstood() {
  return Object.keys(localStorage).sort().filter((key) => key.startsWith(`${KEPT}/`) && unsavedKind(key) && ![null, "null"].includes(localStorage.getItem(key)) && !keptAt(key));
}

/** Say what of one key is not understood. @param {string} key */
function passedOver(key) {
  const giveUp = () => {
    localStorage.removeItem(key);
    draw();
  };
  return h("div", {}, h("p", {}, `This browser keeps something of ${unsavedKind(key)?.source} that is not saved, and that this release of the desk does not understand. It stays as it is until you give it up; copy the words that you need.`),
    h("details", {}, h("summary", {}, "What is kept"), localStorage.getItem(key)),
    h("p", { class: "buttons" }, h("button", { type: "button", on: { click: giveUp } }, "Give it up")));
}

function draw() {
  const all = [...[...keptElsewhere().values()].map(section), ...notUnderstood().map(passedOver)];
  const place = byId("kept-elsewhere");
  fill(place, all);
  place.hidden = !all.length;
}

draw();
