"""A Parquet file as a table of Polars, pandas or Arrow, with its types."""

from __future__ import annotations

import io
from typing import Any

from claimlog.errors import ClaimlogError, UsageError
from claimlog.office_file_check import first_line

LIBRARIES = ("polars", "pandas", "arrow")


def frame_of(data: bytes, library: str, display: str) -> Any:
    """Return the table in the bytes of a Parquet file.

    Parameters
    ----------
    library
        One of `LIBRARIES`.
    display
        The file, for messages.

    Raises
    ------
    UsageError
        If the library is another one, or pandas is not installed.
    ClaimlogError
        If the bytes are no Parquet file.
    """
    if library not in LIBRARIES:
        raise UsageError(f"library={library!r}: expected one of {', '.join(LIBRARIES)}")
    types = _pandas_types() if library == "pandas" else {}
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if library == "polars":
            return pl.read_parquet(io.BytesIO(data))
        table = pq.read_table(pa.BufferReader(data))
        if library == "arrow":
            return table
        # what a file says of pandas would rename columns and choose types
        return table.to_pandas(types_mapper=types.get, ignore_metadata=True)
    except (
        *(OSError, ValueError, TypeError, LookupError, OverflowError, pa.ArrowException),
        *(pl.exceptions.PolarsError, pl.exceptions.PanicException),
    ) as error:
        raise ClaimlogError(
            f"{display}: cannot be read as Parquet ({first_line(error)})"
        ) from error


def _pandas_types() -> dict[Any, Any]:
    """Return types of pandas by those of Arrow of which it has others by itself."""
    try:
        import pandas
    except ImportError:
        raise UsageError(
            "pandas is not installed here; install it, or take polars or arrow"
        ) from None
    import pyarrow as pa

    # pandas' own types would make numbers of absent integers, and objects of texts
    return {
        pa.int64(): pandas.Int64Dtype(),
        pa.bool_(): pandas.BooleanDtype(),
        pa.string(): pandas.StringDtype(),
        pa.large_string(): pandas.StringDtype(),
    }
