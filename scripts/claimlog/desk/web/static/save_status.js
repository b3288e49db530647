// What is saved, said on the page; and what could not be, with what can be done.
import { closer, sideBySide, show } from "./dialogs.js";
import { alarm, byId, count, h } from "./dom.js";
import { isFilled } from "./applicability.js";
import { goneWords, valueText } from "./entry_names.js";

/** Show the state of saving. @param {import("./work.js").Work} work @param {() => void} settle opens what is in conflict */
export function showStatus(work, settle) {
  const { queue } = work;
  const saved = byId("saved");
  const unsaved = queue.changes.size;
  const kept = queue.isKept ? "kept in this browser" : "kept in this page only: do not close it";
  const now = queue.conflicts.length || queue.refused.length ? "bad" : queue.failure ? "failed" : unsaved ? "saving" : "saved";
  saved.dataset.state = now;
  const text = { bad: "Not saved", failed: `Not saved, ${kept}`, saving: "Saving …", saved: "Saved" }[now];
  if (saved.textContent !== text) saved.textContent = text;
  if (queue.conflicts.length) alarm(`${count(queue.conflicts.length, "claim")} changed elsewhere while you changed ${queue.conflicts.length === 1 ? "it" : "them"} here. Nothing is lost. `, h("button", { type: "button", on: { click: settle } }, "Compare and decide"));
  else if (queue.refused.length) showRefused(work, queue.refused[0]);
  else if (queue.failure) alarm(`${queue.failure} ${count(unsaved, "change")} ${kept}; sending is tried again by itself. `, h("button", { type: "button", on: { click: () => queue.send() } }, "Try now"));
  else alarm();
}

/** Say why a change is not saved. @param {import("./work.js").Work} work @param {import("./save_queue.js").Change} change */
function showRefused(work, change, problem = "") {
  const giveUp = () => work.giveUp(change).catch((error) => showRefused(work, change, `Not given up: ${error.message}`));
  alarm(`Not saved: ${change.refusal} Change it, and it is sent again. ${problem} `, h("button", { type: "button", on: { click: giveUp } }, "Give this change up"));
}

/**
 * Compare the own version of a draft with what another page saved, and decide.
 * @param {import("./work.js").Work} work
 * @param {any[]} fields
 * @param {import("./entry_names.js").EntryNames} names
 */
export async function settleConflict(work, fields, names) {
  const [change] = work.queue.conflicts;
  if (!change) return;
  const mine = change.value;
  const theirs = change.current?.draft?.value ?? null;
  const text = (/** @type {any} */ row, /** @type {any} */ field) => (row ? valueText(field, row[field.column], names) : "");
  const span = (/** @type {any} */ utf16) => (utf16 ? work.content.slice(...utf16) : "(no claim)");
  const rows = [["Passage", span(mine?.utf16), span(change.current?.draft?.span.utf16)],
    ...fields.filter((field) => isFilled(mine?.[field.column]) || isFilled(theirs?.[field.column])).map((field) => [field.label, text(mine, field), text(theirs, field)])];
  const [gone, theirsGone] = [mine, theirs].map((row) => goneWords(fields, row ?? {}).join(" "));
  if (gone || theirsGone) rows.push(["Without a question", gone, theirsGone]);
  const merged = mine && theirs ? { ...theirs, ...mine, utf16: mine.utf16 } : null;
  if (merged) {
    delete merged.start;
    delete merged.end;
  }
  const chosen = await show("Changed in two places", [h("p", {}, "Another page of this role saved this claim after this page had read it."), sideBySide(rows, ["Here", "Saved elsewhere"]),
    h("p", { class: "buttons" }, closer("Take what is here", "mine", true), closer("Take what is saved", "theirs"), merged ? closer("Take both, this page first", "merged") : null)], "wide");
  if (chosen === "mine" && mine) work.resolve(change.name, mine);
  else if (chosen === "merged") work.resolve(change.name, merged);
  else if (chosen === "theirs") work.resolve(change.name, null);
  else if (chosen === "mine") {
    work.resolve(change.name, null);
    if (work.draft(change.name)) work.delete(change.name);
  }
}
