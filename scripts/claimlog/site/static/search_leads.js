// Searches that can mean one page only, to which they lead at once: see claimlog.site.search.leads.
"use strict";

(() => {
  const EVENT_ID = /^[0-9a-f]{64}$/i;
  const OF_RELEASE = /^(\/releases\/[0-9]+\.[0-9]+\.[0-9]+)?(\/.+)$/;

  /**
   * Return the file that a search leads to, undefined if it may mean more than one page.
   * @param {any} index
   * @param {string} text
   * @returns {Promise<string | undefined>}
   */
  async function leadingFile(index, text) {
    const own = text.startsWith(claimlog.root.href) ? `/${text.slice(claimlog.root.href.length)}` : text;
    if (claimlog.isAddress(own, index.limits.addressCharacters)) {
      const sources = await index.ofAddress(own);
      if (sources.length === 1) return sources[0].file;
      return sources.length ? undefined : ownFile(index, own);
    }
    const name = strip(text, index.limits.around);
    if (!name || name.length > index.limits.identifierCharacters || /\s/.test(name)) return undefined;
    if (EVENT_ID.test(name)) {
      const entity = await index.events.get(name.toLowerCase().slice(0, index.limits.eventDigits));
      return entity && claimlog.fileOf(`/${entity}`);
    }
    const claim = await claimId(index, name);
    if (claim) return claimlog.fileOf(`/claims/${claim}`);
    const folded = claimlog.foldCase(name);
    const source = (await index.ofName(name)).find(
      (one) => one.kind === index.limits.sources && claimlog.foldCase(one.id) === folded,
    );
    return source && source.file;
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

  /** Return the claim that has an identifier in any case, retracted ones too. */
  async function claimId(/** @type {any} */ index, /** @type {string} */ name) {
    if (!index.about.shapes.includes(identifierShape(name))) return undefined;
    for (const id of new Set([name.toLowerCase(), name.toUpperCase(), name])) {
      if ((await index.claimIds.get(id)) !== undefined) return id;
    }
    return undefined;
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

  /** Return the file of a page of the site, if an address has one and what it names is there. */
  async function ownFile(/** @type {any} */ index, /** @type {string} */ text) {
    const parts = claimlog.addressParts(text);
    const whole = claimlog.unquote(parts.path).replace(/\/+$/, "").replace(/\.json$/, "").replace(/\/index\.html$/, "");
    const [, release, path] = OF_RELEASE.exec(whole) || [];
    const page = index.about.patterns.find(([pattern]) => new RegExp(`^(?:${pattern})$`).test(path || ""));
    if (!path || !page || (release && !page[1])) return undefined;
    const [, stream, ...rest] = path.split("/");
    if (rest.length === 1 && index.about.streams.includes(stream)) {
      const isKnown = stream === "claims"
        ? await claimId(index, rest[0])
        : (await index.ofName(rest[0])).some((one) => one.kind === stream && one.id === rest[0]);
      if (!isKnown) return undefined;
    }
    const isThere = release && index.about.releases.includes(release.replace("/releases/", ""));
    return claimlog.fileOf(path, isThere ? release : undefined) + (parts.query ? `?${parts.query}` : "");
  }

  Object.assign(claimlog, { leadingFile, claimsBeside });
})();
