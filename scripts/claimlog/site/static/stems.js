// Stems of English words: M. F. Porter, "An algorithm for suffix stripping", Program 14 (1980), as
// SQLite's tokenizer "porter" has it, so that both sides find the same words.
"use strict";

(() => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  /** Longer and shorter words, in bytes, stay what they are. */
  const SHORTEST = 3;
  const LONGEST = 64;

  /** Whether the letter at a place is a vowel; y is one behind a consonant. */
  function isVowel(/** @type {string} */ word, /** @type {number} */ at) {
    const letter = word[at];
    if (letter === "y") return at > 0 && !isVowel(word, at - 1);
    return "aeiou".includes(letter);
  }

  /** How many times a vowel is followed by a consonant: the paper's m. @param {string} stem */
  function measure(stem) {
    let number = 0;
    for (let at = 1; at < stem.length; at += 1) {
      if (isVowel(stem, at - 1) && !isVowel(stem, at)) number += 1;
    }
    return number;
  }

  function hasVowel(/** @type {string} */ stem) {
    return [...stem].some((_, at) => isVowel(stem, at));
  }

  function endsDouble(/** @type {string} */ word) {
    const last = word.length - 1;
    return last > 0 && word[last] === word[last - 1] && !isVowel(word, last);
  }

  /** Whether a word ends as "hop" does, and not in w, x or y: the paper's *o. @param {string} word */
  function endsShort(word) {
    const last = word.length - 1;
    return last > 1 && !isVowel(word, last) && isVowel(word, last - 1) && !isVowel(word, last - 2) &&
      !"wxy".includes(word[last]);
  }

  /**
   * Replace the first ending that a word has, if what is before it fits.
   * @param {string} word
   * @param {[string, string][]} endings
   * @param {(stem: string, ending: string) => boolean} fits
   */
  function replaceEnding(word, endings, fits) {
    for (const [ending, other] of endings) {
      if (word.endsWith(ending) && word.length > ending.length) {
        const stem = word.slice(0, -ending.length);
        return fits(stem, ending) ? stem + other : word;
      }
    }
    return word;
  }

  const STEP_2 = [
    ["ational", "ate"], ["tional", "tion"], ["enci", "ence"], ["anci", "ance"], ["izer", "ize"],
    ["logi", "log"], ["bli", "ble"], ["alli", "al"], ["entli", "ent"], ["eli", "e"], ["ousli", "ous"],
    ["ization", "ize"], ["ation", "ate"], ["ator", "ate"], ["alism", "al"], ["iveness", "ive"],
    ["fulness", "ful"], ["ousness", "ous"], ["aliti", "al"], ["iviti", "ive"], ["biliti", "ble"],
  ];
  const STEP_3 = [
    ["icate", "ic"], ["ative", ""], ["alize", "al"], ["iciti", "ic"], ["ical", "ic"], ["ful", ""], ["ness", ""],
  ];
  const STEP_4 = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate",
    "iti", "ous", "ive", "ize",
  ].map((ending) => [ending, ""]);

  /** Plurals and -ed or -ing. @param {string} word */
  function stepOne(word) {
    let stem = word;
    if (stem.endsWith("sses") || stem.endsWith("ies")) stem = stem.slice(0, -2);
    else if (stem.endsWith("s") && !stem.endsWith("ss")) stem = stem.slice(0, -1);
    if (stem.length > 3 && stem.endsWith("eed")) return measure(stem.slice(0, -3)) > 0 ? stem.slice(0, -1) : stem;
    const cut = replaceEnding(stem, [["ed", ""], ["ing", ""]], hasVowel);
    if (cut === stem) return stem;
    if (/(?:at|bl|iz)$/.test(cut)) return `${cut}e`;
    if (endsDouble(cut) && !/[lsz]$/.test(cut)) return cut.slice(0, -1);
    return measure(cut) === 1 && endsShort(cut) ? `${cut}e` : cut;
  }

  /**
   * Return the stem of a word in lower case.
   *
   * SQLite looks at bytes, of which those that are no ASCII letters are consonants.
   * @param {string} word
   */
  function stem(word) {
    const bytes = encoder.encode(word);
    if (bytes.length < SHORTEST || bytes.length > LONGEST) return word;
    const found = stemOfBytes(String.fromCharCode(...bytes));
    return decoder.decode(Uint8Array.from(found, (byte) => byte.charCodeAt(0)));
  }

  /** @param {string} word a character for each byte */
  function stemOfBytes(word) {
    let found = stepOne(word);
    found = replaceEnding(found, [["y", "i"]], hasVowel);
    found = replaceEnding(found, STEP_2, (before) => measure(before) > 0);
    found = replaceEnding(found, STEP_3, (before) => measure(before) > 0);
    found = replaceEnding(found, STEP_4, (before, ending) =>
      measure(before) > 1 && (ending !== "ion" || /[st]$/.test(before)));
    if (found.endsWith("e")) {
      const before = found.slice(0, -1);
      if (measure(before) > 1 || (measure(before) === 1 && !endsShort(before))) found = before;
    }
    return endsDouble(found) && found.endsWith("l") && measure(found) > 1 ? found.slice(0, -1) : found;
  }

  Object.assign(claimlog, { stem });
})();
