// What a search finds: what its text names, then what fits its words; else what is near. See
// claimlog.site.search.results.
"use strict";

(() => {
  /**
   * @typedef {object} SearchResults
   * @property {string} text what was looked for: the search, or what it was taken to mean
   * @property {any[]} named the entries that have the text as a name
   * @property {Map<string, any[]>} entries other entries that fit it by kind
   * @property {number[]} claims the rows of claims that fit it
   * @property {string} [suggestion] what a misspelt search was taken to mean
   * @property {boolean} isNear whether what fits a part of it was looked for
   * @property {boolean} isBeside whether the claims are those beside one that does not exist
   */

  /** @param {SearchResults} results */
  function isEmpty(results) {
    return !(results.named.length || results.entries.size || results.claims.length);
  }

  /**
   * Return what a search finds.
   * @param {any} index
   * @param {string} text
   * @returns {Promise<SearchResults>}
   */
  async function searchResults(index, text) {
    const none = { text, named: [], entries: new Map(), claims: [], isNear: false, isBeside: false };
    if (claimlog.isAddress(text, index.limits.addressCharacters)) {
      const sources = (await index.ofHost(text)).map((entry) => ({ entry, isName: true }));
      return { ...none, entries: byKind(index, sources, []), isNear: true };
    }
    const terms = index.terms(text);
    if (!terms.length) return none;
    let found = await find(index, text, terms, {});
    if (isEmpty(found)) found = await find(index, text, terms, { withPrefixes: true });
    if (!isEmpty(found)) return found;
    const suggestion = await correction(index, text);
    if (suggestion) {
      found = await find(index, suggestion, index.terms(suggestion), { suggestion });
      if (!isEmpty(found)) return found;
    }
    const meant = suggestion || text;
    found = await find(index, meant, index.terms(meant), { isAny: true, suggestion, isNear: true });
    if (!isEmpty(found)) return found;
    const beside = await claimlog.claimsBeside(index, text);
    const rows = await Promise.all(beside.map((id) => index.claimIds.get(id)));
    return { ...found, claims: rows, isBeside: rows.length > 0 };
  }

  /**
   * @param {any} index
   * @param {string} text
   * @param {any[]} terms
   * @param {{isAny?: boolean, withPrefixes?: boolean, suggestion?: string, isNear?: boolean}} how
   * @returns {Promise<SearchResults>}
   */
  async function find(index, text, terms, { isAny = false, withPrefixes = false, suggestion, isNear = false }) {
    const groups = await index.groups(terms, withPrefixes);
    const named = await index.ofName(text);
    const entries = byKind(index, await index.ofWords(groups, isAny), named);
    const claims = await withActorClaims(index, named, await index.claimWords.rows(groups, isAny));
    return { text, named, entries, claims, suggestion, isNear, isBeside: false };
  }

  /** Add the claims that have an actor in a column that is named by the whole text. */
  async function withActorClaims(/** @type {any} */ index, /** @type {any[]} */ named, /** @type {number[]} */ rows) {
    const actors = named.filter((one) => one.kind === index.limits.actors);
    const found = new Set(rows);
    for (const actor of actors) {
      for (const row of claimlog.numbers((await index.actorClaims.get(actor.id)) || "")) found.add(row);
    }
    return actors.length ? [...found].sort((one, other) => one - other) : rows;
  }

  /** Return entries by kind: first what the text names is of, then those of which a name fits. */
  function byKind(/** @type {any} */ index, /** @type {{entry: any, isName: boolean}[]} */ found, /** @type {any[]} */ named) {
    const key = (entry) => JSON.stringify([entry.kind, entry.id]);
    const taken = new Set(named.map(key));
    const first = new Set(named.slice(0, 1).map((one) => one.kind));
    const entries = new Map();
    const byName = new Set();
    for (const { entry, isName } of found) {
      if (!taken.has(key(entry))) {
        entries.set(entry.kind, [...(entries.get(entry.kind) || []), entry]);
        if (isName) byName.add(entry.kind);
      }
    }
    const kinds = Object.keys(index.labels);
    const rank = (kind) => (first.has(kind) ? 0 : byName.has(kind) ? kinds.length : 2 * kinds.length) + kinds.indexOf(kind);
    return new Map([...entries].sort(([one], [other]) => rank(one) - rank(other)));
  }

  /** Return what a misspelt search may mean: a name, or its words with the unknown ones mended. */
  async function correction(/** @type {any} */ index, /** @type {string} */ text) {
    const vocabulary = await index.vocabulary();
    const name = vocabulary.nearest(claimlog.nameKey(text));
    const [entry] = name ? await index.ofName(name) : [];
    if (entry) return [entry.title, ...entry.names].find((one) => claimlog.nameKey(one) === name);
    const words = claimlog.wordsOf(index.terms(text).map((term) => term.text).join(" "));
    const unknown = [...new Set(words)].filter((word) => !vocabulary.has(word));
    const mended = new Map();
    for (const word of unknown.slice(0, index.limits.correctedWords)) {
      const near = vocabulary.nearest(word);
      if (near !== undefined) mended.set(word, near);
    }
    if (!mended.size) return undefined;
    return text.replace(claimlog.WORD, (word) => mended.get(claimlog.plainLetters(word)) || word);
  }

  Object.assign(claimlog, { searchResults, isEmpty });
})();
