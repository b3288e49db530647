// A list of the site as its index has it: its filters with their values, its orders, and its rows.
"use strict";

(() => {
  class FilteredList {
    /** @param {string} name @param {any} data */
    constructor(name, data) {
      this.name = name;
      Object.assign(this, {
        total: data.total, ofPart: data.ofPart, size: data.size, searched: data.searched,
        sorts: data.sorts, filters: data.filters, limits: data.limits,
      });
      /** The row of the table of each place of the list. */
      this.rows = claimlog.steps(data.rows);
      /** @type {Map<string, Map<string, string>>} codes that exist and their labels, by filter */
      this.choices = new Map();
      /** @type {Map<string, [string, string[]][]>} codes and their other names, by filter */
      this.otherNames = new Map();
      /** @type {Map<string, Set<string> | undefined>} those that a page lists, where it does not list all */
      this.listed = new Map();
      this.values = new Map();
      for (const item of data.filters) {
        if (item.first !== undefined) {
          this.values.set(item.name, new claimlog.PeriodValues(item, data.limits));
        } else if (item.numbers !== undefined) {
          this.values.set(item.name, new claimlog.NumberValues(item, data.limits));
        } else {
          const [codes, labels, others] = data.choices[item.choices];
          const own = codes.map((code, at) => [code, labels[at]]);
          const { any, none } = data.limits;
          const shares = item.optional ? [[any, "any"], [none, item.none]] : [];
          this.choices.set(item.name, new Map([...shares, ...own]));
          this.otherNames.set(item.name, others.map(([at, ...names]) => [codes[at], names]));
          const listed = item.listed === null ? undefined : [...claimlog.numbers(item.listed)];
          this.listed.set(item.name, listed && new Set(listed.map((place) => codes[place])));
          this.values.set(item.name, new claimlog.CodeValues(item, codes, data.total, data.limits));
        }
      }
    }

    /** Load a list. @param {string} name */
    static async load(name) {
      return new FilteredList(name, await claimlog.load(`list-${name}`));
    }

    /**
     * Return which rows a search finds, and whether it holds a word to look for.
     * @param {string} text
     */
    async found(text) {
      const index = await claimlog.SearchIndex.load();
      const groups = await index.groups(index.terms(text));
      const inTable = new Set(await index.claimWords.rows(groups, false));
      return { mask: Uint8Array.from(this.rows, (row) => Number(inTable.has(row))), hasWords: groups.length > 0 };
    }

    /** Return the places of all rows in an order; undefined for the list's own. @param {string} sort */
    async order(sort) {
      if (sort === this.sorts[0][0]) return undefined;
      return claimlog.steps(await claimlog.load(`list-${this.name}-order-${sort}`));
    }

    /** Return the rows at some places as the page shows them. @param {number[]} places */
    rowTrees(places) {
      const inTable = places.map((place) => this.rows[place]);
      return claimlog.rows(`list-${this.name}-rows`, this.ofPart, inTable);
    }

    /** Load what codes mean, by filter and code. */
    definitions() {
      return claimlog.load(`list-${this.name}-definitions`);
    }
  }

  Object.assign(claimlog, { FilteredList });
})();
