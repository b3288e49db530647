// Links between claims: proposed from what they share, decided one by one.
import { get, post, quoted, remove } from "./api.js";
import { alarm, announce, askBeforeLeaving, byId, count, fill, h, isTyping, keycap, refill } from "./dom.js";
import { KeptValues } from "./kept_values.js";
import { LeftWords } from "./left_words.js";
import { isHeld } from "./repeated_input.js";
import { placeOf } from "./unsaved_kinds.js";

const { source } = /** @type {{source: string}} */ (document.body.dataset);

/** A pair by its claims, whichever comes first. @param {any} one */
function nameOf({ from, to }) {
  return [from.claim_id, to.claim_id].sort().join(" and ");
}

/** What a pair says: identifiers may be given anew to other claims. @param {any} one */
function wordsOf({ from, to }) {
  return [from, to].map(({ statement, quote }) => JSON.stringify([statement, quote])).sort().join();
}

/** Turn a pair round. @param {any} one */
function turn(one) {
  [one.from, one.to] = [one.to, one.from];
}

/** Proposals of links, of which one is open. */
class LinksPage {
  /** @param {any} found */
  constructor(found) {
    /** Pairs that were turned round. @type {Set<string>} */
    this.turned = new Set();
    /** Pairs of which something was sent that has no answer. @type {Set<string>} */
    this.waiting = new Set();
    /** What is not saved and why, by pairs. @type {Map<string, string>} */
    this.unsaved = new Map();
    /** Whether the pair that was open is not there any more; until another is chosen, no key decides what stands there now. */
    this.isGone = false;
    this.browser = new KeptValues(placeOf("links", source));
    /** @type {Map<string, {text: string, words: string}>} what is typed as the basis of pairs, by their names, and what these say */
    this.bases = new Map(this.browser.below("basis"));
    /** What was typed of pairs that are not there any more, or say something else. */
    this.left = new LeftWords(this.browser, () => this.tell());
    /** @type {Promise<void>} */
    this.sent = Promise.resolve();
    this.found = found;
    this.at = Math.max(0, found.proposals.findIndex((/** @type {any} */ one) => !one.decision));
    addEventListener("keydown", (event) => this.key(event));
    askBeforeLeaving(() => this.waiting.size > 0 || ![...this.bases].every(([name, basis]) => this.browser.isKept(`basis/${name}`, basis)));
    this.leaveBasesOfOthers();
    this.draw();
  }

  /** Leave what was typed of other claims than the names are of now. */
  leaveBasesOfOthers() {
    for (const [name, { text, words }] of this.bases) {
      const one = this.pair(name);
      if (one && wordsOf(one) === words) continue;
      this.left.add(`the basis “${text}” of ${name}, which are other claims now`);
      this.forgetBasis(name);
    }
  }

  /** @param {string} name */
  forgetBasis(name) {
    this.browser.forget(`basis/${name}`, this.bases.get(name));
    this.bases.delete(name);
  }

  /** Keep the basis of a pair as it is typed; an empty one is forgotten. @param {any} one @param {string} text */
  typeBasis(one, text) {
    const name = nameOf(one);
    if (text) {
      this.bases.set(name, { text, words: wordsOf(one) });
      this.browser.keep(`basis/${name}`, this.bases.get(name));
    } else this.forgetBasis(name);
  }

  /** @param {string} name */
  pair(name) {
    return this.found.proposals.find((/** @type {any} */ one) => nameOf(one) === name);
  }

  /** @param {any} claim */
  claim(claim) {
    return h("div", { class: "claim-box" }, h("p", { class: "meaning" }, `${claim.claim_id} · ${claim.source_id}`), h("p", {}, h("strong", {}, claim.statement)), claim.quote ? h("blockquote", { dir: "auto" }, claim.quote) : null);
  }

