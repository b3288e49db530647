"""Changes between two states of the dataset: schema, and rows field by field with reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from typing import Any

import polars as pl

from claimlog.escaping import markdown, printable_line
from claimlog.fold.releases import CHANGE_OF_ACTION
from claimlog.log.event_log import Log
from claimlog.log.parts import POSITION
from claimlog.log.release_index import ReleaseEntry
from claimlog.log.row_changes import changed_cells
from claimlog.schema.definition import Definition
from claimlog.schema.deprecations import Deprecation
from claimlog.schema.table_schema import Table

CLAIMS = "claims"
SIGNS = {"added": "+", "amended": "~", "retracted": "-"}

Row = dict[str, Any]

Shape = Mapping[str, Mapping[str, Any]]
"""Key and columns of every table, as an entry of the index holds them."""


@dataclass(frozen=True)
class DatasetState:
    """A state of the dataset: the first `size` rows of the log, compiled to tables of a shape."""

    label: str
    size: int
    tables: Shape

    @classmethod
    def of_entry(cls, entry: ReleaseEntry) -> DatasetState:
        return cls(str(entry.version), entry.size, entry.data["tables"])

    @classmethod
    def of_head(cls, log: Log, label: str, size: int | None = None) -> DatasetState:
        return cls(label, log.size if size is None else size, table_shapes(log.definition))


def table_shapes(definition: Definition) -> dict[str, dict[str, Any]]:
    """Return key and columns with their types of every compiled table."""
    return {name: table_shape(table) for name, table in definition.tables.items()}


def table_shape(table: Table) -> dict[str, Any]:
    return {
        "key": list(table.primary_key),
        "columns": {item.name: item.type for item in table.fields},
    }


@dataclass(frozen=True)
class SchemaChange:
    """One difference of the tables' shapes, or a column that rows fill no more.

    `breaks`: code that reads the tables may fail. `adds`: it is a table or column that is new.
    `column`: the new column of a table that was there before. `kind`: what differs, in a word or
    two that no later version words otherwise; `name` is the column, where it is one.
    """

    table: str
    text: str
    breaks: bool
    adds: bool = True
    column: str | None = None
    kind: str = ""
    name: str | None = None


@dataclass(frozen=True)
class ChangeEvent:
    """One of the events that made a change: a row of the log, by whom, when and why."""

    event_id: str
    version: int
    action: str
    recorded_by: str
    recorded_at: str
    reason: str | None

    @classmethod
    def of(cls, row: Row) -> ChangeEvent:
        return cls(*(row[item.name] for item in dataclass_fields(cls)))


@dataclass(frozen=True)
class ClaimChange:
    """The change of one claim; `fields` has old and new value of every column that differs.

    `events` are those that changed a claim that was there before.
    """

    claim_id: str
    change: str
    source_id: str
    statement: str
    version: int
    reasons: tuple[str, ...] = ()
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    events: tuple[ChangeEvent, ...] = ()


@dataclass(frozen=True)
class RowChange:
    """The change of one row of another stream, that was amended or retracted."""

    stream: str
    row_id: str
    change: str
    version: int
    reasons: tuple[str, ...] = ()
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    events: tuple[ChangeEvent, ...] = ()


@dataclass(frozen=True)
class Diff:
    """All changes from one state to another; rows that were only added are counted in `rows`."""

    old: str | None
    new: str
    schema: tuple[SchemaChange, ...]
    claims: tuple[ClaimChange, ...]
    others: tuple[RowChange, ...]
    rows: Mapping[str, Mapping[str, int]]

    def of(self, change: str) -> list[ClaimChange]:
        """Return the claims that were added, amended or retracted."""
        return [claim for claim in self.claims if claim.change == change]

    @property
    def counts(self) -> str:
        """How many claims were added, amended and retracted, and by how many events.

        The two differ where a claim was added and retracted in between, amended twice, or amended
        and then retracted.
        """
        since = f"since {self.old}" if self.old else "in all"
        net = ", ".join(
            f"{len(self.of(change)):,} {change}" for change in CHANGE_OF_ACTION.values()
        )
        rows = self.rows.get("claims", {})
        events = ", ".join(
            f"{rows.get(action, 0):,} {change}" for action, change in CHANGE_OF_ACTION.items()
        )
        return (
            f"Claims, by what became of each {since}: {net}. Events of claims in the log: "
            f"{events}; a claim that was added and retracted in between is among these only."
        )

    @property
    def breaks(self) -> bool:
        return any(change.breaks for change in self.schema)

    @property
    def level(self) -> str | None:
        """The level of the version that the changes demand; None if nothing changed."""
        if self.breaks:
            return "major"
        added = sum(counts.get("assert", 0) for counts in self.rows.values())
        if added or self.schema:
            return "minor"
        return "patch" if any(self.rows.values()) else None

    @property
    def why(self) -> str:
        """Why the changes demand that level, in one line."""
        if self.breaks:
            return next(change.text for change in self.schema if change.breaks)
        # of claims those that were not retracted meanwhile, as the changelog lists them
        remaining = {"claims": len(self.of("added"))}
        added = [
            f"{remaining.get(name) or counts['assert']:,} {name}"
            for name, counts in self.rows.items()
            if counts.get("assert", 0)
        ]
        if self.schema:
            added.append(f"{len(self.schema):,} changes of tables and columns")
        if added:
            return f"new: {', '.join(added)}"
        changed = sum(sum(counts.values()) for counts in self.rows.values())
        return f"{changed} amendments and retractions only" if changed else "nothing changed"

    @property
    def must_act(self) -> str:
        """Whether a reader must do anything, in one line."""
        if self.breaks:
            broken = "; ".join(change.text for change in self.schema if change.breaks)
            return f"Yes: {broken}."
        gone, amended = len(self.of("retracted")), len(self.of("amended"))
        counts = [f"{n} {change}" for n, change in ((amended, "amended"), (gone, "retracted")) if n]
        if counts:
            return (
                f"Only if you cite or count one of the {' or '.join(counts)} claims; code that "
                "reads the tables goes on working."
            )
        return "No."


def compare_states(
    log: Log, old: DatasetState | None, new: DatasetState, deprecated: Sequence[Deprecation]
) -> Diff:
    """Return the changes between two states; `old` is None before the first release."""
    start = old.size if old else 0
    schema: tuple[SchemaChange, ...] = ()
    if old is not None:
        schema = (
            *_schema_changes(old.tables, new.tables, deprecated),
            *_retired_columns(log, start, new.size),
        )
    rows = {}
    for name in log.definition.streams:
        new_rows = pl.col("seq").is_between(start, new.size, closed="left")
        actions = log.scan(name, ("seq", "action")).filter(new_rows).collect()["action"]
        rows[name] = dict(sorted(Counter(actions.to_list()).items()))
    return Diff(
        old.label if old else None,
        new.label,
        schema,
        tuple(claim_changes(log, start, new.size)),
        tuple(
            change
            for name, counts in rows.items()
            if name != CLAIMS and (counts.get("amend") or counts.get("retract"))
            for change in _row_changes(log, name, start, new.size)
        ),
        rows,
    )


def _schema_changes(
    old: Shape, new: Shape, deprecated: Sequence[Deprecation]
) -> Iterator[SchemaChange]:
    in_views = {(item.table, item.column) for item in deprecated}
    for name in sorted(set(old) | set(new)):
        if name not in new:
            text = f"the table {name} is gone"
            yield SchemaChange(name, text, breaks=True, kind="table_removed")
        elif name not in old:
            yield SchemaChange(name, f"the table {name}", breaks=False, kind="table_added")
        else:
            before, after = old[name]["columns"], new[name]["columns"]
            for column in before:
                if column not in after:
                    view = (name, column) in in_views
                    what = "was renamed; a view keeps the old name" if view else "is gone"
                    text = f"the column {name}.{column} {what}"
                    kind = "column_renamed" if view else "column_removed"
                    yield SchemaChange(name, text, not view, kind=kind, name=column)
                elif before[column] != after[column]:
                    types = f"{before[column]} to {after[column]}"
                    text = f"the column {name}.{column} changed from {types}"
                    yield SchemaChange(name, text, breaks=True, kind="type", name=column)
            for column in after:
                if column not in before:
                    text = f"the column {name}.{column}"
                    kind = "column_added"
                    yield SchemaChange(name, text, False, column=column, kind=kind, name=column)
            if old[name]["key"] != new[name]["key"]:
                text = f"the key of {name} is now {', '.join(new[name]['key'])}"
                yield SchemaChange(name, text, breaks=True, kind="key")


def _retired_columns(log: Log, start: int, end: int) -> Iterator[SchemaChange]:
    """Yield the columns that rows up to `start` could fill, and the rows behind them do not."""
    for name, table in log.definition.streams.items():
        retired = [item.name for item in table.fields if item.retired]
        if not retired:
            continue
        rows = log.scan(name, ("seq", *retired)).filter(pl.col("seq") < end)
        filled = pl.col(*retired).is_not_null().any()
        before, since = (
            rows.filter(condition).select(pl.len().alias("rows"), filled).collect().to_dicts()[0]
            for condition in (pl.col("seq") < start, pl.col("seq") >= start)
        )
        for column in retired:
            if before[column] and since["rows"] and not since[column]:
                text = f"rows of {name} no longer fill the column {column}"
                yield SchemaChange(
                    name, text, breaks=False, adds=False, kind="column_retired", name=column
                )


def claim_changes(
    log: Log, start: int, end: int, ids: pl.Series | None = None
) -> Iterator[ClaimChange]:
    """Yield the change of each claim, or of `ids`, from row `start` to `end`, in order of ids."""
    ids = log.claims_since(start) if ids is None else ids
    for was, now, since in _histories(log, CLAIMS, ids, start, end):
        last = since[-1]
        yield ClaimChange(
            last["claim_id"],
            _change(was, now),
            last["source_id"],
            last["statement"],
            last["version"],
            tuple(row["reason"] for row in since if row["reason"]),
            _changed_fields(log, CLAIMS, was, now),
            tuple(map(ChangeEvent.of, since)) if was is not None else (),
        )


def _row_changes(log: Log, stream: str, start: int, end: int) -> Iterator[RowChange]:
    """Yield the change of each row of another stream that was amended or retracted."""
    key = log.definition.streams[stream].id
    touched = pl.col("seq").is_between(start, end, closed="left") & (pl.col("action") != "assert")
    ids = log.scan(stream, (key, "seq", "action")).filter(touched).collect()[key].unique()
    for was, now, since in _histories(log, stream, ids, start, end):
        if was is not None:
            yield RowChange(
                stream,
                was[key],
                _change(was, now),
                since[-1]["version"],
                tuple(row["reason"] for row in since if row["reason"]),
                _changed_fields(log, stream, was, now),
                tuple(map(ChangeEvent.of, since)),
            )


def _histories(
    log: Log, stream: str, ids: pl.Series, start: int, end: int
) -> Iterator[tuple[Row | None, Row | None, list[Row]]]:
    """Yield of each row its state before `start`, that at `end`, and the versions in between.

    A state is None where there was no row, or a retracted one. A row that was added and retracted
    in between is left out: no release ever held it.
    """
    table = log.definition.streams[stream]
    rows = log.rows_of(stream, ids, (*table.names, *POSITION)).filter(pl.col("seq") < end)
    touched = rows.filter(pl.col("seq") >= start)[table.id].unique()
    histories = (
        rows.filter(pl.col(table.id).is_in(touched.implode()))
        .sort(table.id, "version")
        .partition_by(table.id, maintain_order=True)
    )
    for history in histories:
        versions = history.to_dicts()
        before = [row for row in versions if row["seq"] < start]
        since = [row for row in versions if row["seq"] >= start]
        was = before[-1] if before and before[-1]["action"] != "retract" else None
        now = since[-1] if since[-1]["action"] != "retract" else None
        if was is not None or now is not None:
            yield was, now, since


def _change(was: Row | None, now: Row | None) -> str:
    return "added" if was is None else "retracted" if now is None else "amended"


def _changed_fields(
    log: Log, stream: str, was: Row | None, now: Row | None
) -> dict[str, tuple[Any, Any]]:
    """Return old and new value of every column that differs; nothing if a state is none."""
    if was is None or now is None:
        return {}
    return changed_cells(log.definition.streams[stream], was, now)


def as_json(diff: Diff) -> dict[str, Any]:
    """Return a diff as a JSON object."""
    return {
        "old": diff.old,
        "new": diff.new,
        "level": diff.level,
        "must_act": diff.must_act,
        "counts": diff.counts,
        "rows": diff.rows,
        "schema": [
            {"table": change.table, "change": change.text, "breaks": change.breaks}
            for change in diff.schema
        ],
        "claims": [
            {
                "claim_id": claim.claim_id,
                "change": claim.change,
                "source_id": claim.source_id,
                "version": claim.version,
                "statement": claim.statement,
                **_details_as_json(claim),
            }
            for claim in diff.claims
        ],
        "others": [
            {
                "stream": row.stream,
                "id": row.row_id,
                "change": row.change,
                "version": row.version,
                **_details_as_json(row),
            }
            for row in diff.others
        ],
    }


def _details_as_json(row: ClaimChange | RowChange) -> dict[str, Any]:
    return {
        "reasons": list(row.reasons),
        "fields": {name: {"old": old, "new": new} for name, (old, new) in row.fields.items()},
    }


def as_markdown(diff: Diff, title: str) -> str:
    """Return a diff as an entry of the changelog."""
    return "\n".join(_markdown(diff, title)).rstrip() + "\n"


def _markdown(diff: Diff, title: str) -> Iterator[str]:
    yield from (f"## {title}", "", f"**Do I need to do anything?** {markdown(diff.must_act)}", "")
    yield from (markdown(diff.counts), "")
    added = Counter(claim.source_id for claim in diff.of("added"))
    others = {name: counts.get("assert", 0) for name, counts in diff.rows.items()}
    news = [f"{count:,} claims of {source}" for source, count in sorted(added.items())]
    news += [f"{count:,} {name}" for name, count in others.items() if count and name != "claims"]
    if news:
        yield from ("### Added", "", *(f"- {markdown(item)}." for item in news), "")
    for change, heading in (("amended", "Corrected"), ("retracted", "Retracted")):
        rows: list[tuple[str, ClaimChange | RowChange]] = [
            *((claim.claim_id, claim) for claim in diff.of(change)),
            *((row.row_id, row) for row in diff.others if row.change == change),
        ]
        if rows:
            yield from (f"### {heading}", "")
            for name, row in rows:
                columns = f" ({', '.join(row.fields)})" if row.fields else ""
                yield f"- {markdown(f'{name}{columns}')}: {markdown(' '.join(row.reasons))}"
            yield ""
    if diff.schema:
        yield from ("### Schema", "")
        for item in diff.schema:
            if not item.adds:
                yield f"- {markdown(f'{item.text[0].upper()}{item.text[1:]}')}."
                continue
            text = item.text if item.breaks else item.text.replace("the ", "", 1)
            yield f"- {'Breaking: ' if item.breaks else 'New or renamed: '}{markdown(text)}."
        yield ""


def as_text(diff: Diff) -> str:
    """Return a diff for a terminal."""
    lines = [f"{diff.old or 'nothing'} -> {diff.new}: {diff.level or 'no change'} ({diff.why})"]
    lines.append(f"Must a reader do anything? {diff.must_act}")
    lines.append(diff.counts)
    lines += [
        f"  {'!' if item.breaks else '+' if item.adds else '~'} {item.text}" for item in diff.schema
    ]
    for claim in diff.claims:
        lines.append(f"{SIGNS[claim.change]} {claim.claim_id} v{claim.version}  {claim.statement}")
        lines += _details(claim)
    for row in diff.others:
        lines.append(f"{SIGNS[row.change]} {row.row_id} v{row.version}  ({row.stream})")
        lines += _details(row)
    return "".join(f"{printable_line(line)}\n" for line in lines)


def _details(row: ClaimChange | RowChange) -> list[str]:
    return [
        *(f"    {name}: {old!r} -> {new!r}" for name, (old, new) in row.fields.items()),
        *(f"    because: {reason}" for reason in row.reasons),
    ]
