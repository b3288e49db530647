"""The pipeline: read, validate, stop on findings, fold, write, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from claimlog.errors import ClaimlogError, FindingsError
from claimlog.events.cache import cached
from claimlog.events.log import Log, read
from claimlog.events.reading import read_stored
from claimlog.events.releases import marks
from claimlog.events.text import Texts
from claimlog.export.deprecations import read_deprecations, views
from claimlog.export.descriptor import describe, dump_json
from claimlog.export.frames import conform, conformed, constant_tables, empty
from claimlog.export.metadata import inspect_data, metadata
from claimlog.export.publish import publishing
from claimlog.export.sqlite import Database
from claimlog.export.writers import Writers
from claimlog.fold import (
    Cutoff,
    Gathered,
    Outside,
    cutoff,
    fold_claims,
    fold_rest,
    fold_rows,
    gathered,
    wanted,
)
from claimlog.fold import cut as rows_until
from claimlog.fold.tables import Frames
from claimlog.inputs import MARK, fingerprint
from claimlog.package import Package
from claimlog.schema import Schemas
from claimlog.validate import Report, validate

Progress = Callable[[str], None]
LARGE = 200 << 20
"""Bytes of rows up to which a log is held in memory, where it fills some six times as much."""

STAGES = ("read", "schema", "rows", "integrity", "text", "compile")
"""What a build says it begins, in this order; between two of them it names what is done."""


def build(
    package: Package,
    out: Path,
    as_of: str | None = None,
    texts: Path | None = None,
    progress: Progress = lambda _: None,
    mark: str | None = None,
) -> Report:
    """Validate the log and compile it into `out`.

    Parameters
    ----------
    as_of
        What to fold: a batch number, a UTC time or an event id; None for all of the log.
    texts
        Directory of source texts, for checking the anchors; no text enters `out`.
    mark
        The fingerprint of the inputs, if it is known already.

    Raises
    ------
    FindingsError
        If validation finds an error; `out` stays as it was.
    ClaimlogError
        If `out` cannot be written or is not ours to replace.
    """
    refuse_foreign(package, out)
    progress("read")
    mark = mark or fingerprint(package, as_of, texts)  # first: a change meanwhile rebuilds
    with opened(package, progress) as log:
        report = validate(log, Texts(texts) if texts else None, progress=progress)
        if report.errors:
            raise FindingsError(report.findings, "nothing was built")
        cut = cutoff(log, as_of)
        with publishing(out, package.relative(out)) as folder:
            progress("compile")
            write(package, log, cut, report, folder, mark, progress)
    return report


@contextmanager
def opened(package: Package, progress: Progress) -> Iterator[Log]:
    """Yield the log of a package: in memory if it is small, else in parts that the cache keeps."""
    if log_bytes(package) <= LARGE:
        yield read(package, progress=progress)
        return
    with cached(package) as cache:
        if cache.told:
            progress(cache.told)
        yield read_stored(package, cache, progress)
        cache.save()


def log_bytes(package: Package) -> int:
    """Return the size of all files of rows."""
    return sum(path.stat().st_size for path in package.events.glob("*/*.ndjson"))


def steps(package: Package) -> int:
    """Return how often a build of `package` calls its progress."""
    files = sum(1 for _ in package.events.glob("*/*.ndjson"))
    # a table is written, and indexed
    tables = sum(1 for _ in (package.schemas / "tables").glob("*.json"))
    return len(STAGES) + files + 2 * tables


def compiled(log: Log, cut: Cutoff) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield every table by name, conformed to its schema, one at a time.

    Of a log in sections, tables of claims and of all rows come in pieces, in the order of their
    keys.
    """
    root = (log.trees[cut.batches - 1][1] if cut.batches else log.root).hex()
    outside = Outside(log.codebooks, marks(log.package, cut.size, root))
    lazy = {name: frame.lazy() for name, frame in log.frames.items() if name != "claims"}
    others = rows_until(lazy, cut.size)
    kept, want = Gathered(), wanted(others, log.schemas)
    for claims in log.claims():
        some = rows_until({"claims": claims.lazy()}, cut.size)["claims"]
        for name, frame in _computed(fold_claims(some, others, log.schemas), log.schemas):
            if name == "claims":
                kept.add(gathered(nw.from_native(frame.lazy()), want))
            yield name, frame
    for stretch in log.stretches():
        rows = rows_until({name: frame.lazy() for name, frame in stretch.items()}, cut.size)
        for name, frame in _computed(fold_rows(rows, log.schemas, outside), log.schemas):
            if name == "changes":
                kept.count(nw.from_native(frame.lazy()))
            yield name, frame
    yield from _computed(fold_rest(others, kept, log.schemas, outside), log.schemas)
    constant = {**constant_tables(log.schemas), "batches": _batches(log, cut)}
    for name, frame in constant.items():
        yield name, conform(frame.lazy(), log.schemas.tables[name])


