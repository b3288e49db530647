"""Updating an earlier build by what was appended to the log since.

Only claims that the new rows are about are folded anew; every other table is small, or grows at its
end. The result says the same as a build from nothing: the same rows in every table, the same
report. The bytes of the SQLite file differ, because its rows lie elsewhere in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import polars as pl

from claimlog.compile import Compiler, describe_build, log_state
from claimlog.errors import ClaimlogError
from claimlog.export.database_patch import DatabasePatch
from claimlog.export.descriptor import FileHashes
from claimlog.export.parquet import ParquetFile, merge_parquet, write_parquet
from claimlog.files import sync
from claimlog.fold import Cutoff
from claimlog.fold.cell_changes import CELL_CHANGES
from claimlog.fold.tables import counts_support, lookups
from claimlog.log.event_log import Log
from claimlog.log.sections import envelope_ranges
from claimlog.parquet_scan import scan_one_file
from claimlog.validate import Report

CLAIM = "claim_id"
OF_CLAIMS = ("claims", "claim_versions", "attributions", "claim_actors", CELL_CHANGES)
"""Tables whose rows are of one claim each, beside the junction tables of claims."""

SUMMARIZED = ("claims", "changes")
"""Tables that those of the other streams are computed from."""


def changes_derived_columns(log: Log, size: int) -> bool:
    """Whether rows after the first `size` change what any claims repeat or are graded by."""
    definition = log.definition
    keys = {key.column: key.table for key in definition.streams["claims"].foreign_keys}
    streams = {keys[column] for column in lookups(definition.tables["claims"])}
    if counts_support(definition):
        streams.add("actors")  # a denial counts by the side that its speaker is on
    late = (pl.col("seq") >= size) & (pl.col("action") == "amend")
    return any(not log.rows(stream).filter(late).is_empty() for stream in sorted(streams))


class BuildUpdate:
    """Incremental build into an empty directory; use it as a context.

    Parameters
    ----------
    name
        Name of the dataset, which its database has.
    earlier
        A build of the first `size` rows of the log by the same code, which is only read.
    folder
        The directory. The earlier database is copied into it from the beginning on, while the log
        is still being checked.
    """

    def __init__(self, name: str, earlier: Path, size: int, folder: Path) -> None:
        self.earlier = earlier
        self.size = size
        self.folder = folder
        self.database = f"{name}.db"
        self._pool = ThreadPoolExecutor(2)  # what runs there leaves the interpreter
        self._disk = ThreadPoolExecutor(1)  # and this waits
        self._syncs: list[Future[None]] = []

    def __enter__(self) -> Self:
        old, new = self.earlier / self.database, self.folder / self.database
        self._copy = self._pool.submit(shutil.copyfile, old, new)
        return self

    def __exit__(self, *_: object) -> None:
        for pool in (self._pool, self._disk):
            pool.shutdown(cancel_futures=True)

    def write(self, log: Log, cut: Cutoff, report: Report, fingerprint: str) -> None:
        """Write every file.

        Raises
        ------
        ClaimlogError
            If the earlier database does not have the rows that its Parquet files have.
        """
        compiler, tables = Compiler(log, cut), log.definition.tables
        hashes = FileHashes(self.folder)
        changed_claims = self._changed_claims(log, compiler)
        junctions = (one.table for one in log.definition.junctions if one.stream == "claims")
        names = (name for name in (*OF_CLAIMS, *junctions) if name in tables)
        by_claim = dict.fromkeys(names, CLAIM)
        removed = dict.fromkeys(by_claim, changed_claims)
        new = self._new_rows(log, compiler, changed_claims)
        (self.folder / "parquet").mkdir()

        def merge_table(name: str) -> int:
            file = ParquetFile(self.folder / _path(name), tables[name])
            merge_parquet(self.earlier / _path(name), file, new[name], removed.get(name))
            self._sync(file.path)
            hashes.of_file(_path(name))
            return file.rows

        # the largest first, so that no thread is left alone with one at the end
        order = sorted(new, key=lambda name: -(self.earlier / _path(name)).stat().st_size)
        merging = {name: self._pool.submit(merge_table, name) for name in order}
        rows = {}
        self._copy.result()
        self._sync(self.folder / self.database)
        with DatabasePatch(self.folder / self.database, tables) as patch:
            patch.remove_rows(by_claim, changed_claims)
            for name, frame in new.items():
                patch.fill(name, frame)
            for name in SUMMARIZED:
                old = _remaining_rows(self.earlier / _path(name), new[name], removed.get(name))
                compiler.accumulate(name, pl.concat([old, new[name].lazy()]))
            for name, frame in compiler.other_tables():
                rows[name] = frame.height
                write_parquet(frame, tables[name], self.folder / _path(name))
                if not _holds_rows(self.earlier / _path(name), frame):
                    patch.replace_rows(name, frame)
            database_rows = patch.index_and_commit(by_claim)
        hashes.of_file(self.database)  # meanwhile the rest is merged
        rows |= {name: future.result() for name, future in merging.items()}
        self._refuse_differing_counts(database_rows, rows)
        describe_build(log, log_state(log, cut), report, hashes, fingerprint, rows)
        for future in self._syncs:
            future.result()  # the system tells an error of writing only once

    def _changed_claims(self, log: Log, compiler: Compiler) -> pl.Series:
        """Return the claims that the new rows are about, and those on which these bear."""
        new = log.claims_since(self.size)
        if compiler.support is None:
            return new
        links = log.rows("links")
        # all versions of a link that changed: it joined other claims before
        changed = links.filter(pl.col("seq") >= self.size)["link_id"].unique()
        links = links.filter(pl.col("link_id").is_in(changed.implode()))
        ends = pl.concat([new, links["from_claim_id"], links["to_claim_id"]]).unique()
        # the ends of a link that was withdrawn are in no group any more, and stand for themselves
        reached = compiler.links.reached_from(ends.to_list())
        return pl.Series("claim_id", sorted({*ends, *reached}), dtype=pl.String)

    def _new_rows(self, log: Log, compiler: Compiler, claims: pl.Series) -> dict[str, pl.DataFrame]:
        """Return by table the rows that changed claims and appended events give."""
        pieces: dict[str, list[pl.DataFrame]] = {}
        for stretch in envelope_ranges(log, self.size):
            for name, frame in compiler.row_tables(stretch):
                pieces.setdefault(name, []).append(frame)
        tables = dict(compiler.claim_tables(log.claims_of(claims)))
        return tables | {name: pl.concat(frames) for name, frames in pieces.items()}

    def _sync(self, path: Path) -> None:
        """Begin to flush a file: publishing waits for all, and finds most of it done."""
        self._syncs.append(self._disk.submit(sync, path))

    def _refuse_differing_counts(
        self, database_rows: Mapping[str, int], parquet_rows: Mapping[str, int]
    ) -> None:
        for name, number in parquet_rows.items():
            if database_rows[name] != number:
                raise ClaimlogError(
                    f"{self.database}: the table {name} has {database_rows[name]} rows, its "
                    f"Parquet file {number}; build from nothing: claimlog build --force"
                )


def _path(name: str) -> str:
    return f"parquet/{name}.parquet"


def _remaining_rows(path: Path, new: pl.DataFrame, removed: pl.Series | None) -> pl.LazyFrame:
    """Return the rows of an earlier Parquet file that stay: all but those of some claims."""
    rows = scan_one_file(path).cast(new.schema)
    return rows if removed is None else rows.filter(~pl.col(CLAIM).is_in(removed.implode()))


def _holds_rows(path: Path, frame: pl.DataFrame) -> bool:
    """Whether a Parquet file holds just these rows."""
    return scan_one_file(path).cast(frame.schema).collect().equals(frame)
