// What is decided of a text, as it is in the page, and its way to the server: one change after the other. A change rests
// on what the page showed when it was asked for: it is not sent once something else is shown that this page did not do.
import { ApiError, get, quoted, reloadIfCorrected, post, put } from "./api.js";
import { askBeforeLeaving, settled } from "./dom.js";
import { KeptValues } from "./kept_values.js";
import { LeftWords } from "./left_words.js";
import { placeOf } from "./unsaved_kinds.js";

/**
 * @typedef {object} Change
 * @property {string} what is decided, in words
 * @property {() => Promise<any>} send
 * @property {(found: any) => boolean} isDone whether the decisions that are found have it
 * @property {() => void} saved run once it is saved
 * @property {string} [unit] the passage, or the coder's entry, of a change of one
 * @property {boolean} [isNote] whether it is of a note alone
 * @property {() => void} [overwrite] puts it in the place of what another page saved meanwhile
 * @property {boolean} [isUnanswered] whether it was sent, and no answer came
 */

/**
 * @typedef {object} Note as it is typed
 * @property {string} text
 * @property {string} over the note that was saved there
 * @property {string} compared what was compared: passages of other codings may have the same names
 */

/** The decisions on one text. It tells listeners `change` (of what is shown) and `status` (of what is saved). */
export class Decisions extends EventTarget {
  /** @param {string} source @param {string} textHash of the text that the page shows */
  constructor(source, textHash) {
    super();
    this.textHash = textHash;
    this.path = quoted`api/adjudication/${source}`;
    this.browser = new KeptValues(placeOf("decisions", source));
    /** @type {any} as the server says it */
    this.state = null;
    /** @type {Promise<any>} */
    this.sent = Promise.resolve();
    /** @type {Set<Change>} changes without an answer */
    this.waiting = new Set();
    /** Another number whenever the page shows what it did not do itself. */
    this.view = 0;
    /** Another number whenever a change is not saved: what waits then was decided as if it had been. */
    this.run = 0;
    /** @type {Change[]} changes that were not saved, and not decided anew since */
    this.unsaved = [];
    /** @type {any} why the first of them was not */
    this.error = null;
    /** What the page showed then. */
    this.failedView = -1;
    /** Whether decisions are shown that another page made since. */
    this.hasOthers = false;
    /** What was decided before the last decision was taken back. */
    this.verdictsBeforeUndo = "";
    /** @type {Record<string, Note>} notes that were typed over saved ones and are not yet saved */
    this.notes = Object.fromEntries(this.browser.below("note"));
    /** What was typed of passages that are not there any more, or not as they were. */
    this.left = new LeftWords(this.browser, () => this.tell());
    askBeforeLeaving(() => this.waiting.size > 0 || !Object.entries(this.notes).every(([name, note]) => this.browser.isKept(`note/${name}`, note)));
    this.saveNotesSoon = settled(600, () => this.saveNotes());
  }

  /** What is saved: of what the page shows, and of what is typed there. */
  get status() {
    if (this.unsaved.length || this.left.all.size) return "bad";
    return this.waiting.size || Object.keys(this.notes).length ? "saving" : "saved";
  }

  tell() {
    this.dispatchEvent(new Event("status"));
  }

  /**
   * Read all of it anew, but not what is older than what this page has. What was not saved as far as this page knew, and
   * is there, was saved: only the answer was lost.
   * @param {Change[]} [asked]
   * @returns {Promise<Change[]>} those of them that are there
   */
  async load(asked = this.unsaved) {
    const found = await get(this.path);
    const { state } = this;
    if (found.file === state?.file && found.state < state.state) return [];
    const done = asked.filter((change) => change.isDone(found));
    this.keepUnsaved((change) => !done.includes(change));
    const isOfSame = found.compared === state?.compared && ["", found.file].includes(state.file); // the first change makes the file
    const isOwn = done.length > 0 && (found.committed || found.state === state.state + 1);
    this.take(found, isOfSame && (isOwn || found.state === state.state));
    for (const change of done) change.saved();
    return done;
  }

  /** @param {any} found @param {boolean} isOwn whether all that is new in it was done by this page */
  take(found, isOwn) {
    if (reloadIfCorrected(found, this.textHash)) return;
    if (!isOwn) {
      this.view += 1;
      this.hasOthers = Boolean(this.state);
    }
    this.state = found;
    this.leaveNotesOfOthers();
    this.dispatchEvent(new Event("change"));
    this.tell();
  }

  /** Take what a change of this page was answered; what others decided meanwhile is read, too, and shown. @param {any} answer */
  async takeAnswer(answer) {
    const { state: { state, units } } = this;
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
  }

