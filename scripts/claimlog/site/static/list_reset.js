// A list that a reader comes back to shows in its form what it lists, not what was ticked since.
"use strict";

addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form.facets").forEach((form) => form.reset());
});
