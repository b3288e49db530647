// Finishing a text: asked once more, and refused while a claim breaks a rule.
import { post } from "./api.js";
import { close, closer, confirmed, isDialogOpen, show } from "./dialogs.js";
import { announce, count, h, say } from "./dom.js";
import { labelledItem, rowFindings } from "./record_view.js";

/**
 * Declare a text finished, or show what is to be mended first.
 * @param {import("./work.js").Work} work
 * @param {import("./claim_checks.js").ClaimChecks} checks
 * @param {(draft: any) => void} open
 */
export async function finishWork(work, checks, open) {
  if (!await checks.record.arrived()) return;
  await work.queue.sendNow();
  if (work.queue.changes.size) {
    say("Not everything is saved: settle that first.");
    return;
  }
  if (isDialogOpen()) return; // it was asked for twice meanwhile, or something else is
  const { shown } = work; // what is confirmed, whatever is read meanwhile
  const text = "What is finished cannot be changed any more, and is compared with the others' codings once they have finished too.";
  if (!await confirmed("Finish this text?", h("p", {}, `${count(work.drafts.length, "claim")}. ${text}`), "Finish")) return;
  let refused = /** @type {any} */ (null);
  try {
    work.reset(await post(`${work.path}/finish`, shown));
  } catch (error) {
    refused = error;
    if (refused.code === "stale" || refused.isPassing) await work.refresh(); // it may be only the answer that was lost
  }
  if (work.finished) {
    announce("Finished.");
    return;
  }
  checks.findings = refused.body?.findings ?? checks.findings;
  await showFlaws(work, checks, refused.message, open);
}

/** Show the claims with findings; each leads to its claim. @param {import("./work.js").Work} work @param {import("./claim_checks.js").ClaimChecks} checks @param {string} message @param {(draft: any) => void} open */
function showFlaws(work, checks, message, open) {
  const { record } = checks;
  const items = work.drafts.filter((draft) => checks.of(draft.draft).length).map((draft) => {
    const { missing, others } = rowFindings(checks.of(draft.draft), record.walk.missing(draft.value));
    return h("li", {}, h("button", { type: "button", class: "quiet", on: { click: (/** @type {any} */ event) => { close(event.currentTarget); open(draft); } } }, `Claim ${work.drafts.indexOf(draft) + 1}`), ` ${missing}`,
      others.length ? h("ul", { class: "flaws" }, others.map((one) => labelledItem(one, record.fields))) : null);
  });
  return show("Not finished", [h("p", {}, message), h("ol", { class: "plain" }, items), h("p", { class: "buttons" }, closer("Close"))]);
}
