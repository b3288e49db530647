// The page on which differences between two codings are decided.
import { get, page, quoted } from "./api.js";
import { isFilled } from "./applicability.js";
import { ClaimMarks } from "./claim_marks.js";
import { AdjudicateKeys } from "./adjudicate_page_keys.js";
import { agreementTable } from "./agreement_panel.js";
import { BegunValues } from "./begun_values.js";
import { Decisions } from "./decisions.js";
import { cheatSheet, confirmed, isDialogOpen, keyTable, show } from "./dialogs.js";
import { alarm, announce, byId, count, fill, h, randomName, refillRows, settled } from "./dom.js";
import { EntryNames, valueText } from "./entry_names.js";
import { askValue } from "./own_value.js";
import { drawProposals } from "./proposals.js";
import { TextCursor } from "./text_cursor.js";
import { TextPane } from "./text_pane.js";
import { TextWords } from "./text_words.js";
import { unitRow } from "./unit_row.js";

const { source, role } = /** @type {{source: string, role: string}} */ (document.body.dataset);

const OTHERS = "Another page decided meanwhile; what it saved is shown now.";
const GONE = "The passage that was open here is not there any more: go to another one.";
/** What is asked before a step is made that is another judge's: of title, whose it is, what comes of it, and the button. */
const STEPS = {
  undo: ["Take another's decision back?", "The last decision was made by", "It would be taken back, with its note.", "Take it back"],
  redo: ["Make again what another took back?", "The last decision was taken back by", "It would be made again, with its note.", "Make it again"],
};
const SAID = { saved: "Saved", saving: "Saving …", bad: "Not saved" };

/** Differences of one text, one after the other. */
class AdjudicatePage {
  constructor(form, row, text, table) {
    Object.assign(this, { form, row, text, table });
    this.decisions = new Decisions(source, text.sha256);
    this.begun = new BegunValues(this.decisions);
    this.names = new EntryNames(source);
    this.names.addEventListener("named", settled(50, () => this.drawUnits()));
    this.fields = form.streams.claims.fields;
    const { isShown = false } = this.decisions.browser.read("place") ?? {};
    this.showsAgreed = isShown;
    byId("agreed").checked = isShown;
    this.at = 0;
    /** @type {string | null} the passage that is open: it stays open wherever it stands after others came or went */
    this.name = null;
    /** Whether it went; until another one is chosen, no key decides what stands there now. */
    this.isGone = false;
    this.alarmText = "";
    /** @type {Map<any, Element>} the rows of passages that are not open, as they were drawn */
    this.rows = new Map();
    this.pane = new TextPane(byId("text"), byId("scroller"), text.content, row.language);
    this.marks = new ClaimMarks(this.pane, byId("margin"), text.furniture, (name) => this.choose(name));
    this.cursor = new TextCursor(this.pane, new TextWords(text.content, text.words, text.furniture, row.language), this.marks, byId("labels"), {
      take: (span) => this.add(span), open: (name) => this.choose(name), chosen: (span) => this.offer(span),
    });
    this.listen();
  }

  get state() {
    return this.decisions.state;
  }

  listen() {
    const { decisions } = this;
    const run = (/** @type {string} */ id, /** @type {() => void} */ action) => byId(id).addEventListener("click", action);
    run("help", cheatSheet);
    run("undo", () => this.step("undo"));
    run("redo", () => this.step("redo"));
    run("accept", () => decisions.acceptAgreed());
    run("commit", () => this.commit());
    run("agreement", async () => show("Agreement", [agreementTable((await get(`${decisions.path}/agreement`)).agreement, this.form)], "wide"));
    byId("agreed").addEventListener("change", () => this.showAgreed(byId("agreed").checked));
    decisions.addEventListener("change", () => {
      this.find(this.name);
      this.draw();
    });
    decisions.addEventListener("status", () => this.drawStatus());
    this.keys = new AdjudicateKeys(this);
    addEventListener("focus", () => !isDialogOpen() && !decisions.waiting.size && decisions.load().catch(() => {}));
  }

