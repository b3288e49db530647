// The open batch before it is sealed: its rows, what is wrong with them, the pages that they make.
import { get, page, post, remove } from "./api.js";
import { confirmed } from "./dialogs.js";
import { alarm, announce, byId, count, fill, h } from "./dom.js";

/** Say what a row does, in a word that needs no codebook. @param {any} row */
function change(row) {
  const word = { assert: row.version > 1 ? "again" : "new", amend: "amended", retract: "retracted" }[row.action] ?? row.action;
  return row.version > 1 ? `${word}, version ${row.version}` : word;
}

/** @param {any} finding */
function findingItem(finding) {
  return h("li", { class: finding.severity }, finding.path ? `${finding.path}${finding.line ? `:${finding.line}` : ""}: ` : "", finding.message, finding.remedy ? h("span", { class: "meaning" }, ` ${finding.remedy}`) : null);
}

/** Take a row back, with what refers to it if that is agreed to. @param {any} row */
async function drop(row) {
  const ask = (/** @type {string} */ text) => confirmed(`Take ${row.id} back?`, h("p", {}, text), "Take it back");
  if (!await ask("The row is removed from the open batch as if it had never been added.")) return;
  try {
    await remove(`api/open/${encodeURIComponent(row.place)}`, { with_references: false, digest: row.digest });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    if (!await ask(`${message} Take back what refers to it, too?`)) return;
    await remove(`api/open/${encodeURIComponent(row.place)}`, { with_references: true, digest: row.digest });
  }
  announce("Taken back.");
  await load();
}

/** @param {any} found */
function draw(found) {
  const { rows, findings, errors } = found;
  const rules = found.checked?.rules;
  byId("verdict").textContent = rows.length ? `${count(rows.length, "row")}, ${rules ? `checked by ${count(rules, "rule")}: ` : ""}${errors ? count(errors, "error") : "nothing breaks a rule"}.` : "Nothing waits to be sealed.";
  const all = [...rows.flatMap((/** @type {any} */ row) => row.findings.map((/** @type {any} */ one) => ({ ...one, row }))), ...findings];
  byId("findings-part").hidden = !all.length;
  fill(byId("findings"), all.map((one) => h("li", { class: one.severity }, one.row ? [h("a", { href: `#row-${one.row.place}` }, one.row.id), ": "] : null, one.row ? one.message : findingItem(one).textContent, one.remedy && one.row ? h("span", { class: "meaning" }, ` ${one.remedy}`) : null)));
  fill(byId("rows"), rows.map((/** @type {any} */ row) => h("tr", { id: `row-${row.place}`, tabindex: "-1", class: row.findings.length ? "flawed" : null }, h("th", { scope: "row" }, row.address ? h("a", { href: row.address }, row.id) : row.id), h("td", {}, row.stream), h("td", {}, change(row)), h("td", {}, row.label ?? ""), h("td", {}, row.recorded_by),
    h("td", {}, row.findings.length ? h("ul", { class: "flaws" }, row.findings.map(findingItem)) : "", h("button", { type: "button", class: "quiet", "aria-label": `Take ${row.id} back`, on: { click: () => drop(row).catch((error) => alarm(error.message)) } }, "take back")))));
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
  const given = Object.fromEntries(["slug", "title", "method"].map((name) => [name, byId(`seal-${name}`).value.trim()]));
  if (!await confirmed("Seal the batch?", h("p", {}, "A sealed batch is part of the log for good. What is wrong in it is mended by amendments."), "Seal")) return;
  byId("seal").disabled = true;
  byId("seal-note").textContent = "Sealing: all rules are checked once more …";
  try {
    const found = await post("api/seal", given);
    byId("seal-part").hidden = true;
    await load();
    byId("sealed").hidden = false;
    fill(byId("sealed"), h("strong", {}, `Sealed as ${found.batch}.`), " Commit together: ", found.commit_together.map((/** @type {string} */ path) => [h("code", {}, path), " "]), h("p", {}, h("a", { href: page("") }, "Start")));
    byId("sealed").focus();
  } catch (error) {
    const told = /** @type {any} */ (error);
    fill(byId("seal-problems"), [{ severity: "error", message: told.message }, ...(told.body?.findings ?? [])].map(findingItem));
    byId("seal").disabled = false;
  }
  byId("seal-note").textContent = "";
}

async function start() {
  await load();
  byId("preview").addEventListener("click", preview);
  byId("seal-form").addEventListener("submit", seal);
  addEventListener("focus", () => load().catch((error) => alarm(error.message)));
  const proposed = await get("api/seal");
  for (const name of ["slug", "title", "method"]) byId(`seal-${name}`).value = proposed[name] ?? "";
}

start().catch((error) => alarm(error.message));
