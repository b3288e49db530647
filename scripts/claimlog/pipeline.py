"""The pipeline: read, validate, stop on findings, fold, write, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from claimlog.errors import ClaimlogError, FindingsError
from claimlog.events.log import Log, read
from claimlog.events.releases import marks
from claimlog.events.text import Texts
from claimlog.export.deprecations import read_deprecations, views
from claimlog.export.descriptor import describe, dump_json
from claimlog.export.frames import conform, constant_tables, empty
from claimlog.export.metadata import inspect_data, metadata
from claimlog.export.parquet import write_parquet
from claimlog.export.publish import publishing
from claimlog.export.sqlite import Database
from claimlog.fold import Cutoff, Outside, cutoff, fold
from claimlog.inputs import MARK, fingerprint
from claimlog.package import Package
from claimlog.validate import Report, validate

Progress = Callable[[str], None]
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
    log = read(package, progress=progress)
    report = validate(log, Texts(texts) if texts else None, progress=progress)
    if report.errors:
        raise FindingsError(report.findings, "nothing was built")
    cut = cutoff(log, as_of)
    with publishing(out, package.relative(out)) as folder:
        progress("compile")
        write(package, log, cut, report, folder, mark, progress)
    return report


def steps(package: Package) -> int:
    """Return how often a build of `package` calls its progress."""
    files = sum(1 for _ in package.events.glob("*/*.ndjson"))
    # a table is written, and indexed
    tables = sum(1 for _ in (package.schemas / "tables").glob("*.json"))
    return len(STAGES) + files + 2 * tables


def compiled(log: Log, cut: Cutoff) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield every table by name, conformed to its schema, one at a time."""
    lazy = {name: frame.lazy() for name, frame in log.frames.items()}
    root = (log.trees[cut.batches - 1][1] if cut.batches else log.root).hex()
    outside = Outside(log.codebooks, marks(log.package, cut.size, root))
    folded = fold(lazy, log.schemas, cut.size, outside)
    constant = {**constant_tables(log.schemas), "batches": _batches(log, cut)}
    for name, table in log.schemas.tables.items():
        rows = folded.pop(name).to_native() if name in folded else constant.get(name, empty(table))
        yield name, conform(rows.lazy(), table)


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
    rows = {}
    # table by table, so that memory holds one; both writers leave the interpreter for C, so that
    # two threads use two cores
    kept = [*views(read_deprecations(package, tables), tables)]
    with Database(database, tables, kept) as filled, ThreadPoolExecutor(1) as pool:
        for name, frame in compiled(log, cut):
            filling = pool.submit(filled.fill, name, frame)
            write_parquet(frame, tables[name], folder / "parquet" / f"{name}.parquet")
            filling.result()
            rows[name] = frame.height
            progress(name)
        log.frames.clear()  # the tables hold all of it now
        filled.finish(progress)
    (folder / "validation.json").write_bytes(report.dump())
    state = {
        "tree_size": cut.size,
        "batches": cut.batches,
        "root": log.trees[cut.batches - 1][1].hex() if _whole_batches(log, cut) else None,
        "as_of": cut.said,
    }
    descriptor = describe(package, folder, tables, rows, state)
    (folder / "datapackage.json").write_bytes(dump_json(descriptor))
    (folder / "datasette").mkdir()
    for name, value in (
        ("metadata.json", metadata(package, log.schemas, state)),
        ("inspect.json", inspect_data(descriptor)),
    ):
        (folder / "datasette" / name).write_bytes(dump_json(value))
    (folder / MARK).write_text(mark + "\n")


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
