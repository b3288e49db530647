// The page on which differences between two codings are decided.
import { get, page, post, put } from "./api.js";
import { ClaimMarks } from "./claim_marks.js";
import { agreementTable } from "./agreement_panel.js";
import { cheatSheet, close, confirmed, isDialogOpen, keyTable, registerEntry, show } from "./dialogs.js";
import { alarm, announce, byId, count, fill, h, isTyping, randomName, settled } from "./dom.js";
import { EntryNames } from "./entry_names.js";
import { drawProposals } from "./proposals.js";
import { Pins, RecordForm } from "./record_form.js";
import { TextCursor } from "./text_cursor.js";
import { TextPane } from "./text_pane.js";
import { TextWords } from "./text_words.js";
import { unitRow } from "./unit_row.js";
import { withoutBlanks } from "./work.js";

const { source, role } = /** @type {{source: string, role: string}} */ (document.body.dataset);
const path = `api/adjudication/${source}`;

/** Differences of one text, one after the other. */
class AdjudicatePage {
  constructor(form, row, text, table) {
    Object.assign(this, { form, row, text, table });
    this.names = new EntryNames(source);
    this.names.addEventListener("named", settled(50, () => this.drawUnits()));
    this.fields = form.streams.claims.fields;
    this.showsAgreed = false;
    this.at = 0;
    this.pane = new TextPane(byId("text"), byId("scroller"), text.content, row.language);
    this.marks = new ClaimMarks(this.pane, byId("margin"), text.furniture, (name) => this.choose(name));
    this.cursor = new TextCursor(this.pane, new TextWords(text.content, text.words, text.furniture, row.language), this.marks, byId("labels"), {
      take: (span) => this.add(span), open: (name) => this.choose(name), chosen: (span) => this.offer(span),
    });
    this.listen();
  }

  listen() {
    const run = (/** @type {string} */ id, /** @type {() => void} */ action) => byId(id).addEventListener("click", action);
    run("help", cheatSheet);
    run("undo", () => this.post("undo"));
    run("redo", () => this.post("redo"));
    run("accept", () => this.post("accept-agreed"));
    run("commit", () => this.commit());
    run("agreement", async () => show("Agreement", [agreementTable((await get(`${path}/agreement`)).agreement, this.form)], "wide"));
    byId("agreed").addEventListener("change", () => { this.showsAgreed = byId("agreed").checked; this.draw(); });
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("focus", () => !document.querySelector("dialog[open]") && this.load().catch(() => {}));
  }

  async load() {
    this.take(await get(path));
  }

  /** @param {any} found */
  take(found) {
    this.state = found;
    this.draw();
    byId("saved").textContent = "Saved";
    byId("saved").dataset.state = "saved";
  }

  get units() {
    const { units } = this.state;
    return this.showsAgreed ? units : units.filter((/** @type {any} */ unit) => unit.kind !== "agreed");
  }

  /** Send a change; what is no longer the last state is read anew. @param {() => Promise<any>} send */
  async change(send) {
    byId("saved").textContent = "Saving …";
    byId("saved").dataset.state = "saving";
    try {
      const answer = await send();
      alarm();
      if (answer.units) this.take(answer);
      else {
        Object.assign(this.state, { state: answer.state, can_undo: answer.can_undo, can_redo: answer.can_redo });
        const at = this.state.units.findIndex((/** @type {any} */ unit) => unit.unit === answer.unit?.unit);
        if (answer.unit && at >= 0) {
          this.state.units[at] = answer.unit;
          this.state.open = this.state.units.filter((/** @type {any} */ unit) => !unit.verdict).length;
          this.take(this.state);
        } else await this.load();
      }
      return true;
    } catch (error) {
      const { message, code, body } = /** @type {any} */ (error);
      byId("saved").textContent = "Not saved";
      byId("saved").dataset.state = "bad";
      if (code === "stale") {
        await this.load();
        alarm("Another page of this role decided meanwhile; what it saved is shown now. Decide again if you see it differently.");
      } else alarm(message, " ", (body?.findings ? this.findingList(body.findings) : null), h("button", { type: "button", on: { click: () => this.change(send) } }, "Try again"));
      return false;
    }
  }

  /** @param {any} findings by unit, or a list */
  findingList(findings) {
    const all = Array.isArray(findings) ? findings : Object.values(findings).flat();
    return h("ul", { class: "flaws" }, all.slice(0, 8).map((/** @type {any} */ one) => h("li", {}, one.message)));
  }

