// A claim of the log: its history, and amending it.
import { get, post, quoted, remove } from "./api.js";
import { slotFlaw, unreadSlots } from "./applicability.js";
import { alarm, announce, byId, count, fill, h, settled } from "./dom.js";
import { registerEntry } from "./dialogs.js";
import { EntryNames, goneWords, valueText } from "./entry_names.js";
import { plainText } from "./held_value.js";
import { LOOK, keptForm } from "./kept_form.js";
import { Pins } from "./pins.js";
import { RecordForm } from "./record_form.js";

const { claim, role } = /** @type {{claim: string, role: string}} */ (document.body.dataset);

/** Whether two values of a column say the same. @param {any} one @param {any} other */
function isSame(one, other) {
  const plain = (/** @type {any} */ value) => (value === undefined || value === "" || (Array.isArray(value) && !value.length) ? null : value);
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
}

/** Whether a claim as it is now is what was to be written: only the answer was lost. @param {any} found @param {any} sent */
function isWritten({ claim: row, version, history }, sent) {
  return version === sent.version + 1 && (history.at(-1).reason ?? "") === sent.reason && Object.entries(sent.changes).every(([column, value]) => isSame(row[column], value));
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
      ownWords: (/** @type {string} */ text) => post(quoted`api/sources/${found.claim.source_id}/own-words`, { text }),
      register: (/** @type {string} */ stream, /** @type {string} */ typed) => registerEntry(form.streams[stream], typed, (_, value, isWanted) => this.register(stream, value, isWanted), () => this.names.next(stream)),
    }, { change: (row) => { this.row = row; this.drawChanges(); this.trySoon(); }, complete: () => byId("reason").focus(), leave: () => byId("reason").focus() });
    this.trySoon = settled(400, () => this.amend(false));
    this.isWriting = false;
    this.asked = 0;
    byId("amend-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.record.arrived().then((isAll) => isAll && this.amend(true));
    });
    addEventListener("keydown", (event) => byId("panel").contains(event.target) && this.record.keys.take(event) && event.preventDefault());
    const before = this.rowOf(found);
    this.row = before;
    /** @type {Record<string, any>} what was typed in columns that there are no more: it is shown, and written nowhere */
    this.gone = {};
    const kept = keptForm(`claims/${claim}`, () => {
      const changes = { ...this.gone, ...this.changes };
      return Object.keys(changes).length || byId("reason").value ? { changes, reason: byId("reason").value } : null;
    });
    if (kept) this.takeUp(kept);
    this.record.open(this.row);
    this.show(found, before);
  }

  /** Go on with what was typed in the form of another definition. @param {{changes: any, reason: string}} kept */
  takeUp({ changes, reason }) {
    const of = (/** @type {boolean} */ isKnown) => Object.fromEntries(Object.entries(changes).filter(([column]) => column in this.row === isKnown));
    this.gone = of(false);
    this.row = { ...this.row, ...of(true) };
    byId("reason").value = reason;
    alarm(LOOK);
  }

  /** @param {any} found */
  rowOf(found) {
    return Object.fromEntries(this.fields.map((/** @type {any} */ field) => [field.column, found.claim[field.column] ?? null]));
  }

  /** Show a version of the claim; what was answered otherwise here stays. @param {any} found @param {any} base the row whose answers are not kept */
  show(found, base) {
    this.found = found;
    this.before = this.rowOf(found);
    this.row = Object.fromEntries(Object.entries(this.before).map(([column, value]) => [column, isSame(this.row[column], base[column]) ? value : this.row[column]]));
    fill(byId("title"), found.claim.statement ?? claim);
    fill(byId("quote"), found.quote ? h("blockquote", { dir: "auto" }, found.quote) : h("p", { class: "meaning" }, "The text is not at hand."));
    this.record.update(this.row, [], `${claim}, version ${found.version}`);
    this.drawHistory();
    this.drawChanges();
  }

  /** Columns that are other than before, with their values. */
  get changes() {
    return Object.fromEntries(Object.entries(this.row).filter(([column, value]) => !isSame(value, this.before[column])));
  }

  get isChanged() {
    return Object.keys(this.changes).length > 0;
  }

  /** @param {string} column @param {any} value */
  text(column, value) {
    const field = this.fields.find((/** @type {any} */ one) => one.column === column);
    if (value === null || value === undefined) return "–";
    return (field ? valueText(field, value, this.names) : plainText(value)) || "–";
  }

  /** @param {any[]} changes */
  table(changes) {
    const label = (/** @type {string} */ column) => this.fields.find((/** @type {any} */ one) => one.column === column)?.label ?? column;
    return h("table", {}, h("thead", {}, h("tr", {}, ["Column", "Before", "After"].map((one) => h("th", { scope: "col" }, one)))), h("tbody", {}, changes.map((one) => h("tr", {}, h("th", { scope: "row" }, label(one.column)), h("td", {}, this.text(one.column, one.before)), h("td", {}, this.text(one.column, one.after))))));
  }

  drawChanges() {
    const changes = Object.entries(this.changes).map(([column, after]) => ({ column, before: this.before[column], after }));
    byId("write").disabled = this.isWriting || !changes.length;
    const gone = goneWords(this.fields, this.gone).map((words) => h("p", { class: "gone" }, words));
    const giveUp = () => { this.gone = {}; this.drawChanges(); };
    fill(byId("changes"), gone.length ? [gone, h("p", {}, h("button", { type: "button", on: { click: giveUp } }, "Give these words up"))] : null, changes.length ? [h("h3", {}, `Version ${this.found.version + 1}, as it will be written`), this.table(changes)] : h("p", { class: "meaning" }, "Nothing is changed yet. Open a variable in the list and answer it anew."));
  }

  drawHistory() {
    fill(byId("history"), [...this.found.history].reverse().map((/** @type {any} */ one) => h("li", {}, h("strong", {}, `Version ${one.version}: ${one.action}`), ` ${one.recorded_at} by ${one.recorded_by}`, one.is_open ? h("span", { class: "state" }, "open, not sealed") : null,
      one.reason ? h("span", { class: "reason" }, one.reason) : null, one.changes.length ? h("details", {}, h("summary", {}, `${count(one.changes.length, "column")} changed`), this.table(one.changes)) : null)));
  }

  /** Register an entry in the open batch, and take it back if it was cancelled while it was on its way. @param {string} stream @param {any} value @param {() => boolean} isWanted */
  async register(stream, value, isWanted) {
    const { id, digest } = await post(quoted`api/registers/${stream}`, { value });
    if (digest && !isWanted()) await remove(quoted`api/open/${id}`, { digest }).catch((error) => alarm(`${id} is registered, although that was cancelled: ${error.message}`));
  }

  /** Try an amendment, or write it; what is changed while it is written is tried once it is. @param {boolean} write */
  async amend(write) {
    if (this.isWriting) return;
    this.asked += 1;
    const unread = unreadSlots(this.fields, this.row);
    if (!this.isChanged || unread.length) {
      fill(byId("problems"), unread.map((slot) => h("li", {}, slotFlaw(slot, this.row))));
      if (write && unread.length) this.record.goTo(unread[0].key);
      return;
    }
    const { changes, row, asked, found: { version, digest } } = this;
    const reason = byId("reason").value;
    const sent = { version, digest, changes, reason: reason.trim(), write };
    this.isWriting = write;
    this.drawChanges();
    try {
      const answer = await post(quoted`api/claims/${claim}/amend`, sent);
      if (asked !== this.asked) return; // another answer will say more
      const findings = write ? answer.findings : answer.findings.filter((/** @type {any} */ one) => !one.columns.includes("reason"));
      fill(byId("problems"), findings.map((/** @type {any} */ one) => h("li", { class: one.severity }, one.message)));
      if (answer.written) await this.showWritten(row, reason);
    } catch (error) {
      const told = /** @type {any} */ (error);
      const current = told.body?.current ?? (told.isPassing ? await get(quoted`api/claims/${claim}`).catch(() => null) : null);
      if (write && current && isWritten(current, sent)) {
        fill(byId("problems"));
        await this.showWritten(row, reason, current);
      } else if (asked === this.asked) this.showProblem(told);
    }
    if (!write) return;
    this.isWriting = false;
    this.drawChanges();
    if (this.isChanged) this.trySoon();
  }

  /** @param {any} row @param {string} reason as they were when it was sent @param {any} [found] */
  async showWritten(row, reason, found) {
    announce("Written to the open batch.");
    if (byId("reason").value === reason) byId("reason").value = "";
    this.show(found ?? await get(quoted`api/claims/${claim}`), row);
    byId("written").hidden = false;
    alarm();
  }

  /** @param {any} told */
  showProblem(told) {
    fill(byId("problems"), [told, ...(told.body?.findings ?? [])].map((/** @type {any} */ one) => h("li", {}, one.message)));
    if (told.code !== "stale") return;
    this.show(told.body.current, this.before);
    alarm("This claim was amended meanwhile, as its history shows. What you changed here is kept: look at it, and write it then.");
  }
}

async function start() {
  const [form, found] = await Promise.all([get("api/form"), get(quoted`api/claims/${claim}`)]);
  window.claimlogDesk = new ClaimPage(form, found);
}

start().catch((error) => alarm(error.message));
