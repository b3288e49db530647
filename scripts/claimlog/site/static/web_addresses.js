// Addresses that readers paste into the search: see claimlog.site.search.addresses.
"use strict";

(() => {
  const ADDRESS = /^(?:(?:https?:\/\/|www\.)\S+|\/\S*|[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+(?::[0-9]+)?\/\S*)$/iu;
  const CAMPAIGN = /^(?:utm_[\p{L}\p{N}_]+|fbclid|gclid|mc_[ce]id|igshid)$/iu;

  /** Whether a search is an address. @param {string} text @param {number} most */
  function isAddress(text, most) {
    return text.length <= most && ADDRESS.test(text);
  }

  /**
   * Return host, path and query of an address.
   * @param {string} text
   */
  function addressParts(text) {
    const whole = /^(?:https?:\/\/|\/)/i.test(text) ? text : `//${text}`;
    const [, host = "", path = "", query = ""] =
      /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/i.exec(whole);
    const name = host.replace(/^.*@/, "").replace(/:[^:]*$/, "").toLowerCase();
    return { host: name.replace(/^www\./, ""), path, query };
  }

  /** Return what is compared of an address. @param {string} address */
  function addressKey(address) {
    const { host, path, query } = addressParts(address);
    const pairs = query.split("&").filter(Boolean).map((pair) => {
      const [key, ...value] = pair.replace(/\+/g, " ").split("=");
      return [claimlog.unquote(key), claimlog.unquote(value.join("="))];
    });
    const rest = pairs.filter(([key]) => !CAMPAIGN.test(key));
    return host + path.replace(/\/+$/, "") + claimlog.query(rest);
  }

  Object.assign(claimlog, { isAddress, addressParts, addressKey });
})();
