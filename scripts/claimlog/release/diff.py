"""Changes between two states of the dataset: schema, rows, and claims field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from claimlog.escaping import markdown, printable_line
from claimlog.fold.releases import CHANGE_OF_ACTION
from claimlog.log.event_log import Log
from claimlog.log.parts import POSITION
from claimlog.log.release_index import ReleaseEntry
from claimlog.log.row_changes import ANCHOR_HASHES, ENVELOPE, changed_columns
from claimlog.schema.definition import Definition
from claimlog.schema.deprecations import Deprecation
from claimlog.schema.table_schema import Table

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
    """One difference of the tables' shapes; `breaks`: code that reads them may fail."""

    table: str
    text: str
    breaks: bool


@dataclass(frozen=True)
class ClaimChange:
    """The change of one claim; `fields` has old and new value of every column that differs."""

    claim_id: str
    change: str
    source_id: str
    statement: str
    version: int
    reasons: tuple[str, ...] = ()
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Diff:
    """All changes from one state to another."""

    old: str | None
    new: str
    schema: tuple[SchemaChange, ...]
    claims: tuple[ClaimChange, ...]
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
        if added or self.schema:
            return f"new: {', '.join([*added, *(change.text for change in self.schema)])}"
        changed = sum(sum(counts.values()) for counts in self.rows.values())
        return f"{changed} amendments and retractions only" if changed else "nothing changed"

    @property
    def must_act(self) -> str:
        """Whether a reader must do anything, in one line."""
        if self.breaks:
            broken = "; ".join(change.text for change in self.schema if change.breaks)
            return f"Yes: {broken}."
        gone, amended = len(self.of("retracted")), len(self.of("amended"))
        if gone or amended:
            return (
                f"Only if you cite or count one of the {amended} amended or {gone} retracted "
                "claims; code that reads the tables goes on working."
            )
        return "No."


def compare_states(
    log: Log, old: DatasetState | None, new: DatasetState, deprecated: Sequence[Deprecation]
) -> Diff:
    """Return the changes between two states; `old` is None before the first release."""
    start = old.size if old else 0
    schema = () if old is None else tuple(_schema_changes(old.tables, new.tables, deprecated))
    rows = {}
    for name in log.definition.streams:
        new_rows = pl.col("seq").is_between(start, new.size, closed="left")
        actions = log.scan(name, ("seq", "action")).filter(new_rows).collect()["action"]
        rows[name] = dict(sorted(Counter(actions.to_list()).items()))
    return Diff(
        old.label if old else None,
        new.label,
        schema,
        tuple(_claim_changes(log, start, new.size)),
        rows,
    )


def _schema_changes(
    old: Shape, new: Shape, deprecated: Sequence[Deprecation]
) -> Iterator[SchemaChange]:
    in_views = {(item.table, item.column) for item in deprecated}
    for name in sorted(set(old) | set(new)):
        if name not in new:
            yield SchemaChange(name, f"the table {name} is gone", breaks=True)
        elif name not in old:
            yield SchemaChange(name, f"the table {name}", breaks=False)
        else:
            before, after = old[name]["columns"], new[name]["columns"]
            for column in before:
                if column not in after:
                    view = (name, column) in in_views
                    what = "was renamed; a view keeps the old name" if view else "is gone"
                    yield SchemaChange(name, f"the column {name}.{column} {what}", not view)
                elif before[column] != after[column]:
                    types = f"{before[column]} to {after[column]}"
                    text = f"the column {name}.{column} changed from {types}"
                    yield SchemaChange(name, text, breaks=True)
            for column in after:
                if column not in before:
                    yield SchemaChange(name, f"the column {name}.{column}", breaks=False)
            if old[name]["key"] != new[name]["key"]:
                text = f"the key of {name} is now {', '.join(new[name]['key'])}"
                yield SchemaChange(name, text, breaks=True)


