// Searches that can mean one page only, to which they lead at once: see claimlog.site.search.leads.
"use strict";

(() => {
  const EVENT_ID = /^[0-9a-f]{12,64}$/i;
  const CITATION_KEY = /^([0-9]+\.[0-9]+\.[0-9]+)-(.+)$/;
  const KEY_ESCAPE = /_(?=[0-9a-f]{2})/gi;
  const OF_RELEASE = /^(\/releases\/[0-9]+\.[0-9]+\.[0-9]+)?(\/.+)$/;

  /**
   * @typedef {object} SearchLead
   * @property {string} [file] the page that is meant, if it is here
   * @property {string} [absentRelease] the release that is named and whose pages are not here
   * @property {string} [path] the address of the page, where a release is absent
   */

  /**
   * Return what a search leads to, undefined if it may mean more than one page.
   * @param {any} index
   * @param {string} text
   * @returns {Promise<SearchLead | undefined>}
   */
  async function searchLead(index, text) {
    const own = text.startsWith(claimlog.root.href) ? `/${text.slice(claimlog.root.href.length)}` : text;
    if (claimlog.isAddress(own, index.limits.addressCharacters)) {
      const sources = await index.ofAddress(own);
      if (sources.length === 1) return { file: sources[0].file };
      return sources.length ? undefined : ownPage(index, own);
    }
    const name = strip(text, index.limits.around);
    const dataset = `${index.about.dataset}-`;
    const key = name.toLowerCase().startsWith(dataset.toLowerCase()) && CITATION_KEY.exec(name.slice(dataset.length));
    if (key) return ownPage(index, `/releases/${key[1]}/claims/${key[2].replace(KEY_ESCAPE, "%")}`);
    const file = await fileOfName(index, name);
    return file ? { file } : undefined;
  }

  /** Return the file of what an identifier or a hash names. */
  async function fileOfName(/** @type {any} */ index, /** @type {string} */ name) {
    if (!name || name.length > index.limits.identifierCharacters) return undefined;
    if (/\s/.test(name)) {
      const spaced = await claimId(index, name.split(/\s+/).join(index.limits.hyphen));
      return spaced && claimlog.fileOf(`/claims/${claimlog.quote(spaced)}`);
    }
    if (EVENT_ID.test(name)) {
      const digits = name.toLowerCase().slice(0, index.limits.eventDigits);
      const entities = [...new Set(await index.events.startingWith(digits))];
      return entities.length === 1 ? claimlog.fileOf(`/${entities[0]}`) : undefined;
    }
    const claim = await claimId(index, name);
    if (claim) return claimlog.fileOf(`/claims/${claimlog.quote(claim)}`);
    const folded = claimlog.foldCase(name);
    const source = (await index.ofName(name)).find(
      (one) => one.kind === index.limits.sources && claimlog.foldCase(one.id) === folded,
    );
    if (source) return source.file;
    const rows = new Set();
    for (const id of new Set([name, name.toUpperCase(), name.toLowerCase()])) {
      for (const path of (await index.rowIds.get(id)) || []) rows.add(path);
    }
    return rows.size === 1 ? claimlog.fileOf(`/${[...rows][0]}`) : undefined;
  }

  /** Cut characters off both ends of a text. @param {string} text @param {string} around */
  function strip(text, around) {
    let [start, end] = [0, text.length];
    while (start < end && around.includes(text[start])) start += 1;
    while (end > start && around.includes(text[end - 1])) end -= 1;
    return text.slice(start, end);
  }

  /** Return an identifier in upper case with every digit as 0. @param {string} text */
  function identifierShape(text) {
    return text.toUpperCase().replace(/[0-9]/g, "0");
  }

  /**
   * Return the claim that has an identifier in any case, retracted ones too. Zeros may be missing
   * before its numbers, if one claim only can be meant.
   */
  async function claimId(/** @type {any} */ index, /** @type {string} */ name) {
    for (const names of [[name, name.toUpperCase(), name.toLowerCase()], withZeros(name, index.limits)]) {
      const found = [];
      for (const id of new Set(names)) {
        const isShaped = index.about.shapes.includes(identifierShape(id));
        if (isShaped && (await index.claimIds.get(id)) !== undefined) found.push(id);
      }
      if (found.length) return found.length === 1 ? found[0] : undefined;
    }
    return undefined;
  }

  /** Return an identifier with zeros before its numbers. */
  function withZeros(/** @type {string} */ name, /** @type {any} */ limits) {
    const parts = name.split(/([0-9]+)/);
    if (parts.length > 2 * limits.numbers + 1) return [];
    let texts = [""];
    parts.forEach((part, at) => {
      const zeros = at % 2 ? [...Array(limits.zeros + 1).keys()] : [0];
      texts = texts.flatMap((text) => zeros.map((many) => text + "0".repeat(many) + part));
    });
    return texts.flatMap((text) => [text.toUpperCase(), text.toLowerCase()]);
  }

  /** Return the claims on both sides of an identifier that has their shape and does not exist. */
  async function claimsBeside(/** @type {any} */ index, /** @type {string} */ text) {
    const upper = text.toUpperCase();
    const shape = identifierShape(text);
    if (!index.about.shapes.includes(shape)) return [];
    const sides = await Promise.all(
      [-1, 1].map((side) => index.claimIds.beside(upper, 2, side, (row) => row !== null)),
    );
    return sides.flat().filter((id) => identifierShape(id) === shape).sort();
  }

  /**
   * Return the page of the site that an address is of, if what it names is there.
   * @returns {Promise<SearchLead | undefined>}
   */
  async function ownPage(/** @type {any} */ index, /** @type {string} */ text) {
    const parts = claimlog.addressParts(text);
    const whole = parts.path.replace(/\/+$/, "").replace(/\.json$/, "").replace(/\/index\.html$/, "");
    const [, prefix, path] = OF_RELEASE.exec(whole) || [];
    const page = index.about.patterns.find(([pattern]) => new RegExp(`^(?:${pattern})$`).test(path || ""));
    if (!path || !page || (prefix && !page[1])) return undefined;
    const known = await knownPath(index, path);
    const query = parts.query ? `?${parts.query}` : "";
    const lead = (folder) => (known ? { file: claimlog.fileOf(known, folder) + query } : undefined);
    if (!prefix) return lead();
    const version = prefix.replace("/releases/", "");
    if (index.about.releases.includes(version)) return lead(prefix);
    const release = index.about.released.find(([one]) => one === version);
    if (!release) return { absentRelease: version };
    if (release[1] === index.about.events) return lead();
    return { ...lead(), absentRelease: version, path: known };
  }

  /** Return the path of a page with the identifier as its row has it, undefined without a row. */
  async function knownPath(/** @type {any} */ index, /** @type {string} */ path) {
    const [, stream, ...rest] = path.split("/");
    if (rest.length !== 1 || !index.about.streams.includes(stream)) return path;
    if (stream === "claims") {
      const claim = await claimId(index, claimlog.unquote(rest[0]));
      return claim && `/claims/${claimlog.quote(claim)}`;
    }
    const name = claimlog.unquote(rest[0]);
    const isKnown = (await index.ofName(name)).some((one) => one.kind === stream && one.id === name);
    return isKnown ? path : undefined;
  }

  Object.assign(claimlog, { searchLead, claimsBeside });
})();
