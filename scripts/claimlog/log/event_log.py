"""The log as read: batches in order, the rows of each stream in parts, the tree over every row.

A part is a range of the log's rows of one stream, in memory or in the cache. Claims may be many
and everything else is few: the other streams are held whole once they are asked for, and the claims
pass in ranges of their ids (`sections`), all versions of a claim in the same range.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError, Finding, FindingsError
from claimlog.fingerprint import code_fingerprint
from claimlog.log.batch import Batch
from claimlog.log.canonical import encode
from claimlog.log.column_beginnings import added_columns
from claimlog.log.column_types import empty_frame
from claimlog.log.merkle import CompactRange
from claimlog.log.read_file import written_as
from claimlog.log.release_index import ReleaseEntry, read_index
from claimlog.log.stream_file import Lines
from claimlog.log.stream_parts import MemoryPart, Part, number_lines, place_in_log
from claimlog.log.takedowns import TakenRow
from claimlog.log.upcast import downcast
from claimlog.package import Package
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import POSITION, Table
from claimlog.sound_notes import note_sound_values

CLAIMS = "claims"

PARTS_TOGETHER, FEW_ROWS = 32, 4_000
"""Parts that are scanned together, and the rows of them that are read at once: what Polars takes to
scan thousands of files grows with the square of their number."""

SMALL = 20_000
"""Rows of a stream up to which all are held once they are needed; some 50 MB of claims."""


@dataclass
class Log:
    """Every row of the log; or a section of it, some streams or a range of claims, checked alone.

    Attributes
    ----------
    parts
        The rows of each stream, in the order of the log. Their columns are those of the stream's
        present schema and of `table_schema.POSITION`.
    files
        What was read of each file, without its rows, by the name that messages give it.
    trees
        Size and root of the tree after each batch.
    tree
        The tree over all rows, to go on from.
    findings
        What could not be read.
    streams
        The streams whose rows are checked here, all by default; a section holds the others for
        lookups only.
    whole
        The log that a section is of.
    scratch
        Temporary directories that hold parts, where the cache does not.
    code
        Fingerprint of the code that reads it, computed when it is first asked for
        (`code_fingerprint`).
    """

    package: Package
    definition: Definition
    batches: list[Batch] = field(default_factory=list)
    parts: dict[str, list[Part]] = field(default_factory=dict)
    files: dict[str, Lines] = field(default_factory=dict)
    trees: list[tuple[int, bytes]] = field(default_factory=list)
    tree: CompactRange = field(default_factory=CompactRange)
    findings: list[Finding] = field(default_factory=list)
    streams: tuple[str, ...] = ()
    whole: Log | None = None
    scratch: list[tempfile.TemporaryDirectory[str]] = field(default_factory=list)
    code: str | None = None
    _collected: dict[str, pl.DataFrame] = field(default_factory=dict)
    _empty: dict[str, pl.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.streams = self.streams or tuple(self.definition.streams)

    # the rows

    def scan(self, stream: str, names: Sequence[str] | None = None) -> pl.LazyFrame:
        """Return some columns, or all, of every row of a stream, in no order."""
        if stream in self._collected:
            return self._collected[stream].lazy().select(names or self.column_names(stream))
        return self.scan_parts(stream, self.parts.get(stream, ()), names)

    def scan_parts(
        self, stream: str, parts: Sequence[Part], names: Sequence[str] | None = None
    ) -> pl.LazyFrame:
        """Return some columns, or all, of the rows of some parts of a stream, in no order."""
        chosen = list(names or self.column_names(stream))
        if not parts:
            return self._no_rows(stream).lazy().select(chosen)
        if len(parts) <= PARTS_TOGETHER:
            return pl.concat([part.scan(chosen) for part in parts])
        scans = []
        for at in range(0, len(parts), PARTS_TOGETHER):
            some = parts[at : at + PARTS_TOGETHER]
            rows = self.scan_parts(stream, some, chosen)
            is_few = sum(part.rows for part in some) <= FEW_ROWS
            scans.append(rows.collect().lazy() if is_few else rows)
        return pl.concat(scans)

    def _no_rows(self, stream: str) -> pl.DataFrame:
        if stream not in self._empty:
            rows = number_lines(empty_frame(self.definition.streams[stream]), [], 0)
            self._empty[stream] = rows.with_columns(place_in_log(0, 0))
        return self._empty[stream]

    def column_names(self, stream: str) -> tuple[str, ...]:
        """Return the columns of a stream's rows: those of its present schema and `POSITION`."""
        return (*self.definition.streams[stream].names, *POSITION)

    def rows(self, stream: str) -> pl.DataFrame:
        """Return every row of a stream; in the order of the log, but for a section's claims.

        Of the claims of a large log that is a large frame: ask for columns, entities or sections.
        """
        parts = self.parts.get(stream, ())
        if len(parts) == 1 and isinstance(parts[0], MemoryPart):
            return parts[0].frame
        if stream not in self._collected:
            self._collected[stream] = self.scan(stream).collect().sort("seq").rechunk()
        return self._collected[stream]

    def columns(self, stream: str, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of every row of a stream, in no order."""
        return self.scan(stream, names).collect()

    def rows_of(self, stream: str, ids: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of every row, all versions, of the entities `ids`, in no order."""
        log = self.whole or self
        key = self.definition.streams[stream].id
        if ids.is_empty():
            return log._no_rows(stream).select(names)
        low, high = str(ids.min()), str(ids.max())
        needed = [*dict.fromkeys((*names, key))]
        if stream in log._collected:
            rows = log._collected[stream].lazy().select(needed)
        else:
            parts = [part for part in log.parts.get(stream, ()) if part.overlaps(low, high)]
            rows = log.scan_parts(stream, parts, needed)
        return rows.filter(pl.col(key).is_in(ids.implode())).select(names).collect()

    def rows_from(
        self, stream: str, first: int, names: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return some columns, or all, of the rows of a stream from position `first` on."""
        chosen = names or self.column_names(stream)
        parts = [part for part in self.parts.get(stream, ()) if part.end > first]
        rows = self.scan_parts(stream, parts, [*dict.fromkeys((*chosen, "seq"))])
        return rows.filter(pl.col("seq") >= first).select(chosen).collect()

    def claims_since(self, first: int) -> pl.Series:
        """Return the ids of the claims that the rows from position `first` on are about."""
        return self.rows_from(CLAIMS, first, ("claim_id",))["claim_id"].unique().sort()

    def claims_of(self, ids: pl.Series) -> pl.DataFrame:
        """Return every version of some claims, in the order of the log."""
        return self.rows_of(CLAIMS, ids, self.column_names(CLAIMS)).sort("seq")

    def history(self, stream: str, identifier: str) -> pl.DataFrame:
        """Return every version of an entity, oldest first; no row if there is none."""
        ids = pl.Series([identifier])
        return self.rows_of(stream, ids, self.column_names(stream)).sort("seq")

    def ids(self, stream: str) -> list[str]:
        """Return the identifiers of every entity that a stream ever had, in order."""
        key = self.definition.streams[stream].id
        found = self.scan(stream, [key]).unique().collect()[key].drop_nulls()
        return found.sort().to_list()

    def sample(self, stream: str, size: int) -> pl.DataFrame:
        """Return about `size` rows of a stream from all over it."""
        if self.is_small(stream):
            return MemoryPart(self.rows(stream)).sample(size)
        parts = self.parts.get(stream, ())
        each = -(-size // max(1, len(parts)))
        names = self.column_names(stream)
        return pl.concat(
            [
                self._no_rows(stream).select(names),
                *(part.sample(each).select(names) for part in parts),
            ]
        )

    def height(self, stream: str) -> int:
        """Return the number of rows of a stream."""
        return sum(part.rows for part in self.parts.get(stream, ()))

    def is_small(self, stream: str) -> bool:
        """Whether a stream has so few rows that to hold them costs less than to scan them twice."""
        return self.height(stream) <= SMALL

    def live(self, stream: str) -> pl.DataFrame:
        """Return the last row of every entity of a stream that is not retracted."""
        return self.rows(stream).filter(is_live(self.definition.streams[stream]))

    def live_count(self, stream: str) -> int:
        """Return the number of entities of a stream that are not retracted.

        In a log whose histories are valid every assertion adds one, and every retraction ends one.
        """
        counts = sum(
            (Counter(part.count_actions()) for part in self.parts.get(stream, ())), Counter[str]()
        )
        gone = (row for row in self.taken_rows.values() if row.stream == stream)
        taken = sum(row.action == "assert" for row in gone)
        return counts["assert"] + taken - counts["retract"]

    @property
    def last_time(self) -> str | None:
        """The last ``recorded_at`` of all rows; None if there are none."""
        return max((lines.times.last for lines in self.files.values() if lines.times), default=None)

    @cached_property
    def releases(self) -> list[ReleaseEntry]:
        """The releases of the package's index, oldest first, as they were when first asked for.

        Raises
        ------
        ClaimlogError
            If an entry is malformed.
        """
        index = read_index(self.package)
        note_sound_values(self.package)
        return index

    @cached_property
    def taken_rows(self) -> dict[int, TakenRow]:
        """The rows that were taken down, by the ``seq`` that they have in the tree."""
        found = {}
        first = 0
        for batch in self.batches:
            for stream in batch.streams:
                for row in batch.taken.get(stream, ()):
                    found[first + row.line - 1] = row
                first += self.files[batch.shown_file(stream)].rows
        return found

    def taken_of(self, stream: str, identifier: str) -> dict[int, TakenRow]:
        """Return the versions of an entity that were taken down, by their ``seq``."""
        return {
            seq: row
            for seq, row in self.taken_rows.items()
            if (row.stream, row.id) == (stream, identifier)
        }

    def drop_rows(self) -> None:
        """Let go of all rows; what is left says how the log stands."""
        self.parts = {}
        self._collected.clear()

    # sections

    @property
    def beside_claims(self) -> tuple[str, ...]:
        """All streams but the claims."""
        return tuple(name for name in self.definition.streams if name != CLAIMS)

    @property
    def section_tables(self) -> dict[str, Table]:
        """The streams whose rows this log, or section of one, is checked for."""
        return {name: self.definition.streams[name] for name in self.streams}

    def present_streams(self, *streams: str) -> list[str]:
        """Return those of `streams` whose rows this log, or section of one, is checked for."""
        return [name for name in streams if name in self.streams]

    # the batches

    @property
    def size(self) -> int:
        """Number of rows."""
        return self.trees[-1][0] if self.trees else 0

    @property
    def root(self) -> bytes:
        """Root of the tree over all rows."""
        return self.trees[-1][1] if self.trees else CompactRange().root()

    @cached_property
    def by_number(self) -> dict[int, Batch]:
        return {batch.number: batch for batch in self.batches}

    @cached_property
    def added_columns(self) -> dict[str, dict[str, int]]:
        """By stream, the columns that came with a later schema version, and since which batch."""
        return added_columns(self.definition, self.batches)

    @property
    def codebooks(self) -> dict[int, str]:
        """Version of the codebook that each batch followed, by number."""
        return {batch.number: batch.manifest["codebook_version"] for batch in self.batches}

    @property
    def code_fingerprint(self) -> str:
        """Fingerprint of the code, schemas and libraries that read the log."""
        if self.code is None:
            self.code = code_fingerprint(self.package)
        return self.code

    def versions(self, stream: str) -> dict[int, list[int]]:
        """Return the numbers of the batches with rows of a stream, by its schema version."""
        found: dict[int, list[int]] = {}
        for batch in self.batches:
            if stream in batch.streams:
                version = written_as(batch, stream, self.definition)
                found.setdefault(version, []).append(batch.number)
        return found

    def by_schema(self, stream: str, rows: pl.DataFrame) -> Iterator[tuple[Table, pl.DataFrame]]:
        """Yield rows of a stream with the schema that was valid when they were written.

        All rows have the present columns; the schema says which of them are judged, and how.
        """
        now, versions = self.definition.streams[stream], self.versions(stream)
        if all(version >= now.version for version in versions):
            yield now, rows
            return
        for version, batches in sorted(versions.items()):
            schema = self.definition.judging_schema(stream, version)
            yield schema, rows.filter(pl.col("batch").is_in(batches))

    def rows_since(self, stream: str, version: int) -> pl.DataFrame:
        """Return the rows of a stream that were written by a schema version or a later one."""
        earlier = [
            n for v, numbers in self.versions(stream).items() if v < version for n in numbers
        ]
        rows = self.rows(stream)
        return rows.filter(~pl.col("batch").is_in(earlier)) if earlier else rows

    def line_of(self, stream: str, row: Mapping[str, Any], batch: int) -> bytes:
        """Return the line that a row was read from, the bytes that its leaf is the hash of."""
        version = written_as(self.by_number[batch], stream, self.definition)
        return encode(downcast(row, self.definition, stream, version))

    def file_and_line(self, stream: str, batch: int, line: int) -> tuple[str, int]:
        """Return the file and line of a row, as messages name them."""
        return self.by_number[batch].shown_file(stream), line

    def require_sealed_trees(self) -> None:
        """Refuse a log whose rows do not give the trees that its batches were sealed with.

        Raises
        ------
        ClaimlogError
            If a row is another, missing, or too many, as while a takedown is cut off.
        """
        for batch, (size, root) in zip(self.batches, self.trees, strict=True):
            if not batch.sealed:
                continue
            tree = batch.manifest["tree"]
            if (tree["size"], tree["root"]) != (size, root.hex()):
                raise ClaimlogError(
                    f"{batch.shown}: the log up to here has {size} rows with root "
                    f"{root.hex()[:16]}…, and was sealed with {tree['size']} and "
                    f"{tree['root'][:16]}…; claimlog validate says what is wrong"
                )

    def require_readable(self) -> None:
        """Raise every finding of the reading.

        Raises
        ------
        FindingsError
            If a batch or a line could not be read.
        """
        if self.findings:
            raise FindingsError(self.findings, "run claimlog validate for all of them")


def is_live(table: Table) -> pl.Expr:
    """Whether a row of a stream is the last of its entity and no retraction."""
    last = pl.col("seq") == pl.col("seq").max().over(table.id)
    return last & (pl.col("action") != "retract")
