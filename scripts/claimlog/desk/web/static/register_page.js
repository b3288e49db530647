// Registering a text: from a file or an address, with its description to correct and its furniture to mark.
import { get, page, post, send } from "./api.js";
import { isFilled } from "./applicability.js";
import { entryForm } from "./dialogs.js";
import { alarm, announce, byId, count, fill, h } from "./dom.js";
import { TextPane } from "./text_pane.js";

/** A text that was read, until it is registered. */
class Registration {
  /** @param {any} found @param {any} form */
  constructor(found, form) {
    this.found = found;
    this.furniture = (found.proposal.furniture ?? found.text.furniture).map((/** @type {any} */ one) => ({ utf16: one.utf16, kind: one.kind }));
    byId("begin").hidden = true;
    byId("details").hidden = false;
    const { furniture, ...proposal } = found.proposal;
    this.entry = entryForm(form.streams.sources, proposal, { skip: [] });
    this.entry.form.id = "source-form";
    fill(byId("fields"), this.entry.form);
    this.kinds = form.furniture_kinds ?? [];
    fill(byId("kind"), this.kinds.map((/** @type {any} */ one) => h("option", { value: one.code, title: one.definition }, one.label)));
    fill(byId("notes"), found.notes.map((/** @type {string} */ note) => h("li", {}, note)));
    byId("known").hidden = !found.known_as;
    byId("known").textContent = found.known_as ? `This text is registered already, as ${found.known_as}.` : "";
    byId("size").textContent = `${found.name}: ${count(found.length, "character")}, SHA-256 ${found.sha256.slice(0, 12)}…`;
    CSS.highlights.set("furniture", new Highlight());
    this.pane = new TextPane(byId("text"), byId("scroller"), found.text.content, found.proposal.language);
    this.draw();
    byId("mark").addEventListener("click", () => this.mark());
    byId("scroller").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.line = -1;
    byId("save").addEventListener("click", () => this.save());
  }

  draw() {
    const highlight = CSS.highlights.get("furniture");
    highlight.clear();
    this.furniture.sort((/** @type {any} */ a, /** @type {any} */ b) => a.utf16[0] - b.utf16[0]);
    for (const { utf16 } of this.furniture) highlight.add(this.pane.range(utf16));
    const { content } = this.found.text;
    fill(byId("furniture"), this.furniture.map((/** @type {any} */ one, /** @type {number} */ at) => h("li", {}, h("q", {}, content.slice(...one.utf16).slice(0, 90)), ` (${this.kinds.find((/** @type {any} */ kind) => kind.code === one.kind)?.label ?? one.kind}) `,
      h("button", { type: "button", class: "quiet", on: { click: () => { this.furniture.splice(at, 1); this.draw(); } } }, "is text"))));
    byId("none").hidden = this.furniture.length > 0;
  }

  /** Go by lines with the arrows; m marks the line as furniture, or takes the mark off. @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { blocks } = this.pane;
    if (step) {
      blocks[this.line]?.classList.remove("here");
      this.line = Math.max(0, Math.min(blocks.length - 1, this.line + step));
      blocks[this.line].classList.add("here");
      blocks[this.line].scrollIntoView({ block: "nearest" });
      announce(blocks[this.line].textContent ?? "");
    } else if (event.key === "m") this.mark();
    else return;
    event.preventDefault();
  }

  /** Mark what is selected as furniture, or the line at which the arrows stand; what is marked whole is text again. */
  mark() {
    const line = this.pane.firstNodes[this.line];
    const begin = this.pane.begins[line];
    const chosen = this.pane.selection();
    const span = chosen ?? (line === undefined ? null : [begin, begin + (this.pane.blocks[this.line].textContent ?? "").length]);
    if (!span) {
      byId("mark-note").textContent = "Select words first, or go to a line with the arrows.";
      return;
    }
    const touches = (/** @type {any} */ one) => one.utf16[1] > span[0] && one.utf16[0] < span[1];
    const isMarked = !chosen && this.furniture.some(touches);
    this.furniture = this.furniture.filter((/** @type {any} */ one) => !touches(one));
    if (!isMarked) this.furniture.push({ utf16: span, kind: byId("kind").value });
    document.getSelection()?.removeAllRanges();
    byId("mark-note").textContent = "";
    this.draw();
    announce(isMarked ? "Text again." : "Marked.");
  }

  async save() {
    const { form, read } = this.entry;
    if (!form.reportValidity()) return;
    try {
      const { source_id: id } = await post("api/sources", { upload: this.found.upload, source: read(), furniture: this.furniture });
      location.href = page(document.body.dataset.decides === undefined ? `code/${id}` : "");
    } catch (error) {
      const told = /** @type {any} */ (error);
      const findings = told.body?.findings ?? [];
      fill(byId("problems"), [{ message: told.message }, ...findings].map((one) => h("li", {}, one.message, isFilled(one.remedy) ? ` ${one.remedy}` : "")));
      byId("problems").scrollIntoView({ block: "center" });
    }
  }
}

/** Read a text, and go on to its description. @param {() => Promise<any>} read */
async function take(read) {
  byId("wait").textContent = "Reading …";
  try {
    const [found, form] = await Promise.all([read(), get("api/form")]);
    new Registration(found, form); // eslint-disable-line no-new -- it lives in the page
    alarm();
  } catch (error) {
    alarm(String(/** @type {Error} */ (error).message));
  }
  byId("wait").textContent = "";
}

byId("file").addEventListener("change", () => {
  const [file] = byId("file").files;
  if (file) take(() => send("POST", `api/texts?name=${encodeURIComponent(file.name)}`, file, 120));
});
byId("address-form").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  take(() => post("api/texts", { address: byId("address").value.trim() }));
});
