// What this browser keeps of what is typed, below one name, until it is saved.
import { keptAt, unsavedKind } from "./unsaved_kinds.js";

/** Values that survive a reload; those of this window are told from those of others. */
export class KeptValues {
  /** @param {string} place under which they are kept */
  constructor(place) {
    this.place = place;
  }

  /** Read back what this browser keeps, of this window first. @param {string} what */
  read(what) {
    const key = `${this.place}/${what}`;
    return keptAt(key, sessionStorage.getItem(key) ?? localStorage.getItem(key));
  }

  /** What this browser keeps below a name, by the rest of the names. @param {string} what @returns {[string, any][]} */
  below(what) {
    const begin = `${this.place}/${what}/`;
    const names = Object.keys(localStorage).filter((key) => key.startsWith(begin)).map((key) => key.slice(begin.length));
    return names.map((name) => /** @type {[string, any]} */ ([name, this.read(`${what}/${name}`)])).filter(([, value]) => value);
  }

  /** Keep what is not saved, of a kind that is found by who looks for that. @param {string} what @param {any} value */
  keep(what, value) {
    if (!unsavedKind(`${this.place}/${what}`)) throw new Error(`${what} is of no kind in unsaved_kinds.js`);
    this.write(what, value);
  }

  /** @param {string} what @param {any} value @param {Storage} [store] */
  write(what, value, store = localStorage) {
    try {
      store.setItem(`${this.place}/${what}`, JSON.stringify(value));
    } catch { /* a full store: the page still has it */ }
  }

  /** Whether a value is kept: the store may be full, or have another window's in its place. @param {string} what @param {any} value */
  isKept(what, value) {
    return JSON.stringify(this.read(what)) === JSON.stringify(value);
  }

  /** Forget what this window kept, but not what another one keeps there since. @param {string} what @param {any} value */
  forget(what, value) {
    if (this.isKept(what, value)) localStorage.removeItem(`${this.place}/${what}`);
  }

  /** Keep what is of this window: others start there only if they are new. @param {string} what @param {any} value */
  keepHere(what, value) {
    this.write(what, value);
    this.write(what, value, sessionStorage);
  }
}
