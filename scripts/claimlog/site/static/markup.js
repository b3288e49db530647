// Makes elements from data without any HTML: texts stay texts, whatever they hold.
"use strict";

(() => {
  /** What the index may ask for: it gets nothing else. */
  const ELEMENTS = new Set(["a", "b", "li", "span", "td", "th", "tr", "ul"]);
  const ATTRIBUTES = new Set(["class", "href", "scope"]);

  /**
   * Make an element; its texts are escaped where they do not print.
   * @param {string} name
   * @param {Object<string, string | boolean | undefined>} attributes those that are undefined or false are left out
   * @param {...(Node | string | undefined)} content
   * @returns {HTMLElement}
   */
  function element(name, attributes = {}, ...content) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : claimlog.printable(String(value)));
    }
    const parts = content.filter((part) => part !== undefined && part !== "");
    made.append(...parts.map((part) => (typeof part === "string" ? claimlog.printable(part) : part)));
    return made;
  }

  /**
   * Make what a list of the index says: an element's name, its attributes if any, and its content.
   * @param {any[] | string} tree
   * @returns {Node}
   */
  function fromTree(tree) {
    if (typeof tree === "string") return document.createTextNode(claimlog.printable(tree));
    const [name, ...rest] = tree;
    if (!ELEMENTS.has(name)) throw new Error(`the index holds an element “${name}”`);
    const hasAttributes = rest.length > 0 && typeof rest[0] === "object" && !Array.isArray(rest[0]);
    const attributes = hasAttributes ? { ...rest.shift() } : {};
    for (const key of Object.keys(attributes)) {
      if (!ATTRIBUTES.has(key)) throw new Error(`the index holds an attribute “${key}”`);
    }
    if (attributes.href) attributes.href = claimlog.address(`./${attributes.href}`);
    return element(name, attributes, ...rest.map(fromTree));
  }

  /** Write a number with commas between thousands. @param {number} value */
  function count(value) {
    return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
  }

  /**
   * Make the navigation between the pages of a list; nothing if it has one.
   * @param {number} page
   * @param {number} pages
   * @param {(page: number) => string} link
   */
  function pagesNavigation(page, pages, link) {
    if (pages <= 1) return undefined;
    const to = (number, rel, text) =>
      number < 1 || number > pages ? element("span") : element("a", { rel, href: link(number) }, text);
    return element(
      "nav",
      { class: "pages", "aria-label": "Pages" },
      to(page - 1, "prev", `← Page ${count(page - 1)}`), " ",
      element("span", { "aria-current": "page" }, `Page ${count(page)} of ${count(pages)}`), " ",
      to(page + 1, "next", `Page ${count(page + 1)} →`),
    );
  }

  /**
   * Read which page an address asks for; 1 if it gives no number.
   * @param {string | null} text
   */
  function pageNumber(text) {
    const trimmed = (text || "").trim();
    return /^[0-9]+$/.test(trimmed) ? Number(trimmed.slice(0, 15)) : 1;
  }

  /**
   * Return a query string as the server writes it.
   * @param {[string, string][]} pairs
   */
  function query(pairs) {
    const plus = (text) => claimlog.quote(text).replace(/%20/g, "+");
    return pairs.length ? `?${pairs.map(([key, value]) => `${plus(key)}=${plus(value)}`).join("&")}` : "";
  }

  /** Cut a text after so many characters. @param {string} text @param {number} most */
  function cut(text, most) {
    return text.length <= most ? text : [...text].slice(0, most).join("");
  }

  Object.assign(claimlog, { element, fromTree, count, pagesNavigation, pageNumber, query, cut });
})();
