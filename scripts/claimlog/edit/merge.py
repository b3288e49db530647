"""Merging two entities that are one: every row that names the first names the second instead."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from claimlog.edit.add_amend_retract import Row, make_writer
from claimlog.edit.any_row_references import doubtful_references
from claimlog.edit.append_lines import append_streams
from claimlog.edit.log_lock import locked_log
from claimlog.edit.replace_references import (
    Renames,
    columns_naming,
    replace_references,
    rows_naming,
)
from claimlog.edit.row_writer import Writer, as_lines
from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.merged_entities import amend_reason, merge_reason
from claimlog.package import Package
from claimlog.schema.table_schema import REQUIRED_STREAMS, Table

MERGEABLE = ("actors", "incidents")
"""Required streams of which two entities can be merged; of registers they can all be."""

NOTHING = "nothing was merged"
LISTED = 8


@dataclass(frozen=True)
class Merge:
    """The new rows of a merge, by stream; the retraction is among them."""

    rows: Mapping[str, Sequence[Row]]
    retraction: Row

    @property
    def amended(self) -> dict[str, int]:
        """Number of amended rows by stream."""
        count = Counter(
            name for name, rows in self.rows.items() for row in rows if row is not self.retraction
        )
        return dict(count)


def merge(
    package: Package,
    stream: str,
    gone: str,
    into: str,
    reason: str,
    recorded_by: str,
    today: date | None = None,
) -> Merge:
    """Amend every live row that names an entity, and retract it, in the open batch.

    Its addresses lead on to the other entity from then on (`log.merged_entities`). Columns of the
    other entity stay as they are.

    Parameters
    ----------
    gone, into
        Identifiers of two live entities of the stream.

    Raises
    ------
    ClaimlogError
        If an identifier is of no live entity, if a column of any row names one that another stream
        has, too, or if rows would collide: they name both, so that they would name one entity
        twice, or would get the natural key of another row.
    FindingsError
        If the log would break a rule, as by a chain of memberships that closes.
    """
    with locked_log(package) as sealed:
        writer = make_writer(sealed, None, recorded_by, today)
        table = sealed.definition.streams[stream]
        if stream in REQUIRED_STREAMS and stream not in MERGEABLE:
            raise UsageError(
                f"{table.entity}: rows with passages or ends of their own are not merged; retract "
                f'the one: claimlog retract {shlex.quote(gone)} --reason "…"'
            )
        if gone == into:
            raise UsageError(f"{gone} and {into} are one already; name two; {NOTHING}")
        retraction = writer.retraction(stream, gone, merge_reason(into, reason))
        writer.retraction(stream, into, reason)  # refused unless it is live
        rows = _amended_rows(writer, stream, gone, into, reason)
        rows.setdefault(stream, []).append(retraction)
        lines = {name: as_lines(listed) for name, listed in rows.items()}
        append_streams(sealed, lines, None, outcome=NOTHING)
    return Merge(rows, retraction)


def _amended_rows(
    writer: Writer, stream: str, gone: str, into: str, reason: str
) -> dict[str, list[Row]]:
    """Return the amendments of every row that names an entity, by stream."""
    renames = {stream: {gone: into}}
    why = amend_reason(gone, into, reason)
    amended: dict[str, list[Row]] = {}
    colliding: list[str] = []
    doubtful: list[str] = []
    others: dict[str, None] = {}
    for name, table in writer.log.section_tables.items():
        live = writer.log.live(name)
        rows = rows_naming(live, table, stream, gone).select(table.names)
        if name == stream:
            rows = rows.filter(pl.col(table.id) != gone)
        writer.last.read(name, rows[table.id])
        listed = rows.to_dicts()
        for one in doubtful_references(writer.log, table, listed, renames):
            doubtful.append(f"{listed[one.position][table.id]} ({one.column})")
            others.update(dict.fromkeys(one.streams))
        for before in listed:
            both = _columns_naming_both(before, table, stream, gone, into)
            if both:
                colliding.append(f"{before[table.id]} ({', '.join(both)})")
                continue
            given = _changes(before, table, renames)
            row = writer.amendment(name, before[table.id], given, why)
            amended.setdefault(name, []).append(row)
        colliding += _rows_with_a_key_twice(live, table, amended.get(name, ()))
    if doubtful:
        raise ClaimlogError(
            f"{' and '.join(others)} have {gone}, which {_listed(doubtful)} names: amend what "
            f"means that of {stream}, so that it names {into}, and retract the others, to add them "
            f"anew after the merge; {NOTHING}"
        )
    if colliding:
        raise ClaimlogError(
            f"{gone} and {into} collide in {_listed(colliding)}: amend or retract these first, so "
            f"that none names both; {NOTHING}"
        )
    return amended


def _listed(rows: Sequence[str]) -> str:
    more = f" and {len(rows) - LISTED} more" if len(rows) > LISTED else ""
    return f"{', '.join(rows[:LISTED])}{more}"


def _changes(before: Mapping[str, Any], table: Table, renames: Renames) -> Row:
    """Return the columns of a row that change, each entity once in a list of identifiers."""
    after = replace_references(before, table, renames)
    changed = {name: after[name] for name in table.in_use if after[name] != before[name]}
    return {
        name: [*dict.fromkeys(value)] if table.by_name[name].item is not None else value
        for name, value in changed.items()
    }


def _columns_naming_both(row: Row, table: Table, stream: str, gone: str, into: str) -> list[str]:
    """Return the columns in which a row would name one entity twice, or name itself.

    A plain list that has both holds the one that is left once, and that is no collision.
    """
    first = columns_naming(row, table, stream, gone)
    if (table.name, row[table.id]) == (stream, into):
        return first
    second = columns_naming(row, table, stream, into)
    is_one_list = first == second and len(first) == 1 and table.by_name[first[0]].item is not None
    return [] if is_one_list or not second else [*dict.fromkeys((*first, *second))]


def _rows_with_a_key_twice(
    live: pl.DataFrame, table: Table, amended: Sequence[Row]
) -> Iterator[str]:
    """Yield the amended rows that would have the natural key of another live row."""
    key = table.natural_key
    if key is None or not amended:
        return
    new = {row[table.id]: row for row in amended}
    keys: dict[Any, str] = {}
    for before in live.select(table.id, *key.columns).iter_rows(named=True):
        row = new.get(before[table.id], before)
        ends = key.sort_ends(row)
        value = tuple(ends[name] for name in key.columns)
        if None in value:
            continue
        other = keys.setdefault(value, row[table.id])
        if other != row[table.id] and {other, row[table.id]} & new.keys():
            yield f"{row[table.id]} ({', '.join(key.columns)} of {other})"
