// The open batch before it is sealed: its rows, what is wrong with them, the pages that they make.
import { get, page, post, quoted, remove } from "./api.js";
import { confirmed } from "./dialogs.js";
import { alarm, announce, byId, count, fill, h } from "./dom.js";
import { LOOK, keptForm } from "./kept_form.js";

/** Say what a row does, in a word that needs no codebook. @param {any} row */
function change(row) {
  const word = { assert: row.version > 1 ? "again" : "new", amend: "amended", retract: "retracted" }[row.action] ?? row.action;
  return row.version > 1 ? `${word}, version ${row.version}` : word;
}

/** @param {any} finding */
function findingItem(finding) {
  return h("li", { class: finding.severity }, finding.path ? `${finding.path}${finding.line ? `:${finding.line}` : ""}: ` : "", finding.message, finding.remedy ? h("span", { class: "meaning" }, ` ${finding.remedy}`) : null);
}

/** The open batch as the page shows it. */
let shown = /** @type {any} */ ({ rows: [], digest: "" });

/** Texts of the batch that are proposed, and may be changed. */
const TEXTS = ["slug", "title", "method"];

/** Digest of the rows that were to be sealed, if no answer came. */
let unanswered = "";

/** Show what is there after something was refused or no answer came; whether it was read. */
async function isRead() {
  return load().then(() => true, () => false);
}

/** Take a row back, with what refers to it if that is agreed to; whether it is. @param {any} row */
async function takeBack(row) {
  const ask = (/** @type {string} */ text, /** @type {any} */ list = null) => confirmed(`Take ${row.id} back?`, h("div", {}, h("p", {}, text), list), "Take it back");
  if (!await ask("The row is removed from the open batch as if it had never been added.")) return false;
  const path = quoted`api/open/${row.place}`;
  try {
    await remove(path, { with_references: false, digest: row.digest });
  } catch (error) {
    const { body } = /** @type {any} */ (error);
    if (!body?.digest) throw error;
    const others = h("ul", { class: "flaws" }, body.findings.map((/** @type {any} */ one) => h("li", {}, `${one.entity ?? one.path}: ${one.message}`)));
    if (!await ask("These cannot stay without it. Take them back, too?", others)) return false;
    await remove(path, { with_references: true, digest: body.digest });
  }
  return true;
}

/** @param {any} row */
async function drop(row) {
  let told = /** @type {any} */ (null);
  try {
    if (!await takeBack(row)) return;
  } catch (error) {
    told = error;
  }
  const isGone = await isRead() && !shown.rows.some((/** @type {any} */ one) => one.digest === row.digest);
  if (isGone && told?.code !== "stale") {
    alarm();
    announce("Taken back.");
  } else alarm(told?.message ?? "It is taken back, but what is there now could not be read.");
}

/** @param {any} found */
function draw(found) {
  const { rows, findings, errors } = found;
  shown = found;
  const rules = found.checked?.rules;
  byId("verdict").textContent = rows.length ? `${count(rows.length, "row")}, ${rules ? `checked by ${count(rules, "rule")}: ` : ""}${errors ? count(errors, "error") : "nothing breaks a rule"}.` : "Nothing waits to be sealed.";
  const all = [...rows.flatMap((/** @type {any} */ row) => row.findings.map((/** @type {any} */ one) => ({ ...one, row }))), ...findings];
  byId("findings-part").hidden = !all.length;
  fill(byId("findings"), all.map((one) => h("li", { class: one.severity }, one.row ? [h("a", { href: `#row-${one.row.place}` }, one.row.id), ": "] : null, one.row ? one.message : findingItem(one).textContent, one.remedy && one.row ? h("span", { class: "meaning" }, ` ${one.remedy}`) : null)));
  fill(byId("rows"), rows.map((/** @type {any} */ row) => h("tr", { id: `row-${row.place}`, tabindex: "-1", class: row.findings.length ? "flawed" : null }, h("th", { scope: "row" }, row.address ? h("a", { href: row.address }, row.id) : row.id), h("td", {}, row.stream), h("td", {}, change(row)), h("td", {}, row.label ?? ""), h("td", {}, row.recorded_by),
    h("td", {}, row.findings.length ? h("ul", { class: "flaws" }, row.findings.map(findingItem)) : "", h("button", { type: "button", class: "quiet", "aria-label": `Take ${row.id} back`, on: { click: () => drop(row) } }, "take back")))));
  byId("rows-part").hidden = !rows.length;
  byId("seal-part").hidden = !rows.length;
  byId("seal").disabled = errors > 0;
  byId("no-seal").hidden = !errors;
}