  post(/** @type {string} */ what, body = {}) {
    return this.change(() => post(`${path}/${what}`, { state: this.state.state, ...body }));
  }

  /** Decide a passage, and go on to the next that is open. @param {any} unit @param {any} verdict */
  async decide(unit, verdict) {
    if (this.state.committed) return;
    const note = verdict.note ?? unit.verdict?.note ?? null;
    const isSaved = await this.change(() => put(`${path}/units/${unit.unit}`, { base: unit.rev, ...verdict, ...(verdict.take && note ? { note } : {}) }));
    if (!isSaved) return;
    announce(verdict.take ? `Decided: ${verdict.take}. ${count(this.state.open, "passage")} left.` : "Open again.");
    if (verdict.take) this.next(1, true);
  }

  /** @param {number} step @param {boolean} isOpen whether only passages that are not decided count */
  next(step, isOpen = false) {
    const { units } = this;
    for (let passed = 1; passed <= units.length; passed += 1) {
      const at = (this.at + step * passed + units.length * 2) % units.length;
      if (!isOpen || !units[at].verdict) {
        this.go(at);
        return;
      }
    }
    this.go(this.at);
  }

  /** @param {number} at */
  go(at) {
    this.at = Math.max(0, Math.min(at, this.units.length - 1));
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
      this.showsAgreed = true;
      byId("agreed").checked = true;
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
    byId("left-open").textContent = isDone ? "decided and in the open batch" : state.open ? `${count(state.open, "passage")} to decide` : "everything is decided";
    byId("after").hidden = !isDone;
    drawProposals(byId("proposals"), state, this.form, (proposal, same) => this.change(() => put(`${path}/proposals/${proposal.coder}/${proposal.stream}/${proposal.id}`, { base: proposal.rev, same_as: same })));
    this.drawUnits();
    const claims = state.units.flatMap((/** @type {any} */ unit) => ["left", "right"].filter((side) => unit[side]).map((side) => ({ name: `${unit.unit}|${side}`, span: unit[side].span.utf16, title: unit[side].value.statement ?? "", trait: side })));
    claims.sort((/** @type {any} */ a, /** @type {any} */ b) => a.span[0] - b.span[0] || b.span[1] - a.span[1]);
    const here = this.units[this.at];
    this.marks.show(claims, here ? `${here.unit}|${here.left ? "left" : "right"}` : null);
  }

  drawUnits() {
    if (!this.state) return;
    byId("sides").textContent = this.state.sides.join(" and ");
    const host = { state: this.state, fields: this.fields, names: this.names, text: this.text.content, decide: this.decide.bind(this), edit: this.edit.bind(this) };
    fill(byId("units"), this.units.map((/** @type {any} */ unit, /** @type {number} */ at) => unitRow(unit, at === this.at, host, () => this.go(at))));
    byId("no-units").hidden = this.units.length > 0;
  }

  /** Words were chosen that neither marked. @param {[number, number]} span */
  add(span) {
    this.edit({ unit: `new:${randomName("n")}`, rev: 0, span: { utf16: span }, left: null, right: null, verdict: null }, {});
  }

  /** @param {[number, number]} span */
  offer(span) {
    announce(`Chosen: ${this.text.content.slice(...span)}. Enter makes it a claim that neither coder marked.`);
    byId("text").focus({ preventScroll: true });
  }

