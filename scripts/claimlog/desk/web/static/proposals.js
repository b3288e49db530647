// Register entries that coders proposed: registered as they are or by another identifier, or the same as another.
import { h, refill } from "./dom.js";

const AS = "as:"; // begins the value of a choice that gives another identifier; no name of a coder has a colon

/**
 * @param {HTMLElement} place
 * @param {any} state of an adjudication
 * @param {any} form
 * @param {(proposal: any, settled: {same_as?: string, registered_as?: string}) => void} settle
 */
export function drawProposals(place, state, form, settle) {
  const items = state.proposals.map((/** @type {any} */ one) => {
    const stream = form.streams[one.stream];
    const id = `same-${one.coder}-${one.stream}-${one.id}`;
    const options = one.alike.map((/** @type {any} */ other) => {
      const value = other.coder ? `${other.coder}/${other.id}` : other.id;
      return h("option", { value, selected: one.same_as === value }, `the same as ${other.label}${other.coder ? ` of ${other.coder}` : ""}`);
    });
    const renamed = one.same_as || one.registered_as === one.id ? one.free_id : one.registered_as;
    if (renamed) options.push(h("option", { value: `${AS}${renamed}`, selected: !one.same_as && one.registered_as === renamed }, `another one: register it as ${renamed}`));
    const choose = (/** @type {any} */ event) => {
      const { value } = event.target;
      settle(one, value.startsWith(AS) ? { registered_as: value.slice(AS.length) } : value ? { same_as: value } : {});
    };
    const asItIs = one.clashes ? `another entry is called ${one.id} and differs: choose` : "register it as it is";
    return h("li", {}, h("strong", {}, String(one.value[stream.label] ?? one.id)), h("span", { class: "meaning" }, ` ${stream.title}, proposed by ${one.coder}, ${one.used_by.length} times used `),
      h("label", { class: "hush", for: id }, `What becomes of ${one.id}`),
      h("select", { id, disabled: state.committed, on: { change: choose } }, h("option", { value: "", selected: !one.same_as && one.registered_as === one.id }, asItIs), options));
  });
  place.hidden = !items.length;
  refill(place, h("h2", {}, "Proposed for the registers"), h("ul", { class: "plain" }, items));
}
