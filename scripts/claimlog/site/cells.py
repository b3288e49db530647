"""The cells of Datasette's tables and queries as one text: its templates yield each by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from datasette.utils import to_css_class
from markupsafe import Markup, escape

from claimlog.escaping import SUSPECT, printable
from claimlog.site import limits
from claimlog.site.pages import PAGES

SAME = {"origin_id": "source_id", "ally_id": "actor_id", "speaker_id": "actor_id"}
"""Columns of queries that hold the identifier of another column's kind."""

IDENTIFIED = re.compile(r"(/\w+/)\(\?P<(\w+_id)>.+\)")

MORE = Markup("… <em>(cut here; the JSON has all of it)</em>")
PARTIAL = re.compile(r"&[#\w]{0,6}$")
LONG_NAME = 100
"""Characters of a column's name that every cell does not repeat."""


class Room:
    """What the cells of a page may still take, in characters of HTML."""

    def __init__(self, left: int = limits.PAGE_CHARACTERS) -> None:
        self.left = left

    def fit(self, value: Any) -> Markup:
        """Return a value as HTML, cut where it is too long, with all escaped that does not print.

        >>> Room().fit("<\\x1b>"), Room(0).fit("a" * 1000) == "a" * 40 + MORE
        (Markup('&lt;\\\\x1b&gt;'), True)
        """
        if isinstance(value, Markup):  # a link
            odd = len(SUSPECT.findall(value))
            cost = len(value) + 8 * odd
            if cost <= min(3 * limits.QUERY_BYTES, self.left + limits.LEAST_CHARACTERS):
                self.left -= cost
                return Markup(printable(value)) if odd else value
            value = value.striptags()
        text = str(value)
        most = max(limits.LEAST_CHARACTERS, min(limits.CELL_CHARACTERS, self.left))
        taken = text[:most]
        odd = len(SUSPECT.findall(taken))
        if odd > most // 8:  # each takes longer than a hundred others
            taken = taken[: most // 8]
        drawn = escape(printable(taken))
        self.left -= min(most, len(drawn)) + 8 * min(odd, len(taken))
        if len(drawn) <= most and len(taken) == len(text):
            return drawn
        return Markup(PARTIAL.sub("", str(drawn)[:most])) + MORE


def table_rows(rows: Iterable[Iterable[Mapping[str, Any]]], whole: bool = False) -> Markup:
    """Return the rows of a table's page: of each cell its column, type and value.

    A row's own page shows the `whole` of each value.
    """
    fit = escape if whole else Room().fit
    classes: dict[str, str] = {}
    drawn = []
    for row in rows:
        drawn.append("<tr>")
        for cell in row:
            name = cell["column"]
            if name not in classes:
                classes[name] = str(escape(to_css_class(name)))
            kind = escape(cell.get("value_type", ""))
            drawn.append(f'<td class="col-{classes[name]} type-{kind}">{fit(cell["value"])}</td>')
        drawn.append("</tr>\n")
    return Markup("".join(drawn))


def query_rows(columns: Sequence[str], rows: Iterable[Iterable[Any]], prefix: str) -> Markup:
    """Return the rows of a query's page; identifiers that have a page link to it below `prefix`."""
    fit = Room().fit
    opened = [
        f'<td class="col-{escape(to_css_class(name))}">' if len(name) < LONG_NAME else "<td>"
        for name in columns
    ]
    pages = _pages()
    linked = [pages.get(SAME.get(name, name)) for name in columns]
    drawn = []
    for row in rows:
        drawn.append("<tr>")
        for start, page, value in zip(opened, linked, row, strict=True):
            shown = fit(value)
            if page and value and not isinstance(value, Markup) and len(value) < LONG_NAME:
                address = escape(f"{prefix}{page}{quote(str(value), safe='')}")
                shown = Markup(f'<a href="{address}">{shown}</a>')
            drawn.append(f"{start}{shown}</td>")
        drawn.append("</tr>\n")
    return Markup("".join(drawn))


def _pages() -> dict[str, str]:
    """Return, by the name of an identifier, the path before it."""
    found = [IDENTIFIED.fullmatch(item.pattern) for item in PAGES]
    return {match[2]: match[1] for match in found if match}
