// A value of one's own for a passage: the form of the coders, in a dialog. What is begun survives a reload.
import { post, quoted } from "./api.js";
import { unreadSlots } from "./applicability.js";
import { close, closer, registerEntry, show } from "./dialogs.js";
import { h } from "./dom.js";
import { Pins } from "./pins.js";
import { RecordForm } from "./record_form.js";
import { withoutBlanks } from "./work.js";

/**
 * Ask for a value; return it with its words, or null if it is not taken.
 * @param {any} unit
 * @param {any} begin what the form shows at first
 * @param {(kept: any) => void} keep is told of each change
 * @param {{decisions: import("./decisions.js").Decisions, form: any, names: any, content: string, source: string, role: string, isBegun: () => boolean}} host `isBegun` says whether anything is kept
 * @returns {Promise<any>}
 */
export async function askValue(unit, begin, keep, host) {
  const { decisions, form, names, source } = host;
  const summary = h("ol", { class: "summary", "aria-label": "Questions" });
  const panel = h("div", { class: "panel", tabindex: "0", role: "group", "aria-label": "The question" });
  const span = unit.verdict?.value?.utf16 ?? (unit.left ?? unit.right)?.span.utf16 ?? unit.span.utf16;
  let value = structuredClone(begin);
  const change = (/** @type {any} */ row) => {
    value = row;
    keep({ unit: unit.unit, utf16: span, value });
  };
  const record = new RecordForm(summary, panel, form, {
    names, pins: new Pins(host.role),
    earlier: () => decisions.state.units.flatMap((/** @type {any} */ one) => [one.left?.value, one.right?.value, one.verdict?.value].filter(Boolean)),
    ownWords: (/** @type {string} */ typed) => post(quoted`api/sources/${source}/own-words`, { text: typed }),
    register: (/** @type {string} */ stream, /** @type {string} */ typed) => registerEntry(form.streams[stream], typed, async (id, entry, isWanted) => {
      await decisions.register(stream, id, entry, isWanted);
      names.asked.clear();
    }, () => names.next(stream)),
  }, { change, complete: () => panel.focus(), leave: () => { record.rest(); panel.focus(); } });
  const done = h("p", { class: "buttons" }, h("button", { type: "button", class: "strong", on: { click: () => take() } }, "Take this"), closer("Not now"));
  const take = async () => {
    if (!await record.arrived()) return;
    const [unread] = unreadSlots(record.fields, value);
    if (unread) record.goTo(unread.key);
    else close(done, "take");
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.target instanceof Node && panel.contains(event.target) && record.keys.take(event)) event.preventDefault();
  };
  addEventListener("keydown", keys);
  const closed = show("A value of one's own", [h("p", { class: "quote" }, h("q", { dir: "auto" }, host.content.slice(...span))), h("div", { class: "editor" }, summary, panel), done], "wide editor-dialog", host.isBegun);
  record.open(value, [], "The claim");
  record.goToOpen();
  const answer = await closed;
  removeEventListener("keydown", keys);
  record.close(); // what is looked up for it and comes now is for nothing
  if (answer !== "take") return null;
  const { start, end, utf16, ...rest } = value;
  return { ...withoutBlanks(rest), utf16: span };
}
