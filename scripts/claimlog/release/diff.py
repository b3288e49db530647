"""Changes between two states of the dataset: schema, and rows field by field with reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from typing import Any

import polars as pl

from claimlog.count_wording import number_and_noun
from claimlog.fold.releases import CHANGE_OF_ACTION
from claimlog.log.column_beginnings import is_added_cell
from claimlog.log.event_log import Log
from claimlog.log.takedowns import TakenRow
from claimlog.log.taken_versions import taken_row, taken_versions, with_taken_versions
from claimlog.log.version_changes import changed_cells
from claimlog.release.dataset_state import DatasetState
from claimlog.release.schema_changes import SchemaChange, retired_columns, shape_changes
from claimlog.schema.deprecations import Deprecation
from claimlog.schema.table_schema import POSITION

CLAIMS = "claims"

FILLED = "only columns that are new got values, beside what the build derives"
"""What is said of amended claims in which nothing changed that stood there before."""

Row = dict[str, Any]


@dataclass(frozen=True)
class ChangeEvent:
    """One of the events that made a change: a row of the log, by whom, when and why.

    Of a row that was taken down neither is known.
    """

    event_id: str
    version: int
    action: str
    recorded_by: str | None
    recorded_at: str | None
    reason: str | None

    @classmethod
    def of(cls, row: Row) -> ChangeEvent:
        return cls(*(row[item.name] for item in dataclass_fields(cls)))


@dataclass(frozen=True)
class RowChange:
    """The change of one row: what became of it, and why.

    Attributes
    ----------
    change
        ``added``, ``amended`` or ``retracted``.
    version
        Its last version.
    fields
        Old and new value of every column that differs; empty unless it was amended.
    events
        What changed a row that was there before; empty if it was added.
    added
        Those of `fields` that the row did not have before, because a schema version added them.
    source_id, statement
        Of a claim; empty for rows of other streams, and where the last version was taken down.
    taken
        The versions that were taken down, of those that made the change and the one before. If
        one of them is the first or the last, `fields` is empty, because nobody knows it.
    """

    stream: str
    row_id: str
    change: str
    version: int
    reasons: tuple[str, ...] = ()
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    events: tuple[ChangeEvent, ...] = ()
    source_id: str = ""
    statement: str = ""
    added: frozenset[str] = frozenset()
    taken: tuple[TakenRow, ...] = ()

    @property
    def only_added(self) -> bool:
        """Whether nothing that stood there before changed: only columns that are new got values."""
        return bool(self.fields) and self.added >= self.fields.keys()

    @property
    def changed_fields(self) -> list[str]:
        """The columns in which a value changed that stood there, or could have."""
        return [name for name in self.fields if name not in self.added]


@dataclass(frozen=True)
class Diff:
    """All changes from one state to another; rows that were only added are counted in `rows`."""

    old: str | None
    new: str
    schema: tuple[SchemaChange, ...]
    claims: tuple[RowChange, ...]
    others: tuple[RowChange, ...]
    rows: Mapping[str, Mapping[str, int]]

    def of(self, change: str) -> list[RowChange]:
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
            f"{len(self.of(change)):,} {change}"
            + (self._filled_note if change == "amended" else "")
            for change in CHANGE_OF_ACTION.values()
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
    def filled_claims(self) -> list[RowChange]:
        """The amended claims in which only columns got values that they did not have before."""
        return [claim for claim in self.of("amended") if claim.only_added]

    @property
    def _filled_note(self) -> str:
        number = len(self.filled_claims)
        return f" (in {number:,} of them {FILLED})" if number else ""

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
            f"{name} ({remaining.get(name) or counts['assert']:,})"
            for name, counts in self.rows.items()
            if counts.get("assert", 0)
        ]
        if self.schema:
            changes = number_and_noun(len(self.schema), "change", "changes")
            added.append(f"{changes} of tables and columns")
        if added:
            return f"new: {', '.join(added)}"
        changed = sum(sum(counts.values()) for counts in self.rows.values())
        events = number_and_noun(changed, "amendment or retraction", "amendments and retractions")
        return f"{events} only" if changed else "nothing changed"

    @property
    def must_act(self) -> str:
        """Whether a reader must do anything, in one line."""
        if self.breaks:
            broken = "; ".join(change.text for change in self.schema if change.breaks)
            return f"Yes: {broken}."
        gone, filled = len(self.of("retracted")), len(self.filled_claims)
        amended = len(self.of("amended")) - filled
        counts = [f"{n} {change}" for n, change in ((amended, "amended"), (gone, "retracted")) if n]
        more = "more " if counts else ""
        note = f" In {number_and_noun(filled, f'{more}claim')} {FILLED}." if filled else ""
        if counts:
            which = f"one of the {counts[0]} claims"
            if amended + gone == 1:
                which = f"the claim that was {counts[0].removeprefix('1 ')}"
            elif amended and gone:
                which = f"one of the claims that were amended ({amended}) or retracted ({gone})"
            return (
                f"Only if you cite or count {which}; code that reads the tables goes on "
                f"working.{note}"
            )
        return f"No.{note}"


def compare_states(
    log: Log, old: DatasetState | None, new: DatasetState, deprecated: Sequence[Deprecation]
) -> Diff:
    """Return the changes between two states; `old` is None before the first release."""
    start = old.size if old else 0
    schema: tuple[SchemaChange, ...] = ()
    if old is not None:
        schema = (
            *shape_changes(old.tables, new.tables, deprecated),
            *retired_columns(log, start, new.size),
        )
    rows = {}
    for name in log.definition.streams:
        new_rows = pl.col("seq").is_between(start, new.size, closed="left")
        actions = log.scan(name, ("seq", "action")).filter(new_rows).collect()["action"].to_list()
        actions += [row["action"] for row in _taken_between(log, name, start, new.size)]
        rows[name] = dict(sorted(Counter(actions).items()))
    return Diff(
        old.label if old else None,
        new.label,
        schema,
        tuple(claim_changes(log, start, new.size)),
        tuple(
            change
            for name, counts in rows.items()
            if name != CLAIMS and (counts.get("amend") or counts.get("retract"))
            for change in _row_changes(log, name, ("amend", "retract"), start, new.size)
        ),
        rows,
    )


def claim_changes(log: Log, start: int, end: int) -> Iterator[RowChange]:
    """Yield the change of each claim from row `start` to `end`, in order of ids."""
    return _row_changes(log, CLAIMS, tuple(CHANGE_OF_ACTION), start, end)


def _row_changes(
    log: Log, stream: str, actions: Sequence[str], start: int, end: int
) -> Iterator[RowChange]:
    """Yield the changes of a stream's rows that are of some kinds, in the order of identifiers.

    Parameters
    ----------
    actions
        The kinds, each as the action that records it.
    """
    table = log.definition.streams[stream]
    changes = {CHANGE_OF_ACTION[action] for action in actions}
    place = pl.col("seq").is_between(start, end, closed="left")
    touched = log.scan(stream, (table.id, "seq", "action")).filter(
        place & pl.col("action").is_in(actions)
    )
    gone = [
        row[table.id] for row in _taken_between(log, stream, start, end) if row["action"] in actions
    ]
    ids = pl.concat([touched.collect()[table.id], pl.Series(gone, dtype=pl.String)]).unique()
    of_claims = ("source_id", "statement") if stream == CLAIMS else ()
    added = log.added_columns.get(stream, {})
    for was, now, since in _histories(log, stream, ids, start, end):
        change = "added" if was is None else "retracted" if now is None else "amended"
        last = since[-1]
        if change in changes:
            versions = (*((was,) if was else ()), *since)
            taken = tuple(lost for row in versions if (lost := taken_row(row)))
            is_known = was and now and not taken_row(was) and not taken_row(now)
            cells = changed_cells(table, was, now) if was and now and is_known else {}
            batch = was["batch"] if was else 0
            yield RowChange(
                stream,
                last[table.id],
                change,
                last["version"],
                tuple(row["reason"] for row in since if row["reason"]),
                cells,
                tuple(map(ChangeEvent.of, since)) if was is not None else (),
                **{name: last[name] or "" for name in of_claims},
                added=frozenset(
                    name for name, ends in cells.items() if is_added_cell(name, *ends, batch, added)
                ),
                taken=taken,
            )


def _taken_between(log: Log, stream: str, start: int, end: int) -> Iterator[Row]:
    """Yield the versions of a stream's rows from `start` to `end` that were taken down."""
    for rows in taken_versions(log, stream).values():
        yield from (row for row in rows if start <= row["seq"] < end)


