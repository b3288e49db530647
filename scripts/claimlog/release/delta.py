"""The delta of a release: all that makes the release before it into this one.

``delta/`` holds the files of the log and its definition that are new or changed, under the names
that they have in the release; the rows between the two, as Parquet with the columns of the tables
of versions; and ``delta.json``, which says what changed, by claim and column, by which events and
why. It has facts only and no sentences, so that any version of claimlog can check it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from claimlog.errors import ClaimlogError
from claimlog.export.parquet import ParquetFile
from claimlog.export.table_types import conform
from claimlog.fold.row_versions import version_spans
from claimlog.log.event_log import CLAIMS, Log
from claimlog.log.release_index import ReleaseEntry
from claimlog.log.sections import SECTION, claim_ranges
from claimlog.package import LOG
from claimlog.release.checksums import sha256_of_file
from claimlog.release.diff import Diff, RowChange
from claimlog.release.log_file_names import LOG_FILE
from claimlog.release.release_file_names import LICENCE
from claimlog.schema.table_schema import Table

DELTA = "delta"
DELTA_FILE = f"{DELTA}/delta.json"
ROWS_FOLDER = f"{DELTA}/parquet"


@dataclass(frozen=True)
class CarriedFiles:
    """How the files of log and licence differ from those of the release before.

    Attributes
    ----------
    digests
        SHA-256 of each file that is new or changed, by its name in the release.
    removed_names
        The files that are gone.
    """

    digests: Mapping[str, str]
    removed_names: tuple[str, ...]

    @classmethod
    def between(cls, base: ReleaseEntry, digests: Mapping[str, str]) -> CarriedFiles:
        """Return the difference of a release from the one before it.

        Where that was made again without rows, a file is carried that any of its issues lacks, so
        that each of them can be the base.

        Parameters
        ----------
        digests
            SHA-256 of the files of the release, by name.

        Raises
        ------
        ClaimlogError
            If the entry of the release before names a file that no log has: nobody could apply
            such a delta.
        """
        new, *issues = (
            {name: digest for name, digest in files.items() if is_carried(name)}
            for files in (digests, *(issue["files"] for issue in base.issues))
        )
        gone = sorted({*chain.from_iterable(issues)} - new.keys())
        for name in gone:
            if not LOG_FILE.fullmatch(name) and name != LICENCE:
                raise ClaimlogError(
                    f"{base.display_path}: names {name[:80]!r}, no file of a log; restore the "
                    "entry from git"
                )
        changed = {
            name: new[name]
            for name in sorted(new)
            if any(files.get(name) != new[name] for files in issues)
        }
        return cls(changed, tuple(gone))


def is_carried(name: str) -> bool:
    """Whether a file of a release goes into its delta: nothing else in the release gives it."""
    return name.startswith(f"{LOG}/") or name == LICENCE


def version_table(log: Log, stream: str) -> Table:
    """Return the table that has every version of a stream's rows."""
    return log.definition.tables[f"{log.definition.streams[stream].entity}_versions"]


def rows_between(log: Log, stream: str, start: int, end: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of a stream from position `start` to `end` as its table of versions has them.

    They come in the order of the table's key: many claims in pieces, all else in one.
    """
    table, key = version_table(log, stream), log.definition.streams[stream].id
    between = pl.col("seq").is_between(start, end, closed="left")
    is_large = stream == CLAIMS and end - start > SECTION
    for rows in (frame.lazy() for frame in claim_ranges(log)) if is_large else (log.scan(stream),):
        new = nw.from_native(rows.filter(between))
        yield conform(version_spans(new, key).to_native(), table)


def streams_between(log: Log, start: int, end: int) -> list[str]:
    """Return the streams that have rows from position `start` to `end`."""
    between = pl.col("seq").is_between(start, end, closed="left")
    return [
        name
        for name in log.definition.streams
        if not log.scan(name, ("seq",)).filter(between).head(1).collect().is_empty()
    ]


def rows_path(table: Table) -> str:
    """Return the name of the Parquet file that has the new rows of a table of versions."""
    return f"{ROWS_FOLDER}/{table.name}.parquet"


def write_delta_files(
    folder: Path, log: Log, base: ReleaseEntry, end: int, digests: Mapping[str, str]
) -> dict[str, str]:
    """Write the files and rows of a delta into a release's directory; return their SHA-256.

    Parameters
    ----------
    base
        Entry of the release before.
    end
        Number of rows of the log that the release holds.
    digests
        SHA-256 of the files of the release, by name.
    """
    written = {}
    for name, digest in CarriedFiles.between(base, digests).digests.items():
        target = folder / DELTA / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, target)
        written[f"{DELTA}/{name}"] = digest
    for stream in streams_between(log, base.size, end):
        table = version_table(log, stream)
        path = folder / rows_path(table)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = ParquetFile(path, table)
        for frame in rows_between(log, stream, base.size, end):
            file.add(frame)
        file.close()
        written[rows_path(table)] = sha256_of_file(path)
    return written


def delta_document(
    diff: Diff,
    base: ReleaseEntry,
    summary: Mapping[str, Any],
    dataset: str,
    digests: Mapping[str, str],
) -> dict[str, Any]:
    """Return what ``delta.json`` says.

    Parameters
    ----------
    diff
        The changes from the base to the release.
    summary
        What ``release.json`` says of the release.
    digests
        SHA-256 of the files of the release, by name.
    """
    files = CarriedFiles.between(base, digests)
    return {
        "dataset": dataset,
        "base": {"version": str(base.version), "date": base.date, "tree": base.data["tree"]},
        "release": dict(summary),
        "files": {"carried": dict(files.digests), "removed": list(files.removed_names)},
        "rows": diff.rows,
        "schema": [
            {
                "table": change.table,
                "column": change.name,
                "change": change.kind,
                "breaks": change.breaks,
            }
            for change in diff.schema
        ],
        "claims": {
            "added": [claim.row_id for claim in diff.of("added")],
            **{
                change: [
                    {"claim_id": claim.row_id, "source_id": claim.source_id, **_changes(claim)}
                    for claim in diff.of(change)
                ]
                for change in ("amended", "retracted")
            },
        },
        "others": [
            {"stream": row.stream, "id": row.row_id, "change": row.change, **_changes(row)}
            for row in diff.others
        ],
    }


def _changes(row: RowChange) -> dict[str, Any]:
    return {
        "version": row.version,
        "cells": [
            {"column": name, "from": old, "to": new} for name, (old, new) in row.fields.items()
        ],
        "events": [asdict(event) for event in row.events],
        **({"taken_down": [lost.version for lost in row.taken]} if row.taken else {}),
    }
