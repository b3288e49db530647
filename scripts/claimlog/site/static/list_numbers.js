// Filters of a list by ranges of numbers: what an address means by them, and which rows they select.
// See claimlog.site.lists.number_ranges and claimlog.site.lists.filter_values.
"use strict";

(() => {
  const NUMBER = "[0-9]{1,30}(?:\\.[0-9]{1,30})?";
  const RANGE = new RegExp(`^(?:(-?${NUMBER})|(?:(-?${NUMBER}) *)?\\.\\.(?: *(-?${NUMBER}))?)$`);
  const SIGNED = new RegExp(`(?:(?<![0-9])-)?${NUMBER}`, "g");

  /** Return a number without zeros that say nothing. @param {string} text */
  function plain(text) {
    if (!text) return "";
    const [whole, part = ""] = text.replace(/^-/, "").split(".");
    const rest = part.replace(/0+$/, "");
    const number = (whole.replace(/^0+/, "") || "0") + (rest ? `.${rest}` : "");
    return text.startsWith("-") && number !== "0" ? `-${number}` : number;
  }

  /** Return a number or a range in the one way that addresses have it. @param {string} text */
  function rangeCode(text) {
    const match = RANGE.exec(text);
    if (!match) return undefined;
    const [number, first, last] = match.slice(1).map((part) => plain(part || ""));
    if (number) return number;
    if (!(first || last) || (first && last && Number(first) > Number(last))) return undefined;
    return first === last ? first : `${first}..${last}`;
  }

  /** Return the lowest and the highest number of a range. @param {string} code */
  function rangeBounds(code) {
    const [first, last = first] = code.split("..");
    return [first ? Number(first) : -Infinity, last ? Number(last) : Infinity];
  }

  /** Return what pages call a range. @param {string} code */
  function rangeLabel(code) {
    const [first, last] = code.split("..");
    if (last === undefined) return code;
    if (first && last) return `${first} to ${last}`;
    return first ? `${first} or more` : `${last} or less`;
  }

  /** Return ranges that a text may mean that is none. @param {string} text */
  function nearRanges(text) {
    const dotted = text.replace(/(?<=[0-9]),(?=[0-9]{3}(?![0-9]))/g, "").replace(/,/g, ".");
    const numbers = (dotted.match(SIGNED) || []).slice(0, 2).map(plain);
    const found = numbers.sort((one, other) => Number(one) - Number(other));
    if (new Set(found).size > 1) return [found.join("..")];
    return found.slice(0, 1).flatMap((number) => [number, `${number}..`, `..${number}`]);
  }

  /** The numbers of a filter by ranges: one a row, or none. */
  class NumberValues {
    /** @param {any} data @param {any} limits */
    constructor(data, limits) {
      /** The distinct numbers as texts, lowest first. @type {string[]} */
      this.texts = data.numbers;
      this.numbers = this.texts.map(Number);
      /** The place of each row's number, counted from 1; 0 is none. */
      this.codes = claimlog.numbers(data.codes);
      this.limits = limits;
    }

    /** Return for each place, and that of no number, whether it is in a range. @param {string} code */
    fitting(code) {
      const { any, none } = this.limits;
      if (code === any || code === none) return [code === none, ...this.numbers.map(() => code === any)];
      const [first, last] = rangeBounds(code);
      return [false, ...this.numbers.map((number) => first <= number && number <= last)];
    }

    /** Return which rows have a number in one of some ranges. @param {string[]} chosen */
    mask(chosen) {
      const ranges = chosen.map((code) => this.fitting(code));
      return Uint8Array.from(this.codes, (place) => Number(ranges.some((fits) => fits[place])));
    }

    /** Return how many of the selected rows have a number in a range. @param {string} code @param {Uint8Array} mask */
    count(code, mask) {
      const fits = this.fitting(code);
      return mask.reduce((sum, selected, row) => sum + Number(selected && fits[this.codes[row]]), 0);
    }

    /** Return the lowest and the highest number of the selected rows. @param {Uint8Array} mask */
    extent(mask) {
      let [least, most] = [Infinity, 0];
      mask.forEach((selected, row) => {
        const place = this.codes[row];
        if (selected && place) [least, most] = [Math.min(least, place), Math.max(most, place)];
      });
      return most ? [this.texts[least - 1], this.texts[most - 1]] : undefined;
    }
  }

  Object.assign(claimlog, { NumberValues, rangeCode, rangeLabel, nearRanges });
})();
