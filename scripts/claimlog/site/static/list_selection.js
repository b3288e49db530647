// What the parameters of a list's address select, and what is wrong with those that cannot be. See
// claimlog.site.lists.selection.
"use strict";

(() => {
  const PERIOD = /^([0-9]{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?$/;

  /**
   * Return the first and last month of a year, quarter or month, counted from year 0.
   * @param {string} period
   * @param {number} months
   * @returns {[number, number] | undefined}
   */
  function monthRange(period, months) {
    const [, year, quarter, month] = PERIOD.exec(period) || [];
    if (!year || year === "0000") return undefined;
    const january = Number(year) * months;
    if (quarter) return [january + 3 * Number(quarter) - 3, january + 3 * Number(quarter) - 1];
    if (month) return [january + Number(month) - 1, january + Number(month) - 1];
    return [january, january + months - 1];
  }

  /** A list as its address asks for it. */
  class Selection {
    /**
     * @param {any} list
     * @param {URLSearchParams} asked
     */
    constructor(list, asked) {
      this.list = list;
      this.text = list.searched ? (asked.get("q") || "").trim() : "";
      [this.sort] = list.sorts[0];
      /** @type {Map<string, string[]>} */
      this.chosen = new Map();
      const wrong = [];
      let explained = 0;
      for (const item of list.filters) {
        for (const text of asked.getAll(item.name).map((value) => value.trim()).filter(Boolean)) {
          const code = codeOf(list, item, text);
          const codes = this.chosen.get(item.name) || [];
          if (code === undefined) {
            const near = explained < list.limits.explained ? nearValues(list, item, text) : [];
            explained += 1;
            wrong.push([item.name, noSuchValue(list, item, text), near]);
          }
          else if (!codes.includes(code)) this.chosen.set(item.name, [...codes, code]);
        }
      }
      const sort = (asked.get("sort") || "").trim();
      if (list.sorts.some(([name]) => name === sort)) this.sort = sort;
      else if (sort) {
        const message = `There is no order “${claimlog.cut(sort, list.limits.valueCharacters)}”.`;
        wrong.push(["sort", message, list.sorts.map(([name]) => name)]);
      }
      /** Values that cannot be, each with near ones. */
      this.errors = wrong.map(([name, message, near]) => ({ message, near: near.map((code) => this.proposal(name, code)) }));
    }

    /** Return the query string that asks for the same with a parameter changed. */
    address(/** @type {string} */ name = "", /** @type {string[]} */ values = []) {
      /** @type {Map<string, string[]>} */
      const query = new Map(this.text ? [["q", [this.text]]] : []);
      this.chosen.forEach((codes, filter) => query.set(filter, codes));
      if (this.sort !== this.list.sorts[0][0]) query.set("sort", [this.sort]);
      if (name) query.set(name, values);
      return claimlog.query([...query].flatMap(([key, all]) => all.map((value) => [key, value])));
    }

    proposal(/** @type {string} */ name, /** @type {string} */ code) {
      const item = this.list.filters.find((one) => one.name === name);
      if (!item) return { label: this.list.sorts.find(([sort]) => sort === code)[1], link: this.address("sort", [code]) };
      const codes = [...(this.chosen.get(name) || []), code];
      return { label: valueLabel(this.list, item, code), link: this.address(name, codes) };
    }
  }

  /** Return the code that a value means: itself, one that it differs from by case, or one that is called so. */
  function codeOf(/** @type {any} */ list, /** @type {any} */ item, /** @type {string} */ text) {
    const { any, none, months } = list.limits;
    if (item.first !== undefined) {
      if (item.counted && (text === any || text === none)) return text;
      return monthRange(text.toUpperCase(), months) ? text.toUpperCase() : undefined;
    }
    if (item.numbers !== undefined) {
      return item.optional && (text === any || text === none) ? text : claimlog.rangeCode(text);
    }
    const known = list.choices.get(item.name);
    if (known.has(text)) return text;
    const folded = claimlog.foldCase(text);
    const alike = [...known.keys()].filter((code) => claimlog.foldCase(code) === folded);
    if (alike.length === 1) return alike[0];
    const called = [...known].filter(([, label]) => claimlog.foldCase(label) === folded);
    if (called.length === 1) return called[0][0];
    const others = otherwiseCalled(list, item, text);
    return others.length === 1 ? others[0] : undefined;
  }

  /** Return the codes that have a text as another name. */
  function otherwiseCalled(/** @type {any} */ list, /** @type {any} */ item, /** @type {string} */ text) {
    const folded = claimlog.foldCase(text);
    return list.otherNames.get(item.name)
      .filter(([, names]) => names.some((name) => claimlog.foldCase(name) === folded))
      .map(([code]) => code);
  }

  function noSuchValue(/** @type {any} */ list, /** @type {any} */ item, /** @type {string} */ text) {
    const short = claimlog.cut(text, list.limits.valueCharacters);
    if (item.numbers !== undefined) {
      return `${item.label}: “${short}” is no number or range of numbers; expected ${list.limits.range}.`;
    }
    return item.first === undefined
      ? `${item.label}: there is no “${short}”.`
      : `${item.label}: “${short}” is no year, quarter or month; expected 2025, 2025-Q1 or 2025-03.`;
  }

  /** Return codes that are like one that does not exist, by code, label or other name. */
  function nearValues(/** @type {any} */ list, /** @type {any} */ item, /** @type {string} */ text) {
    const { any, none, near, few, compared, candidates, valueCharacters } = list.limits;
    if (item.first !== undefined) return nearPeriods(text, list.limits);
    if (item.numbers !== undefined) return claimlog.nearRanges(claimlog.cut(text, valueCharacters));
    const folded = claimlog.cut(claimlog.foldCase(text), valueCharacters);
    const offered = [...list.choices.get(item.name)].filter(([code]) => code !== any && code !== none);
    /** @type {Map<string, string>} */
    const codes = new Map();
    for (const [code, label] of offered) {
      for (const name of [claimlog.foldCase(code), claimlog.cut(claimlog.foldCase(label), valueCharacters)]) {
        if (!codes.has(name)) codes.set(name, code);
      }
    }
    for (const [code, names] of list.otherNames.get(item.name)) {
      for (const name of names.map((one) => claimlog.cut(claimlog.foldCase(one), valueCharacters))) {
        if (!codes.has(name)) codes.set(name, code);
      }
    }
    const holding = [...codes].filter(([name]) => name.includes(folded)).map(([, code]) => code);
    const alike = claimlog.closeMatches(folded, [...codes.keys()].slice(0, compared), near, candidates);
    const found = [...new Set([...otherwiseCalled(list, item, text), ...alike.map((name) => codes.get(name)), ...holding])].slice(0, near);
    return found.length || offered.length > few ? found : offered.map(([code]) => code);
  }

  /** Return periods that a text may mean. */
  function nearPeriods(/** @type {string} */ text, /** @type {{monthNames: string[]}} */ { monthNames }) {
    const year = /(?<![0-9])[0-9]{4}(?![0-9])/.exec(text);
    if (!year || year[0] === "0000") return [];
    const rest = claimlog.foldCase(`${text.slice(0, year.index)} ${text.slice(year.index + 4)}`);
    const words = rest.match(/[a-z]{3,}/g) || [];
    const named = monthNames.findIndex((name) => words.some((word) => name.toLowerCase().startsWith(word))) + 1;
    const month = named || (words.length ? 0 : Number((rest.match(/[0-9]{1,2}/) || [0])[0]));
    const own = month >= 1 && month <= 12 ? [`${year[0]}-${String(month).padStart(2, "0")}`] : [];
    return [...own, year[0]];
  }

  /** Return what pages call a value of a filter. */
  function valueLabel(/** @type {any} */ list, /** @type {any} */ item, /** @type {string} */ code) {
    if (item.numbers !== undefined) {
      const { any, none } = list.limits;
      return code === any ? "any" : code === none ? item.none : claimlog.rangeLabel(code);
    }
    if (item.first === undefined) return list.choices.get(item.name).get(code) || code;
    if (code === list.limits.any) return "dated";
    return code === list.limits.none ? "without a date" : periodLabel(code, list.limits);
  }

  /** Return what pages call a period. */
  function periodLabel(/** @type {string} */ period, /** @type {any} */ { monthNames, quarters }) {
    const [, year, quarter, month] = PERIOD.exec(period) || [];
    if (quarter) return `${quarters[Number(quarter) - 1]} quarter of ${year}`;
    return month ? `${monthNames[Number(month) - 1]} ${year}` : period;
  }

  Object.assign(claimlog, { monthRange, Selection, valueLabel });
})();
