// What a person changed and the server has not yet said to have saved: kept in the browser until it has.
import { ApiError, DEFINITION } from "./api.js";
import { askBeforeLeaving, settled } from "./dom.js";
import { keptAt } from "./unsaved_kinds.js";

/**
 * @typedef {object} Change
 * @property {string} name
 * @property {any} value null takes it away
 * @property {number} base the revision that the change was made on
 * @property {string} [file] that this revision is of
 * @property {string} [definition] by which the form was made that it was typed in
 * @property {any} earlier what there was before, with what was there last of all that is not saved since
 * @property {string} mark tells this change from later ones of the same name
 * @property {Change} [sent] it, or one before it, as it was sent and not yet answered: sent so again, in case it was saved
 * @property {any} [current] what is there instead, if it is no longer that revision
 * @property {string} [refusal] why the server would not have it
 */

const WAITS = [1, 2, 4, 8, 15];

/** Milliseconds without a key after which text is sent that is being typed. */
const PAUSE = 400;

/** Changes on their way, from the first key on: sent one by one in order, tried again until each is saved. */
export class SaveQueue {
  /**
   * @param {string} place under which unsaved changes are kept in this browser
   * @param {(change: Change) => Promise<any>} deliver its answer says in `left` why a part of the change is not saved, if one is not
   * @param {{saved: (change: Change, answer: any, isLatest: boolean) => void, status: (queue: SaveQueue) => void}} listeners
   */
  constructor(place, deliver, listeners) {
    this.place = place;
    this.deliver = deliver;
    this.listeners = listeners;
    /** @type {Map<string, Change>} */
    this.changes = new Map();
    this.failures = 0;
    /** @type {string | null} */
    this.failure = null;
    /** @type {Promise<void> | null} while something is sent */
    this.sending = null;
    /** @type {string | null} the change that is being typed, which is not sent before a pause */
    this.typed = null;
    this.sendSoon = settled(PAUSE, () => this.sendNow());
    this.timer = 0;
    addEventListener("online", () => this.send());
    askBeforeLeaving(() => !this.isKept);
  }

  /** Return the changes that an earlier page of this browser could not save. @returns {Change[]} */
  left() {
    return Object.keys(localStorage).filter((key) => key.startsWith(`${this.place}/`)).map((key) => keptAt(key)).filter(Boolean);
  }

  /**
   * Save a change: in this browser at once, on the server as soon as it can be reached.
   * @param {string} name @param {any} value @param {{base: number, file: string, earlier: any}} on what it was made on, if nothing waits before it
   * @param {boolean} [isTyping] whether more of it is likely to come at once
   */
  add(name, value, on, isTyping = false) {
    const before = this.changes.get(name);
    const { base, file, earlier } = before ?? on;
    const change = { name, value, base, file, earlier, definition: DEFINITION, mark: crypto.randomUUID(), sent: before?.sent, current: before?.current };
    this.changes.set(name, change);
    this.keep(change);
    this.typed = isTyping ? name : null;
    if (!isTyping) this.send();
    else {
      this.sendSoon();
      if (!before) this.listeners.status(this);
    }
  }

  /** Take a change of an earlier page up again; one that was typed in another form is looked at first. @param {Change} change */
  resume(change) {
    const isOfOtherForm = change.value && change.definition !== DEFINITION;
    this.changes.set(change.name, { ...change, refusal: isOfOtherForm ? "It was typed before the codebook or a schema was changed." : undefined });
  }

  /** Go on with a change whose revision was no longer the last: on the one that is. */
  rebase(/** @type {string} */ name, /** @type {any} */ value, /** @type {{base: number, file: string, earlier: any}} */ on) {
    this.changes.delete(name);
    this.add(name, value, on);
  }

  /** Forget a change. @param {string} name */
  drop(name) {
    const change = this.changes.get(name);
    this.changes.delete(name);
    if (change) this.forget(change);
    this.listeners.status(this);
  }

  /** Keep a change no longer in this browser, but a later one of another window. @param {Change} change */
  forget({ name, mark }) {
    if (this.keptMark(name) === mark) localStorage.removeItem(`${this.place}/${name}`);
  }

  /** The mark of the change that is kept in this browser. @param {string} name */
  keptMark(name) {
    return keptAt(`${this.place}/${name}`)?.mark;
  }

  /** Whether all that is not saved is kept in this browser: its store may be full, or another window's change in the place of one. */
  get isKept() {
    return [...this.changes.values()].every(({ name, mark }) => this.keptMark(name) === mark);
  }

  /** @param {Change} change */
  keep(change) {
    const { current, refusal, ...kept } = change;
    try {
      localStorage.setItem(`${this.place}/${change.name}`, JSON.stringify(kept));
    } catch { /* a full store: the page still has it */ }
  }

  /** Changes that can be sent. */
  get ready() {
    return [...this.changes.values()].filter((change) => change.current === undefined && !change.refusal && change.name !== this.typed);
  }

  /** Changes made on a revision that is no longer the last. */
  get conflicts() {
    return [...this.changes.values()].filter((change) => change.current !== undefined);
  }

  get refused() {
    return [...this.changes.values()].filter((change) => change.refusal);
  }

  /** Send all that can be sent, what is being typed too; whether nothing of it is left. @returns {Promise<boolean>} */
  async sendNow() {
    this.typed = null;
    await this.send();
    return !this.ready.length;
  }

  /** Send what is ready; resolve once it is saved, or cannot be for now. @returns {Promise<void>} */
  send() {
    clearTimeout(this.timer);
    if (this.ready.length) this.sending ??= this.sendAll();
    this.listeners.status(this);
    return this.sending ?? Promise.resolve();
  }

  /** Send what is ready, the oldest first. */
  async sendAll() {
    for (let change = this.ready[0]; change; change = this.ready[0]) {
      const { name, value, base, file, mark } = change;
      change.sent ??= { name, value, base, file, mark };
      const { sent } = change;
      try {
        this.finish(sent, await this.deliver(sent)); // eslint-disable-line no-await-in-loop -- in order
        this.failures = 0;
        this.failure = null;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.isPassing || error.isOutdated) {
          this.postpone(error.message);
          break;
        }
        this.refuse(sent, error);
      }
    }
    this.sending = null;
    this.listeners.status(this);
  }

  /** @param {Change} sent @param {any} answer */
  finish(sent, answer) {
    const latest = this.changes.get(sent.name);
    const isLatest = !latest || latest.mark === sent.mark;
    const isOver = isLatest && !answer.left;
    if (isOver) {
      this.changes.delete(sent.name);
      this.forget(sent);
    }
    this.listeners.saved(sent, answer, isOver);
    if (isOver || !latest) return;
    latest.sent = undefined;
    if (isLatest) latest.refusal = answer.left;
    this.keep(latest); // on the revision that is there by now
  }

  /** @param {Change} sent @param {ApiError} error */
  refuse(sent, error) {
    const latest = this.changes.get(sent.name);
    if (!latest) return;
    latest.sent = undefined;
    if (error.code === "stale") latest.current = error.body.current ?? null;
    else if (latest.mark === sent.mark) latest.refusal = error.message; // else what came after it may be taken
  }

  /** @param {string} message */
  postpone(message) {
    this.failure = message;
    const seconds = WAITS[Math.min(this.failures, WAITS.length - 1)];
    this.failures += 1;
    this.timer = setTimeout(() => this.send(), seconds * 1000);
  }
}