  /** @param {any} one @param {number} number */
  row(one, number) {
    const isHere = number === this.at;
    const { decision } = one;
    const name = nameOf(one);
    const isWaiting = this.waiting.has(name);
    const said = decision && (decision.relation === null ? "no link" : this.label(decision.relation));
    const state = isWaiting ? "saving …" : said ?? "open";
    const shared = one.shared.map((/** @type {any} */ part) => `${part.column.replaceAll("_", " ")}: ${part.values.join(", ")}`).join(" · ");
    if (!isHere) return h("li", { class: decision ? "unit decided" : "unit" }, h("button", { type: "button", class: "quiet", on: { click: () => this.go(number) } }, `${one.from.claim_id} and ${one.to.claim_id}`), ` ${state} `, h("span", { class: "meaning" }, shared));
    const basis = h("input", { id: "basis", maxlength: 300, value: this.bases.get(name)?.text ?? "", on: { input: () => this.typeBasis(one, basis.value) }, placeholder: "the words or facts that the link rests on" });
    const buttons = this.found.relations.map((/** @type {any} */ code) => h("button", { type: "button", title: code.definition, on: { click: () => this.decide(one, code.code) } }, keycap(code.key), ` ${code.label}`));
    return h("li", { class: "unit here", tabindex: "-1", "aria-current": "true" }, h("p", { class: "unit-head" }, h("span", { class: "state" }, state), ` ${shared}`), h("div", { class: "columns-2" }, this.claim(one.from), this.claim(one.to)),
      isWaiting ? null : decision?.relation ? h("p", { class: "buttons" }, h("button", { type: "button", on: { click: () => this.takeBack(one) } }, "Take the link back"))
        : [h("p", { class: "note-line" }, h("label", { for: "basis" }, keycap("b"), " basis "), basis), h("p", { class: "buttons" }, buttons, decision ? h("button", { type: "button", on: { click: () => this.openAgain(one) } }, keycap("o"), " open again") : h("button", { type: "button", on: { click: () => this.decide(one, null) } }, keycap("0"), " no link"), h("button", { type: "button", on: { click: () => this.swap(one) } }, keycap("s"), " the other way round"))],
      h("dl", { class: "notes" }, this.found.relations.map((/** @type {any} */ code) => h("div", {}, h("dt", {}, code.label), h("dd", {}, code.definition)))));
  }

  /** @param {string} relation */
  label(relation) {
    return this.found.relations.find((/** @type {any} */ code) => code.code === relation)?.label ?? relation;
  }

  draw() {
    const { proposals } = this.found;
    const open = proposals.filter((/** @type {any} */ one) => !one.decision).length;
    byId("count").textContent = proposals.length ? `${count(proposals.length, "pair")} share something; ${open} to decide.` : "No two claims share anything that proposes a link.";
    refill(byId("proposals"), proposals.map((/** @type {any} */ one, /** @type {number} */ number) => this.row(one, number)));
    this.tell();
  }

  /** Say what is not saved, and why. */
  tell() {
    const gone = this.isGone ? "The pair that was open here is not there any more: go to another one." : "";
    alarm([...this.unsaved.values(), this.left.text, gone].join(" ").trim(), this.left.buttons());
  }

  /** @param {number} at */
  go(at) {
    this.at = Math.max(0, Math.min(at, this.found.proposals.length - 1));
    this.isGone = false;
    this.draw();
    const here = byId("proposals").querySelector(".here");
    here?.scrollIntoView({ block: "center" });
    here?.focus({ preventScroll: true });
  }

  /** @param {any} one */
  swap(one) {
    const name = nameOf(one);
    if (!this.turned.delete(name)) this.turned.add(name);
    turn(one);
    this.go(this.at);
  }

  /**
   * Decide a pair, and go on to the next that is open: at once, since whoever waits for the answer may have gone
   * elsewhere by then, or types.
   * @param {any} one @param {string | null} relation
   */
  decide(one, relation) {
    const { digest, from: { claim_id: from }, to: { claim_id: to } } = one;
    const name = nameOf(one);
    const basis = (relation && this.bases.get(name)?.text.trim()) || null;
    const isDone = () => {
      const { decision } = this.pair(name) ?? {};
      return decision?.relation === relation && (relation === null || decision.from_claim_id === from);
    };
    this.send(name, `${relation ? this.label(relation) : "no link"} of ${name}`, isDone, async () => {
      const { decision, digest: now } = await post(quoted`api/links/${source}`, { from_claim_id: from, to_claim_id: to, relation, basis, digest });
      Object.assign(this.pair(name) ?? {}, { decision, digest: now });
      announce(relation ? "Linked." : "No link.");
      if (relation) this.forgetBasis(name);
    });
    const next = this.found.proposals.findIndex((/** @type {any} */ other, /** @type {number} */ at) => at > this.at && !other.decision && !this.waiting.has(nameOf(other)));
    this.go(next < 0 ? this.at : next);
  }

