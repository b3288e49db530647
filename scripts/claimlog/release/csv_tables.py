"""The tables of a release as CSV: for programs and people that read nothing else.

Each file holds what the table's Parquet file holds, written as the site writes its downloads, and
depends on nothing else. `check_csv_tables` writes every one again and compares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa

from claimlog.errors import Finding
from claimlog.export.table_csv import csv_pieces
from claimlog.release.descriptors.stated_metadata import csv_name
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.release_verdict import Verdict
from claimlog.release.served_rows import parquet_path
from claimlog.release.walk_release import GET_AGAIN

FOLDER = "csv"
RULE = "release-csv"


def write_csv_tables(folder: Path, tables: Collection[str]) -> None:
    """Write the CSV file of every table beside the Parquet files in `folder`."""
    (folder / FOLDER).mkdir()
    for name in tables:
        with (folder / csv_name(name)).open("xb") as file:
            for piece in csv_pieces(folder / "parquet" / f"{name}.parquet"):
                file.write(piece.encode("utf-8"))


def check_csv_tables(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Compare each CSV file with its table's Parquet file, written as CSV anew.

    A release has all of them or, up to 0.2.0 and so without a version of its tool, none. No more of
    a file is read than the table gives.
    """
    if copy.tool_version is None and not (copy.folder / FOLDER).is_dir():
        return
    tables = copy.readable_log().definition.tables
    for table in tables.values():
        name = csv_name(table.name)
        parquet = parquet_path(copy, table)
        try:
            flaw = _csv_flaw(copy.folder / name, csv_pieces(parquet, copy.has_null_text))
        except (ValueError, pa.ArrowException) as error:
            said = str(error).splitlines()[0][:300]
            name, flaw = parquet.relative_to(copy.folder).as_posix(), f"cannot be read: {said}"
        if flaw is not None:
            verdict.findings.append(Finding(RULE, name, flaw, remedy=GET_AGAIN))
    verdict.checks.append(f"{len(tables)} CSV files, byte for byte as their tables are written")


def _csv_flaw(path: Path, expected: Iterator[str]) -> str | None:
    """Say where a CSV file first differs from what its table gives, or return None."""
    if not path.is_file():
        return "is missing, and a release has all tables as CSV"
    line = 1
    with path.open("rb") as file:
        for piece in expected:
            data = piece.encode("utf-8")
            found = file.read(len(data))
            if found != data:
                same = next(
                    (
                        at
                        for at, pair in enumerate(zip(found, data, strict=False))
                        if len({*pair}) > 1
                    ),
                    min(len(found), len(data)),
                )
                line += data.count(b"\n", 0, same)
                return f"line {line} is not what the table's Parquet file gives"
            line += data.count(b"\n")
        if file.read(1):
            return f"goes on after line {line - 1}, the table's last"
    return None
