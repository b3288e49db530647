// The page of a list where the site is files: the rows that the address asks for, and the form.
"use strict";

(() => {
  const { element, count } = claimlog;

  /**
   * Return what an address asks for of a list.
   * @param {any} list
   * @param {URLSearchParams} asked
   */
  async function answerList(list, asked) {
    const selection = new claimlog.Selection(list, asked);
    const found = selection.text ? await list.found(selection.text) : undefined;
    const selected = new claimlog.SelectedRows(list.total, list.values, selection.chosen, found && found.mask);
    const groups = claimlog.facetGroups(list, selection, selected);
    const total = selection.errors.length ? 0 : selected.total;
    const pages = Math.max(1, Math.ceil(total / list.size));
    const page = claimlog.pageNumber(asked.get("page"));
    const errors = [...selection.errors];
    if (!errors.length && (page < 1 || page > pages)) {
      const message = `There is no page ${claimlog.cut(asked.get("page").trim(), 20)} of this list; it has ${pages === 1 ? "one page" : `${count(pages)} pages`}.`;
      errors.push({ message, near: [{ label: `page ${count(pages)}`, link: pageLink(selection, pages) }] });
    }
    const first = (page - 1) * list.size;
    const order = await list.order(selection.sort);
    const places = errors.length ? [] : selected.places(order, first, list.size);
    const notes = found && !found.hasWords ? ["The search holds no word to look for."] : [];
    return { selection, groups, total, page, pages, first, errors, notes, trees: await list.rowTrees(places) };
  }

  /** Return the query string of a page. */
  function pageLink(/** @type {any} */ selection, /** @type {number} */ page) {
    const own = selection.address();
    return `${own}${own ? "&" : "?"}page=${page}`;
  }

  /** Show an answer in the page. */
  async function showList(/** @type {HTMLElement} */ place, /** @type {any} */ list, /** @type {any} */ answer) {
    const { selection, errors, total, first, trees } = answer;
    const { one, many, summary } = place.dataset;
    const base = claimlog.address(claimlog.fileOf(`/${list.name}`));
    const isFiltered = Boolean(selection.text || selection.chosen.size);
    const all = () => element("a", { href: base }, `Show all ${many}`);
    const definitions = selection.chosen.size ? await list.definitions() : {};
    const notes = answer.notes.map((note) => element("p", { class: "notice", role: "note" }, note));
    const box = errors.length ? [claimlog.errorBox(errors, base)] : [];
    const chosen = claimlog.chosenList(list, selection, definitions, base);
    const said = errors.length
      ? "Nothing is listed"
      : `${count(total)} ${total === 1 ? one : many}${isFiltered ? " found" : ""}`;

    const [above, form, heading, part, rows, after] = ["above", "form", "heading", "part", "rows", "after"].map(
      (name) => place.querySelector(`[data-of="${name}"]`),
    );
    above.replaceChildren(...notes, ...box, ...(chosen ? [chosen] : []));
    form.replaceChildren(claimlog.filterForm(list, selection, answer.groups, base, summary));
    if (heading) heading.textContent = said;
    const sort = list.sorts.find(([name]) => name === selection.sort)[1];
    const last = trees.length > 1 ? ` to ${count(first + trees.length)}` : "";
    const range = `${count(first + 1)}${last}${heading ? "" : ` of ${count(total)}`}, ${sort}. `;
    part.replaceChildren(...(trees.length ? [range, ...(isFiltered ? [all(), "."] : [])] : []));
    if (rows.matches("ol")) rows.setAttribute("start", String(first + 1));
    rows.replaceChildren(...trees.map(claimlog.fromTree));
    (rows.closest(".scroll") || rows).hidden = !trees.length;
    const empty = element("p", {}, `No ${one} fits all of that. `, all());
    const navigation = claimlog.pagesNavigation(answer.page, answer.pages, (number) => base + pageLink(selection, number));
    const rest = trees.length ? navigation : errors.length ? undefined : empty;
    after.replaceChildren(...(rest ? [rest] : []));
    return said;
  }

  /** Take parameters that say nothing out of the address, where the browser allows that. */
  function cleanAddress(/** @type {URLSearchParams} */ asked) {
    const pairs = [...asked].filter(([, value]) => value.trim());
    if (pairs.length === [...asked].length) return;
    try {
      history.replaceState(null, "", location.pathname + claimlog.query(pairs));
    } catch {
      // the address stays as the form made it
    }
  }

  async function start() {
    const place = document.querySelector("[data-list]");
    const asked = new URLSearchParams(location.search);
    if (!place || ![...asked].some(([, value]) => value.trim())) return;
    const status = place.querySelector("[role=status]");
    status.textContent = "Choosing …";
    try {
      const list = await claimlog.FilteredList.load(place.dataset.list);
      const answer = await answerList(list, asked);
      const said = await showList(place, list, answer);
      status.textContent = `${said}.`;
      if (answer.selection.text) {
        const title = claimlog.printable(`${place.dataset.title} with “${claimlog.cut(answer.selection.text, 60)}”`);
        document.querySelector("h1").textContent = title;
        document.title = document.title.replace(place.dataset.title, () => title);
      }
      cleanAddress(asked);
    } catch (error) {
      status.textContent = `The list cannot be filtered: ${error.message}.`;
      status.className = "notice";
    }
    document.documentElement.dataset.ready = "yes";
  }

  Object.assign(claimlog, { answerList });
  start();
})();
