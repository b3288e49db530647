// Questions that a person put on the way of the keyboard, or took off it.

/** Columns that a person always or never wants to be asked for by themselves; kept in this browser. */
export class Pins {
  /** @param {string} role */
  constructor(role) {
    this.place = `claimlog-desk-pins/${role}`;
    const { on = [], off = [] } = JSON.parse(localStorage.getItem(this.place) ?? "{}");
    this.on = new Set(on);
    this.off = new Set(off);
  }

  /** @param {string} name @param {boolean} isOn */
  toggle(name, isOn) {
    (isOn ? this.on : this.off).add(name);
    (isOn ? this.off : this.on).delete(name);
    localStorage.setItem(this.place, JSON.stringify({ on: [...this.on], off: [...this.off] }));
  }
}
