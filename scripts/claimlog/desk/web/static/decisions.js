// What is decided of a text, as it is in the page, and its way to the server: one change after the other. A change rests
// on what the page showed when it was asked for: it is not sent once something else is shown that this page did not do.
import { get, reloadIfCorrected, post, put } from "./api.js";
import { settled } from "./dom.js";

/**
 * @typedef {object} Change
 * @property {string} what is decided, in words
 * @property {() => Promise<any>} send
 * @property {number} view that it rests on
 */

/**
 * The decisions on one text. It tells listeners `change` (of what is shown), `saving`, `idle`, `others` (whose decisions
 * are shown now) and `failure` (with the error, what is not saved, and what sends it again).
 */
export class Decisions extends EventTarget {
  /** @param {string} source @param {string} role @param {string} textHash of the text that the page shows */
  constructor(source, role, textHash) {
    super();
    this.textHash = textHash;
    this.path = `api/adjudication/${source}`;
    this.place = `claimlog-desk/decisions/${role}/${source}`;
    /** @type {any} as the server says it */
    this.state = null;
    /** @type {Promise<any>} */
    this.sent = Promise.resolve();
    this.waiting = 0;
    /** Another number whenever the page shows what it did not do itself, or could not do. */
    this.view = 0;
    /** @type {Change[]} changes that were not saved since nothing waited */
    this.unsaved = [];
    /** @type {any} why the first of them was not */
    this.error = null;
    /** @type {Record<string, {text: string, over: string}>} notes that were typed over saved ones and are not yet saved */
    this.notes = Object.fromEntries(Object.entries(this.kept("notes") ?? {}).map(([name, note]) => [name, typeof note === "string" ? { text: note, over: "" } : note]));
    this.saveNotesSoon = settled(600, () => this.saveNotes());
  }

  /** Read back what this browser keeps: notes, the passage that is open, a value that was begun. @param {string} what */
  kept(what) {
    try {
      return JSON.parse(localStorage.getItem(`${this.place}/${what}`) ?? "null");
    } catch {
      return null;
    }
  }

  /** @param {string} what @param {any} value null forgets it */
  keep(what, value) {
    try {
      if (value === null) localStorage.removeItem(`${this.place}/${what}`);
      else localStorage.setItem(`${this.place}/${what}`, JSON.stringify(value));
    } catch { /* a full store: the page still has it */ }
  }

  /** Read all of it anew, but not what is older than what this page has. */
  async load() {
    const found = await get(this.path);
    const { state } = this;
    if (state && found.file === state.file && found.state < state.state) return;
    this.take(found, Boolean(state) && ["state", "file", "compared"].every((name) => found[name] === state[name]));
  }

  /** @param {any} found @param {boolean} isOwn whether all that is new in it was done by this page */
  take(found, isOwn) {
    if (reloadIfCorrected(found, this.textHash)) return;
    if (!isOwn) this.view += 1;
    this.state = found;
    this.dispatchEvent(new Event("change"));
  }

  /** Take what a change of this page was answered; what others decided meanwhile is read, too, and shown. @param {any} answer */
  async takeAnswer(answer) {
    const { view, state: { state, units } } = this;
    const isNext = answer.committed || answer.state <= state + 1;
    const at = units.findIndex((/** @type {any} */ unit) => unit.unit === answer.unit?.unit);
    const isRemoved = answer.unit?.kind === "added" && !answer.unit.verdict;
    const isLast = answer.unit?.rev === (answer.state === state ? units[at]?.rev : answer.state); // nobody's came after it
    if (answer.units) this.take(answer, isNext);
    else if (at >= 0 && !isRemoved && isNext && isLast) this.takeUnit(answer, at);
    else {
      const found = await get(this.path);
      this.take(found, isNext && found.state === answer.state);
    }
    if (this.view !== view) this.dispatchEvent(new Event("others"));
  }

  /** @param {any} answer of a change of one passage @param {number} at its place among all */
  takeUnit(answer, at) {
    const units = this.state.units.with(at, answer.unit);
    const open = units.filter((/** @type {any} */ unit) => !unit.verdict).length;
    const { state, file, can_undo, can_redo } = answer;
    this.take({ ...this.state, units, open, state, file, can_undo, can_redo }, true);
  }

  /** @param {string} name */
  unit(name) {
    return this.state.units.find((/** @type {any} */ one) => one.unit === name);
  }

  /**
   * Send a change once those before it are answered; whether it is saved.
   * @param {string} what is decided, in words
   * @param {() => Promise<any>} send
   * @param {number} [view] that it rests on
   * @returns {Promise<boolean>}
   */
  change(what, send, view = this.view) {
    if (!this.waiting) this.unsaved = [];
    this.waiting += 1;
    this.dispatchEvent(new Event("saving"));
    const sent = this.sent.then(() => this.deliver({ what, send, view }));
    this.sent = sent.finally(() => {
      this.waiting -= 1;
      setTimeout(() => this.waiting || this.dispatchEvent(new Event("idle"))); // after what waits for the answer
    });
    return sent;
  }

