"""Updating an earlier build by what was appended to the log since.

Only claims that the new rows are about are folded anew; every other table is small, or grows at its
end. The result says the same as a build from nothing: the same rows in every table, the same
report. The bytes of the SQLite file differ, because its rows lie elsewhere in it.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from claimlog.compiling import Compiler, complete
from claimlog.events.stored import StoredLog
from claimlog.export.parquet import ParquetFile, merge, write_parquet
from claimlog.export.patch import Patch
from claimlog.fold import Cutoff
from claimlog.package import Package
from claimlog.validate import Report

CLAIM = "claim_id"
BY_CLAIM = dict.fromkeys(("claims", "claim_versions", "attributions", "claim_actors"), CLAIM)
"""Tables whose rows are of one claim each, with the column that says which."""


def update(
    package: Package,
    log: StoredLog,
    cut: Cutoff,
    report: Report,
    earlier: Path,
    size: int,
    folder: Path,
    mark: str,
) -> None:
    """Write into an empty directory what a build of the whole log would.

    Parameters
    ----------
    earlier
        A build of the first `size` rows of this log by the same code, which is only read.

    Raises
    ------
    ClaimlogError
        If the earlier database does not have the rows that its Parquet files have.
    """
    compiler = Compiler(log, cut)
    tables = log.schemas.tables
    touched = log.touched(size)
    claims = log.section_of(touched).frames["claims"]
    of_claims = dict(compiler.of_claims(claims))
    pieces: dict[str, list[pl.DataFrame]] = {}
    for stretch in log.stretches(size):
        for name, frame in compiler.of_rows(stretch):
            pieces.setdefault(name, []).append(frame)
    new = {**of_claims, **{name: pl.concat(found) for name, found in pieces.items()}}
    (folder / "parquet").mkdir()
    database = folder / f"{package.descriptor['name']}.db"

    def path(name: str, of: Path = folder) -> Path:
        return of / "parquet" / f"{name}.parquet"

    def merged(name: str, rows: pl.DataFrame) -> int:
        file = ParquetFile(path(name), tables[name])
        merge(path(name, earlier), file, rows, touched if name in BY_CLAIM else None)
        return file.rows

    with ThreadPoolExecutor(2) as pool:
        copying = pool.submit(shutil.copyfile, earlier / database.name, database)
        # the largest first, so that no thread is left alone with one at the end
        largest = sorted(new, key=lambda name: -path(name, earlier).stat().st_size)
        merging = {name: pool.submit(merged, name, new[name]) for name in largest}
        copying.result()
        with Patch(database, tables) as patch:
            patch.drop(BY_CLAIM, touched)
            for name, frame in new.items():
                patch.fill(name, frame)
            rows = {name: future.result() for name, future in merging.items()}
            for name in ("claims", "changes"):
                compiler.saw(name, pl.scan_parquet(path(name)))
            for name, frame in compiler.rest():
                rows[name] = frame.height
                write_parquet(frame, tables[name], path(name))
                if not _same(path(name, earlier), frame):
                    patch.refill(name, frame)
            patch.settle(BY_CLAIM, rows)
    complete(package, log, cut, report, folder, mark, rows)


def _same(path: Path, frame: pl.DataFrame) -> bool:
    """Whether a Parquet file holds just these rows."""
    return pl.read_parquet(path).cast(frame.schema).equals(frame)