  /** Go where the page was before it was read anew, and go on with a value that was begun. */
  async start() {
    await this.begun.takeOver();
    await this.decisions.load();
    const { unit: name = null } = this.decisions.browser.read("place") ?? {};
    if (!this.find(name)) this.at = Math.max(0, this.units.findIndex((/** @type {any} */ unit) => !unit.verdict));
    this.go(this.at, this.isGone);
    this.decisions.saveNotes();
    if (!this.state.committed) this.resume();
  }

  /** Go on with a value that was begun: of the passage that is open, else any. */
  resume() {
    const { decisions } = this;
    for (const value of this.begun.takeOthers()) decisions.leaveWords(this.valueWords(value));
    const { kept } = this.begun.first(this.name) ?? {};
    if (kept) this.edit(decisions.unit(kept.unit) ?? this.newUnit(kept.utf16, kept.unit), {});
  }

  /** Say all that a value of one's own holds. @param {any} value */
  valueWords(value) {
    const { label } = this.form.streams.claims;
    const others = this.fields.filter((/** @type {any} */ { column }) => column !== label && isFilled(value[column]));
    const said = others.map((/** @type {any} */ field) => `${field.label}: ${valueText(field, value[field.column], this.names)}`).join("; ");
    return `the value of your own “${value[label] ?? ""}”${said && ` (${said})`}`;
  }

  /** Open a passage by its name, or that which stands where it stood; whether it is there. @param {string | null} name */
  find(name) {
    const at = this.units.findIndex((/** @type {any} */ unit) => unit.unit === name);
    if (at >= 0) this.at = at;
    else if (name) this.isGone = true;
    this.at = Math.max(0, Math.min(this.at, this.units.length - 1));
    this.name = this.units[this.at]?.unit ?? null;
    return at >= 0;
  }

  /** Say what is saved, what is not and why, and what others did. */
  drawStatus() {
    const { decisions } = this;
    const { status, unsaved, left, error, canRepeat, hasOthers } = decisions;
    byId("saved").textContent = SAID[/** @type {keyof typeof SAID} */ (status)];
    byId("saved").dataset.state = status;
    const what = unsaved.length ? ` Not saved: ${unsaved.map((/** @type {any} */ one) => one.what).join("; ")}.` : "";
    const why = canRepeat ? error.message : hasOthers || what ? OTHERS : "";
    const said = [why, what, ` ${left.text}`, this.isGone ? ` ${GONE}` : ""].join("").trim();
    if (said === this.alarmText) return; // it may have the focus
    this.alarmText = said;
    if (canRepeat) alarm(said, " ", error.body?.findings ? this.findingList(error.body.findings) : null, h("button", { type: "button", on: { click: () => decisions.again() } }, "Try again"), left.buttons());
    else alarm(said, what ? " Decide again if you see it differently. " : "", unsaved.filter((/** @type {any} */ { overwrite }) => overwrite).map((/** @type {any} */ { overwrite }) => h("button", { type: "button", on: { click: overwrite } }, "Write your note in its place")), left.buttons());
  }

  /** @param {boolean} isShown */
  showAgreed(isShown) {
    this.showsAgreed = isShown;
    byId("agreed").checked = isShown;
    this.find(this.name);
    this.isGone = false; // it is hidden
    this.drawStatus();
    this.keepPlace();
    this.draw();
  }

  keepPlace() {
    this.decisions.browser.keepHere("place", { unit: this.name, isShown: this.showsAgreed });
  }

  get units() {
    const { units } = this.state;
    return this.showsAgreed ? units : units.filter((/** @type {any} */ unit) => unit.kind !== "agreed");
  }

