"""One Parquet file, read by Polars under the name that it has.

Polars takes ``*``, ``?`` and ``[`` of a path for a pattern, and ``~`` at its beginning for the
user's home: a package in ``data[1]`` would be read from ``data1`` beside it.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl


def scan_one_file(path: Path) -> pl.LazyFrame:
    """Return the rows of the file at a path, whatever characters are in it."""
    return pl.scan_parquet(path.absolute(), glob=False)  # noqa: TID251