  /** @param {any} answer of a change of one passage @param {number} at its place among all */
  takeUnit(answer, at) {
    const units = this.state.units.with(at, answer.unit);
    const { unit, ...said } = answer;
    this.take({ ...this.state, ...said, units }, true);
  }

  /** @param {string} name */
  unit(name) {
    return this.state.units.find((/** @type {any} */ one) => one.unit === name);
  }

  /** Whether a passage, or a coder's entry, is there to be decided. @param {string} name */
  isThere(name) {
    return Boolean(this.unit(name)) || this.state.proposals.some((/** @type {any} */ one) => entryName(one) === name);
  }

  /** Whether a change of a passage has no answer yet. @param {string} name */
  isPending(name) {
    return [...this.waiting].some(({ unit }) => unit === name);
  }

  /**
   * Send a change once those before it are answered; whether it is saved.
   * @param {Change} change
   * @param {number} [view] that it rests on
   * @returns {Promise<boolean>}
   */
  change(change, view = this.view) {
    if (!this.waiting.size) this.hasOthers = false;
    this.supersede(change);
    this.waiting.add(change);
    this.tell();
    const { run } = this;
    const sent = this.sent.then(() => (view === this.view && run === this.run ? this.deliver(change) : this.leave(change, null)));
    this.sent = sent.finally(() => {
      this.waiting.delete(change);
      this.tell();
      const isOver = change.isNote && this.isNoteOver(change.unit ?? ""); // then it is said what was written meanwhile
      if (isOver || this.status === "saving") this.saveNotesSoon(); // what could not be saved before, if anything
    });
    return sent;
  }

  /**
   * Forget what is not saved of what is decided now: of the same passage or entry, or of all. What is not saved of another
   * one stays said, for the page has gone on from there; and a note says nothing of a verdict.
   * @param {Change} change
   */
  supersede(change) {
    const isOver = (/** @type {Change} */ one) => one === change || (change.isNote ? one.isNote && one.unit === change.unit : !one.unit || one.unit === change.unit);
    this.keepUnsaved((one) => !isOver(one));
  }

  /** @param {(change: Change) => boolean} isStill whether a change is still not saved */
  keepUnsaved(isStill) {
    this.unsaved = this.unsaved.filter(isStill);
    if (!this.unsaved.length) Object.assign(this, { error: null, failedView: -1 });
  }

  /** @param {Change} change @returns {Promise<boolean>} */
  async deliver(change) {
    try {
      await this.takeAnswer(await change.send());
      change.saved();
      return true;
    } catch (error) {
      const { code, isPassing } = /** @type {any} */ (error);
      change.isUnanswered ||= isPassing;
      const done = code === undefined ? [] : await this.load([change]).catch(() => []);
      if (done.length) return true;
      this.run += 1;
      return this.leave(change, error);
    }
  }

  /** Say of a change that it is not saved; why, where another before it was not. @param {Change} change @param {any} error */
  leave(change, error) {
    if (!this.unsaved.length) Object.assign(this, { error, failedView: this.view });
    const isSame = (/** @type {Change} */ one) => one.unit === change.unit && one.what === change.what;
    this.unsaved = [...this.unsaved.filter((one) => !isSame(one)), change];
    this.tell();
    return false;
  }

  /** Say of words that they are not saved, because other codings are compared than when they were typed. @param {string} what */
  leaveWords(what) {
    this.left.add(`${what}, of other codings than are compared now`);
  }

  /** Whether what is not saved can be sent again as it stands: the page shows what it was decided on. */
  get canRepeat() {
    return Boolean(this.error) && this.error.code !== "stale" && this.failedView === this.view;
  }

  /** Send again what is not saved. */
  again() {
    const { unsaved, failedView } = this;
    for (const change of unsaved) this.change(change, failedView);
  }

  /** What a request says of the state that it is made on. */
  get shown() {
    const { state, file, compared } = this.state;
    return { state, file, compared };
  }

  /**
   * Take the last decision back, or make it again.
   * @param {"undo" | "redo"} which
   * @param {string} whose it was when that was asked for: what waits before it may change nothing
   * @param {number} [view] that it rests on
   */
  step(which, whose, view) {
    let before = -1;
    const send = () => {
      const { can, by } = this.nextStep(which);
      if (can && by !== whose) throw new ApiError(409, { code: "stale", message: "The last decision is another's." });
      before = this.state.state;
      if (which === "undo") this.verdictsBeforeUndo = verdictsOf(this.state);
      return post(`${this.path}/${which}`, this.shown);
    };
    // what was taken back can be made again until anybody decides something; of the last redo its outcome is known
    const isStep = (/** @type {any} */ found) => found.state === before + 1 && (found.can_redo || (which === "redo" && verdictsOf(found) === this.verdictsBeforeUndo));
    const isDone = (/** @type {any} */ found) => Boolean(change.isUnanswered) && isStep(found);
    const change = { what: which, send, isDone, saved() {} };
    return this.change(/** @type {Change} */ (change), view);
  }

