// Values of one's own that were begun and are not saved yet: this browser keeps them, each for the page that has it.
import { randomName } from "./dom.js";

/** Hold a name until this page goes; whether no other page holds it. @param {string} name @returns {Promise<boolean>} */
function hold(name) {
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock && new Promise(() => {});
    });
  });
}

/**
 * @typedef {object} Kept
 * @property {string} unit
 * @property {[number, number]} utf16
 * @property {any} value
 * @property {string} compared what was compared: passages of other codings may have the same names
 */

/** A value that was begun in this page, or in one that is gone. */
class BegunValue {
  /** @param {import("./decisions.js").Decisions} decisions @param {string} place */
  constructor(decisions, place) {
    this.decisions = decisions;
    this.place = place;
    /** @type {Kept | null} null while nothing of it is to be kept */
    this.kept = null;
    /** @type {Promise<boolean>} */
    this.isOwn = hold(`${decisions.browser.place}/${place}`);
  }

  /** @param {Kept} kept */
  keep(kept) {
    this.kept = kept;
    this.decisions.browser.keep(this.place, kept);
  }

  /** Forget it, but not what was typed since. @param {any} kept */
  forget(kept) {
    if (kept !== this.kept) return;
    this.decisions.browser.forget(this.place, kept);
    this.kept = null;
  }
}

/** Those of one page, which another page neither opens nor forgets. */
export class BegunValues {
  /** @param {import("./decisions.js").Decisions} decisions */
  constructor(decisions) {
    this.decisions = decisions;
    /** @type {BegunValue[]} */
    this.all = [];
  }

  /** Take those over whose page is gone. */
  async takeOver() {
    const found = this.decisions.browser.below("begun").map(([name]) => new BegunValue(this.decisions, `begun/${name}`));
    const isOwn = await Promise.all(found.map((one) => one.isOwn));
    this.all = found.filter((_, at) => isOwn[at]);
    for (const one of this.all) one.kept = this.decisions.browser.read(one.place);
  }

  /** Those of passages of the codings that are compared. */
  get ofCompared() {
    return this.all.filter(({ kept }) => kept?.compared === this.decisions.state.compared);
  }

  /** Forget those of other codings, and return their values. @returns {any[]} */
  takeOthers() {
    const { ofCompared } = this;
    const others = this.all.filter((one) => one.kept && !ofCompared.includes(one));
    return others.map((one) => {
      const { kept } = one;
      one.forget(kept);
      return kept?.value;
    });
  }

  /** One of a passage, else any, else none. @param {string | null} unit */
  first(unit) {
    return this.ofCompared.find(({ kept }) => kept?.unit === unit) ?? this.ofCompared[0];
  }

  /** The one of a passage; a new one, if there is none. @param {string} unit */
  of(unit) {
    const known = this.ofCompared.find(({ kept }) => kept?.unit === unit);
    if (known) return known;
    const begun = new BegunValue(this.decisions, `begun/${randomName("v")}`);
    this.all.push(begun);
    return begun;
  }
}
