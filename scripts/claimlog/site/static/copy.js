// Gives every element with data-copy a button that copies it: a link's address, or else the text.
// Without a script there is no button, and the text is there to be selected.
"use strict";

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(element) {
  const text = element.href || element.textContent;
  try {
    await navigator.clipboard.writeText(text);
    return "copied";
  } catch {
    select(element); // no clipboard without https or a localhost address
    return "selected, press Ctrl+C";
  }
}

for (const element of document.querySelectorAll("[data-copy]")) {
  const name = element.dataset.copy;
  const button = document.createElement("button");
  const told = document.createElement("span");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${name}`);
  told.className = "copied";
  told.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    told.textContent = "";
    const done = await copy(element);
    told.textContent = `${name} ${done}`;
  });
  const after = element.closest("pre") || element;
  after.after(button, told);
}