  /** List what the rules say of passages; each leads there. @param {any} findings by passage, or a list */
  findingList(findings) {
    const all = Array.isArray(findings) ? findings : Object.entries(findings).flatMap(([unit, some]) => some.map((/** @type {any} */ one) => ({ ...one, unit })));
    const link = (/** @type {string} */ name) => h("button", { type: "button", class: "quiet", on: { click: () => this.choose(name) } }, this.text.content.slice(...(this.decisions.unit(name)?.span.utf16 ?? [0, 0])).slice(0, 60));
    return h("ul", { class: "flaws" }, all.slice(0, 8).map((/** @type {any} */ one) => h("li", {}, one.unit ? [link(one.unit), " "] : null, one.message)));
  }

  /**
   * Decide a passage, and go on to the next that is open: at once, since whoever waits for the answer may have gone
   * elsewhere by then, or types.
   * @param {any} unit @param {any} verdict @param {number} [view] that it rests on @param {() => void} [saved] run once it is saved
   */
  async decide(unit, verdict, view, saved) {
    const sent = this.decisions.decide(unit, verdict, view, saved);
    if (verdict.take) this.next(1, true);
    if (await sent) announce(verdict.take ? `Decided: ${verdict.take}. ${count(this.state.open, "passage")} left.` : "Open again.");
  }

  /** @param {number} step @param {boolean} isOpen whether only passages that are not decided count */
  next(step, isOpen = false) {
    const { units } = this;
    for (let passed = 1; passed <= units.length; passed += 1) {
      const at = (this.at + step * passed + units.length * 2) % units.length;
      if (!isOpen || !(units[at].verdict || this.decisions.isPending(units[at].unit))) {
        this.go(at);
        return;
      }
    }
    this.go(this.at);
  }

  /** @param {number} at @param {boolean} [isGone] whether the passage that was open here is gone */
  go(at, isGone = false) {
    this.at = Math.max(0, Math.min(at, this.units.length - 1));
    this.name = this.units[this.at]?.unit ?? null;
    this.isGone = isGone;
    this.drawStatus();
    this.keepPlace();
    this.draw();
    const unit = this.units[this.at];
    if (!unit) return;
    this.pane.reveal(unit.span.utf16);
    byId("units").querySelector(".here")?.scrollIntoView({ block: "nearest" });
    byId("units").querySelector(".here")?.focus({ preventScroll: true });
  }

  /** @param {string} name */
  choose(name) {
    const unit = name.split("|")[0];
    let at = this.units.findIndex((/** @type {any} */ one) => one.unit === unit);
    if (at < 0) {
      this.showAgreed(true);
      at = this.units.findIndex((/** @type {any} */ one) => one.unit === unit);
    }
    this.go(at);
  }

  draw() {
    const { state } = this;
    const isDone = state.committed;
    byId("undo").disabled = !state.can_undo || isDone;
    byId("redo").disabled = !state.can_redo || isDone;
    byId("accept").disabled = isDone || !state.units.some((/** @type {any} */ unit) => unit.kind === "agreed" && !unit.verdict);
    byId("accept").textContent = `Accept all ${state.agreed} that agree`;
    byId("commit").disabled = isDone || state.open > 0;
    byId("left-open").textContent = isDone ? "decided, and taken over" : state.open ? `${count(state.open, "passage")} to decide` : "everything is decided";
    byId("after").hidden = !isDone;
    drawProposals(byId("proposals"), state, this.form, (proposal, settled) => this.decisions.settle(proposal, settled));
    this.drawUnits();
    const claims = state.units.flatMap((/** @type {any} */ unit) => ["left", "right"].filter((side) => unit[side]).map((side) => ({ name: `${unit.unit}|${side}`, span: unit[side].span.utf16, title: unit[side].value.statement ?? "", trait: side })));
    claims.sort((/** @type {any} */ a, /** @type {any} */ b) => a.span[0] - b.span[0] || b.span[1] - a.span[1]);
    const here = this.units[this.at];
    this.marks.show(claims, here ? `${here.unit}|${here.left ? "left" : "right"}` : null);
  }

