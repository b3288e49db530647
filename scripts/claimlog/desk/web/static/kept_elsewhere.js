// What this browser keeps of the role that another desk at this address has not saved: of another package, or of this one
// before it was copied, moved or restored. Which of the two, only the person knows.
import { KEPT } from "./api.js";
import { byId, count, fill, h } from "./dom.js";

const [name, , role] = KEPT.split("/");
const UNSAVED = new RegExp(`^${name}/[^/]+/${role}/(work/[^/]+/|decisions/[^/]+/(note|begun)/)`, "u");

/** Keys of what another desk has not saved. */
function keptElsewhere() {
  return Object.keys(localStorage).filter((key) => UNSAVED.test(key) && !key.startsWith(`${KEPT}/`));
}

/** Go on with it here; what is kept here already of the same stays, and so does the other. */
function takeOver() {
  for (const key of keptElsewhere()) {
    const own = [KEPT, ...key.split("/").slice(3)].join("/");
    if (localStorage.getItem(own) === null) {
      const value = localStorage.getItem(key) ?? "";
      localStorage.removeItem(key); // first: there may be no room for both
      localStorage.setItem(own, value);
    }
  }
  location.reload();
}

const found = keptElsewhere();
if (found.length) {
  const place = byId("kept-elsewhere");
  fill(place, `This browser keeps ${count(found.length, "change")} of ${role} that another desk at this address has not saved. Start that one again, and open its start address, to save them there. `,
    h("button", { type: "button", on: { click: takeOver } }, "It was this package, before it was moved or restored: go on with them here"));
  place.hidden = false;
}
