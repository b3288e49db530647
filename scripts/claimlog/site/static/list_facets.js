// The filters of a list as its page shows them: values with counts. See claimlog.site.lists.facet_groups.
"use strict";

(() => {
  /**
   * Return every filter with its values and how many rows have each.
   * @param {any} list
   * @param {any} selection
   * @param {any} selected
   */
  function facetGroups(list, selection, selected) {
    const { limits } = list;
    let left = limits.valuesInAll;
    return list.filters.map((item) => {
      const chosen = selection.chosen.get(item.name) || [];
      const isPeriod = item.first !== undefined;
      const isNumber = item.numbers !== undefined;
      const counted = isPeriod ? countedPeriods : isNumber ? countedNumbers : countedCodes;
      const { counts, codes, present, extent } = counted(list, item, chosen, selected);
      const room = Math.min(left, isPeriod || item.ordered ? limits.codes : limits.entities);
      const first = codes.length > limits.inSight ? chosen : [];
      const shown = [...new Set([...first, ...codes.slice(0, room), ...chosen])];
      left = Math.max(0, left - shown.length);
      const choices = shown.map((code) => ({
        code,
        label: claimlog.valueLabel(list, item, code),
        count: counts.get(code) || 0,
        isChosen: chosen.includes(code),
        isWithin: isPeriod && code.includes("-"),
      }));
      return {
        name: item.name,
        label: item.label,
        description: item.description,
        chosen,
        choices,
        more: codes.length - codes.slice(0, room).length,
        isPeriod,
        isNumber,
        extent: extent || null,
        isOffered: !isPeriod || item.counted,
        // where no row has a value, to choose none of them chooses nothing
        isUseful: Boolean(chosen.length || (present && (extent || choices.some((value) => value.count)))),
      };
    });
  }

  /** Return the counts of a filter's codes, and those codes in the order of the page. */
  function countedCodes(/** @type {any} */ list, /** @type {any} */ item, /** @type {string[]} */ _, /** @type {any} */ selected) {
    const { any, none } = list.limits;
    const { counts, present, absent } = list.values.get(item.name).counts(selected.countedFor(item.name));
    const labels = list.choices.get(item.name);
    let codes;
    if (item.ordered) {
      codes = [...labels.keys()].filter((code) => counts.has(code) || (code !== any && code !== none));
    } else {
      const listed = list.listed.get(item.name);
      codes = [...counts.keys()].filter((code) => labels.has(code) && (!listed || listed.has(code)));
      const compare = (one, other) => (one < other ? -1 : Number(one > other));
      codes.sort((one, other) => counts.get(other) - counts.get(one) || compare(labels.get(one), labels.get(other)));
    }
    if (!item.optional) return { counts, codes, present };
    const shares = new Map([[any, present], [none, absent]]);
    const offered = [any, none].filter((code) => !codes.includes(code));
    return { counts: new Map([...shares, ...counts]), codes: [...offered, ...codes], present };
  }

  /** Return the counts of any, none and the chosen ranges, and the lowest and highest number. */
  function countedNumbers(/** @type {any} */ list, /** @type {any} */ item, /** @type {string[]} */ chosen, /** @type {any} */ selected) {
    const { any, none } = list.limits;
    const values = list.values.get(item.name);
    const mask = selected.countedFor(item.name);
    const counts = new Map([any, none, ...chosen].map((code) => [code, values.count(code, mask)]));
    return { counts, codes: item.optional ? [any, none] : [], present: counts.get(any), extent: values.extent(mask) };
  }

  /** Return the counts of years and months; years, latest first, with the months of those chosen. */
  function countedPeriods(/** @type {any} */ list, /** @type {any} */ item, /** @type {string[]} */ chosen, /** @type {any} */ selected) {
    const { any, none, months } = list.limits;
    if (!item.counted) return { counts: new Map(), codes: [], present: 0 };
    const values = list.values.get(item.name);
    const mask = selected.countedFor(item.name);
    const year = (number) => String(number).padStart(4, "0");
    const month = (number) => `${year(Math.floor(number / months))}-${String((number % months) + 1).padStart(2, "0")}`;
    const { dated, undated } = values.shares(mask);
    const years = values.counts(mask, months);
    const counts = new Map([
      ...[...years].map(([number, count]) => [year(number), count]),
      ...[...values.counts(mask, 1)].map(([number, count]) => [month(number), count]),
      [any, dated], [none, undated],
    ]);
    const opened = new Set(chosen.map((code) => code.slice(0, 4)));
    const inYears = [...opened].filter((code) => code !== any && code !== none);
    const codes = [any, none];
    for (const code of [...new Set([...[...years.keys()].map(year), ...inYears])].sort().reverse()) {
      codes.push(code);
      if (opened.has(code)) {
        codes.push(...[...new Set([...counts.keys(), ...chosen])].sort().filter((one) => one.startsWith(`${code}-`)));
      }
    }
    return { counts, codes, present: dated };
  }

  Object.assign(claimlog, { facetGroups });
})();
