// Registering a text: from a file or an address, with its description to correct and its furniture to mark.
import { get, page, post, quoted, send } from "./api.js";
import { isFilled } from "./applicability.js";
import { entryForm } from "./dialogs.js";
import { alarm, askBeforeLeaving, byId, count, fill, h } from "./dom.js";
import { FurnitureMarks } from "./furniture_marks.js";
import { LOOK, keptForms } from "./kept_form.js";

/** A text that was read, until it is registered. */
class Registration {
  /** @param {any} found @param {any} form */
  constructor(found, form) {
    this.found = found;
    this.isRegistered = false;
    const { text, proposal: { furniture = text.furniture, ...proposal } } = found;
    const kept = left.find(({ sha256 }) => sha256 === found.sha256);
    const own = kept ?? { source: proposal, furniture };
    this.isTyped = Boolean(kept);
    const touch = () => { this.isTyped = true; };
    byId("begin").hidden = true;
    byId("details").hidden = false;
    askBeforeLeaving(() => !this.isRegistered);
    this.entry = entryForm(form.streams.sources, own.source, { skip: found.recorded_columns });
    this.entry.form.id = "source-form";
    this.entry.form.addEventListener("input", touch);
    fill(byId("fields"), this.entry.form);
    fill(byId("notes"), found.notes.map((/** @type {string} */ note) => h("li", {}, note)));
    byId("known").hidden = !found.known_as;
    byId("known").textContent = found.known_as ? `This text is registered already, as ${found.known_as}.` : "";
    fill(byId("size"), `${found.name}: ${count(found.length, "character")}, SHA-256 ${found.sha256.slice(0, 12)}…`);
    this.marks = new FurnitureMarks(text.content, proposal.language, form.furniture_kinds ?? [], own.furniture, touch);
    byId("save").addEventListener("click", () => this.save());
    if (kept) left.splice(left.indexOf(kept), 1); // it is kept of this form from here on
  }

  /** Take the same text, read again where the server has it no more: what was typed and marked stays. @param {any} found */
  resume(found) {
    if (found.sha256 !== this.found.sha256) throw new Error("This is not the text that is described below. Reload the page to register it.");
    this.found = found;
    byId("begin").hidden = true;
    fill(byId("problems"));
    byId("save").focus();
  }

  /** What is described and marked, null while nobody changed what was proposed, and once it is registered. */
  get typed() {
    const { name, sha256 } = this.found;
    return this.isTyped && !this.isRegistered ? { name, sha256, source: this.entry.typed(), furniture: this.marks.furniture } : null;
  }

  async save() {
    const { form, read } = this.entry;
    if (!form.reportValidity()) return;
    try {
      const { source_id: id } = await post("api/sources", { upload: this.found.upload, source: read(), furniture: this.marks.furniture });
      this.isRegistered = true;
      location.href = page(document.body.dataset.decides === undefined ? quoted`code/${id}` : "");
    } catch (error) {
      const told = /** @type {any} */ (error);
      const findings = told.body?.findings ?? [];
      if (told.code === "absent") byId("begin").hidden = false;
      fill(byId("problems"), [{ message: told.message }, ...findings].map((one) => h("li", {}, one.message, isFilled(one.remedy) ? ` ${one.remedy}` : "")));
      byId("problems").scrollIntoView({ block: "center" });
    }
  }
}

/** @type {Registration | null} */
let registration = null;
/** What outdated pages kept of texts that are to be chosen again. */
const left = keptForms("register", () => registration?.typed ?? null);

/** Show a problem, if there is one, and of which texts something is kept that is not shown. @param {string} [text] */
function tell(text = "") {
  const names = left.map(({ name }) => name);
  const those = names.length > 1 ? "each of those texts" : "that text";
  alarm([text, names.length ? `What was typed of ${names.join(", ")} is kept: choose ${those} again.` : ""].join(" ").trim());
}
tell();

const FETCHING = "Fetching … An address that is busy, or does not answer in time, is tried again a few times.";
const FETCH_SECONDS = 300;

/**
 * Read a text, and go on to its description.
 * @param {() => Promise<any>} read
 * @param {string} wait what the page says meanwhile
 */
async function take(read, wait = "Reading …") {
  byId("wait").textContent = wait;
  try {
    const [found, form] = await Promise.all([read(), get("api/form")]);
    const isKept = left.some(({ sha256 }) => sha256 === found.sha256);
    if (registration) registration.resume(found);
    else registration = new Registration(found, form);
    tell(isKept ? LOOK : "");
  } catch (error) {
    tell(String(/** @type {Error} */ (error).message));
  }
  byId("wait").textContent = "";
}

byId("file").addEventListener("change", () => {
  const [file] = byId("file").files;
  byId("file").value = ""; // so that it can be chosen again
  if (file) take(() => send("POST", quoted`api/texts?name=${file.name}`, file, 120));
});
byId("address-form").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  take(() => post("api/texts/by-address", { address: byId("address").value.trim() }, FETCH_SECONDS), FETCHING);
});