  /** @param {Change} change @returns {Promise<boolean>} */
  async deliver(change) {
    if (change.view !== this.view) return this.leave(change, null);
    try {
      await this.takeAnswer(await change.send());
      return true;
    } catch (error) {
      this.view += 1; // what waits was decided as if this had been saved
      if (/** @type {any} */ (error).code !== undefined) await this.load().catch(() => {});
      return this.leave(change, error);
    }
  }

  /** Say of a change that it is not saved; why, where another before it was not. @param {Change} change @param {any} error */
  leave(change, error) {
    if (!this.waiting) this.unsaved = [];
    if (!this.unsaved.length) this.error = error;
    this.unsaved.push(change);
    const unsaved = [...this.unsaved];
    const again = () => { for (const { what, send } of unsaved) this.change(what, send); };
    this.dispatchEvent(new CustomEvent("failure", { detail: { error: this.error, unsaved: unsaved.map(({ what }) => what), again } }));
    return false;
  }

  /** What a request says of the state that it is made on. */
  get shown() {
    const { state, file, compared } = this.state;
    return { state, file, compared };
  }

  /** @param {string} what @param {string} label @param {number} [view] that it rests on */
  post(what, label, view) {
    return this.change(label, () => post(`${this.path}/${what}`, this.shown), view);
  }

  /** Say what becomes of a coder's entry of a register. @param {any} proposal @param {any} settled */
  settle(proposal, settled) {
    const { coder, stream, id } = proposal;
    const isSame = (/** @type {any} */ one) => one.coder === coder && one.stream === stream && one.id === id;
    return this.change(`what becomes of ${id}`, () => {
      const { rev: base } = this.state.proposals.find(isSame) ?? proposal;
      return put(`${this.path}/proposals/${coder}/${stream}/${id}`, { ...this.shown, base, ...settled });
    });
  }

  /** Save an entry of a register that is made while deciding. @param {string} stream @param {string} id @param {any} value */
  async register(stream, id, value) {
    await this.sent.catch(() => {});
    const answer = await put(`${this.path}/registered/${stream}/${id}`, { ...this.shown, base: 0, value });
    if (answer.state <= this.state.state + 1) Object.assign(this.state, { state: answer.state, file: answer.file });
    else await this.load();
  }

  /** The note on a passage: as it is typed, else as it was saved. @param {any} unit */
  note(unit) {
    return this.notes[unit.unit]?.text ?? unit.note ?? "";
  }

  /** Take a note as it is typed; it is saved a moment later, or with the verdict. @param {any} unit @param {string} text */
  typeNote(unit, text) {
    this.notes[unit.unit] = { text, over: this.unit(unit.unit)?.note ?? "" };
    this.keep("notes", this.notes);
    this.saveNotesSoon();
  }

  /** Forget what was typed once it is saved, but not what was typed on meanwhile. @param {string} name @param {string} text */
  forgetNote(name, text) {
    const typed = this.notes[name];
    if (!typed) return;
    if (typed.text === text) delete this.notes[name];
    else typed.over = text.trim();
    this.keep("notes", Object.keys(this.notes).length ? this.notes : null);
  }

  /**
   * Save the notes as they are typed, but not over one that was saved there since; whether none is left.
   * @param {number} [view] that it rests on
   */
  async saveNotes(view = this.view) {
    for (const [name, { text, over }] of Object.entries(this.notes)) {
      const unit = this.unit(name);
      if (!unit || this.state.committed) this.forgetNote(name, text);
      else {
        const change = this.changeOf(unit, null);
        if (![over, text.trim()].includes(unit.note ?? "")) return this.leave({ ...change, view }, null);
        if (!await this.change(change.what, change.send, view)) return false; // eslint-disable-line no-await-in-loop -- in order
        this.forgetNote(name, text);
      }
    }
    return true;
  }

  /** Save a verdict, with the note as it is typed. @param {any} unit @param {any} verdict @param {number} [view] that it rests on */
  async decide(unit, verdict, view = this.view) {
    const note = this.note(unit);
    const { what, send } = this.changeOf(unit, verdict);
    const isSaved = await this.change(what, send, view);
    if (isSaved) this.forgetNote(unit.unit, note);
    return isSaved;
  }

  /** A verdict with the note as it is typed; without a verdict it is that which is there then. @param {any} unit @param {any} verdict */
  changeOf(unit, verdict) {
    const note = this.note(unit).trim() || null;
    const quote = this.unit(unit.unit)?.quote ?? "words of your own choice";
    const send = () => {
      const { rev: base, verdict: there } = this.unit(unit.unit) ?? unit;
      const { take = null, value = null } = verdict ?? there ?? {};
      const body = { ...this.shown, base, take, note };
      return put(`${this.path}/units/${unit.unit}`, value ? { ...body, value: { ...value, text_sha256: this.textHash } } : body);
    };
    return { what: `${verdict ? verdict.take ?? "open again" : "the note"} on “${quote.slice(0, 60)}”`, send };
  }
}
