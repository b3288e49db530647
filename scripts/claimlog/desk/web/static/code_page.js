// The page on which a text is coded.
import { get, post, put, quoted, remove } from "./api.js";
import { ClaimChecks } from "./claim_checks.js";
import { ClaimMarks } from "./claim_marks.js";
import { CodeKeys } from "./code_page_keys.js";
import { cheatSheet, keyTable, registerEntry } from "./dialogs.js";
import { announce, byId, count, fill, h, randomName, say } from "./dom.js";
import { EntryNames } from "./entry_names.js";
import { finishWork } from "./finish_work.js";
import { drawPassage, offerPassage, passageRules } from "./passage.js";
import { Pins } from "./pins.js";
import { RecordForm } from "./record_form.js";
import { rowFindings } from "./record_view.js";
import { settleConflict, showStatus } from "./save_status.js";
import { TextCursor } from "./text_cursor.js";
import { TextPane } from "./text_pane.js";
import { TextWords } from "./text_words.js";
import { Work } from "./work.js";

const { source, role } = /** @type {{source: string, role: string}} */ (document.body.dataset);

/** Claims, the latest, whose answers are offered again: more would be slow, and no help. */
const MOST_EARLIER = 200;

/** The parts of the page and what they do together. */
class CodePage {
  constructor(form, text, row, table) {
    this.form = form;
    this.text = text;
    this.table = table;
    this.work = new Work(source, text.sha256, form.streams.claims.fields);
    this.work.content = text.content;
    this.current = null;
    /** @type {string | null} a claim that gets other words */
    this.respanned = null;
    this.names = new EntryNames(source);
    const words = new TextWords(text.content, text.words, text.furniture, row.language);
    this.words = words;
    this.pane = new TextPane(byId("text"), byId("scroller"), text.content, row.language);
    this.marks = new ClaimMarks(this.pane, byId("margin"), text.furniture, (name) => this.open(name));
    this.cursor = new TextCursor(this.pane, words, this.marks, byId("labels"), { take: (span) => this.take(span), open: (name) => this.open(name), chosen: (span) => this.offer(span) });
    this.record = new RecordForm(byId("summary"), byId("panel"), form, {
      names: this.names,
      pins: new Pins(role),
      earlier: () => [...this.work.drafts].sort((a, b) => a.rev - b.rev).slice(-MOST_EARLIER).map((draft) => draft.value),
      ownWords: (typed) => post(quoted`api/sources/${source}/own-words`, { text: typed }),
      register: (stream, typed) => this.register(stream, typed),
    }, { change: (value, typing, name) => this.change(value, typing, name), row: (name) => (this.work.finished ? null : this.work.draft(name)?.value), complete: () => this.complete(), leave: () => this.cursor.focus() });
    this.checks = new ClaimChecks(this.work, this.record);
    this.keys = new CodeKeys(this);
    this.listen();
  }

  listen() {
    const { work } = this;
    work.addEventListener("status", () => showStatus(work, () => settleConflict(work, this.record.fields, this.names)));
    work.addEventListener("reset", () => this.reset());
    work.addEventListener("change", () => this.drawMarks());
    work.addEventListener("saved", ({ detail }) => {
      this.drawTools();
      this.checks.add(detail.name);
    });
    this.checks.addEventListener("change", ({ detail }) => {
      if (this.current && (!detail.names || detail.names.includes(this.current))) this.record.showFindings(this.checks.of(this.current));
    });
    addEventListener("focus", () => work.refresh());
    byId("help").addEventListener("click", cheatSheet);
    byId("undo").addEventListener("click", () => this.step("undo"));
    byId("redo").addEventListener("click", () => this.step("redo"));
    byId("finish").addEventListener("click", () => this.finish());
  }

  async start() {
    await this.work.load();
    const last = this.work.drafts[this.work.drafts.length - 1];
    this.cursor.startAt(last ? last.span.utf16[1] : 0);
    this.cursor.focus();
    this.checks.check(true);
  }

  /** After everything was read anew: the open claim may be another, or gone. */
  reset() {
    const draft = this.work.draft(this.current);
    if (draft) {
      this.record.update(draft.value, this.checks.of(draft.draft), this.title(draft));
      this.drawQuote(draft);
    } else this.close(this.current ? "The claim that was open is no longer there." : "");
    this.drawMarks();
    this.drawTools();
  }

  drawMarks() {
    const claims = this.work.drafts.map((draft, at) => ({ name: draft.draft, span: draft.span.utf16, title: `${at + 1}. ${draft.value.statement ?? "(no statement)"}` }));
    this.marks.show(claims, this.current);
    byId("count").textContent = count(this.work.drafts.length, "claim");
  }

  drawTools() {
    byId("undo").disabled = !this.work.canUndo || this.work.finished;
    byId("redo").disabled = !this.work.canRedo || this.work.finished;
    byId("finish").disabled = this.work.finished;
    byId("finished").hidden = !this.work.finished;
    document.body.classList.toggle("is-finished", this.work.finished);
  }

  /** @param {any} draft */
  title(draft) {
    return `Claim ${this.work.drafts.indexOf(draft) + 1}`;
  }

