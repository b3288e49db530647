"""Axe on a page in the browser: all its rules, and those about colours once for each look.

No page of ours has other elements in the dark: it is loaded once, asked about its elements once,
and about its colours in each scheme.

To see what colour is behind a word, axe asks the browser what lies at each of its places, which
takes nine tenths of its time on a page with long tables. Cells that look alike are alike: of the
elements that have every colour, font and place in common, with all that they stand in, it is shown
a few.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

from browser import PHONE

SCRIPT = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
SCHEMES = ("light", "dark")
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""Rules of axe that colours can break."""

VIOLATIONS: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS: dict[str, Any] = {"runOnly": OF_COLOURS}
ALIKE = 3
"""Elements of one look that are shown to the rules about colours."""

SHOWN = "() => [...document.body.querySelectorAll('*')].map(e => +e.checkVisibility()).join('')"

LOOKS = """(most, options) => {
  const styles = ['color', 'background-color', 'background-image', 'opacity', 'filter',
    'mix-blend-mode', 'position', 'font-size', 'font-weight', 'text-shadow',
    'text-decoration-line', 'border-bottom-style', '-webkit-text-fill-color'];
  const numbers = new Map(), looks = new Map(), seen = new Map();
  const look = e => {
    if (!e) return 0;
    if (!looks.has(e)) {
      const style = getComputedStyle(e);
      const key = [look(e.parentElement), e.tagName, e.getAttribute('role'), e.matches(':disabled'),
        e.getAttribute('aria-disabled'), ...styles.map(n => style.getPropertyValue(n))].join('|');
      if (!numbers.has(key)) numbers.set(key, numbers.size + 1);
      looks.set(e, numbers.get(key));
    }
    return looks.get(e);
  };
  const says = e => !e.childElementCount || e.tagName === 'SELECT'
    || [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  const include = [...document.body.querySelectorAll('*')].filter(e => {
    if (!says(e) || !e.checkVisibility()) return false;
    const before = seen.get(look(e)) ?? 0;
    seen.set(look(e), before + 1);
    return before < most;
  });
  return axe.run({include}, options).then(results => results.violations);
}"""
"""Runs axe on some elements of each look, of those that are shown and say something."""


def violations(page: Page, where: str, schemes: Sequence[str] = SCHEMES) -> list[str]:
    """Return what axe finds in each scheme, on a phone too where that shows other elements."""
    found = page_violations(page, where, schemes)
    shown, before = page.evaluate(SHOWN), page.viewport_size
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    if page.evaluate(SHOWN) != shown:
        found += page_violations(page, f"{where}, phone", schemes)
    if before:
        page.set_viewport_size(before)
    return found


def page_violations(page: Page, where: str, schemes: Sequence[str] = SCHEMES) -> list[str]:
    """Return what axe finds on a page as it is shown, and of its colours in each scheme.

    The page is left in the first of them.
    """
    if page.evaluate("() => typeof axe === 'undefined'"):
        page.evaluate(SCRIPT)
    rest = {"rules": {name: {"enabled": False} for name in OF_COLOURS}}
    command = "options => axe.run(options).then(results => results.violations)"
    found = violation_lines(page.evaluate(command, {**VIOLATIONS, **rest}), where)
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        of_colours = f"options => ({LOOKS})({ALIKE}, options)"
        results = page.evaluate(of_colours, {**VIOLATIONS, **COLOURS})
        found += violation_lines(results, f"{where}, {scheme}")
    page.emulate_media(color_scheme=schemes[0])  # type: ignore[arg-type]
    return found


def violation_lines(results: list[dict[str, Any]], where: str) -> list[str]:
    """Return axe's violations as one line an element: rule, target, page, reason."""
    lines = []
    for item in results:
        for node in item["nodes"]:
            checks = [*node["any"], *node["all"], *node["none"]]
            why = "; ".join(dict.fromkeys(check["message"] for check in checks))
            target = " ".join(map(str, node["target"]))
            lines.append(f"{item['id']} ({item['impact']}): {target} on {where}: {why[:200]}")
    return lines
