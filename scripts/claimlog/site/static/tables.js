// Names what Datasette's own pages leave without a name for assistive software.
"use strict";

const NAMES = [
  ["select[name^=_filter_column]", "Column to filter by"],
  ["select[name^=_filter_op]", "How to compare"],
  ["input[name^=_filter_value]", "Value to compare with"],
  ["select[name=_sort]", "Sort by"],
  ["#sql-editor, .CodeMirror textarea", "SQL"],
];

function name() {
  for (const [selector, label] of NAMES) {
    for (const element of document.querySelectorAll(selector)) {
      element.setAttribute("aria-label", label);
    }
  }
  for (const heading of document.querySelectorAll("main h3")) {
    heading.setAttribute("aria-level", "2");
    heading.setAttribute("role", "heading");
  }
  for (const box of document.querySelectorAll(".table-wrapper, .wrapped-sql, .column-descriptions")) {
    box.tabIndex = 0;
  }
}

name();
window.addEventListener("load", name); // the editor is there by then