  /** Whether there is something to take back, or to make again, and whose it is: who decided that, or took it back. @param {"undo" | "redo"} which */
  nextStep(which) {
    return { can: this.state[`can_${which}`], by: this.state[`${which}_by`] };
  }

  /** Accept all that agrees. */
  acceptAgreed() {
    const isDone = (/** @type {any} */ found) => found.units.every((/** @type {any} */ unit) => unit.kind !== "agreed" || unit.verdict);
    return this.change({ what: "all that agree", send: () => post(`${this.path}/accept-agreed`, this.shown), isDone, saved() {} });
  }

  /** Take the decisions over, with what is typed. @param {number} view that it rests on */
  async commit(view) {
    const change = { what: "taking over", send: () => post(`${this.path}/commit`, this.shown), isDone: (/** @type {any} */ found) => found.committed, saved() {} };
    if (!await this.saveNotes(view)) return;
    if (this.unsaved.some(({ unit }) => unit && this.isThere(unit))) this.leave(change, null);
    else await this.change(change, view);
  }

  /** Say what becomes of a coder's entry of a register. @param {any} proposal @param {any} settled */
  settle(proposal, settled) {
    const { coder, stream, id } = proposal;
    const of = (/** @type {any} */ found) => found.proposals.find((/** @type {any} */ one) => entryName(one) === entryName(proposal));
    const send = () => {
      const { rev: base } = of(this.state) ?? proposal;
      return put(this.path + quoted`/proposals/${coder}/${stream}/${id}`, { ...this.shown, base, ...settled });
    };
    const isDone = (/** @type {any} */ found) => {
      const { same_as: same = null, registered_as: name } = of(found) ?? {};
      return same === (settled.same_as ?? null) && (same !== null || name === (settled.registered_as ?? id));
    };
    return this.change({ unit: entryName(proposal), what: `what becomes of ${id}`, send, isDone, saved() {} });
  }

  /**
   * Save an entry of a register that is made while deciding, once what was decided before is saved.
   * @param {string} stream @param {string} id @param {any} value
   * @param {() => boolean} isWanted whether it was not cancelled meanwhile
   */
  async register(stream, id, value, isWanted) {
    await this.sent.catch(() => {});
    if (!isWanted()) return;
    const before = this.state;
    try {
      const answer = await put(this.path + quoted`/registered/${stream}/${id}`, { ...this.shown, base: 0, value });
      const { entry, ...said } = answer;
      if (answer.state <= before.state + 1) Object.assign(before, said);
      else await this.load();
    } catch (error) {
      await this.load().catch(() => {});
      const isThere = (/** @type {any} */ one) => one.stream === stream && one.id === id && isWithin(value, one.value);
      if (!this.state.registered.some(isThere)) throw error;
    }
  }

  /** The note on a passage: as it is typed, else as it was saved. @param {any} unit */
  note(unit) {
    return this.notes[unit.unit]?.text ?? unit.note ?? "";
  }

  /** Take a note as it is typed; it is saved a moment later, or with the verdict. @param {any} unit @param {string} text */
  typeNote(unit, text) {
    const over = this.notes[unit.unit]?.over ?? this.unit(unit.unit)?.note ?? "";
    this.keepNote(unit.unit, { text, over, compared: this.state.compared });
    this.tell();
    this.saveNotesSoon();
  }

  /** Whether a note that is typed would be written over another that was saved since. @param {string} name */
  isNoteOver(name) {
    const typed = this.notes[name];
    const there = this.unit(name)?.note ?? "";
    return Boolean(typed) && there !== typed.over && there !== typed.text.trim();
  }

  /** Save a note as it is typed in the place of the one that is shown as written meanwhile. @param {any} unit as that was shown */
  overwriteNote({ unit: name, note }) {
    const typed = this.notes[name];
    if (typed) this.keepNote(name, { ...typed, over: note ?? "" });
    this.saveNotes();
  }