  /** Take back that a pair has no link. @param {any} one */
  openAgain(one) {
    const { digest, from: { claim_id: from }, to: { claim_id: to } } = one;
    const name = nameOf(one);
    this.send(name, `opening ${name} again`, () => !this.pair(name)?.decision, async () => {
      const { decision, digest: now } = await post(quoted`api/links/${source}`, { from_claim_id: from, to_claim_id: to, relation: null, is_open: true, digest });
      Object.assign(this.pair(name) ?? {}, { decision, digest: now });
      announce("Open again.");
    });
    this.go(this.at);
  }

  /** @param {any} one */
  takeBack(one) {
    const { link_id: link, digest } = one.decision;
    const name = nameOf(one);
    this.send(name, `taking back ${link}`, () => !this.pair(name)?.decision?.relation, async () => {
      await remove(quoted`api/open/${link}`, { digest });
      await this.load();
    });
    this.go(this.at);
  }

  /**
   * Send what is asked for, one after the other, as it was shown; if it is refused, or no answer comes, show what is there.
   * @param {string} name of the pair @param {string} what is asked for @param {() => boolean} isDone @param {() => Promise<void>} ask
   */
  send(name, what, isDone, ask) {
    this.waiting.add(name);
    this.unsaved.delete(name);
    this.sent = this.sent.then(async () => {
      try {
        await ask();
      } catch (error) {
        const told = /** @type {any} */ (error);
        const isRead = await this.load().then(() => true, () => false);
        if (!isRead || !isDone()) this.unsaved.set(name, [`Not saved: ${what}:`, told.message, ...(told.body?.findings ?? []).map((/** @type {any} */ finding) => finding.message)].join(" "));
      }
      this.waiting.delete(name);
      this.draw();
    });
  }

  /** Read the pairs anew, and stay at the one that is open. */
  async load() {
    const found = await get(quoted`api/links/${source}`);
    const here = this.found.proposals[this.at];
    for (const one of found.proposals) if (this.turned.has(nameOf(one))) turn(one);
    this.found = found;
    const at = found.proposals.findIndex((/** @type {any} */ one) => here && nameOf(one) === nameOf(here));
    this.isGone ||= Boolean(here) && at < 0;
    this.at = at < 0 ? Math.max(0, Math.min(this.at, found.proposals.length - 1)) : at;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (isTyping(event.target)) {
      if (key === "Escape" || key === "Enter") byId("proposals").querySelector(".here")?.focus();
      return;
    }
    if (isHeld(event)) return;
    const one = this.found.proposals[this.at];
    const code = this.found.relations.find((/** @type {any} */ relation) => relation.key === key);
    if (key === "ArrowDown" || key === "j") this.go(this.at + 1);
    else if (key === "ArrowUp" || key === "k") this.go(this.at - 1);
    else if (key === "b") byId("basis")?.focus();
    else if (!one || this.isGone || this.waiting.has(nameOf(one))) return;
    else if (key === "o" && one.decision?.relation === null) this.openAgain(one);
    else if (one.decision) return;
    else if (key === "0") this.decide(one, null);
    else if (key === "s") this.swap(one);
    else if (code) this.decide(one, code.code);
    else return;
    event.preventDefault();
  }
}

async function start() {
  const [{ source: row }, found] = await Promise.all([get(quoted`api/sources/${source}`), get(quoted`api/links/${source}`)]);
  fill(byId("title"), `Links of ${row.title}`);
  new LinksPage(found); // eslint-disable-line no-new -- it lives in the page
}

start().catch((error) => alarm(error.message));
