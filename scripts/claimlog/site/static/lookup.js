// The index of a site of plain files: its parts come as scripts, because a page that was opened from
// a disk may fetch none. What the parts hold is written by claimlog.site.files.index_parts.
"use strict";

/** Parts that have come, by name: each script adds one. */
var claimlogIndex = {}; // eslint-disable-line no-var -- other scripts find it on the global object

/** What the scripts of a site of files share. */
var claimlog = {}; // eslint-disable-line no-var

(() => {
  /** The root of the site: this script lies in a folder of it. */
  const root = new URL("../", document.currentScript.src);

  /** The folder of the release that the page is of, if the site has its own index: or nothing. */
  const folder = (document.documentElement.dataset.folder || "").replace(/^\//, "");

  /** @type {Map<string, Promise<any>>} */
  const coming = new Map();

  /**
   * Load a part of the index, once.
   * @param {string} name
   * @returns {Promise<any>}
   */
  function load(name) {
    if (!coming.has(name)) {
      coming.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = new URL(`${folder ? `${folder}/` : ""}lookup/${encodeURIComponent(name)}.js`, root).href;
        script.onload = () => resolve(claimlogIndex[name]);
        script.onerror = () => reject(new Error(`lookup/${name}.js cannot be read`));
        document.head.append(script);
      }));
    }
    return coming.get(name);
  }

  /** The value of each base64 digit by its character code, and from 32 on that more follow. */
  const DIGITS = new Uint8Array(128);
  [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].forEach((digit, value) => {
    DIGITS[digit.charCodeAt(0)] = value;
  });

  /**
   * Read packed numbers.
   * @param {string} text
   * @returns {Int32Array}
   */
  function numbers(text) {
    const found = new Int32Array(text.length);
    let size = 0;
    let number = 0;
    let shift = 0;
    for (let at = 0; at < text.length; at += 1) {
      const digit = DIGITS[text.charCodeAt(at)];
      number += (digit % 32) * 2 ** shift;
      shift += 5;
      if (digit < 32) {
        found[size] = number;
        size += 1;
        number = 0;
        shift = 0;
      }
    }
    return found.subarray(0, size);
  }

  /**
   * Read numbers that are packed as the steps between them.
   * @param {string} text
   * @returns {Int32Array}
   */
  function steps(text) {
    const found = numbers(text);
    let value = 0;
    for (let at = 0; at < found.length; at += 1) {
      value += found[at] % 2 ? -(found[at] + 1) / 2 : found[at] / 2;
      found[at] = value;
    }
    return found;
  }

  /**
   * Return the place of the last of some sorted texts that is not behind a key; -1 without one.
   * @param {string[]} sorted
   * @param {string} key
   */
  function lastUpTo(sorted, key) {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** A mapping by texts in parts, of which those that are needed are loaded. */
  class KeyedParts {
    /**
     * @param {string} name
     * @param {string[]} first the first key of each part
     */
    constructor(name, first) {
      this.name = name;
      this.first = first;
    }

    /** @param {number} number */
    part(number) {
      return load(`${this.name}-${number}`);
    }

    /** Return the value of a key, undefined without one. @param {string} key */
    async get(key) {
      const number = lastUpTo(this.first, key);
      if (number < 0) return undefined;
      const { keys, values } = await this.part(number);
      const at = lastUpTo(keys, key);
      return keys[at] === key ? values[at] : undefined;
    }

    /** Return the values of all keys that begin with a text. @param {string} prefix */
    async startingWith(prefix) {
      const found = [];
      for (let number = Math.max(0, lastUpTo(this.first, prefix)); number < this.first.length; number += 1) {
        if (this.first[number] > prefix && !this.first[number].startsWith(prefix)) break;
        const { keys, values } = await this.part(number);
        keys.forEach((key, at) => key.startsWith(prefix) && found.push(values[at]));
      }
      return found;
    }

    /**
     * Return the keys nearest to one on one side, the nearest first.
     * @param {string} key
     * @param {number} most
     * @param {-1 | 1} side
     * @param {(value: any) => boolean} fits
     */
    async beside(key, most, side, fits) {
      const found = [];
      let number = Math.max(0, lastUpTo(this.first, key));
      for (; this.first[number] !== undefined && found.length < most; number += side) {
        const { keys, values } = await this.part(number);
        const ordered = keys.map((_, at) => at);
        if (side < 0) ordered.reverse();
        const beyond = ordered.filter((at) => (side < 0 ? keys[at] < key : keys[at] > key) && fits(values[at]));
        found.push(...beyond.slice(0, most - found.length).map((at) => keys[at]));
      }
      return found;
    }
  }

  /**
   * Return rows of a list that lies in parts of some size.
   * @param {string} name
   * @param {number} ofPart
   * @param {number[]} places
   */
  async function rows(name, ofPart, places) {
    const needed = [...new Set(places.map((place) => Math.floor(place / ofPart)))];
    const parts = await Promise.all(needed.map((number) => load(`${name}-${number}`)));
    const byNumber = new Map(needed.map((number, at) => [number, parts[at]]));
    return places.map((place) => byNumber.get(Math.floor(place / ofPart))[place % ofPart]);
  }

  /** Quote a part of an address, every character but letters, digits and those of names. */
  function quote(/** @type {string} */ text) {
    return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  }

  /** Unquote a part of an address; what is no UTF-8 stays as it is. @param {string} text */
  function unquote(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  const OWN_SUFFIX = /\.(?=(?:html|json|csv|jsonld|atom)$)/;
  const NO_FILE = /^(?=(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)|sha256-[0-9a-f]{64}$)[a-z]/i;

  /** Return a name of a file for a part of an address; see claimlog.file_names. */
  function fileSegment(/** @type {string} */ text) {
    const name = quote(text).replace(OWN_SUFFIX, "%2E");
    return name.replace(NO_FILE, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).replace(/\.$/, "%2E");
  }

  /**
   * Return the file of a page below the root of the site.
   * @param {string} path as on a server, below the release that the page is of
   * @param {string} [release] the folder of another release
   */
  function fileOf(path, release = folder) {
    const segments = `${release}/${path}`.split("/").filter(Boolean).map((segment) => quote(fileSegment(unquote(segment))));
    return [...segments, "index.html"].join("/");
  }

  /** Return the address of a file below the root of the site. @param {string} file */
  function address(file) {
    return new URL(file, root).href;
  }

  Object.assign(claimlog, { root, load, numbers, steps, KeyedParts, rows, quote, unquote, fileOf, address });
})();