  /** Write a value of one's own: the form of the coders, in a dialog. @param {any} unit @param {any} begin */
  async edit(unit, begin) {
    const summary = h("ol", { class: "summary", "aria-label": "Questions" });
    const panel = h("div", { class: "panel", tabindex: "0", role: "group", "aria-label": "The question" });
    let value = structuredClone(begin);
    const span = unit.verdict?.value?.utf16 ?? (unit.left ?? unit.right)?.span.utf16 ?? unit.span.utf16;
    const record = new RecordForm(summary, panel, this.form, {
      names: this.names, pins: new Pins(role),
      earlier: () => this.state.units.flatMap((/** @type {any} */ one) => [one.left?.value, one.right?.value, one.verdict?.value].filter(Boolean)),
      ownWords: (/** @type {string} */ typed) => post(`api/sources/${source}/own-words`, { text: typed }),
      register: (/** @type {string} */ stream, /** @type {string} */ typed) => registerEntry(this.form.streams[stream], typed, async (id, entry) => {
        const answer = await put(`${path}/registered/${stream}/${id}`, { base: 0, value: entry });
        this.state.state = answer.state ?? this.state.state;
        this.names.asked.clear();
      }),
    }, { change: (row) => { value = row; }, complete: () => record.drawClosed(), leave: () => record.drawClosed() });
    const done = h("p", { class: "buttons" }, h("button", { type: "button", class: "strong", on: { click: () => close("take") } }, "Take this"), h("button", { type: "button", on: { click: () => close() } }, "Not now"));
    const keys = (/** @type {KeyboardEvent} */ event) => {
      if (event.target instanceof Node && panel.contains(event.target) && record.key(event)) event.preventDefault();
    };
    addEventListener("keydown", keys);
    const closed = show("A value of one's own", [h("p", { class: "quote" }, h("q", {}, this.text.content.slice(...span))), h("div", { class: "editor" }, summary, panel), done], "wide editor-dialog");
    record.open(value, [], "The claim");
    record.goToOpen();
    const answer = await closed;
    removeEventListener("keydown", keys);
    if (answer !== "take") return;
    const { start, end, ...rest } = value;
    await this.decide(unit, { take: "new", value: { ...withoutBlanks(rest), utf16: span } });
    await this.load();
  }

  async commit() {
    if (!await confirmed("Take the decisions over?", h("p", {}, "The claims, both codings and the new register entries go to the open batch, all or none. The coders see the verdicts from then on."), "Take over")) return;
    await this.post("commit");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (isDialogOpen()) return;
    const { key } = event;
    const unit = this.units?.[this.at];
    const isHeld = event.ctrlKey || event.metaKey;
    if (isTyping(event.target)) return;
    if (key === "?" || key === "F1") cheatSheet();
    else if (isHeld && key === "z") this.post("undo");
    else if (isHeld && (key === "y" || key === "Z")) this.post("redo");
    else if (isHeld || event.altKey) return;
    else if (this.cursor.hasFocus) {
      const arrow = { ArrowRight: ["word", 1], ArrowLeft: ["word", -1], ArrowDown: ["sentence", 1], ArrowUp: ["sentence", -1] }[key];
      if (arrow) this.cursor.move(arrow[0], arrow[1], event.shiftKey);
      else if (key === "Enter") this.cursor.take();
      else if (key === "Escape") this.go(this.at);
      else if (key === " ") this.cursor.shift(1);
      else if (key === "Backspace") this.cursor.shift(-1);
      else if (!this.cursor.label(key)) return;
    } else if (key === "ArrowDown" || key === "j") this.next(1);
    else if (key === "ArrowUp" || key === "k") this.next(-1);
    else if (!unit) return;
    else if (key === "l" && unit.left) this.decide(unit, { take: "left" });
    else if (key === "r" && unit.right) this.decide(unit, { take: "right" });
    else if (key === "n") this.edit(unit, unit.verdict?.value ?? unit.left?.value ?? unit.right?.value ?? {});
    else if (key === "x") this.decide(unit, { take: "none" });
    else if (key === "o") this.decide(unit, { take: null });
    else if (key === "a") this.post("accept-agreed");
    else if (key === "c") byId("units").querySelector(".here input")?.focus();
    else return;
    event.preventDefault();
  }
}

async function start() {
  const [form, { source: row, text }, table] = await Promise.all([get("api/form"), get(`api/sources/${source}`), keyTable()]);
  byId("title").textContent = row.title;
  try {
    const found = await get(path);
    const whole = new AdjudicatePage(form, row, text, table);
    window.claimlogDesk = whole;
    whole.take(found);
    whole.go(Math.max(0, whole.units.findIndex((/** @type {any} */ unit) => !unit.verdict)));
  } catch (error) {
    const { message, body, code } = /** @type {any} */ (error);
    if (code !== "unfinished") throw error;
    fill(byId("main"), h("h1", {}, row.title), h("p", { class: "notice" }, message), h("ul", {}, (body.coders ?? []).map((/** @type {any} */ one) => h("li", {}, `${one.coder}: ${one.state}`))), h("p", {}, h("a", { href: page("") }, "Start")));
  }
}

start().catch((error) => alarm(error.message));
