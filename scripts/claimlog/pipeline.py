"""The pipeline: read, validate, stop on findings, fold, write, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from claimlog.compiling import compiled, complete
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.events.cache import cached
from claimlog.events.log import Log, read
from claimlog.events.reading import read_stored
from claimlog.events.text import Texts
from claimlog.export.deprecations import read_deprecations, views
from claimlog.export.publish import publishing
from claimlog.export.sqlite import Database
from claimlog.export.writers import Writers
from claimlog.fold import Cutoff, cutoff
from claimlog.inputs import fingerprint
from claimlog.package import Package
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
    complete(package, log, cut, report, folder, mark, writers.rows)


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
