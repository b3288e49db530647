// A registered source: its description, its claims, and page furniture that is marked afterwards.
import { get, page, put, quoted } from "./api.js";
import { isFilled } from "./applicability.js";
import { alarm, announce, byId, fill, h } from "./dom.js";
import { EntryNames, valueText } from "./entry_names.js";
import { FurnitureMarks, plainMark } from "./furniture_marks.js";
import { LOOK, keptForm } from "./kept_form.js";

const { source, decides } = /** @type {{source: string, decides?: string}} */ (document.body.dataset);

/** @param {any} row @param {any} form */
function drawAbout(row, form) {
  const names = new EntryNames(source);
  const draw = () => fill(byId("about"), form.streams.sources.fields.filter((/** @type {any} */ field) => isFilled(row[field.column]) && field.kind !== "objects")
    .map((/** @type {any} */ field) => h("div", {}, h("dt", {}, field.label), h("dd", { dir: "auto" }, valueText(field, row[field.column], names)))));
  names.addEventListener("named", draw);
  draw();
}

async function drawClaims() {
  const { claims } = await get(quoted`api/sources/${source}/claims`);
  byId("claims-part").hidden = !claims.length;
  fill(byId("claims"), claims.map((/** @type {any} */ one) => h("li", {}, h("a", { href: page(quoted`claims/${one.claim_id}`) }, one.claim_id), ` ${one.statement} `, one.is_open ? h("span", { class: "state" }, "open, not sealed") : null)));
}

/** Mark furniture, and save it. @param {any} found @param {any} form */
function beginMarking(found, form) {
  let { source: { version }, digest } = found;
  const marks = new FurnitureMarks(found.text.content, found.source.language, form.furniture_kinds ?? [], found.text.furniture, showState);
  let saved = JSON.stringify(marks.furniture);
  /** What was sent without an answer: it may be what is there by now. */
  let unanswered = "";
  let isSending = false;
  const isSaved = () => JSON.stringify(marks.furniture) === saved;

  function showState() {
    byId("save").disabled = isSending || isSaved();
    const state = isSaved() ? "saved" : isSending ? "saving" : "unsaved";
    byId("saved").dataset.state = state;
    byId("saved").textContent = { saved: "Saved", saving: "Saving …", unsaved: "Not saved" }[state];
  }

  /** @param {any} answer @param {string} furniture that it answers */
  function take(answer, furniture) {
    ({ source: { version }, digest } = answer);
    saved = furniture;
  }

  /** Send the marks; more may be made until the answer comes. @returns {Promise<any>} */
  async function send() {
    const { furniture } = marks;
    try {
      take(await put(quoted`api/sources/${source}/furniture`, { version, digest, furniture, reason: byId("reason").value.trim() }), JSON.stringify(furniture));
      unanswered = "";
    } catch (error) {
      const { code, isPassing } = /** @type {any} */ (error);
      const there = code === "stale" && unanswered && await get(quoted`api/sources/${source}`);
      const isOwn = there && JSON.stringify(there.text.furniture.map(plainMark)) === unanswered;
      if (isPassing) unanswered = JSON.stringify(furniture);
      if (!isOwn) throw error;
      take(there, unanswered);
      unanswered = "";
      if (!isSaved()) await send();
    }
  }

  /** Go on with marks that were made in the form of another definition: on what is marked by now. @param {any} kept */
  function takeUp({ text, before, furniture, reason }) {
    byId("reason").value = reason;
    if (text !== found.text.sha256) {
      alarm("The text was corrected since furniture was marked in it. Mark again.");
      return;
    }
    const isIn = (/** @type {any} */ mark, /** @type {any[]} */ all) => all.some((one) => JSON.stringify(one) === JSON.stringify(mark));
    const others = marks.furniture.filter((mark) => !isIn(mark, before) && !isIn(mark, furniture));
    const own = furniture.filter((/** @type {any} */ mark) => !isIn(mark, before) || isIn(mark, marks.furniture));
    marks.put([...own, ...others]);
    alarm(LOOK);
  }

  byId("furniture-form").hidden = false;
  byId("reason").required = found.sealed;
  const kept = keptForm(`sources/${source}/furniture`, () => (isSaved() && !byId("reason").value ? null : { text: found.text.sha256, before: JSON.parse(saved), furniture: marks.furniture, reason: byId("reason").value }));
  if (kept) takeUp(kept);
  byId("furniture-form").addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    fill(byId("problems"));
    const { value: reason } = byId("reason");
    isSending = true;
    showState();
    try {
      await send();
      if (byId("reason").value === reason) byId("reason").value = "";
      alarm();
      announce("Saved to the open batch.");
    } catch (error) {
      const { code, message, body } = /** @type {any} */ (error);
      if (code === "stale") alarm("This source was amended meanwhile. Reload the page to see it, and mark again.");
      fill(byId("problems"), [{ message }, ...(body?.findings ?? [])].map((one) => h("li", {}, one.message)));
    }
    isSending = false;
    showState();
  });
}

async function start() {
  const [form, found] = await Promise.all([get("api/form"), get(quoted`api/sources/${source}`)]);
  fill(byId("title"), found.source.title);
  drawAbout(found.source, form);
  if (decides !== undefined) await drawClaims();
  if (!found.text) {
    byId("no-text").hidden = false;
    byId("marking").hidden = true;
  } else if (found.may_mark_furniture) beginMarking(found, form);
  else {
    new FurnitureMarks(found.text.content, found.source.language, form.furniture_kinds ?? [], found.text.furniture, null); // eslint-disable-line no-new -- it lives in the page
    byId("fixed").hidden = false;
  }
}

start().catch((error) => alarm(error.message));