def _histories(
    log: Log, stream: str, ids: pl.Series, start: int, end: int
) -> Iterator[tuple[Row | None, Row | None, list[Row]]]:
    """Yield of each row its state before `start`, that at `end`, and the versions in between.

    A state is None where there was no row, or a retracted one. A row that was added and retracted
    in between is left out: no release ever held it.
    """
    table = log.definition.streams[stream]
    taken = taken_versions(log, stream)
    rows = log.rows_of(stream, ids, (*table.names, *POSITION)).filter(pl.col("seq") < end)
    touched = {*rows.filter(pl.col("seq") >= start)[table.id].unique()}
    wanted = {*taken} & {*ids} if taken else ()
    touched |= {name for name in wanted if any(start <= row["seq"] < end for row in taken[name])}
    left = (
        rows.filter(pl.col(table.id).is_in([*touched]))
        .sort(table.id, "version")
        .partition_by(table.id, as_dict=True)
    )
    for name in sorted(touched):
        gone = (row for row in taken.get(name, ()) if row["seq"] < end)
        known = left[name,].to_dicts() if (name,) in left else ()
        versions = with_taken_versions(known, gone)
        before = [row for row in versions if row["seq"] < start]
        since = [row for row in versions if row["seq"] >= start]
        was = before[-1] if before and before[-1]["action"] != "retract" else None
        now = since[-1] if since[-1]["action"] != "retract" else None
        if was is not None or now is not None:
            yield was, now, since
