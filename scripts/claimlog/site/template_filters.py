"""Filters of the templates: how pages write numbers, times, EDTF dates, cells and addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from datasette.utils import tilde_encode
from markupsafe import Markup, escape

from claimlog.escaping import UNPRINTABLE, json_text, printable
from claimlog.file_names import path_segment
from claimlog.log.version_changes import readable_value
from claimlog.schema.edtf_wording import date_in_words

FIVE_DIGITS = 10_000


def number(value: Any) -> str:
    """Write a number with commas between thousands, and decimals only where there are some."""
    if value is None:
        return ""
    whole = float(value).is_integer()
    return f"{int(value):,}" if whole else f"{value:,.2f}"


def when(value: str | None) -> str:
    """Write a UTC time: 2026-11-21T17:45:00Z as 21 November 2026, 17:45 UTC."""
    if not value:
        return ""
    return f"{date_in_words(value[:10])}, {value[11:16]} UTC"


def words(value: str | None) -> str:
    """Write a column's name or a code as words."""
    return (value or "").replace("_", " ")


def speaker(hop: Mapping[str, Any]) -> str:
    """Write who speaks at a hop: a name as it is, our description of a nameless one in quotes.

    >>> speaker({"actor_id": "nor", "name": "Norland"}), speaker({"name": "Two officials"})
    ('Norland', '“Two officials”')
    """
    return hop["name"] if hop.get("actor_id") else f"“{hop['name']}”"


def cell(value: Any) -> str:
    """Write a value of any column: of a list its items, of an object the members that are set.

    Numbers of five digits and more have commas between thousands; those of four may be years.

    >>> cell(["nor", "sud"]), cell([{"actor_id": "nor", "verb": None}]), cell([]), cell(None)
    ('nor; sud', 'actor_id nor', 'none', '—')
    >>> cell(False), cell(0), cell(30.0), cell(1623), cell(14500.25)
    ('no', '0', '30', '1623', '14,500.25')
    """
    if isinstance(value, int | float) and abs(value) >= FIVE_DIGITS:
        value = int(value) if float(value).is_integer() else value
        return f"{value:,}"
    return readable_value(value, absent="—", no_items="none")


def escape_unprintable(value: Any) -> Any:
    """Return a value of a template with everything escaped in it that does not print as itself.

    It is applied to every text of every page, Datasette's too, so that no text can hide or reverse
    the order of reading. HTML stays HTML.
    """
    if not isinstance(value, str) or not UNPRINTABLE.search(value):
        return value
    text = printable(str(value))
    return Markup(text) if isinstance(value, Markup) else text


def escaped_texts(texts: Iterable[str]) -> list[Markup]:
    """Return long texts as HTML, with all escaped that does not print."""
    return [Markup(escape(escape_unprintable(text))) for text in texts]


FILTERS: dict[str, Callable[..., str]] = {
    "number": number,
    "edtf": date_in_words,
    "when": when,
    "words": words,
    "cell": cell,
    "speaker": speaker,
    "readable": readable_value,
    "json": json_text,
    "segment": path_segment,
    "row_path": tilde_encode,
}
