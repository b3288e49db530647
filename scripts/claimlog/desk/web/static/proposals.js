// Register entries that coders proposed: registered as they are or by another identifier, or the same as another.
import { h, refill } from "./dom.js";
import { goneWords } from "./entry_names.js";

/**
 * Draw what becomes of each entry as buttons. A list would take the next key of the page for another choice.
 * @param {HTMLElement} place
 * @param {any} state of an adjudication
 * @param {any} form
 * @param {(proposal: any, settled: {same_as?: string, registered_as?: string}) => void} settle
 */
export function drawProposals(place, state, form, settle) {
  const items = state.proposals.map((/** @type {any} */ one) => {
    const stream = form.streams[one.stream];
    const id = `fate-${one.coder}-${one.stream}-${one.id}`;
    const choice = (/** @type {any} */ settled, /** @type {boolean} */ isChosen, /** @type {string} */ label) => h("button", {
      type: "button", id: `${id}-${JSON.stringify(settled)}`, disabled: state.committed, "aria-pressed": String(isChosen), on: { click: () => settle(one, settled) },
    }, label);
    const isAsItIs = !one.same_as && one.registered_as === one.id;
    const isToChoose = isAsItIs && one.clashes;
    const same = one.alike.map((/** @type {any} */ other) => {
      const value = other.coder ? `${other.coder}/${other.id}` : other.id;
      return choice({ same_as: value }, one.same_as === value, `the same as ${other.label}${other.coder ? ` of ${other.coder}` : ""}`);
    });
    const renamed = one.same_as || isAsItIs ? one.free_id : one.registered_as;
    return h("li", {}, h("strong", {}, String(one.value[stream.label] ?? one.id)), h("span", { class: "meaning" }, ` ${stream.title}, proposed by ${one.coder}, ${one.used_by.length} times used `),
      goneWords(stream.fields, one.value).map((words) => h("p", { class: "meaning" }, words)),
      isToChoose ? h("p", {}, `Another entry is called ${one.id} and differs: choose.`) : null,
      h("p", { class: "buttons", role: "group", "aria-label": `What becomes of ${one.id}` },
        isToChoose ? null : choice({}, isAsItIs, "register it as it is"), same,
        renamed ? choice({ registered_as: renamed }, !one.same_as && one.registered_as === renamed, `another one: register it as ${renamed}`) : null));
  });
  place.hidden = !items.length;
  refill(place, h("h2", {}, "Proposed for the registers"), h("ul", { class: "plain" }, items));
}
