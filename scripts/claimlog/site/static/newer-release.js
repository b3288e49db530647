// Says on a page that is a file which release is newer, if versions.js beside the site knows one.
// Without that file, which only who publishes releases can keep, nothing is said.
"use strict";

{
  const { release, events, page } = document.documentElement.dataset;
  const known = window.claimlogVersions || [];
  const own = known.findIndex((one) => one.version === release);
  const isNewer = release ? own > 0 : known.length > 0 && known[0].events > Number(events);
  const source = document.querySelector("script[data-versions]");
  if (isNewer && source) {
    const { version, date, site } = known[0];
    const same = site && page.startsWith("claims/") ? page : "index.html";
    const notice = document.createElement("p");
    const link = document.createElement("a");
    link.href = new URL(`./${version}/${same}`, source.src).href;
    link.textContent = same === page ? "This page in it" : "Go to it";
    notice.className = "notice newer";
    notice.setAttribute("role", "note");
    const here = release ? `release ${release}` : "the log before it";
    notice.append(`Release ${version} of ${date} is newer; this page is of ${here}. `, link, ".");
    document.getElementById("main").prepend(notice);
  }
}
