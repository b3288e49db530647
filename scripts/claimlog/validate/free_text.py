"""The rule about what people write: something visible, and nothing that hides or turns it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import polars as pl

from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Field, Table
from claimlog.validate.report import Report

RULE = "free-text"

VISIBLE = r"[[\p{L}\p{N}\p{P}\p{S}]--[\p{DI}\x{2800}]]"
"""A character that leaves a mark: no default-ignorable one, and no blank pattern of Braille."""

UNPRINTABLE = (
    r"[\p{Cc}\x{2028}\x{2029}\x{202A}-\x{202E}\x{2066}-\x{2069}\x{FDD0}-\x{FDEF}"
    + "".join(rf"\x{{{plane:X}FFFE}}\x{{{plane:X}FFFF}}" for plane in range(1, 17))
    + r"\x{FFFE}\x{FFFF}]"
)
"""Controls, breaks of lines and paragraphs, what turns the direction of the text after it, and code
points that are no characters (Unicode 23.7)."""

REMEDY = "type it anew in one line; a paste can bring along what is not seen"


def is_free_text(text: str) -> bool:
    """Whether a text has something visible, and nothing that hides or turns it."""
    [shows, turns] = pl.select(
        pl.lit(text).str.contains(VISIBLE), pl.lit(text).str.contains(UNPRINTABLE).alias("turns")
    ).row(0)
    return bool(shows and not turns)


def check_free_text(log: Log, report: Report) -> None:
    """Check every column that is marked ``freeText``, those inside lists included.

    Rows of an earlier schema that did not mark the column are not judged.
    """
    report.count(RULE, 0)
    for stream, table in log.section_tables.items():
        for schema, frame in log.by_schema(stream, log.rows(stream)):
            for item, column, values in _texts(schema, frame, table):
                wrong = ~column.str.contains(VISIBLE) | column.str.contains(UNPRINTABLE)
                report.check(RULE, stream, values, wrong, _wording(item, column), REMEDY)


def _texts(
    schema: Table, frame: pl.DataFrame, table: Table
) -> Iterator[tuple[Field, pl.Expr, pl.DataFrame]]:
    """Yield every free text of a schema: its column, how its values are had, and the rows."""
    place = (table.id, "batch", "line")
    for item in schema.fields:
        column = pl.col(item.name)
        if item.free_text:
            yield item, column, frame
        if item.item is not None and item.item.free_text:
            yield item, column, frame.select(*place, item.name).explode(item.name)
        inner = [part for part in item.fields if part.free_text]
        if inner:
            parts = frame.select(*place, item.name).explode(item.name)
            yield from ((part, column.struct.field(part.name), parts) for part in inner)


def _wording(item: Field, column: pl.Expr) -> Any:
    name = column.meta.root_names()[0]

    def say(row: dict[str, Any]) -> str:
        value = row[name][item.name] if isinstance(row[name], dict) else row[name]
        return f'"{item.name}" {text_flaw(value)}'

    return say


def text_flaw(value: str) -> str:
    """Say what is wrong with a text that the rule found.

    >>> text_flaw("a\\x1bb"), text_flaw("\\u200b")
    ('holds U+001B, a control character, at character 2', 'holds nothing that can be seen')
    """
    for at, character in enumerate(value, 1):
        if kind := _kind(character):
            return f"holds U+{ord(character):04X}, {kind}, at character {at}"
    return "holds nothing that can be seen"


def _kind(character: str) -> str | None:
    code = ord(character)
    if unicodedata.category(character) == "Cc":
        return {"\n": "a line break", "\t": "a tab"}.get(character, "a control character")
    if code in (0x2028, 0x2029):
        return "a line break"
    if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return "which turns the direction of the text after it"
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "which is no character"
    return None