async function load() {
  draw(await get("api/open"));
}

async function preview() {
  byId("preview-note").textContent = "Building the pages: this takes some seconds …";
  try {
    const { address } = await post("api/preview", {}, 600);
    byId("preview-note").textContent = "";
    fill(byId("frame"), h("p", {}, h("a", { href: address, target: "_blank" }, "Open the preview in a window of its own")), h("iframe", { class: "full-frame", src: address, title: "Preview of the site" }));
  } catch (error) {
    const told = /** @type {any} */ (error);
    byId("preview-note").textContent = told.message;
    fill(byId("frame"), h("ul", { class: "flaws" }, (told.body?.findings ?? []).map(findingItem)));
  }
}

async function seal(/** @type {Event} */ event) {
  event.preventDefault();
  const texts = Object.fromEntries(TEXTS.map((name) => [name, byId(`seal-${name}`).value.trim()]));
  const given = { ...texts, digest: shown.digest }; // what is confirmed, whatever is read meanwhile
  if (!await confirmed("Seal the batch?", h("p", {}, "A sealed batch is part of the log for good. What is wrong in it is mended by amendments."), "Seal")) return;
  byId("seal").disabled = true;
  byId("seal-note").textContent = "Sealing: all rules are checked once more …";
  try {
    const found = await post("api/seal", given);
    await isRead();
    say(h("strong", {}, `Sealed as ${found.batch}.`), " Commit together: ", found.commit_together.map((/** @type {string} */ path) => [h("code", {}, path), " "]));
  } catch (error) {
    const told = /** @type {any} */ (error);
    if (told.isPassing) unanswered = given.digest;
    byId("seal").disabled = false;
    const isGone = await isRead() && !shown.rows.length;
    if (isGone && unanswered === given.digest) say("No answer came, and nothing waits to be sealed any more: it is sealed if ", h("code", {}, "git status"), " shows a new directory in events/. Commit together what it shows.");
    else if (isGone) alarm(told.message);
    else fill(byId("seal-problems"), [{ severity: "error", message: told.message }, ...(told.body?.findings ?? [])].map(findingItem));
  }
  byId("seal-note").textContent = "";
}

/** Say what became of sealing. @param {...any} content */
function say(...content) {
  byId("seal-part").hidden = true;
  byId("sealed").hidden = false;
  fill(byId("sealed"), ...content, h("p", {}, h("a", { href: page("") }, "Start")));
  byId("sealed").focus();
}

/** What is typed of the texts of the batch, null if it is what was proposed. */
function typedTexts() {
  const typed = TEXTS.map((name) => [name, byId(`seal-${name}`)]).filter(([, { value, defaultValue }]) => value !== defaultValue);
  return typed.length && byId("sealed").hidden ? Object.fromEntries(typed.map(([name, { value }]) => [name, value])) : null;
}

async function start() {
  await load();
  const kept = keptForm("seal", typedTexts);
  for (const [name, text] of Object.entries(kept ?? {})) byId(`seal-${name}`).value = text;
  if (kept) alarm(LOOK);
  byId("preview").addEventListener("click", preview);
  byId("seal-form").addEventListener("submit", seal);
  addEventListener("focus", () => load().catch((error) => alarm(error.message)));
  const proposed = await get("api/seal");
  for (const name of TEXTS) byId(`seal-${name}`).defaultValue = proposed[name] ?? ""; // what was typed meanwhile stays
}

start().catch((error) => alarm(error.message));
