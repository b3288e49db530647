// What is decided of a text, as it is in the page, and its way to the server: one change after the other.
import { get, reloadIfCorrected, post, put } from "./api.js";
import { settled } from "./dom.js";

/**
 * The decisions on one text. It tells listeners `change` (of what is shown), `saving`, `idle`, and `failure` (with the
 * error and what sends it again).
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
    /** @type {Record<string, string>} notes that were typed and are not yet saved, by passage */
    this.notes = this.kept("notes") ?? {};
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

  async load() {
    this.take(await get(this.path));
  }

  /** @param {any} found */
  take(found) {
    if (reloadIfCorrected(found, this.textHash)) return;
    this.state = found;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} name */
  unit(name) {
    return this.state.units.find((/** @type {any} */ one) => one.unit === name);
  }

  /** Send a change once those before it are answered; whether it is saved. @param {() => Promise<any>} send @returns {Promise<boolean>} */
  change(send) {
    this.waiting += 1;
    this.dispatchEvent(new Event("saving"));
    const sent = this.sent.then(() => this.deliver(send));
    this.sent = sent.finally(() => {
      this.waiting -= 1;
      setTimeout(() => this.waiting || this.dispatchEvent(new Event("idle"))); // after what waits for the answer
    });
    return sent;
  }

  /** @param {() => Promise<any>} send */
  async deliver(send) {
    try {
      const answer = await send();
      if (answer.units) this.take(answer);
      else await this.takeUnit(answer);
      return true;
    } catch (error) {
      if (/** @type {any} */ (error).code !== undefined) await this.load().catch(() => {});
      this.dispatchEvent(new CustomEvent("failure", { detail: { error, again: () => this.change(send) } }));
      return false;
    }
  }

  /** @param {any} answer of a change of one passage */
  async takeUnit(answer) {
    const at = this.state.units.findIndex((/** @type {any} */ unit) => unit.unit === answer.unit?.unit);
    if (at < 0 || (answer.unit.kind === "added" && !answer.unit.verdict)) {
      await this.load();
      return;
    }
    const units = this.state.units.with(at, answer.unit);
    const open = units.filter((/** @type {any} */ unit) => !unit.verdict).length;
    this.take({ ...this.state, units, open, state: answer.state, can_undo: answer.can_undo, can_redo: answer.can_redo });
  }

  /** @param {string} what @param {any} body */
  post(what, body = {}) {
    return this.change(() => post(`${this.path}/${what}`, { state: this.state.state, compared: this.state.compared, ...body }));
  }

  /** The note on a passage: as it is typed, else as it was saved. @param {any} unit */
  note(unit) {
    return this.notes[unit.unit] ?? unit.note ?? "";
  }

  /** Take a note as it is typed; it is saved a moment later, or with the verdict. @param {any} unit @param {string} text */
  typeNote(unit, text) {
    this.notes[unit.unit] = text;
    this.keep("notes", this.notes);
    this.saveNotesSoon();
  }

  /** @param {string} name @param {string} text */
  forgetNote(name, text) {
    if (this.notes[name] !== text) return; // typed on meanwhile
    delete this.notes[name];
    this.keep("notes", Object.keys(this.notes).length ? this.notes : null);
  }

  async saveNotes() {
    for (const name of Object.keys(this.notes)) {
      const unit = this.unit(name);
      if (!unit || this.state.committed) {
        this.forgetNote(name, this.notes[name]);
        continue;
      }
      const { take = null, value = null } = unit.verdict ?? {};
      await this.decide(unit, take ? { take, ...(value ? { value } : {}) } : { take: null }); // eslint-disable-line no-await-in-loop -- in order
    }
  }

  /** Save a verdict, with the note as it is typed. @param {any} unit @param {any} verdict */
  async decide(unit, verdict) {
    const note = this.note(unit);
    const { value, ...rest } = verdict;
    const sent = value ? { ...rest, value: { ...value, text_sha256: this.textHash } } : rest;
    const isSaved = await this.change(() => {
      const { rev: base } = this.unit(unit.unit) ?? unit;
      return put(`${this.path}/units/${unit.unit}`, { base, compared: this.state.compared, ...sent, note: note.trim() || null });
    });
    if (isSaved) this.forgetNote(unit.unit, note);
    return isSaved;
  }
}
