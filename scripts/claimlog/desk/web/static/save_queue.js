// What a person changed and the server has not yet said to have saved: kept in the browser until it has.
import { ApiError } from "./api.js";
import { askBeforeLeaving } from "./dom.js";

/**
 * @typedef {object} Change
 * @property {string} name
 * @property {any} value null takes it away
 * @property {number} base the revision that the change was made on
 * @property {string} [file] that this revision is of
 * @property {string} mark tells this change from later ones of the same name
 * @property {any} [current] what is there instead, if it is no longer that revision
 * @property {string} [refusal] why the server would not have it
 */

const WAITS = [1, 2, 4, 8, 15];

/** Changes on their way: sent one by one in order, tried again until each is saved. */
export class SaveQueue {
  /**
   * @param {string} place under which unsaved changes are kept in this browser
   * @param {(change: Change) => Promise<any>} deliver
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
    this.isSending = false;
    this.isKept = true;
    this.timer = 0;
    /** @type {(() => void)[]} */
    this.waiting = [];
    addEventListener("online", () => this.send());
    askBeforeLeaving(() => !this.isKept);
  }

  /** Return the changes that an earlier page of this browser could not save. @returns {Change[]} */
  left() {
    const found = [];
    for (let at = 0; at < localStorage.length; at += 1) {
      const key = localStorage.key(at);
      if (!key?.startsWith(`${this.place}/`)) continue;
      try {
        found.push(JSON.parse(localStorage.getItem(key) ?? ""));
      } catch {
        localStorage.removeItem(key);
      }
    }
    return found;
  }

  /** Save a change: in this browser at once, on the server as soon as it can be reached. */
  add(/** @type {string} */ name, /** @type {any} */ value, /** @type {number} */ base, /** @type {string} */ file) {
    const before = this.changes.get(name);
    const mark = crypto.randomUUID();
    const change = { name, value, ...(before ? { base: before.base, file: before.file } : { base, file }), mark };
    if (before?.current !== undefined) Object.assign(change, { current: before.current });
    this.changes.set(name, change);
    this.keep(change);
    this.send();
  }

  /** Take a change of an earlier page up again. @param {Change} change */
  resume(change) {
    this.changes.set(change.name, { ...change, refusal: undefined });
  }

  /** Go on with a change whose revision was no longer the last: on the one that is. */
  rebase(/** @type {string} */ name, /** @type {any} */ value, /** @type {number} */ base, /** @type {string} */ file) {
    this.changes.delete(name);
    this.add(name, value, base, file);
  }

  /** Forget a change. @param {string} name */
  drop(name) {
    this.changes.delete(name);
    localStorage.removeItem(`${this.place}/${name}`);
    this.listeners.status(this);
    this.release();
  }

  /** @param {Change} change */
  keep(change) {
    const { current, refusal, ...kept } = change;
    try {
      localStorage.setItem(`${this.place}/${change.name}`, JSON.stringify(kept));
      this.isKept = true;
    } catch {
      this.isKept = false;
    }
  }

  /** Changes that can be sent. */
  get ready() {
    return [...this.changes.values()].filter((change) => change.current === undefined && !change.refusal);
  }

  /** Changes made on a revision that is no longer the last. */
  get conflicts() {
    return [...this.changes.values()].filter((change) => change.current !== undefined);
  }

  get refused() {
    return [...this.changes.values()].filter((change) => change.refusal);
  }

  /** Resolve once nothing is on its way. @returns {Promise<void>} */
  idle() {
    if (!this.isSending && !this.ready.length) return Promise.resolve();
    return new Promise((resolve) => { this.waiting.push(resolve); });
  }

  release() {
    if (this.isSending || this.ready.length) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Send what is ready, the oldest first. */
  async send() {
    clearTimeout(this.timer);
    if (this.isSending) return;
    this.isSending = true;
    this.listeners.status(this);
    for (let change = this.ready[0]; change; change = this.ready[0]) {
      try {
        this.finish(change, await this.deliver(change)); // eslint-disable-line no-await-in-loop -- in order
        this.failures = 0;
        this.failure = null;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.isPassing) {
          this.postpone(error.message);
          break;
        }
        const latest = this.changes.get(change.name) ?? change;
        if (error.code === "stale") latest.current = error.body.current ?? null;
        else latest.refusal = error.message;
      }
    }
    this.isSending = false;
    this.listeners.status(this);
    this.release();
  }

  /** @param {Change} change @param {any} answer */
  finish(change, answer) {
    const latest = this.changes.get(change.name);
    const isLatest = !latest || latest.mark === change.mark;
    if (isLatest) {
      this.changes.delete(change.name);
      const key = `${this.place}/${change.name}`;
      if ((localStorage.getItem(key) ?? "").includes(change.mark)) localStorage.removeItem(key);
    }
    this.listeners.saved(change, answer, isLatest);
  }

  /** @param {string} message */
  postpone(message) {
    this.failure = message;
    const seconds = WAITS[Math.min(this.failures, WAITS.length - 1)];
    this.failures += 1;
    this.timer = setTimeout(() => this.send(), seconds * 1000);
  }
}
