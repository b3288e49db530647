// Links between claims: proposed from what they share, decided one by one.
import { get, post, remove } from "./api.js";
import { alarm, announce, byId, count, fill, h, isTyping, keycap } from "./dom.js";

const { source } = /** @type {{source: string}} */ (document.body.dataset);

/** Proposals of links, of which one is open. */
class LinksPage {
  /** @param {any} found */
  constructor(found) {
    this.found = found;
    this.isSending = false;
    this.at = Math.max(0, found.proposals.findIndex((/** @type {any} */ one) => !one.decision));
    addEventListener("keydown", (event) => this.key(event));
    this.draw();
  }

  /** @param {any} claim */
  claim(claim) {
    return h("div", { class: "claim-box" }, h("p", { class: "meaning" }, `${claim.claim_id} · ${claim.source_id}`), h("p", {}, h("strong", {}, claim.statement)), claim.quote ? h("blockquote", { dir: "auto" }, claim.quote) : null);
  }

  /** @param {any} one @param {number} number */
  row(one, number) {
    const isHere = number === this.at;
    const { decision } = one;
    const relation = decision && (decision.relation === null ? "no link" : this.found.relations.find((/** @type {any} */ code) => code.code === decision.relation)?.label ?? decision.relation);
    const shared = one.shared.map((/** @type {any} */ part) => `${part.column.replaceAll("_", " ")}: ${part.values.join(", ")}`).join(" · ");
    if (!isHere) return h("li", { class: decision ? "unit decided" : "unit" }, h("button", { type: "button", class: "quiet", on: { click: () => this.go(number) } }, `${one.from.claim_id} and ${one.to.claim_id}`), ` ${relation ?? "open"} `, h("span", { class: "meaning" }, shared));
    const basis = h("input", { id: "basis", maxlength: 300, placeholder: "the words or facts that the link rests on" });
    const buttons = this.found.relations.map((/** @type {any} */ code) => h("button", { type: "button", title: code.definition, on: { click: () => this.decide(one, code.code, basis.value) } }, keycap(code.key), ` ${code.label}`));
    return h("li", { class: "unit here", tabindex: "-1", "aria-current": "true" }, h("p", { class: "unit-head" }, h("span", { class: "state" }, relation ?? "open"), ` ${shared}`), h("div", { class: "columns-2" }, this.claim(one.from), this.claim(one.to)),
      decision?.relation ? h("p", { class: "buttons" }, h("button", { type: "button", on: { click: () => this.takeBack(one) } }, "Take the link back"))
        : [h("p", { class: "note-line" }, h("label", { for: "basis" }, keycap("b"), " basis "), basis), h("p", { class: "buttons" }, buttons, h("button", { type: "button", on: { click: () => this.decide(one, null, "") } }, keycap("0"), " no link"), h("button", { type: "button", on: { click: () => this.swap(one) } }, keycap("s"), " the other way round"))],
      h("dl", { class: "notes" }, this.found.relations.map((/** @type {any} */ code) => h("div", {}, h("dt", {}, code.label), h("dd", {}, code.definition)))));
  }

  draw() {
    const { proposals } = this.found;
    const open = proposals.filter((/** @type {any} */ one) => !one.decision).length;
    byId("count").textContent = proposals.length ? `${count(proposals.length, "pair")} share something; ${open} to decide.` : "No two claims share anything that proposes a link.";
    fill(byId("proposals"), proposals.map((/** @type {any} */ one, /** @type {number} */ number) => this.row(one, number)));
  }

  /** @param {number} at */
  go(at) {
    this.at = Math.max(0, Math.min(at, this.found.proposals.length - 1));
    this.draw();
    const here = byId("proposals").querySelector(".here");
    here?.scrollIntoView({ block: "center" });
    here?.focus({ preventScroll: true });
  }

  /** @param {any} one */
  swap(one) {
    [one.from, one.to] = [one.to, one.from];
    this.go(this.at);
  }

  /** @param {any} one @param {string | null} relation @param {string} basis */
  decide(one, relation, basis) {
    const { digest, from: { claim_id: from }, to: { claim_id: to } } = one;
    return this.send(async () => {
      const { decision, digest: now } = await post(`api/links/${source}`, { from_claim_id: from, to_claim_id: to, relation, basis: basis.trim() || null, digest });
      Object.assign(one, { decision, digest: now });
      announce(relation ? "Linked." : "No link.");
      const next = this.found.proposals.findIndex((/** @type {any} */ other, /** @type {number} */ at) => at > this.at && !other.decision);
      this.go(next < 0 ? this.at : next);
    });
  }

  /** @param {any} one */
  takeBack({ decision: { link_id: link, digest } }) {
    return this.send(async () => {
      await remove(`api/open/${link}`, { digest });
      await this.load();
    });
  }

  /** Send what is asked for, one after the other, as it was shown; show what is there if that is something else. @param {() => Promise<void>} ask */
  async send(ask) {
    if (this.isSending) return;
    this.isSending = true;
    try {
      await ask();
      alarm();
    } catch (error) {
      const told = /** @type {any} */ (error);
      if (told.code === "stale") await this.load().catch(() => {});
      alarm([told.message, ...(told.body?.findings ?? []).map((/** @type {any} */ finding) => finding.message)].join(" "));
    }
    this.isSending = false;
  }

  /** Read the pairs anew, and stay at the one that is open, with what was typed there. */
  async load() {
    const typed = byId("basis")?.value ?? "";
    const { from, to } = this.found.proposals[this.at];
    const names = [from.claim_id, to.claim_id];
    this.found = await get(`api/links/${source}`);
    const at = this.found.proposals.findIndex((/** @type {any} */ one) => names.includes(one.from.claim_id) && names.includes(one.to.claim_id));
    this.go(at < 0 ? this.at : at);
    if (at >= 0 && byId("basis")) byId("basis").value = typed;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (isTyping(event.target)) {
      if (key === "Escape" || key === "Enter") byId("proposals").querySelector(".here")?.focus();
      return;
    }
    const one = this.found.proposals[this.at];
    const code = this.found.relations.find((/** @type {any} */ relation) => relation.key === key);
    if (key === "ArrowDown" || key === "j") this.go(this.at + 1);
    else if (key === "ArrowUp" || key === "k") this.go(this.at - 1);
    else if (key === "b") byId("basis")?.focus();
    else if (!one || one.decision) return;
    else if (key === "0") this.decide(one, null, "");
    else if (key === "s") this.swap(one);
    else if (code) this.decide(one, code.code, byId("basis").value);
    else return;
    event.preventDefault();
  }
}

async function start() {
  const [{ source: row }, found] = await Promise.all([get(`api/sources/${source}`), get(`api/links/${source}`)]);
  fill(byId("title"), `Links of ${row.title}`);
  new LinksPage(found); // eslint-disable-line no-new -- it lives in the page
}

start().catch((error) => alarm(error.message));
