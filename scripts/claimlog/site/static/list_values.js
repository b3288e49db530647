// The values of a list's filters for all its rows, as numbers: which rows have which, and how many.
// See claimlog.site.lists.filter_values and claimlog.site.lists.list_index.
"use strict";

(() => {
  /** @typedef {Uint8Array} Mask one for each row that is selected, in the list's own order */

  /** The values of a filter by codes: one a row, or pairs of rows and values. */
  class CodeValues {
    /** @param {any} data @param {string[]} codes @param {number} total @param {any} limits */
    constructor(data, codes, total, limits) {
      this.values = [...claimlog.numbers(data.values)].map((place) => codes[place]);
      this.codes = claimlog.numbers(data.codes);
      this.rows = data.pairs === null ? undefined : claimlog.steps(data.pairs);
      this.total = total;
      this.limits = limits;
      this.present = new Uint8Array(total);
      for (let at = 0; at < this.codes.length; at += 1) {
        if (this.rows) this.present[this.rows[at]] = 1;
        else this.present[at] = Number(this.codes[at] > 0);
      }
    }

    /** Return which rows have one of some values. @param {string[]} chosen @returns {Mask} */
    mask(chosen) {
      const wanted = [false, ...this.values.map((value) => chosen.includes(value))];
      const mask = new Uint8Array(this.total);
      for (let at = 0; at < this.codes.length; at += 1) {
        if (wanted[this.codes[at]]) mask[this.rows ? this.rows[at] : at] = 1;
      }
      const any = chosen.includes(this.limits.any);
      const none = chosen.includes(this.limits.none);
      for (let row = 0; row < this.total; row += 1) {
        if ((any && this.present[row]) || (none && !this.present[row])) mask[row] = 1;
      }
      return mask;
    }

    /**
     * Return how many of the selected rows have each value, and how many have any and none.
     * @param {Mask} mask
     */
    counts(mask) {
      const numbers = new Array(this.values.length + 1).fill(0);
      for (let at = 0; at < this.codes.length; at += 1) {
        numbers[this.codes[at]] += mask[this.rows ? this.rows[at] : at];
      }
      /** @type {Map<string, number>} */
      const counts = new Map();
      this.values.forEach((value, at) => numbers[at + 1] && value !== undefined && counts.set(value, numbers[at + 1]));
      let [present, absent] = [0, 0];
      for (let row = 0; row < this.total; row += 1) {
        if (mask[row]) {
          if (this.present[row]) present += 1;
          else absent += 1;
        }
      }
      return { counts, present, absent };
    }
  }

  /** The dates of a filter by period: first and last months from year 0 on, counted from 1; 0 is none. */
  class PeriodValues {
    /** @param {any} data @param {any} limits */
    constructor(data, limits) {
      const open = 2 ** 31 - 1;
      this.isCounted = data.counted;
      this.first = claimlog.numbers(data.first).map((month) => (month ? month - 1 : -open));
      this.last = claimlog.numbers(data.last).map((month) => (month ? month - 1 : open));
      const dates = claimlog.numbers(data.dates);
      this.dated = dates.map((date) => date & 1);
      this.interval = dates.map((date) => date >> 1);
      this.open = open;
      this.limits = limits;
    }

    /** Return which rows count for one of some periods. @param {string[]} chosen @returns {Mask} */
    mask(chosen) {
      const { any, none, months } = this.limits;
      const mask = new Uint8Array(this.first.length);
      const ranges = chosen.map((period) => claimlog.monthRange(period, months)).filter(Boolean);
      for (let row = 0; row < mask.length; row += 1) {
        const dated = this.dated[row] === 1;
        const counts = ranges.some(([first, last]) => this.isWithin(row, first, last));
        if (counts || (dated && chosen.includes(any)) || (!dated && chosen.includes(none))) mask[row] = 1;
      }
      return mask;
    }

    /** Whether a row counts for the months from one to another. */
    isWithin(/** @type {number} */ row, /** @type {number} */ first, /** @type {number} */ last) {
      const [begins, ends] = [this.first[row], this.last[row]];
      if (begins >= first && ends <= last) return true;
      if (this.isCounted) return this.interval[row] === 1 && begins <= last && ends >= first;
      return last - first === this.limits.months - 1 && begins >= first && begins <= last;
    }

    /**
     * Return how many of the selected rows count for each period of so many months.
     * @param {Mask} mask
     * @param {number} months
     * @returns {Map<number, number>}
     */
    counts(mask, months) {
      /** @type {Map<number, number>} */
      const counts = new Map();
      if (!this.isCounted) return counts;
      let [least, most] = [Infinity, -Infinity];
      for (let row = 0; row < mask.length; row += 1) {
        for (const month of [this.first[row], this.last[row]]) {
          if (Math.abs(month) < this.open) {
            least = Math.min(least, Math.floor(month / months));
            most = Math.max(most, Math.floor(month / months));
          }
        }
      }
      for (let row = 0; row < mask.length; row += 1) {
        const first = Math.floor(this.first[row] / months);
        const last = Math.floor(this.last[row] / months);
        if (mask[row] && this.dated[row] && (this.interval[row] || first === last)) {
          for (let at = Math.max(first, least); at <= Math.min(last, most); at += 1) {
            counts.set(at, (counts.get(at) || 0) + 1);
          }
        }
      }
      return counts;
    }

    /** Return how many of the selected rows have a date, and how many have none. @param {Mask} mask */
    shares(mask) {
      let [dated, undated] = [0, 0];
      mask.forEach((selected, row) => {
        if (selected && this.dated[row]) dated += 1;
        else if (selected) undated += 1;
      });
      return { dated, undated };
    }
  }

  /** The rows of a list that are selected. */
  class SelectedRows {
    /**
     * @param {number} total
     * @param {Map<string, CodeValues | PeriodValues>} values by filter
     * @param {Map<string, string[]>} chosen
     * @param {Mask} [found] which rows a search finds
     */
    constructor(total, values, chosen, found) {
      this.everything = found || new Uint8Array(total).fill(1);
      this.masks = new Map([...chosen].map(([name, codes]) => [name, values.get(name).mask(codes)]));
      this.mask = this.allBut(undefined);
      this.total = this.mask.reduce((sum, one) => sum + one, 0);
    }

    /** Return the rows that fit all that is chosen, but for one filter. @param {string | undefined} leftOut */
    allBut(leftOut) {
      const mask = this.everything.slice();
      for (const [name, own] of this.masks) {
        if (name !== leftOut) own.forEach((fits, row) => { mask[row] &= fits; });
      }
      return mask;
    }

    /** Return the rows that a filter's values are counted of. @param {string} name */
    countedFor(name) {
      return this.masks.has(name) ? this.allBut(name) : this.mask;
    }

    /**
     * Return a page of the selected rows.
     * @param {Int32Array | undefined} order
     * @param {number} first
     * @param {number} size
     */
    places(order, first, size) {
      const found = [];
      for (let at = 0, number = 0; at < this.mask.length && found.length < size; at += 1) {
        const place = order ? order[at] : at;
        if (this.mask[place]) {
          if (number >= first) found.push(place);
          number += 1;
        }
      }
      return found;
    }
  }

  Object.assign(claimlog, { CodeValues, PeriodValues, SelectedRows });
})();
