// A claim of the log: its history, and amending it.
import { get, post } from "./api.js";
import { alarm, announce, byId, count, fill, h, settled } from "./dom.js";
import { registerEntry } from "./dialogs.js";
import { EntryNames, valueText } from "./entry_names.js";
import { Pins } from "./pins.js";
import { RecordForm } from "./record_form.js";

const { claim, role } = /** @type {{claim: string, role: string}} */ (document.body.dataset);

/** Whether two values of a column say the same. @param {any} one @param {any} other */
function isSame(one, other) {
  const plain = (/** @type {any} */ value) => (value === undefined || value === "" || (Array.isArray(value) && !value.length) ? null : value);
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
}

/** The claim, and what is about to be written. */
class ClaimPage {
  /** @param {any} form @param {any} found */
  constructor(form, found) {
    this.form = form;
    this.fields = form.streams.claims.fields;
    this.names = new EntryNames(found.claim.source_id);
    this.names.addEventListener("named", settled(50, () => this.drawHistory()));
    this.record = new RecordForm(byId("summary"), byId("panel"), form, {
      names: this.names, pins: new Pins(role), earlier: () => [found.claim],
      ownWords: (/** @type {string} */ text) => post(`api/sources/${found.claim.source_id}/own-words`, { text }),
      register: (/** @type {string} */ stream, /** @type {string} */ typed) => registerEntry(form.streams[stream], typed, (id, value) => post(`api/registers/${stream}`, { value }), () => this.names.next(stream)),
    }, { change: (row) => { this.row = row; this.drawChanges(); this.trySoon(); }, complete: () => byId("reason").focus(), leave: () => byId("reason").focus() });
    this.trySoon = settled(400, () => this.amend(false));
    byId("amend-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.amend(true);
    });
    addEventListener("keydown", (event) => byId("panel").contains(event.target) && this.record.keys.take(event) && event.preventDefault());
    this.show(found);
  }

  /** @param {any} found */
  show(found) {
    this.found = found;
    this.row = Object.fromEntries(this.fields.map((/** @type {any} */ field) => [field.column, found.claim[field.column] ?? null]));
    this.before = structuredClone(this.row);
    fill(byId("title"), found.claim.statement ?? claim);
    fill(byId("quote"), found.quote ? h("blockquote", { dir: "auto" }, found.quote) : h("p", { class: "meaning" }, "The text is not at hand."));
    this.record.open(this.row, [], `${claim}, version ${found.version}`);
    this.drawHistory();
    this.drawChanges();
  }

  /** Columns that are other than before, with their values. */
  get changes() {
    return Object.fromEntries(Object.entries(this.row).filter(([column, value]) => !isSame(value, this.before[column])));
  }

  /** @param {string} column @param {any} value */
  text(column, value) {
    const field = this.fields.find((/** @type {any} */ one) => one.column === column);
    if (value === null || value === undefined) return "–";
    return (field ? valueText(field, value, this.names) : typeof value === "object" ? JSON.stringify(value) : String(value)) || "–";
  }

  /** @param {any[]} changes */
  table(changes) {
    const label = (/** @type {string} */ column) => this.fields.find((/** @type {any} */ one) => one.column === column)?.label ?? column;
    return h("table", {}, h("thead", {}, h("tr", {}, ["Column", "Before", "After"].map((one) => h("th", { scope: "col" }, one)))), h("tbody", {}, changes.map((one) => h("tr", {}, h("th", { scope: "row" }, label(one.column)), h("td", {}, this.text(one.column, one.before)), h("td", {}, this.text(one.column, one.after))))));
  }

  drawChanges() {
    const changes = Object.entries(this.changes).map(([column, after]) => ({ column, before: this.before[column], after }));
    byId("write").disabled = !changes.length;
    fill(byId("changes"), changes.length ? [h("h3", {}, `Version ${this.found.version + 1}, as it will be written`), this.table(changes)] : h("p", { class: "meaning" }, "Nothing is changed yet. Open a variable in the list and answer it anew."));
  }

  drawHistory() {
    fill(byId("history"), [...this.found.history].reverse().map((/** @type {any} */ one) => h("li", {}, h("strong", {}, `Version ${one.version}: ${one.action}`), ` ${one.recorded_at} by ${one.recorded_by}`, one.is_open ? h("span", { class: "state" }, "open, not sealed") : null,
      one.reason ? h("span", { class: "reason" }, one.reason) : null, one.changes.length ? h("details", {}, h("summary", {}, `${count(one.changes.length, "column")} changed`), this.table(one.changes)) : null)));
  }

  /** Try an amendment, or write it. @param {boolean} write */
  async amend(write) {
    const { changes } = this;
    if (!Object.keys(changes).length) {
      fill(byId("problems"));
      return;
    }
    try {
      const answer = await post(`api/claims/${claim}/amend`, { version: this.found.version, digest: this.found.digest, changes, reason: byId("reason").value.trim(), write });
      const findings = write ? answer.findings : answer.findings.filter((/** @type {any} */ one) => !one.columns.includes("reason"));
      fill(byId("problems"), findings.map((/** @type {any} */ one) => h("li", { class: one.severity }, one.message)));
      if (!answer.written) return;
      announce("Written to the open batch.");
      byId("reason").value = "";
      this.show(await get(`api/claims/${claim}`));
      byId("written").hidden = false;
    } catch (error) {
      const told = /** @type {any} */ (error);
      if (told.code === "stale") alarm("This claim was amended meanwhile. Reload to see it; what you changed here is listed below until then.");
      fill(byId("problems"), [told, ...(told.body?.findings ?? [])].map((/** @type {any} */ one) => h("li", {}, one.message)));
    }
  }
}

async function start() {
  const [form, found] = await Promise.all([get("api/form"), get(`api/claims/${claim}`)]);
  window.claimlogDesk = new ClaimPage(form, found);
}

start().catch((error) => alarm(error.message));