  /** Leave the notes on passages of other codings than are compared. */
  leaveNotesOfOthers() {
    const others = Object.entries(this.notes).filter(([, { compared }]) => compared !== this.state.compared);
    for (const [name, { text }] of others) {
      if (text.trim()) this.leaveWords(`the note “${text}”`);
      this.forgetNote(name, text);
    }
  }

  /** @param {string} name @param {Note} note */
  keepNote(name, note) {
    this.notes[name] = note;
    this.browser.keep(`note/${name}`, note);
  }

  /** Forget what was typed once it is saved, but not what was typed on meanwhile. @param {string} name @param {string} text */
  forgetNote(name, text) {
    const typed = this.notes[name];
    if (!typed) return;
    if (typed.text === text) {
      delete this.notes[name];
      this.browser.forget(`note/${name}`, typed);
    } else this.keepNote(name, { ...typed, over: text.trim() });
  }

  /**
   * Save the notes as they are typed, but not over one that was saved there since; whether none is left.
   * @param {number} [view] that it rests on
   */
  async saveNotes(view = this.view) {
    let isAll = true;
    for (const [name, { text }] of Object.entries(this.notes)) {
      const unit = this.unit(name);
      const change = this.changeOf(unit ?? { unit: name }, null);
      if (!unit || this.state.committed) {
        if (text.trim() && text.trim() !== unit?.note) {
          this.left.add(`the note “${text}”, ${unit ? "which was typed after the decisions were taken over" : "of a passage that is not there any more"}`);
          isAll = false;
        }
        this.forgetNote(name, text);
      } else if (this.isNoteOver(name) && text.trim()) {
        this.supersede(change);
        isAll = this.leave({ ...change, what: `${change.what} (another was written meanwhile: “${unit.note ?? ""}”)`, overwrite: () => this.overwriteNote(unit) }, null);
      } else if (this.isNoteOver(name)) {
        this.supersede(change);
        this.forgetNote(name, text);
        this.dispatchEvent(new Event("change")); // the other one is shown
        this.tell();
      } else {
        if (!await this.change(change, view)) return false; // eslint-disable-line no-await-in-loop -- in order
      }
    }
    return isAll;
  }

  /**
   * Save a verdict, with the note as it is typed.
   * @param {any} unit @param {any} verdict @param {number} [view] that it rests on @param {() => void} [saved] run once it is saved
   */
  decide(unit, verdict, view, saved = () => {}) {
    const change = this.changeOf(unit, verdict);
    const forget = change.saved;
    change.saved = () => { forget(); saved(); };
    return this.change(change, view);
  }

  /**
   * A verdict with the note as it is typed; without a verdict it is that which is there then.
   * @param {any} unit @param {any} verdict
   * @returns {Change}
   */
  changeOf(unit, verdict) {
    const { unit: name } = unit;
    const typed = this.note(unit);
    const isOver = this.isNoteOver(name); // then the verdict is saved without it
    const note = (isOver ? this.unit(name)?.note : typed.trim()) || null;
    const quote = this.unit(name)?.quote ?? "words of your own choice";
    const asked = (/** @type {any} */ there) => ({ take: null, value: null, ...(verdict ?? there?.verdict) });
    const send = () => {
      const there = this.unit(name) ?? unit;
      const { take, value } = asked(there);
      const body = { ...this.shown, base: there.rev, take, note };
      return put(`${this.path}/units/${name}`, value ? { ...body, value: { ...value, text_sha256: this.textHash } } : body);
    };
    const isDone = (/** @type {any} */ found) => {
      const there = found.units.find((/** @type {any} */ one) => one.unit === name);
      const { take, value } = asked(there);
      return (there?.verdict?.take ?? null) === take && (there?.note ?? null) === note && isWithin(value, there?.verdict?.value);
    };
    const what = `${verdict ? verdict.take ?? "open again" : "the note"} on “${quote.slice(0, 60)}”`;
    const saved = () => isOver || this.forgetNote(name, typed);
    return { unit: name, isNote: !verdict, what, send, isDone, saved };
  }
}

/** The name of a coder's entry, which no passage has. @param {any} proposal */
function entryName({ coder, stream, id }) {
  return `${coder}/${stream}/${id}`;
}

/** What is decided of each passage, to compare. @param {any} found */
function verdictsOf(found) {
  return JSON.stringify(found.units.map((/** @type {any} */ { unit, verdict, note }) => [unit, verdict, note]));
}

/** Whether a value that was sent is the one that is there, which may have more. @param {any} sent @param {any} there */
function isWithin(sent, there) {
  const { utf16, ...values } = sent ?? {};
  return Object.entries(values).every(([column, value]) => JSON.stringify(value) === JSON.stringify(there?.[column]));
}
