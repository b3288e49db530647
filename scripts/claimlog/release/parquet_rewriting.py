"""Check a Parquet file by writing its table anew and comparing the bytes.

Readers disagree about files that are made to be read in two ways, and skip rows by statistics and
indexes of pages. So nothing that the file says is believed but the layout of its types, which
differs between versions of our writer: the rows come from the fold, and the bytes must be those
that the same library writes. If another version of it wrote the file, its footer
is compared (`parquet_footers.py`), and its rows as Polars reads them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl
import pyarrow as pa

from claimlog.errors import is_of_the_machine
from claimlog.export.content_hash import Content, frame_rows
from claimlog.export.parquet import ParquetFile, file_schema, table_notes
from claimlog.export.table_types import conform
from claimlog.log.column_types import empty_frame
from claimlog.release.parquet_footers import (
    LIBRARY,
    VERSION_OF_LIBRARY,
    created_by,
    footer_flaws,
    row_groups,
    stated_schema,
    states_bounds_of_codes,
    without_codes,
)
from claimlog.schema.table_schema import Table

MAX_LISTED = 20


class _ComparisonSink(io.RawIOBase):
    """A sink that stores nothing and compares what is written to it with a file."""

    def __init__(self, path: Path) -> None:
        self.is_same = True
        self._file = path.open("rb")
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: object) -> int:
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        self._written += len(view)
        if self.is_same:
            self.is_same = self._file.read(len(view)) == view
        return len(view)

    def end(self) -> bool:
        """Close the file; return whether it equals what was written, to the last byte."""
        self.is_same = self.is_same and not self._file.read(1)
        self._file.close()
        return self.is_same


class ParquetRewriting:
    """Compares the Parquet file of one table with what we would write of its rows.

    Parameters
    ----------
    has_code_bounds
        Whether the file may state bounds of coded columns, as releases before 0.4.0 do.
    """

    def __init__(self, path: Path, table: Table, has_code_bounds: bool) -> None:
        self.path = path
        self.table = table
        self.has_code_bounds = has_code_bounds
        self._flaws: list[str] = []
        self._sink = _ComparisonSink(path)
        self._writer: ParquetFile | None = None

    def add(self, frame: pl.DataFrame) -> None:
        """Write the next rows of the table as the fold gives them."""
        if self._writer is None and not self._flaws:
            self._begin()
        if self._writer is not None:
            self._writer.add(frame)

    def _begin(self) -> None:
        """Compare the file's types with the table's, and begin to write with them."""
        stated = readable_schema(self.path)
        self._flaws = type_flaws(stated, self.table)
        if stated is not None and not self._flaws:
            # what the file says of itself is no type: it must be as given
            schema = stated.with_metadata(table_notes(self.table))
            sink = cast(BinaryIO, self._sink)
            are_codes_bounded = self.has_code_bounds and states_bounds_of_codes(self.path)
            self._writer = ParquetFile(self.path, self.table, schema, sink, are_codes_bounded)

    def flaws(self, root: str) -> tuple[list[str], bool]:
        """Return how the file differs from its table, and whether all of it was compared.

        Parameters
        ----------
        root
            The logical hash of the table that was written.
        """
        if self._writer is not None:
            # releases up to 0.2.0 have no row group in a table without rows
            self._writer.close(empty_group=row_groups(self.path) > 0)
        is_same = self._sink.end()
        if is_same or self._flaws:
            return self._flaws[:MAX_LISTED], True
        writer = created_by(self.path)
        if not VERSION_OF_LIBRARY.fullmatch(writer):
            return [f"was written by {writer[:80]!r}, and releases are by {LIBRARY}"], True
        found = footer_flaws(self.path, self.table, self.has_code_bounds)
        if flaws := [*islice(found, MAX_LISTED)]:
            return flaws, True
        if writer == LIBRARY:
            return [f"is not to the byte what {LIBRARY} writes of its rows"], True
        with self.path.open("rb") as handle:
            rows = frame_rows(pl.read_parquet(handle).select(self.table.names), self.table)
            if Content.of_rows(rows).root != root:
                return ["serves other rows to Polars than to Arrow"], True
        return [], False


def readable_schema(path: Path) -> pa.Schema | None:
    """Return the types of columns that a file states; None if it states none that can be read."""
    try:
        return stated_schema(path)
    except Exception as error:  # the file may hold anything
        if is_of_the_machine(error):
            raise
        return None


def type_flaws(stated: pa.Schema | None, table: Table) -> list[str]:
    """Return where columns that a file states, their types or metadata are not those of a table.

    Parameters
    ----------
    stated
        The `readable_schema` of the file.
    """
    if stated is None:
        return ["states no types of columns, or none that can be read"]
    empty = conform(empty_frame(table).lazy(), table)
    given = file_schema(empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema, table)
    return [*_schema_flaws(stated, given, table)]


def _schema_flaws(stated: pa.Schema, given: pa.Schema, table: Table) -> Iterator[str]:
    if stated.names != given.names:
        yield "has other columns than its schema, or in another order"
        return
    for item, field, expected in zip(table.fields, stated, given, strict=True):
        if field.nullable != expected.nullable or not _is_type(field.type, expected.type):
            yield f"has {item.name} as {str(field.type)[:80]}"
        notes, wanted = field.metadata or {}, expected.metadata or {}
        if notes not in (wanted, without_codes(wanted)):
            yield f"says something else of {item.name} than its schema"


def _is_type(stated: pa.DataType, given: pa.DataType) -> bool:
    """Whether a type is the one that is given, or as releases up to 0.2.0 have codes.

    Notes of the types inside of it count, which ``==`` leaves aside.
    """
    if not (pa.types.is_dictionary(stated) and pa.types.is_dictionary(given)):
        return bool(stated.equals(given, check_metadata=True))
    texts = (pa.string(), pa.large_string())
    return (
        stated.index_type == given.index_type
        and stated.value_type in texts
        and (stated.ordered == given.ordered or stated.ordered)
    )