def _computed(tables: Frames, schemas: Schemas) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield folded tables, conformed; computed together, because they share most of the work."""
    named = [name for name in tables if name in schemas.tables]
    lazy = [conformed(tables[name].to_native(), schemas.tables[name]) for name in named]
    found = pl.collect_all(lazy)
    lazy.clear()
    for name in named:
        yield name, found.pop(0)


def _batches(log: Log, cut: Cutoff) -> pl.DataFrame:
    table = log.schemas.tables["batches"]
    rows = []
    for batch in log.batches[: cut.batches]:
        tree = batch.manifest["tree"]
        own = {"tree_size": tree["size"], "root": tree["root"]}
        rows.append({name: own.get(name, batch.manifest.get(name)) for name in table.names})
    return pl.DataFrame(rows, schema=empty(table).schema)


def write(
    package: Package,
    log: Log,
    cut: Cutoff,
    report: Report,
    folder: Path,
    mark: str,
    progress: Progress,
) -> None:
    """Write all outputs into an empty directory; `mark` is the fingerprint of the inputs."""
    tables = log.schemas.tables
    database = folder / f"{package.descriptor['name']}.db"
    (folder / "parquet").mkdir()
    kept = [*views(read_deprecations(package, tables), tables)]
    with Database(database, tables, kept) as filled:
        with Writers(filled, folder / "parquet", tables) as writers:
            for name, frame in compiled(log, cut):
                if name not in writers.rows:
                    progress(name)
                writers.add(name, frame)
        log.frames.clear()  # the tables hold all of it now
        filled.finish(progress)
    (folder / "validation.json").write_bytes(report.dump())
    state = folded_state(log, cut)
    descriptor = describe(package, folder, tables, writers.rows, state)
    (folder / "datapackage.json").write_bytes(dump_json(descriptor))
    (folder / "datasette").mkdir()
    for name, value in (
        ("metadata.json", metadata(package, log.schemas, state)),
        ("inspect.json", inspect_data(descriptor)),
    ):
        (folder / "datasette" / name).write_bytes(dump_json(value))
    (folder / MARK).write_text(mark + "\n")


def folded_state(log: Log, cut: Cutoff) -> dict[str, Any]:
    """Return what was folded, as the descriptor of a build says it."""
    return {
        "tree_size": cut.size,
        "batches": cut.batches,
        "root": log.trees[cut.batches - 1][1].hex() if _whole_batches(log, cut) else None,
        "as_of": cut.said,
    }


def _whole_batches(log: Log, cut: Cutoff) -> bool:
    return cut.batches > 0 and log.trees[cut.batches - 1][0] == cut.size


def refuse_foreign(package: Package, out: Path) -> None:
    """Refuse to replace a directory that no build made.

    Raises
    ------
    ClaimlogError
        If `out` exists and is neither empty nor a build.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not _is_build(out))):
        raise ClaimlogError(
            f"{package.relative(out)}: exists and is no build of ours; "
            "name another directory with --out, or remove it yourself"
        )


def _is_build(out: Path) -> bool:
    return (out / "datapackage.json").is_file() and (out / "validation.json").is_file()
