// What is chosen of a list, and the form by which more is: as the template _list.html has them.
"use strict";

(() => {
  const { element, count } = claimlog;

  /** Say what cannot be, and what may have been meant. */
  function errorBox(/** @type {any[]} */ errors, /** @type {string} */ base) {
    const lines = errors.map(({ message, near }) => {
      const links = near.flatMap(({ label, link }, at) => [at ? ", " : " Try ", element("a", { href: base + link }, label)]);
      return element("p", {}, message, ...links, near.length ? "." : "");
    });
    const end = element("p", {}, "Nothing is listed, because this address asks for what is not there.");
    return element("div", { class: "notice", role: "alert" }, ...lines, end);
  }

  /** List what is chosen, what it means, and how to take it away. */
  function chosenList(/** @type {any} */ list, /** @type {any} */ selection, /** @type {any} */ definitions, /** @type {string} */ base) {
    const parts = [];
    if (selection.text) {
      const value = { label: `“${selection.text}”`, definition: "", remove: base + selection.address("q", []) };
      parts.push({ label: "Words", description: "", values: [value] });
    }
    for (const item of list.filters) {
      const chosen = selection.chosen.get(item.name) || [];
      const meanings = new Map(Object.entries(definitions[item.name] || {})); // a code may be called as what all objects have
      const values = chosen.map((code) => ({
        label: claimlog.valueLabel(list, item, code),
        definition: meanings.get(code) || "",
        remove: base + selection.address(item.name, chosen.filter((one) => one !== code)),
      }));
      if (values.length) parts.push({ label: item.label, description: item.description, values });
    }
    if (!parts.length) return undefined;
    const items = parts.map(({ label, description, values }) => {
      const chips = values.flatMap((value, at) => {
        const remove = element("a", { href: value.remove, "aria-label": `Take away ${label}: ${value.label}` }, "✕");
        const chip = element("span", { class: "chip", title: value.definition || undefined }, `${value.label} `, remove);
        return at ? [" or ", chip] : [chip];
      });
      const defined = values.filter((value) => value.definition);
      const meanings = defined.flatMap((value) =>
        [defined.length > 1 ? element("b", {}, `${value.label}:`) : "", ` ${value.definition} `]);
      const meaning = defined.length ? meanings : [description];
      const how = meaning.some(Boolean) ? element("span", { class: "how" }, ...meaning) : undefined;
      return element("li", {}, element("span", { class: "of" }, label), " ", ...chips, " ", how);
    });
    return element("ul", { class: "chosen", "aria-label": "Chosen filters; all of them hold" }, ...items);
  }

  /** Make a field with its label. */
  function field(/** @type {string} */ label, /** @type {HTMLElement} */ input, /** @type {HTMLElement | undefined} */ help) {
    return element("div", {}, element("label", { for: input.id }, label), " ", input, help);
  }

  /** Make the values of a filter. */
  function facet(/** @type {any} */ group, /** @type {boolean} */ isOpen) {
    const items = group.choices.filter((value) => value.count || value.isChosen).map((value) => {
      const box = element("input", { type: "checkbox", name: group.name, value: value.code, checked: value.isChosen });
      const number = element("span", { class: "n" }, count(value.count));
      return element("li", { class: value.isWithin ? "within" : undefined }, element("label", {}, box, ` ${value.label}`), " ", number);
    });
    const rest = [];
    if (group.more || group.isPeriod) {
      const label = group.isPeriod ? "Another year, quarter or month" : `${count(group.more)} more: name or identifier`;
      const placeholder = group.isPeriod ? "2025, 2025-Q1 or 2025-03" : undefined;
      rest.push(element("label", { for: `f-${group.name}` }, label), element("input", { id: `f-${group.name}`, name: group.name, placeholder }));
    }
    if (group.isNumber) {
      const [least, most] = group.extent || [];
      const known = group.extent ? `; the lowest is ${least}, the highest ${most}` : "";
      const placeholder = group.extent ? `${least}..${most}, ${least}.. or ..${most}` : undefined;
      rest.push(
        element("label", { for: `f-${group.name}` }, `A number or a range${known}`),
        element("input", { id: `f-${group.name}`, name: group.name, placeholder }),
      );
    }
    const number = group.chosen.length ? element("span", { class: "n" }, ` ${group.chosen.length} chosen`) : undefined;
    return element(
      "details", { class: "facet", open: isOpen },
      element("summary", {}, group.label, number),
      element(
        "fieldset", {},
        element("legend", {}, group.label),
        group.description ? element("p", { class: "how" }, group.description) : undefined,
        element("ul", {}, ...items), ...rest,
      ),
    );
  }

  /** Make the form of a list. */
  function filterForm(/** @type {any} */ list, /** @type {any} */ selection, /** @type {any[]} */ groups, /** @type {string} */ base, /** @type {string} */ summary) {
    const fields = [];
    if (list.searched) {
      const input = element("input", { id: "f-q", type: "search", name: "q", value: selection.text, "aria-describedby": "f-q-help" });
      const help = element("span", { class: "how", id: "f-q-help" }, "All words must occur; quotation marks hold a phrase together.");
      fields.push(field("Words in the statement", input, help));
    }
    if (list.sorts.length > 1) {
      const options = list.sorts.map(([name, label], at) =>
        element("option", { value: at ? name : "", selected: name === selection.sort }, label));
      fields.push(field("Order", element("select", { id: "f-sort", name: "sort" }, ...options), undefined));
    }
    const facets = [];
    for (const group of groups.filter((one) => one.isUseful)) {
      if (group.isOffered) facets.push(facet(group, group.chosen.length > 0 || facets.length < 2));
      else facets.push(...group.choices.map(({ code }) => element("input", { type: "hidden", name: group.name, value: code })));
    }
    return element(
      "form", { class: "facets", action: base, method: "get", autocomplete: "off", "aria-label": "Choose what is listed" },
      ...fields,
      element("details", { class: "choices" }, element("summary", {}, summary), ...facets),
      element("div", { class: "go" }, element("button", { type: "submit" }, "Show")),
    );
  }

  Object.assign(claimlog, { errorBox, chosenList, filterForm });
})();
