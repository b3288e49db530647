// A key that is held down and the further clicks of a double click act on what they began at, and on nothing that came
// to stand there since: nobody has looked at that.

const CONTROLS = "button, a, summary, label, [role=radio], [role=option]";

/** @type {EventTarget | null} where the key that is held was pressed */
let pressed = null;

/** @type {Element | null} the control that was clicked first */
let clicked = null;

/** Keys that go on and back, and decide nothing. */
const MOVES = /^(?:Arrow.+|Page.+|Home|End|Tab)$/;

/** Whether an event is of a key that is held down, and that does more than to go on and back. @param {KeyboardEvent} event @param {string[]} [moves] more keys that go on and back there */
export function isHeld({ repeat, key }, moves = []) {
  return repeat && !MOVES.test(key) && !moves.includes(key);
}

/** @param {Event} event */
function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

addEventListener("keydown", (event) => {
  if (!event.repeat) pressed = event.target;
  else if (event.target !== pressed && isHeld(event)) stop(event);
}, true);

for (const type of /** @type {const} */ (["mousedown", "click"])) {
  addEventListener(type, (event) => {
    const control = event.target instanceof Element ? event.target.closest(CONTROLS) : null;
    if (event.detail === 1) clicked = control; // a key that clicks has 0
    else if (event.detail > 1 && control && control !== clicked) stop(event);
  }, true);
}
