// Questions that a person put on the way of the keyboard, or took off it.
import { KeptValues } from "./kept_values.js";

/** Columns that a person always or never wants to be asked for by themselves; kept in this browser. */
export class Pins {
  /** @param {string} role */
  constructor(role) {
    this.role = role;
    this.browser = new KeptValues("claimlog-desk-pins");
    const { on = [], off = [] } = this.browser.read(role) ?? {};
    this.on = new Set([on].flat());
    this.off = new Set([off].flat());
  }

  /** @param {string} name @param {boolean} isOn */
  toggle(name, isOn) {
    (isOn ? this.on : this.off).add(name);
    (isOn ? this.off : this.on).delete(name);
    this.browser.write(this.role, { on: [...this.on], off: [...this.off] });
  }
}