  drawUnits() {
    if (!this.state) return;
    byId("sides").textContent = this.state.sides.join(" and ");
    const host = {
      state: this.state, fields: this.fields, names: this.names, text: this.text.content, decide: this.decide.bind(this), edit: this.edit.bind(this),
      note: (/** @type {any} */ unit) => this.decisions.note(unit), typeNote: (/** @type {any} */ unit, /** @type {string} */ text) => this.decisions.typeNote(unit, text),
    };
    const row = (/** @type {any} */ unit, /** @type {boolean} */ isHere) => unitRow(unit, isHere, host, () => this.choose(unit.unit));
    const before = this.rows;
    const here = this.units[this.at];
    this.rows = new Map(this.units.filter((/** @type {any} */ unit) => unit !== here).map((/** @type {any} */ unit) => [unit, before.get(unit) ?? row(unit, false)]));
    refillRows(byId("units"), this.units.map((/** @type {any} */ unit) => this.rows.get(unit) ?? row(unit, true)));
    byId("no-units").hidden = this.units.length > 0;
  }

  /** @param {[number, number]} span @param {string} name */
  newUnit(span, name = `new:${randomName("n")}`) {
    return { unit: name, rev: 0, span: { utf16: span }, left: null, right: null, verdict: null, note: null };
  }

  /** Words were chosen that neither marked. @param {[number, number]} span */
  add(span) {
    this.edit(this.newUnit(span), {});
  }

  /** @param {[number, number]} span */
  offer(span) {
    announce(`Chosen: ${this.text.content.slice(...span)}. Enter makes it a claim that neither coder marked.`);
    byId("text").focus({ preventScroll: true });
  }

  /** Write a value of one's own. @param {any} unit @param {any} begin unless it was begun already */
  async edit(unit, begin) {
    const { decisions, form, names } = this;
    const { view, state: { compared } } = decisions;
    const begun = this.begun.of(unit.unit);
    const value = await askValue(unit, begun.kept?.value ?? begin, (one) => begun.keep({ ...one, compared }), { decisions, form, names, content: this.text.content, source, role, isBegun: () => Boolean(begun.kept) });
    const taken = begun.kept;
    if (value) this.decide(unit, { take: "new", value }, view, () => begun.forget(taken));
    else begun.forget(taken);
  }

  /** Take the last decision back, or make it again; against another judge only if that is meant. @param {"undo" | "redo"} which */
  async step(which) {
    const { decisions } = this;
    const { view } = decisions;
    const { can, by } = decisions.nextStep(which);
    const whose = decisions.waiting.size ? role : by; // what waits is of this page
    const [title, who, what, yes] = STEPS[which];
    const isOthers = can && whose !== role;
    if (isOthers && !await confirmed(title, h("p", {}, `${who} ${whose || "somebody who is not known"}. ${what}`), yes)) return;
    await decisions.step(which, whose, view);
  }

  /** Take over what is shown now, whatever is read while that is confirmed. */
  async commit() {
    const { view } = this.decisions;
    if (!await confirmed("Take the decisions over?", h("p", {}, "The claims, both codings and the new register entries go to the open batch, all or none. The coders see the verdicts from then on."), "Take over")) return;
    await this.decisions.commit(view);
  }
}

async function start() {
  const [form, { source: row, text }, table] = await Promise.all([get("api/form"), get(quoted`api/sources/${source}`), keyTable()]);
  fill(byId("title"), row.title);
  try {
    const whole = new AdjudicatePage(form, row, text, table);
    window.claimlogDesk = whole;
    await whole.start();
  } catch (error) {
    const { message, body, code } = /** @type {any} */ (error);
    if (code !== "unfinished") throw error;
    fill(byId("main"), h("h1", {}, row.title), h("p", { class: "notice" }, message), h("ul", {}, (body.coders ?? []).map((/** @type {any} */ one) => h("li", {}, `${one.coder}: ${one.state}`))), h("p", {}, h("a", { href: page("") }, "Start")));
  }
}

start().catch((error) => alarm(error.message));
