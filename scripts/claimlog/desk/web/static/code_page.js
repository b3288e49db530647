// The page on which a text is coded.
import { get, post, put } from "./api.js";
import { ClaimMarks } from "./claim_marks.js";
import { cheatSheet, close, confirmed, isDialogOpen, keyTable, registerEntry, show } from "./dialogs.js";
import { announce, byId, count, fill, h, isTyping, randomName, settled } from "./dom.js";
import { EntryNames } from "./entry_names.js";
import { Pins, RecordForm } from "./record_form.js";
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
    this.work = new Work(source, role);
    this.work.content = text.content;
    this.current = null;
    /** @type {string | null} a claim that gets other words */
    this.respanned = null;
    /** @type {Record<string, any[]>} */
    this.findings = {};
    /** @type {Set<string>} claims that were saved since the rules were asked */
    this.unchecked = new Set();
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
      ownWords: (typed) => post(`api/sources/${source}/own-words`, { text: typed }),
      register: (stream, typed) => this.register(stream, typed),
    }, { change: (value, typing) => this.change(value, typing), complete: () => this.complete(), leave: () => this.cursor.focus() });
    this.saveSoon = settled(400, () => this.saveTyped());
    this.checkSoon = settled(350, () => this.check());
    this.listen();
  }

  listen() {
    const { work } = this;
    work.addEventListener("status", () => showStatus(work.queue, () => settleConflict(work, this.record.fields, this.names)));
    work.addEventListener("reset", () => this.reset());
    work.addEventListener("change", () => this.drawMarks());
    work.addEventListener("saved", ({ detail }) => {
      this.drawTools();
      this.unchecked.add(detail.name);
      this.checkSoon();
    });
    addEventListener("keydown", (event) => this.key(event));
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
    this.check(true);
  }

  /** After everything was read anew: the open claim may be another, or gone. */
  reset() {
    const draft = this.work.draft(this.current);
    const active = this.record.active;
    if (draft) {
      this.record.open(draft.value, this.findings[draft.draft], this.title(draft));
      if (active && !this.cursor.hasFocus) this.record.goTo(active);
    } else this.close();
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
    this.saveTyped();
    const draft = this.work.draft(name);
    if (!draft) return;
    this.current = name;
    this.respanned = null;
    this.record.open(draft.value, this.findings[name] ?? [], this.title(draft));
    this.drawQuote(draft);
    this.drawMarks();
    this.pane.reveal(draft.span.utf16);
    if (this.work.finished) return;
    if (key) this.record.goTo(key);
    else this.record.goToOpen();
  }

  close() {
    this.current = null;
    this.record.close();
    fill(byId("quote"), this.work.drafts.length ? "No claim is open." : "Choose the words of the first claim: two letters, or the mouse. The question mark shows all keys.");
    fill(byId("panel"), h("h2", {}, "The passage"), this.spanRules());
  }

  spanRules() {
    const variable = this.form.variables.find((/** @type {any} */ one) => one.columns.includes("start"));
    return variable ? h("ol", { class: "rules" }, variable.steps.map((/** @type {any} */ step) => h("li", {}, step.rule))) : null;
  }

  /** @param {any} draft */
  drawQuote(draft) {
    const [start, end] = draft.span.utf16;
    fill(byId("quote"), h("strong", {}, `${this.title(draft)}: `), h("q", { dir: "auto" }, this.text.content.slice(start, end)));
  }

  /** Words were chosen by the mouse: say what can be done with them. @param {[number, number]} span */
  offer(span) {
    const quote = this.text.content.slice(...span);
    const button = (/** @type {string} */ label, /** @type {() => void} */ run, kind = "") => h("button", { type: "button", class: kind, on: { click: run } }, label);
    fill(byId("quote"), h("q", { dir: "auto" }, quote), " ", button("New claim (Enter)", () => this.cursor.take(), "strong"),
      this.current ? button(`These words for claim ${this.work.drafts.indexOf(this.work.draft(this.current)) + 1}`, () => { this.respanned = this.current; this.cursor.take(); }) : null);
  }

  /** Words were chosen: of a new claim, or other ones of the open one. @param {[number, number]} span */
  take(span) {
    if (this.work.finished) return;
    if (this.respanned) {
      const draft = this.work.draft(this.respanned);
      this.work.save(draft.draft, draft.value, span);
      this.open(draft.draft);
      return;
    }
    const name = randomName("d");
    this.saveTyped();
    this.work.save(name, {}, span);
    announce(`Claim: ${this.text.content.slice(...span)}`);
    this.open(name);
  }

  /** @param {any} value @param {boolean} isTypingText */
  change(value, isTypingText) {
    const draft = this.work.draft(this.current);
    if (!draft) return;
    draft.value = value;
    if (isTypingText) {
      this.isTyped = true;
      this.saveSoon();
    } else {
      this.isTyped = false;
      this.work.save(draft.draft, value);
    }
  }

  /** Save what is typed at the moment. */
  saveTyped() {
    if (!this.isTyped) return;
    this.isTyped = false;
    const draft = this.work.draft(this.current);
    if (draft) this.work.save(draft.draft, draft.value);
  }

  /** Everything that is asked for is answered: on to the next claim of the text. */
  complete() {
    this.saveTyped();
    const draft = this.work.draft(this.current);
    announce(`${this.title(draft)} is complete. Choose the words of the next one.`);
    this.fresh(draft.span.utf16[1]);
  }

  /** Leave the open claim for a new one. @param {number} [offset] */
  fresh(offset) {
    const draft = this.work.draft(this.current);
    this.saveTyped();
    this.respanned = null;
    this.cursor.startAt(offset ?? draft?.span.utf16[1] ?? 0, offset === draft?.span.utf16[1] ? draft?.span.utf16[0] : undefined);
    this.record.active = null;
    if (draft) this.record.drawClosed();
    this.record.drawSummary();
    this.cursor.focus();
  }

  /** Ask what the rules say of the claims that were saved since, or of all. */
  async check(isAll = false) {
    const names = [...this.unchecked].filter((name) => this.work.draft(name));
    this.unchecked.clear();
    const queries = isAll ? [""] : names.map((name) => `?draft=${name}`);
    for (const query of queries) {
      const found = await get(`api/work/${source}/findings${query}`).catch(() => null); // eslint-disable-line no-await-in-loop -- one at a time
      if (!found) continue;
      const [name] = query ? [query.slice(7)] : [];
      this.findings = name ? { ...this.findings, [name]: found.findings[name] ?? [] } : found.findings;
    }
    if (this.current && (isAll || names.includes(this.current))) this.record.showFindings(this.findings[this.current] ?? []);
  }

  /** @param {string} stream @param {string} typed */
  register(stream, typed) {
    const path = `${this.work.path}/registered/${stream}`;
    return registerEntry(this.form.streams[stream], typed, async (id, value) => {
      await this.work.queue.idle();
      const answer = await put(`${path}/${id}`, { base: 0, value });
      this.work.state = answer.state;
      this.names.asked.clear();
      this.names.usual.delete(stream);
    });
  }

  /** @param {"undo" | "redo"} which */
  async step(which) {
    this.saveTyped();
    try {
      await this.work.step(which);
      announce(which === "undo" ? "Undone." : "Done again.");
      this.check(true);
    } catch (error) {
      announce(String(/** @type {Error} */ (error).message));
      this.work.refresh();
    }
  }

  async finish() {
    this.saveTyped();
    await this.work.queue.idle();
    const text = "What is finished cannot be changed any more, and is compared with the others' codings once they have finished too.";
    if (!await confirmed("Finish this text?", h("p", {}, `${count(this.work.drafts.length, "claim")}. ${text}`), "Finish")) return;
    try {
      this.work.reset(await post(`${this.work.path}/finish`, { state: this.work.state }));
      announce("Finished.");
    } catch (error) {
      const { message, body } = /** @type {any} */ (error);
      this.findings = body?.findings ?? this.findings;
      await this.list("Not finished", message);
    }
  }

  /** Show the claims with findings. @param {string} title @param {string} message */
  list(title, message) {
    const rows = this.work.drafts.filter((draft) => this.findings[draft.draft]?.length);
    const items = rows.map((draft) => h("li", {}, h("button", { type: "button", class: "quiet", on: { click: () => { close(); this.open(draft.draft, this.slotOf(draft)); } } }, this.title(draft)), " ",
      this.findings[draft.draft].map((one) => h("span", { class: `flaw ${one.severity}` }, `${one.message} `))));
    return show(title, [h("p", {}, message), h("ol", { class: "plain" }, items), h("p", { class: "buttons" }, h("button", { type: "button", on: { click: () => close() } }, "Close"))]);
  }

  /** The first question of a claim with a finding. @param {any} draft */
  slotOf(draft) {
    return this.findings[draft.draft]?.[0]?.columns.find((/** @type {string} */ column) => this.record.fields.some((/** @type {any} */ field) => field.column === column)) ?? null;
  }

  /** @param {1 | -1} step @param {(draft: any) => boolean} fits */
  beside(step, fits = () => true) {
    const { drafts } = this.work;
    const at = drafts.findIndex((draft) => draft.draft === this.current);
    const [begin] = this.pane.visible;
    const from = at >= 0 ? at : drafts.findIndex((draft) => draft.span.utf16[0] >= begin) - (step > 0 ? 1 : 0);
    for (let passed = 1; passed <= drafts.length; passed += 1) {
      const draft = drafts[(from + step * passed + drafts.length * 2) % drafts.length];
      if (fits(draft)) {
        this.open(draft.draft, this.slotOf(draft));
        return;
      }
    }
    announce("There is none.");
  }

  /** What the keys of the table do, by their action. */
  get actions() {
    const { cursor } = this;
    return {
      help: () => cheatSheet(),
      nextClaim: () => this.beside(1),
      previousClaim: () => this.beside(-1),
      nextFlaw: () => this.beside(1, (draft) => Boolean(this.findings[draft.draft]?.length) || this.record.walk.missing(draft.value).length > 0),
      undo: () => this.step("undo"),
      redo: () => this.step("redo"),
      respan: () => {
        if (!this.current) return;
        this.respanned = this.current;
        cursor.startAt(this.work.draft(this.current).span.utf16[0]);
        cursor.focus();
        announce("Choose other words for this claim.");
      },
      fresh: () => this.fresh(),
      leave: () => this.fresh(this.work.draft(this.current)?.span.utf16[1]),
      labelsOn: () => cursor.shift(1),
      labelsBack: () => cursor.shift(-1),
      take: () => cursor.take(),
      delete: () => {
        if (!this.current || this.work.finished) return;
        const { span } = this.work.draft(this.current);
        this.work.delete(this.current);
        this.close();
        this.fresh(span.utf16[0]);
        announce("Claim taken away. Undo brings it back.");
      },
    };
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { key } = event;
    const held = `${event.ctrlKey || event.metaKey ? "Control+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey && (event.ctrlKey || event.metaKey) ? "Shift+" : ""}${key}`;
    if (isDialogOpen()) {
      if (key === "F1" || (key === "?" && !isTyping(event.target))) {
        event.preventDefault();
        cheatSheet();
      }
      return;
    }
    const typed = isTyping(event.target);
    if (typed && ["?", "Control+z", "Control+y", "Control+Shift+Z"].includes(held)) return;
    if (key === "Escape" && this.record.steps?.isOpen) {
      this.record.steps.leave();
      event.preventDefault();
      return;
    }
    const anywhere = this.table.keys.find((/** @type {any} */ one) => one.mode === "anywhere" && one.keys.includes(held));
    let isTaken = Boolean(anywhere);
    if (anywhere) this.actions[anywhere.action]();
    else if (this.cursor.hasFocus) isTaken = this.textKey(event, held);
    else if (byId("panel").contains(document.activeElement)) isTaken = this.record.key(event);
    if (isTaken) event.preventDefault();
  }

  /** @param {KeyboardEvent} event @param {string} held */
  textKey(event, held) {
    const { key } = event;
    const arrow = { ArrowRight: ["word", 1], ArrowLeft: ["word", -1], ArrowDown: ["sentence", 1], ArrowUp: ["sentence", -1] }[key];
    if (arrow && !event.altKey) {
      const isClause = (event.ctrlKey || event.metaKey) && arrow[0] === "word";
      this.cursor.move(isClause ? "clause" : arrow[0], arrow[1], event.shiftKey);
      return true;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (key.length === 1 && this.cursor.label(key)) return true;
    const known = this.table.keys.find((/** @type {any} */ one) => one.mode === "text" && one.keys.includes(held));
    if (!known || !this.actions[known.action]) return false;
    this.actions[known.action]();
    return true;
  }
}

async function start() {
  const [form, { source: row, text }, table] = await Promise.all([get("api/form"), get(`api/sources/${source}`), keyTable()]);
  byId("title").textContent = row.title;
  if (!text) {
    byId("text").textContent = "The text is not in the directory of texts; put it there to code it.";
    return;
  }
  const page = new CodePage(form, text, row, table);
  window.claimlogDesk = page;
  await page.start();
}

start().catch((error) => { byId("alarm").hidden = false; byId("alarm").textContent = error.message; });
