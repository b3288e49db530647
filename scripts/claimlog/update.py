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

from claimlog.compile import Compiler, complete
from claimlog.errors import ClaimlogError
from claimlog.export.descriptor import Hashed
from claimlog.export.parquet import ParquetFile, merge, write_parquet
from claimlog.export.patch import Patch
from claimlog.files import sync
from claimlog.fold import Cutoff
from claimlog.log.event_log import Log
from claimlog.validate import Report

CLAIM = "claim_id"
OF_CLAIMS = ("claims", "claim_versions", "attributions", "claim_actors")
"""Tables whose rows are of one claim each, beside the junction tables of claims."""

NEEDED = ("claims", "changes")
"""Tables that those of the other streams are computed from."""


class Update:
    """Writing into an empty directory what a build of a whole log would; use it as a context.

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
        self._synced: list[Future[None]] = []

    def __enter__(self) -> Self:
        old, new = self.earlier / self.database, self.folder / self.database
        self._copied = self._pool.submit(shutil.copyfile, old, new)
        return self

    def __exit__(self, *_: object) -> None:
        for pool in (self._pool, self._disk):
            pool.shutdown(cancel_futures=True)

    def write(self, log: Log, cut: Cutoff, report: Report, mark: str) -> None:
        """Write every file.

        Raises
        ------
        ClaimlogError
            If the earlier database does not have the rows that its Parquet files have.
        """
        compiler, tables = Compiler(log, cut), log.definition.tables
        hashed = Hashed(self.folder)
        touched = log.claims_since(self.size)
        junctions = (one.table for one in log.definition.junctions if one.stream == "claims")
        by_claim = dict.fromkeys((*OF_CLAIMS, *junctions), CLAIM)
        gone = dict.fromkeys(by_claim, touched)
        new = dict(compiler.of_claims(log.claims_of(touched)))
        pieces: dict[str, list[pl.DataFrame]] = {}
        for stretch in log.stretches(self.size):
            for name, frame in compiler.of_rows(stretch):
                pieces.setdefault(name, []).append(frame)
        new |= {name: pl.concat(found) for name, found in pieces.items()}
        (self.folder / "parquet").mkdir()

        def merged(name: str) -> int:
            file = ParquetFile(self.folder / _path(name), tables[name])
            merge(self.earlier / _path(name), file, new[name], gone.get(name))
            self._sync(file.path)
            hashed.take(_path(name))
            return file.rows

        # the largest first, so that no thread is left alone with one at the end
        order = sorted(new, key=lambda name: -(self.earlier / _path(name)).stat().st_size)
        merging = {name: self._pool.submit(merged, name) for name in order}
        rows = {}
        self._copied.result()
        self._sync(self.folder / self.database)
        with Patch(self.folder / self.database, tables) as patch:
            patch.drop(by_claim, touched)
            for name, frame in new.items():
                patch.fill(name, frame)
            for name in NEEDED:
                kept = _staying(self.earlier / _path(name), new[name], gone.get(name))
                compiler.saw(name, pl.concat([kept, new[name].lazy()]))
            for name, frame in compiler.rest():
                rows[name] = frame.height
                write_parquet(frame, tables[name], self.folder / _path(name))
                if not _same(self.earlier / _path(name), frame):
                    patch.refill(name, frame)
            found = patch.settle(by_claim)
        hashed.take(self.database)  # meanwhile the rest is merged
        rows |= {name: future.result() for name, future in merging.items()}
        self._compare(found, rows)
        complete(log, cut, report, hashed, mark, rows)
        for future in self._synced:
            future.result()  # the system tells an error of writing only once

    def _sync(self, path: Path) -> None:
        """Begin to flush a file: publishing waits for all, and finds most of it done."""
        self._synced.append(self._disk.submit(sync, path))

    def _compare(self, found: Mapping[str, int], wanted: Mapping[str, int]) -> None:
        for name, number in wanted.items():
            if found[name] != number:
                raise ClaimlogError(
                    f"{self.database}: the table {name} has {found[name]} rows, its Parquet file "
                    f"{number}; build from nothing: claimlog build --force"
                )


def _path(name: str) -> str:
    return f"parquet/{name}.parquet"


def _staying(path: Path, new: pl.DataFrame, gone: pl.Series | None) -> pl.LazyFrame:
    """Return the rows of a Parquet file typed as the `new` ones, without claims `gone`."""
    rows = pl.scan_parquet(path).cast(new.schema)
    return rows if gone is None else rows.filter(~pl.col(CLAIM).is_in(gone.implode()))


def _same(path: Path, frame: pl.DataFrame) -> bool:
    """Whether a Parquet file holds just these rows."""
    return pl.read_parquet(path).cast(frame.schema).equals(frame)
