// What the rules say of the claims of a work: asked after they were saved.
import { get } from "./api.js";
import { settled } from "./dom.js";

/** Findings by claim; of those that were saved since, they are asked anew. It tells listeners `change`. */
export class ClaimChecks extends EventTarget {
  /** @param {import("./work.js").Work} work @param {import("./record_form.js").RecordForm} record */
  constructor(work, record) {
    super();
    this.work = work;
    this.record = record;
    /** @type {Record<string, any[]>} */
    this.findings = {};
    /** @type {Set<string>} claims that were saved since the rules were asked */
    this.unchecked = new Set();
    this.checkSoon = settled(350, () => this.check());
  }

  /** @param {string | null} name */
  of(name) {
    return this.findings[name ?? ""] ?? [];
  }

  /** A claim was saved. @param {string} name */
  add(name) {
    this.unchecked.add(name);
    this.checkSoon();
  }

  /** Ask what the rules say of the claims that were saved since, or of all. */
  async check(isAll = false) {
    const names = [...this.unchecked].filter((name) => this.work.draft(name));
    this.unchecked.clear();
    for (const name of isAll ? [""] : names) {
      const found = await get(`${this.work.path}/findings${name ? `?draft=${name}` : ""}`).catch(() => null); // eslint-disable-line no-await-in-loop -- one at a time
      if (!found) continue;
      this.findings = name ? { ...this.findings, [name]: found.findings[name] ?? [] } : found.findings;
    }
    this.dispatchEvent(new CustomEvent("change", { detail: { names: isAll ? null : names } }));
  }

  /** The first question of a claim with a finding. @param {any} draft */
  slotOf(draft) {
    const columns = this.of(draft.draft)[0]?.columns ?? [];
    return columns.find((/** @type {string} */ column) => this.record.fields.some((/** @type {any} */ field) => field.column === column)) ?? null;
  }
}
