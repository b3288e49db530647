"""The log as read: batches in order, each stream as one frame, and the tree over every row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from claimlog.errors import ClaimlogError, Finding, FindingsError
from claimlog.log.batch import Batch, batches_to_read, descriptor_findings
from claimlog.log.canonical import encode
from claimlog.log.columnar import read_rows
from claimlog.log.lines import Lines, Times, empty_frame, read_lines
from claimlog.log.merkle import CompactRange
from claimlog.log.upcast import Upcasts
from claimlog.package import Package
from claimlog.schema.table_schema import STREAMS, Schemas, Table

ALL = -1
"""Bytes to read at once, to read all of a file at once."""

READERS = 2
"""Files read at once."""

POSITION = ("seq", "event_id", "batch", "line")
"""Columns that a row gets from its place in the log: position (0-based leaf index of the tree),
leaf hash (hex), batch number, and 1-based line of its file."""


@dataclass
class Log:
    """Every row of the log. Frames hold a stream's columns and those of `POSITION`.

    ``streams`` are those that it answers for. A log too large for memory comes in sections
    (`events.stored`), each with every row of most streams, to look up, and the rows of some claims.
    """

    package: Package
    schemas: Schemas
    batches: list[Batch]
    frames: dict[str, pl.DataFrame]
    files: dict[str, Lines]
    trees: list[tuple[int, bytes]]
    findings: list[Finding] = field(default_factory=list)
    streams: tuple[str, ...] = STREAMS

    @property
    def own(self) -> dict[str, Table]:
        """The streams that this log, or section of one, answers for."""
        return {name: self.schemas.streams[name] for name in self.streams}

    def speaking_of(self, *streams: str) -> list[str]:
        """Return those of `streams` that this log, or section of one, answers for."""
        return [name for name in streams if name in self.streams]

    def sections(self) -> Iterator[Log]:
        """Yield the log in parts that are checked and folded alone: each row is in one of them."""
        yield self

    def height(self, stream: str) -> int:
        """Return the number of rows of a stream."""
        return self.frames[stream].height

    def columns(self, stream: str, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of every row of a stream."""
        return self.frames[stream].select(names)

    def rows_of(self, stream: str, wanted: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of every row, all versions, of the entities `wanted`."""
        known = pl.col(self.schemas.streams[stream].id).is_in(wanted.implode())
        return self.frames[stream].select(names).filter(known)

    def sample(self, stream: str, size: int) -> pl.DataFrame:
        """Return about `size` rows of a stream from all over it."""
        frame = self.frames[stream]
        return frame.gather_every(max(1, -(-frame.height // size)))

    def claims(self) -> Iterator[pl.DataFrame]:
        """Yield the rows of the claims, range by range of their ids."""
        yield self.frames["claims"]

    def stretches(self) -> Iterator[dict[str, pl.DataFrame]]:
        """Yield the rows of every stream, stretch by stretch along the log: `envelope` columns."""
        yield self.frames

    def envelope(self, stream: str) -> tuple[str, ...]:
        """Return the columns that say where a row stands, what it does to what, when and why."""
        return (
            *POSITION,
            *("action", "version", "recorded_at", "recorded_by", "reason"),
            self.schemas.streams[stream].id,
        )

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

    @property
    def codebooks(self) -> dict[int, str]:
        """Version of the codebook that each batch followed, by number."""
        return {batch.number: batch.manifest["codebook_version"] for batch in self.batches}

    @cached_property
    def upcasts(self) -> Upcasts:
        return Upcasts(self.schemas)

    def line_of(self, stream: str, row: Mapping[str, Any], batch: int) -> bytes:
        """Return the line that a row was read from, the bytes that its leaf is the hash of."""
        version = written_as(self.by_number[batch], stream, self.schemas)
        return encode(self.upcasts.down(row, stream, version))

    def place(self, stream: str, batch: int, line: int) -> tuple[str, int]:
        """Return the file and line of a row, as messages name them."""
        return self.by_number[batch].shown_file(stream), line

    def live(self, stream: str) -> pl.DataFrame:
        """Return the last row of every entity of a stream that is not retracted."""
        return self.frames[stream].filter(alive(self.schemas.streams[stream]))

    def live_count(self, stream: str) -> int:
        """Return the number of entities of a stream that are not retracted."""
        table = self.schemas.streams[stream]
        rows = self.columns(stream, (table.id, "seq", "action"))
        return int(rows.select(alive(table).sum()).item())

    def require_readable(self) -> None:
        """Raise every finding of the reading.

        Raises
        ------
        FindingsError
            If a batch or a line could not be read.
        """
        if self.findings:
            raise FindingsError(self.findings, "run claimlog validate for all of them")


def alive(table: Table) -> pl.Expr:
    """Whether a row of a stream is the last of its entity and no retraction."""
    last = pl.col("seq") == pl.col("seq").max().over(table.id)
    return last & (pl.col("action") != "retract")


def read(
    package: Package,
    pending: Iterable[Batch] = (),
    sealed: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Log:
    """Read the sealed batches of a package, and `pending` ones as if they came next.

    Nothing is raised for bad data: it is listed in ``findings``, and a file that cannot be read
    adds no rows.

    Parameters
    ----------
    sealed
        If false, `pending` alone is read as the whole log.
    progress
        Called with the name of each file once it is read.
    """
    schemas = Schemas(package)
    upcasts = Upcasts(schemas)
    findings: list[Finding] = []
    if sealed:
        findings += descriptor_findings(package)
    batches = [*(batches_to_read(package, findings) if sealed else ()), *pending]
    files: dict[str, Lines] = {}
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in STREAMS}
    trees: list[tuple[int, bytes]] = []
    tree = CompactRange()
    # parsing leaves the interpreter for C, hashing does not: two threads use two cores
    with ThreadPoolExecutor(READERS) as pool:
        reading = {
            (batch.index, stream): pool.submit(_read_file, package, upcasts, batch, stream)
            for batch in batches
            for stream in batch.streams
        }
        for batch in batches:
            for stream in batch.streams:
                lines = reading.pop((batch.index, stream)).result()
                files[batch.shown_file(stream)] = lines
                findings += lines.findings
                if lines.frame is not None and lines.rows:
                    parts[stream].append(positioned(lines, tree.size, batch.number))
                tree.extend(lines.leaves)
                # the digests now live in the frame
                lines.leaves = []
                lines.frame = None
                progress(batch.shown_file(stream))
            trees.append((tree.size, tree.root()))
    frames = {
        # one piece each: the many pieces of a parsed file make every later step slower
        name: pl.concat(parts.pop(name), rechunk=True)
        if parts[name]
        else positioned(Lines(frame=empty_frame(table)), 0, 0)
        for name, table in schemas.streams.items()
    }
    pa.default_memory_pool().release_unused()  # parsing is over; the tables need the memory
    return Log(package, schemas, batches, frames, files, trees, findings)


def _read_file(package: Package, upcasts: Upcasts, batch: Batch, stream: str) -> Lines:
    """Read a file of a batch whole."""
    pieces = [*read_pieces(package, upcasts, batch, stream, ALL)]
    if len(pieces) == 1:
        return pieces[0]
    whole = Lines(
        rows=sum(piece.rows for piece in pieces),
        sha256=pieces[-1].sha256,
        size=pieces[-1].size,
        leaves=[leaf for piece in pieces for leaf in piece.leaves],
        findings=[finding for piece in pieces for finding in piece.findings],
    )
    if not whole.findings:
        frames = [piece.frame for piece in pieces if piece.frame is not None]
        whole.frame = pl.concat(frames) if frames else empty_frame(upcasts.schemas.streams[stream])
        whole.times = Times.of(whole.frame)
    return whole


def read_pieces(
    package: Package, upcasts: Upcasts, batch: Batch, stream: str, size: int
) -> Iterator[Lines]:
    """Read a file of a batch as rows of today's schema, some `size` bytes of lines at a time.

    Lines are numbered within the file. ``sha256`` and ``size`` of a piece are of the file up to
    its end.
    """
    shown, path = batch.shown_file(stream), batch.file(stream)
    version = written_as(batch, stream, upcasts.schemas)
    table = upcasts.table(stream, version)
    digest, before, length = sha256(), 0, 0
    longest = package.thresholds["line_bytes"]

    def pieces() -> Iterator[tuple[Lines, bytes]]:
        if batch.in_columns(stream):
            data = read_bytes(path, shown)
            expected = _listed(batch, stream).get("rows")
            yield from ((lines, b"") for lines in read_rows(path, table, shown, expected))
            yield Lines(frame=empty_frame(table)), data
            return
        for data in chunks(path, shown, size, longest):
            lines = read_lines(data, table, shown, longest)
            lines.findings = [
                replace(finding, line=finding.line + before) if finding.line else finding
                for finding in lines.findings
            ]
            yield lines, data

    for lines, data in pieces():
        digest.update(data)
        length += len(data)
        lines.sha256, lines.size = digest.hexdigest(), length
        if lines.frame is not None:
            lines.frame = upcasts.up(lines.frame, stream, version)
            lines.times = Times.of(lines.frame)
        before += lines.rows
        yield lines


def chunks(path: Path, shown: str, size: int, longest: int) -> Iterator[bytes]:
    """Yield a file in pieces of about `size` bytes that end with a line, the last one as it is.

    A line that is far longer than `longest` is the last, cut off: no row begins like that.

    Raises
    ------
    ClaimlogError
        If it cannot be read.
    """
    rest, nothing = b"", True
    try:
        with path.open("rb") as handle:
            while data := handle.read(size):
                end = data.rfind(b"\n") + 1
                if end:
                    yield rest + data[:end]
                    rest, nothing = data[end:], False
                else:
                    rest += data
                    if size > 0 and len(rest) > longest + size:
                        break
    except OSError as error:
        raise ClaimlogError(f"{shown}: cannot be read ({error.strerror})") from error
    if rest or nothing:
        yield rest


def written_as(batch: Batch, stream: str, schemas: Schemas) -> int:
    """Return the schema version that a batch's rows of a stream were written by."""
    return int(_listed(batch, stream).get("schema_version", schemas.streams[stream].version))


def _listed(batch: Batch, stream: str) -> Mapping[str, Any]:
    """Return what a batch's manifest says of a stream's file; nothing if the batch is open."""
    found: Mapping[str, Any] = batch.manifest.get("files", {}).get(batch.name(stream), {})
    return found


def read_bytes(path: Path, shown: str) -> bytes:
    """Read a file.

    Raises
    ------
    ClaimlogError
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ClaimlogError(f"{shown}: cannot be read ({error.strerror})") from error


def positioned(lines: Lines, first: int, batch: int) -> pl.DataFrame:
    assert lines.frame is not None
    return lines.frame.with_columns(
        pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("seq"),
        pl.Series("event_id", lines.leaves, dtype=pl.Binary).bin.encode("hex"),
        pl.lit(batch, dtype=pl.Int64).alias("batch"),
        pl.int_range(1, 1 + pl.len(), dtype=pl.Int64).alias("line"),
    )
