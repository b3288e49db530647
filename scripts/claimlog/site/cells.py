"""The cells of Datasette's tables and queries as one text: its templates yield each by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from datasette.utils import to_css_class
from markupsafe import Markup, escape

from claimlog.site.pages import PAGES

SAME = {"origin_id": "source_id", "ally_id": "actor_id", "speaker_id": "actor_id"}
"""Columns of queries that hold the identifier of another column's kind."""

IDENTIFIED = re.compile(r"(/\w+/)\(\?P<(\w+_id)>.+\)")


def table_rows(rows: Iterable[Iterable[Mapping[str, Any]]]) -> Markup:
    """Return the rows of a table's page: of each cell its column, type and value."""
    classes: dict[str, str] = {}
    drawn = []
    for row in rows:
        drawn.append("<tr>")
        for cell in row:
            name = cell["column"]
            if name not in classes:
                classes[name] = str(escape(to_css_class(name)))
            kind = escape(cell.get("value_type", ""))
            drawn.append(
                f'<td class="col-{classes[name]} type-{kind}">{escape(cell["value"])}</td>'
            )
        drawn.append("</tr>\n")
    return Markup("".join(drawn))


def query_rows(columns: Sequence[str], rows: Iterable[Iterable[Any]], prefix: str) -> Markup:
    """Return the rows of a query's page; identifiers that have a page link to it below `prefix`."""
    opened = [f'<td class="col-{escape(to_css_class(name))}">' for name in columns]
    pages = _pages()
    linked = [pages.get(SAME.get(name, name)) for name in columns]
    drawn = []
    for row in rows:
        drawn.append("<tr>")
        for start, page, value in zip(opened, linked, row, strict=True):
            shown = escape(value)
            if page and value and not isinstance(value, Markup):
                address = escape(f"{prefix}{page}{quote(str(value), safe='')}")
                shown = Markup(f'<a href="{address}">{shown}</a>')
            drawn.append(f"{start}{shown}</td>")
        drawn.append("</tr>\n")
    return Markup("".join(drawn))


def _pages() -> dict[str, str]:
    """Return, by the name of an identifier, the path before it."""
    found = [IDENTIFIED.fullmatch(item.pattern) for item in PAGES]
    return {match[2]: match[1] for match in found if match}
