"""Lists of objects in a Parquet file, of which each property is a column of its own.

Where a list ends, and which objects are missing, stands in each of these columns. Arrow believes
the first of them, and other readers the last; so they have to say the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from claimlog.log.parquet_schema import is_list, value_paths


def list_items(column: pa.Array) -> pa.Array:
    """Return the items of all lists of a column, one after the other.

    Raises
    ------
    ValueError
        If a list that is null has items. Arrow passes over them; other readers put them, or those
        that come after them, into lists.
    """
    spanned = column.offsets[-1].as_py() - column.offsets[0].as_py()
    items = column.flatten()
    if len(items) != spanned:
        raise ValueError("a list that is null has items")
    return items


def list_flaw(file: pq.ParquetFile, group: int, at_once: int) -> str | None:
    """Return how columns of a list of objects disagree about it in a row group, if they do.

    Parameters
    ----------
    at_once
        Rows that are read at once.
    """
    for field in file.schema_arrow:
        first, *others = [".".join(path) for path in value_paths(field)]
        if not others:
            continue
        shape = _shape(file, group, first, at_once)
        for path in others:
            if _shape(file, group, path, at_once) != shape:
                return f"{path} says of its lists and objects otherwise than {first}"
    return None


def _shape(file: pq.ParquetFile, group: int, path: str, at_once: int) -> list[pa.Array]:
    """Return the lengths of the lists that a column of values is in, and which objects are missing.

    One array for each level, the outermost first.
    """
    pieces = file.iter_batches(at_once, [group], [path])
    levels = zip(*(_levels(rows.column(0)) for rows in pieces), strict=True)
    return [pa.concat_arrays(level) for level in levels]


def _levels(column: pa.Array) -> Iterator[pa.Array]:
    if is_list(column.type):
        yield pc.list_value_length(column).cast(pa.int64())
        yield from _levels(list_items(column))
    elif pa.types.is_struct(column.type):
        yield column.is_null()
        [part] = column.flatten()
        yield from _levels(part)
