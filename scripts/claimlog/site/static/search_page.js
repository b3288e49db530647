// The page of the search where the site is files: what the address asks for, found and shown.
"use strict";

(() => {
  const { element, count, fileOf, address, query, cut } = claimlog;

  /** Return the address of a search. @param {Object<string, string>} given */
  function searchAddress(given) {
    return address(fileOf("/search")) + query(Object.entries(given));
  }

  /** @param {number} number */
  function claimsOf(number) {
    return `${count(number)} ${number === 1 ? "claim" : "claims"}`;
  }

  /**
   * @param {any} entry
   * @param {string} [alias] the name that was typed, if the title is another
   */
  function resultItem(entry, alias) {
    return element(
      "li", {},
      element("a", { class: "hit", href: address(entry.file) }, entry.title),
      alias && element("span", { class: "how" }, ` also ${alias}`), " ",
      entry.claims ? element("span", { class: "many" }, claimsOf(entry.claims)) : undefined,
      entry.note && element("span", { class: "how" }, entry.note),
    );
  }

  /** Return what the live region says of some results. */
  function notices(/** @type {string} */ text, /** @type {any} */ results, /** @type {any} */ limits) {
    const notice = (...content) => element("p", { class: "notice" }, ...content);
    const short = cut(text, 100);
    const isEmpty = claimlog.isEmpty(results);
    const found = [];
    if ([...text].length > limits.characters) {
      found.push(notice("The search is long; only its beginning was looked for."));
    }
    if (results.suggestion) {
      const meant = element("a", { href: searchAddress({ q: results.suggestion }) }, results.suggestion);
      const rest = isEmpty ? "?" : `? This is what ${results.isNear ? "is near to it" : "it finds"}:`;
      found.push(notice(`Nothing was found for “${short}”. Did you mean `, meant, rest));
    } else if (isEmpty) {
      found.push(notice(`Nothing was found for “${short}”, and nothing near it.`));
    } else if (results.isNear && claimlog.isAddress(text, limits.addressCharacters)) {
      found.push(notice(`No source has the address ${cut(text, 200)}. These are of the same site:`));
    } else if (results.isNear) {
      found.push(notice(`Nothing was found for all of “${short}”. This is near it:`));
    }
    return found;
  }

  /** Return what is said of a release that is asked for and whose pages are not here. */
  function absentRelease(/** @type {any} */ index, /** @type {any} */ meant) {
    const { released, events } = index.about;
    const notice = (...content) => element("p", { class: "notice" }, ...content);
    const version = meant.absentRelease;
    const release = released.find(([one]) => one === version);
    if (!release) {
      const all = released.map(([one]) => one);
      return notice(`There is no release ${version}. ${all.length ? `These are: ${all.join(", ")}.` : ""}`);
    }
    const own = [...released].reverse().find((one) => one[1] === events);
    const here = own ? `release ${own[0]}` : `the log of ${count(events)} events`;
    return notice(
      `This asks for release ${version}, and these pages are of ${here}, which may say something else. `,
      ...(meant.file ? ["Here it is ", element("a", { href: address(meant.file) }, meant.path), ". "] : ["It is not here. "]),
      element("a", { href: address(release[2]) }, `Where release ${version} is`), ".",
    );
  }

  /** Return where a reader may browse who found nothing. */
  function browse() {
    const link = (path, label) => element("a", { href: address(fileOf(path)) }, label);
    return element(
      "p", {},
      "The search knows our statements and the names of what they speak of, not the words of the texts. Browse ",
      link("/actors", "all actors"), ", ", link("/sources", "all sources"), ", ", link("/claims", "all claims"),
      " or ", link("/codebook", "the codebook"), ".",
    );
  }

  /**
   * Make a section of results.
   * @param {string} kind
   * @param {(string | Node)[]} heading
   * @param {Node[]} items
   * @param {number | undefined} start
   */
  function section(kind, heading, items, start) {
    const list = element("ol", { class: "results", start: start && String(start) }, ...items);
    return element("section", { "aria-labelledby": `h-${kind}` }, element("h2", { id: `h-${kind}` }, ...heading), list);
  }

  /** Show results: the first of each kind, or a page of one kind. */
  async function show(/** @type {Element} */ place, /** @type {any} */ index, /** @type {any} */ results, /** @type {URLSearchParams} */ asked) {
    const { limits, labels } = index;
    const { text, named, entries, claims } = results;
    const kind = asked.get("kind");
    const counts = new Map([...[...entries].map(([name, group]) => [name, group.length]), ["claims", results.isBeside ? 0 : claims.length]]);
    const only = kind && counts.get(kind) ? kind : undefined;
    const pages = only ? Math.max(1, Math.ceil(counts.get(only) / limits.page)) : 1;
    const page = Math.min(pages, Math.max(1, only ? claimlog.pageNumber(asked.get("page")) : 1));
    const first = (page - 1) * limits.page;
    const part = (group, most) => (only ? group.slice(first, first + limits.page) : group.slice(0, most));
    const start = only ? first + 1 : undefined;
    const all = (name, label) => element("a", { href: searchAddress({ q: text, kind: name }) }, label, ...(name === "claims" ? [] : [element("span", { class: "hidden" }, ` in ${labels[name]}`)]));
    const shown = [];
    if (named.length && !only) {
      const isTitle = (entry) => claimlog.nameKey(text) === claimlog.nameKey(entry.title);
      const items = named.slice(0, limits.named).map((entry) => resultItem(entry, isTitle(entry) ? undefined : text));
      const own = section("named", [`What “${cut(text, 60)}” names`], items, undefined);
      own.className = "named";
      own.firstElementChild.className = "hidden";
      shown.push(own);
    }
    for (const [name, group] of entries) {
      if (!only || only === name) {
        const items = part(group, limits.firstOfKind).map((entry) => resultItem(entry));
        const heading = [`${labels[name]} `, element("span", { class: "how" }, count(group.length))];
        const own = section(name, heading, items, start);
        if (!only && group.length > items.length) own.append(element("p", {}, all(name, `Show all ${count(group.length)}`)));
        shown.push(own);
      }
    }
    if (claims.length && (!only || only === "claims")) {
      const places = part(claims, limits.firstClaims);
      const rows = await claimlog.rows("list-claims-rows", index.about.claims.ofPart, places);
      const heading = results.isBeside ? ["Claims"] : ["Claims ", element("span", { class: "how" }, count(claims.length))];
      const own = section("claims", heading, rows.map(claimlog.fromTree), start);
      const more = element("p");
      if (!only && !results.isBeside && claims.length > rows.length) more.append(all("claims", `Show all ${count(claims.length)} claims`));
      if (!results.isNear) {
        const list = address(fileOf("/claims")) + query([["q", text]]);
        more.append(more.firstChild ? " · " : "", element("a", { href: list }, `Choose among ${named.some((one) => one.kind === limits.actors) ? "those whose statement says it" : "them"} by source, topic and more`));
      }
      own.append(more);
      shown.push(own);
    }
    if (only) {
      const navigation = claimlog.pagesNavigation(page, pages, (number) => searchAddress({ q: text, kind: only, page: String(number) }));
      shown.push(...(navigation ? [navigation] : []));
      shown.push(element("p", {}, element("a", { href: searchAddress({ q: asked.get("q") || "" }) }, "Results of every kind")));
    }
    place.replaceChildren(...shown);
  }

  /**
   * Answer the search of an address.
   * @param {string} search
   * @param {{status: Element, results: Element}} places
   * @param {(file: string) => void} lead
   */
  async function answerSearch(search, places, lead) {
    const asked = new URLSearchParams(search);
    const text = cut(asked.get("q") || "", 2001).split(/\s+/).filter(Boolean).join(" ");
    if (!text) return;
    const index = await claimlog.SearchIndex.load();
    const meant = await claimlog.searchLead(index, text);
    if (meant && !meant.absentRelease) {
      lead(meant.file);
      return;
    }
    const results = await claimlog.searchResults(index, text);
    await show(places.results, index, results, asked);
    if (claimlog.isEmpty(results) && !meant) places.results.prepend(browse());
    places.status.replaceChildren(...(meant ? [absentRelease(index, meant)] : notices(text, results, index.limits)));
  }

  async function start() {
    const [status, results, input] = ["status", "results", "ask"].map((id) => document.getElementById(id));
    if (!status || !results) return;
    const text = new URLSearchParams(location.search).get("q") || "";
    if (!text.trim()) {
      input.focus();
      return;
    }
    input.value = claimlog.printable(text);
    const heading = claimlog.printable(`Search: ${cut(text, 60)}`);
    document.querySelector("h1").textContent = heading;
    document.title = document.title.replace(/^Search/, () => heading);
    status.textContent = "Searching …";
    try {
      await answerSearch(location.search, { status, results }, (file) => location.replace(address(file)));
      if (status.textContent === "Searching …") status.replaceChildren();
    } catch (error) {
      status.textContent = `The search cannot be done: ${error.message}.`;
    }
    document.documentElement.dataset.ready = "yes";
  }

  Object.assign(claimlog, { answerSearch });
  start();
})();
