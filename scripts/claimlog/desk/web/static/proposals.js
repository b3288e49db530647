// Register entries that coders proposed: registered as they are, or the same as another.
import { fill, h } from "./dom.js";

/**
 * @param {HTMLElement} place
 * @param {any} state of an adjudication
 * @param {any} form
 * @param {(proposal: any, same: string | null) => void} settle
 */
export function drawProposals(place, state, form, settle) {
  const items = state.proposals.map((/** @type {any} */ one) => {
    const stream = form.streams[one.stream];
    const id = `same-${one.coder}-${one.stream}-${one.id}`;
    const options = one.alike.map((/** @type {any} */ other) => {
      const value = other.coder ? `${other.coder}/${other.id}` : other.id;
      return h("option", { value, selected: one.same_as === value }, `the same as ${other.label}${other.coder ? ` of ${other.coder}` : ""}`);
    });
    return h("li", {}, h("strong", {}, String(one.value[stream.label] ?? one.id)), h("span", { class: "meaning" }, ` ${stream.title}, proposed by ${one.coder}, ${one.used_by.length} times used `),
      h("label", { class: "hush", for: id }, `What becomes of ${one.id}`),
      h("select", { id, disabled: state.committed, on: { change: (/** @type {any} */ event) => settle(one, event.target.value || null) } }, h("option", { value: "", selected: !one.same_as }, "register it as it is"), options));
  });
  place.hidden = !items.length;
  fill(place, h("h2", {}, "Proposed for the registers"), h("ul", { class: "plain" }, items));
}
