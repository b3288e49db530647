// The index of what has a page: by name, by words, and by address, with the words of all claims. It
// answers as claimlog.site.search.index does, from the parts that a search needs.
"use strict";

(() => {
  /**
   * @typedef {object} Entry
   * @property {string} kind
   * @property {string} id
   * @property {string} title
   * @property {string} file
   * @property {string} note
   * @property {number | null} claims
   * @property {string[]} names
   */

  class SearchIndex {
    /** @param {any} about what the part “search” says */
    constructor(about) {
      this.labels = about.labels;
      this.limits = about.limits;
      this.about = about;
      const keyed = (name) => new claimlog.KeyedParts(name, about.first[name]);
      this.names = keyed("names");
      this.addresses = keyed("addresses");
      this.hosts = keyed("hosts");
      this.claimIds = keyed("claim-ids");
      this.events = keyed("events");
      this.rowIds = keyed("row-ids");
      this.actorClaims = keyed("actor-claims");
      this.entryWords = new claimlog.WordIndex("entry-words", about.first["entry-words"], 2);
      this.claimWords = new claimlog.WordIndex("claim-words", about.first["claim-words"], about.claimColumns);
    }

    /** Load the index. */
    static async load() {
      return new SearchIndex(await claimlog.load("search"));
    }

    /** Load the words of all entries and claims, for what a misspelt one may mean. */
    async vocabulary() {
      return new claimlog.Vocabulary(await claimlog.load("vocabulary"), this.limits);
    }

    /** @param {number[]} places @returns {Promise<Entry[]>} */
    async entries(places) {
      const rows = await claimlog.rows("entries", this.about.entries.ofPart, places);
      return rows.map(([kind, id, title, file, note, claims, names]) => ({ kind, id, title, file, note, claims, names }));
    }

    /** Return the entries that have a name, however it is written. @param {string} text */
    async ofName(text) {
      const key = claimlog.nameKey(text);
      return this.entries((key && (await this.names.get(key))) || []);
    }

    /** Return the entries whose work is at an address. @param {string} address */
    async ofAddress(address) {
      return this.entries((await this.addresses.get(claimlog.addressKey(address))) || []);
    }

    /** Return the entries whose work is at the host of an address. @param {string} address */
    async ofHost(address) {
      return this.entries((await this.hosts.get(claimlog.addressParts(address).host)) || []);
    }

    /** Return all names of the actors that have a name; of anything else, none. @param {string} text */
    async namesOfActor(text) {
      const actors = (await this.ofName(text)).filter((one) => one.kind === this.limits.actors);
      return [...new Set(actors.flatMap((one) => one.names))].slice(0, this.limits.actorNames);
    }

    /** Return the terms of a search. @param {string} text */
    terms(text) {
      return claimlog.searchTerms(text, this.limits);
    }

    /** Return what a search looks for; an actor's name by all its names. */
    groups(/** @type {any[]} */ terms, withPrefixes = false) {
      return claimlog.searchGroups(terms, this.limits, (text) => this.namesOfActor(text), withPrefixes);
    }

    /**
     * Return the entries that fit a search, those whose names fit first, and whether they do.
     * @returns {Promise<{entry: Entry, isName: boolean}[]>}
     */
    async ofWords(/** @type {any[][]} */ groups, /** @type {boolean} */ isAny) {
      const most = this.limits.matches;
      const byName = new Set((await this.entryWords.rows(groups, isAny, 0)).slice(0, most));
      const all = (await this.entryWords.rows(groups, isAny)).slice(0, most);
      const places = [...new Set([...byName, ...all])];
      const entries = await this.entries(places);
      return entries.map((entry, at) => ({ entry, isName: byName.has(places[at]) }));
    }
  }

  Object.assign(claimlog, { SearchIndex });
})();