  /** Open a claim in the form. @param {string} name @param {string | null} key the question to go to */
  open(name, key = null) {
    const draft = this.work.draft(name);
    if (!draft) return;
    this.current = name;
    this.respanned = null;
    this.record.open(draft.value, this.checks.of(name), this.title(draft), name);
    this.drawQuote(draft);
    this.drawMarks();
    this.pane.reveal(draft.span.utf16);
    if (this.work.finished) return;
    if (key) this.record.goTo(key);
    else this.record.goToOpen();
  }

  /** Show that no claim is open. @param {string} why, where it is not what was asked for */
  close(why = "") {
    this.current = null;
    this.record.close();
    const next = this.work.drafts.length ? "No claim is open." : "Choose the words of the first claim: two letters, or the mouse. The question mark shows all keys.";
    fill(byId("quote"), why || next);
    if (why) announce(why);
    fill(byId("panel"), h("h2", {}, "The passage"), passageRules(this.form));
  }

  /** @param {any} draft */
  drawQuote(draft) {
    drawPassage(this.title(draft), this.text.content.slice(...draft.span.utf16));
  }

  /** Words were chosen by the mouse: say what can be done with them. @param {[number, number]} span */
  offer(span) {
    const use = (/** @type {string} */ label, /** @type {string | null} */ name) => ({ label, isUsual: this.respanned === name, run: () => { this.respanned = name; this.cursor.take(); } });
    const uses = [use("New claim", null)];
    if (this.current) uses.push(use(`These words for ${this.title(this.work.draft(this.current)).toLowerCase()}`, this.current));
    offerPassage(this.text.content.slice(...span), uses);
  }

  /** Words were chosen: of a new claim, or other ones of the open one. @param {[number, number]} span */
  take(span) {
    if (this.work.finished) return;
    if (this.respanned) {
      const draft = this.work.draft(this.respanned);
      if (!draft) {
        this.respanned = null;
        this.close("The claim that was to get these words is no longer there. Choose them again for a new claim.");
        return;
      }
      this.work.save(draft.draft, draft.value, span);
      this.open(draft.draft);
      return;
    }
    const name = randomName("d");
    this.work.save(name, {}, span);
    announce(`Claim: ${this.text.content.slice(...span)}`);
    this.open(name);
  }

  /** @param {any} value @param {boolean} isTyping @param {string | null} [name] of the claim */
  change(value, isTyping, name = this.current) {
    if (this.work.draft(name)) this.work.save(name, value, null, isTyping);
  }

  /** Everything that is asked for is answered, or passed over: on to the next claim of the text. */
  complete() {
    const draft = this.work.draft(this.current);
    const { missing } = rowFindings([], this.record.walk.missing(draft.value)); // what was passed over may be demanded
    announce(`${this.title(draft)} ${missing ? `is left. ${missing}` : "is complete."} Choose the words of the next one.`);
    this.fresh(draft.span.utf16[1]);
  }

  /** Leave the open claim for a new one. @param {number} [offset] */
  fresh(offset) {
    const draft = this.work.draft(this.current);
    this.respanned = null;
    this.cursor.startAt(offset ?? draft?.span.utf16[1] ?? 0, offset === draft?.span.utf16[1] ? draft?.span.utf16[0] : undefined);
    if (draft) this.record.rest();
    this.cursor.focus();
  }

  /** @param {string} stream @param {string} typed */
  register(stream, typed) {
    return registerEntry(this.form.streams[stream], typed, async (id, value, isWanted) => {
      if (!await this.work.queue.sendNow()) throw new Error("Not registered: what was changed before is not saved yet.");
      if (!isWanted()) return;
      const { file } = this.work;
      const path = this.work.path + quoted`/registered/${stream}/${id}`;
      const answer = await put(path, { base: 0, file, value });
      this.work.advance(answer);
      const isNew = answer.entry.rev === answer.state;
      if (isNew && !isWanted()) this.work.advance(await remove(path, { base: answer.entry.rev, file: answer.file })); // it was on its way
      this.names.asked.clear();
      this.names.usual.delete(stream);
    }, () => this.names.next(stream));
  }

  /** @param {"undo" | "redo"} which */
  async step(which) {
    try {
      await this.work.step(which);
      announce(which === "undo" ? "Undone." : "Done again.");
      this.checks.check(true);
    } catch (error) {
      say(String(/** @type {Error} */ (error).message));
      this.work.refresh();
    }
  }

  finish() {
    return finishWork(this.work, this.checks, (draft) => this.open(draft.draft, this.checks.slotOf(draft)));
  }
}

async function start() {
  const [form, { source: row, text }, table] = await Promise.all([get("api/form"), get(quoted`api/sources/${source}`), keyTable()]);
  fill(byId("title"), row.title);
  if (!text) {
    byId("text").textContent = "The text is not in the directory of texts; put it there to code it.";
    return;
  }
  const page = new CodePage(form, text, row, table);
  window.claimlogDesk = page;
  await page.start();
}

start().catch((error) => { byId("alarm").hidden = false; byId("alarm").textContent = error.message; });
