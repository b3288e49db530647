"""Cells of Datasette's tables and queries as HTML, within a budget for each page.

Datasette's templates yield every cell by itself, which takes longer than finding the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from claimlog.escaping import SUSPECT, printable
from claimlog.file_names import path_segment
from claimlog.site.datasette_internals import to_css_class
from claimlog.site.page import Page
from claimlog.site.page_list import PAGES
from claimlog.site.protection import reader_limits

SAME_KIND = {"origin_id": "source_id", "ally_id": "actor_id", "speaker_id": "actor_id"}
"""Columns that hold identifiers of another column's kind."""

IDENTIFIER_PATH = re.compile(r"(/\w+/)\(\?P<(\w+_id)>.+\)")

CUT = Markup("… <em>(cut here; the JSON has all of it)</em>")
PARTIAL_ENTITY = re.compile(r"&[#\w]{0,6}$")
LONG_NAME = 100
"""Characters of a column's name from which on its cells do not repeat it as their class."""


class CellBudget:
    """Characters of HTML that the cells of a page may still take."""

    def __init__(self, left: int = reader_limits.PAGE_CHARACTERS) -> None:
        self.left = left

    def fit(self, value: Any) -> Markup:
        """Return a value as HTML, cut if it is too long, with all escaped that does not print.

        >>> CellBudget().fit("<\\x1b>"), CellBudget(0).fit("a" * 1000) == "a" * 40 + CUT
        (Markup('&lt;\\\\x1b&gt;'), True)
        """
        if isinstance(value, Markup):  # a link
            suspect = len(SUSPECT.findall(value))
            cost = len(value) + 8 * suspect
            if cost <= min(
                3 * reader_limits.QUERY_BYTES, self.left + reader_limits.LEAST_CHARACTERS
            ):
                self.left -= cost
                return Markup(printable(value)) if suspect else value
            value = value.striptags()
        text = str(value)
        most = max(reader_limits.LEAST_CHARACTERS, min(reader_limits.CELL_CHARACTERS, self.left))
        head = text[:most]
        suspect = len(SUSPECT.findall(head))
        if suspect > most // 8:  # each takes longer to escape than a hundred others
            head = head[: most // 8]
        html = escape(printable(head))
        self.left -= min(most, len(html)) + 8 * min(suspect, len(head))
        if len(html) <= most and len(head) == len(text):
            return html
        return Markup(PARTIAL_ENTITY.sub("", str(html)[:most])) + CUT


def table_rows(rows: Iterable[Iterable[Mapping[str, Any]]], whole: bool = False) -> Markup:
    """Return the rows of a table's page; with `whole`, as on a row's own page, no cell is cut."""
    fit = escape if whole else CellBudget().fit
    classes: dict[str, str] = {}
    html = []
    for row in rows:
        html.append("<tr>")
        for cell in row:
            name = cell["column"]
            if name not in classes:
                classes[name] = str(escape(to_css_class(name)))
            kind = escape(cell.get("value_type", ""))
            html.append(f'<td class="col-{classes[name]} type-{kind}">{fit(cell["value"])}</td>')
        html.append("</tr>\n")
    return Markup("".join(html))


def query_rows(
    columns: Sequence[str],
    rows: Iterable[Iterable[Any]],
    prefix: str,
    pages: Sequence[Page] = PAGES,
) -> Markup:
    """Return the rows of a query's page; identifiers link to their `pages` below `prefix`."""
    fit = CellBudget().fit
    tags = [
        f'<td class="col-{escape(to_css_class(name))}">' if len(name) < LONG_NAME else "<td>"
        for name in columns
    ]
    paths = _identifier_paths(pages)
    columns_paths = [paths.get(SAME_KIND.get(name, name)) for name in columns]
    html = []
    for row in rows:
        html.append("<tr>")
        for tag, path, value in zip(tags, columns_paths, row, strict=True):
            cell = fit(value)
            if path and value and not isinstance(value, Markup) and len(value) < LONG_NAME:
                address = escape(f"{prefix}{path}{path_segment(str(value))}")
                cell = Markup(f'<a href="{address}">{cell}</a>')
            html.append(f"{tag}{cell}</td>")
        html.append("</tr>\n")
    return Markup("".join(html))


def _identifier_paths(pages: Sequence[Page]) -> dict[str, str]:
    """Return, by the name of an identifier, the path before it on its page."""
    matches = [IDENTIFIER_PATH.fullmatch(page.pattern) for page in pages]
    return {match[2]: match[1] for match in matches if match}
