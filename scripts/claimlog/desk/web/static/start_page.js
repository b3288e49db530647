// The first page: how far each text is, and what to do next.
import { get, page, post, quoted } from "./api.js";
import { alarm, announce, byId, count, fill, h } from "./dom.js";
import { LOOK, keptForm } from "./kept_form.js";

const STATES = {
  no_text: "text not at hand", uncoded: "not coded", coding: "being coded", finished: "coded", adjudicating: "being decided", committed: "decided, not sealed", sealed: "sealed", unreadable: "what is saved of it cannot be read",
};

/** Draw how far one coder is. @param {any} coder */
function progress(coder) {
  const share = coder.state === "finished" ? 1 : coder.reached;
  const text = coder.state === "finished" ? "finished" : share === undefined || share === null ? "coding" : `${count(coder.drafts, "claim")}, ${Math.round(share * 100)} %`;
  const bar = h("i", {});
  bar.style.width = `${(share ?? 0) * 100}%`;
  return h("li", {}, `${coder.coder}: `, share === undefined || share === null ? null : h("span", { class: "meter", "aria-hidden": "true" }, bar), ` ${text}`);
}

/** Links to what can be done with a source. @param {any} source @param {any} desk */
function ways(source, desk) {
  const link = (/** @type {string} */ to, /** @type {string} */ label) => h("a", { href: page(quoted`${to}/${source.source_id}`) }, label);
  const isDecided = ["committed", "sealed"].includes(source.state);
  const found = [];
  if (!desk.decides && source.has_text) found.push(link("code", "code"));
  if (!desk.decides && isDecided && source.coders.some((/** @type {any} */ one) => one.coder === desk.role)) found.push(link("verdicts", "verdicts"));
  if (desk.decides && source.coders.length && ["finished", "adjudicating", "committed", "sealed"].includes(source.state)) found.push(link("adjudicate", "adjudicate"));
  if (desk.decides && isDecided) found.push(link("links", "links"));
  found.push(link("sources", desk.decides && source.claims ? "claims, furniture" : "furniture"));
  return found.flatMap((one, at) => (at ? [" · ", one] : [one]));
}

/** @param {any} desk */
function draw(desk) {
  byId("about").textContent = `Codebook ${desk.codebook}. You work as ${desk.role}, who ${desk.decides ? "decides what coders saw differently, reviews and seals" : "codes texts without seeing what others coded"}.`;
  fill(byId("next"), desk.next.map((/** @type {any} */ one, /** @type {number} */ at) => h("li", {}, one.address && one.what !== "register_coder" ? h("a", { class: at ? null : "strong", href: one.address }, one.text) : one.text)));
  byId("next-part").hidden = !desk.next.length;
  byId("coder").hidden = Boolean(desk.coder);
  fill(byId("sources"), desk.sources.map((/** @type {any} */ source) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: page(quoted`sources/${source.source_id}`) }, source.source_id)), h("td", {}, h("strong", {}, source.title), h("br"), h("span", { class: "meaning" }, [source.publisher, source.published].filter(Boolean).join(", "))),
    h("td", {}, h("span", { class: "state", data: { state: source.state } }, STATES[/** @type {keyof typeof STATES} */ (source.state)] ?? source.state), desk.decides && source.claims ? h("span", { class: "meaning" }, ` ${count(source.claims, "claim")}`) : null),
    h("td", {}, source.coders.length ? h("ul", { class: "plain" }, source.coders.map(progress)) : "–"), h("td", {}, ways(source, desk)))));
  byId("sources-table").hidden = !desk.sources.length;
  byId("no-sources").hidden = desk.sources.length > 0;
  const { open } = desk;
  byId("open-part").hidden = !open;
  if (open) fill(byId("open"), open.rows ? [`${count(open.rows, "row")} wait to be sealed: `, open.streams.map((/** @type {any} */ one) => `${one.rows} ${one.stream}`).join(", "), ". ", h("a", { href: page("review") }, "Review and seal")] : "Nothing waits to be sealed.");
}

/** Offer to register the own role. */
async function offerCoder() {
  const { streams } = await get("api/form");
  const { codes } = streams.coders.fields.find((/** @type {any} */ field) => field.column === "kind");
  fill(byId("coder-kind"), codes.map((/** @type {any} */ code) => h("option", { value: code.code }, `${code.label}: ${code.definition}`)));
  const person = codes.find((/** @type {any} */ code) => code.code === "person");
  if (person) byId("coder-kind").value = person.code;
  const kept = keptForm("coder", () => (byId("coder").hidden || !byId("coder-description").value ? null : { kind: byId("coder-kind").value, description: byId("coder-description").value }));
  if (kept) {
    byId("coder-kind").value = kept.kind;
    byId("coder-description").value = kept.description;
    alarm(LOOK);
  }
  byId("coder-form").addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await post("api/coders", { kind: byId("coder-kind").value, description: byId("coder-description").value });
      announce("Registered.");
      draw(await get("api/desk"));
    } catch (error) {
      alarm(String(/** @type {Error} */ (error).message));
    }
  });
}

async function start() {
  const desk = await get("api/desk");
  draw(desk);
  if (!desk.coder) await offerCoder();
  addEventListener("focus", () => get("api/desk").then(draw).then(() => alarm(), fail));
}

/** @param {any} error */
function fail(error) {
  alarm(error.message);
}

start().catch(fail);