def _claim_changes(log: Log, start: int, end: int) -> Iterator[ClaimChange]:
    """Yield the change of each claim that changed, in the order of their identifiers."""
    names = (*log.definition.streams["claims"].names, *POSITION)
    rows = log.rows_of("claims", log.claims_since(start), names).filter(pl.col("seq") < end)
    touched = rows.filter(pl.col("seq") >= start)["claim_id"].unique()
    histories = (
        rows.filter(pl.col("claim_id").is_in(touched.implode()))
        .sort("claim_id", "version")
        .partition_by("claim_id", maintain_order=True)
    )
    for history in histories:
        versions = history.to_dicts()
        before = [row for row in versions if row["seq"] < start]
        since = [row for row in versions if row["seq"] >= start]
        was = before[-1] if before and before[-1]["action"] != "retract" else None
        last = since[-1]
        now = last if last["action"] != "retract" else None
        if was is None and now is None:
            continue  # added and retracted in between: no release ever held it
        change = "added" if was is None else "retracted" if now is None else "amended"
        yield ClaimChange(
            last["claim_id"],
            change,
            last["source_id"],
            last["statement"],
            last["version"],
            tuple(row["reason"] for row in since if row["reason"]),
            _changed_fields(log, was, now) if was and now else {},
        )


def _changed_fields(
    log: Log, was: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    names = log.definition.streams["claims"].names
    return changed_columns(was, {name: now[name] for name in names}, ENVELOPE | ANCHOR_HASHES)


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
                "reasons": list(claim.reasons),
                "fields": {name: {"old": a, "new": b} for name, (a, b) in claim.fields.items()},
            }
            for claim in diff.claims
        ],
    }


def as_markdown(diff: Diff, title: str) -> str:
    """Return a diff as an entry of the changelog."""
    return "\n".join(_markdown(diff, title)).rstrip() + "\n"


def _markdown(diff: Diff, title: str) -> Iterator[str]:
    yield from (f"## {title}", "", f"**Do I need to do anything?** {diff.must_act}", "")
    yield from (diff.counts, "")
    added = Counter(claim.source_id for claim in diff.of("added"))
    others = {name: counts.get("assert", 0) for name, counts in diff.rows.items()}
    news = [f"{count:,} claims of {source}" for source, count in sorted(added.items())]
    news += [f"{count:,} {name}" for name, count in others.items() if count and name != "claims"]
    if news:
        yield from ("### Added", "", *(f"- {item}." for item in news), "")
    for change, heading in (("amended", "Corrected"), ("retracted", "Retracted")):
        claims = diff.of(change)
        if claims:
            yield from (f"### {heading}", "")
            for claim in claims:
                columns = f" ({', '.join(claim.fields)})" if claim.fields else ""
                yield f"- {claim.claim_id}{columns}: {markdown(' '.join(claim.reasons))}"
            yield ""
    if diff.schema:
        yield from ("### Schema", "")
        for item in diff.schema:
            text = item.text if item.breaks else item.text.replace("the ", "", 1)
            yield f"- {'Breaking: ' if item.breaks else 'New or renamed: '}{text}."
        yield ""


def as_text(diff: Diff) -> str:
    """Return a diff for a terminal."""
    lines = [f"{diff.old or 'nothing'} -> {diff.new}: {diff.level or 'no change'} ({diff.why})"]
    lines.append(f"Must a reader do anything? {diff.must_act}")
    lines.append(diff.counts)
    lines += [f"  {'!' if item.breaks else '+'} {item.text}" for item in diff.schema]
    for claim in diff.claims:
        sign = {"added": "+", "amended": "~", "retracted": "-"}[claim.change]
        lines.append(f"{sign} {claim.claim_id} v{claim.version}  {claim.statement}")
        lines += [f"    {name}: {old!r} -> {new!r}" for name, (old, new) in claim.fields.items()]
        lines += [f"    because: {reason}" for reason in claim.reasons]
    return "".join(f"{printable_line(line)}\n" for line in lines)
