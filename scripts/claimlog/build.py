"""The pipeline: read, validate, stop on findings, fold, write, publish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from claimlog.build_notes import is_current, note_build
from claimlog.compile import compiled, complete
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.export.deprecations import read_deprecations, views
from claimlog.export.descriptor import Hashed
from claimlog.export.sqlite import Database
from claimlog.export.writers import Writers
from claimlog.fingerprint import files_of_rows, fingerprint, is_large
from claimlog.fold import Cutoff, cutoff
from claimlog.log.cache import Built, Cache, cached
from claimlog.log.event_log import Log, read
from claimlog.log.read_parts import read_stored
from claimlog.log.release_index import marks
from claimlog.log.sections import StoredLog
from claimlog.package import Package
from claimlog.sources.text import Texts
from claimlog.swap import publishing
from claimlog.update import Update
from claimlog.validate import Report, validate
from claimlog.validate.appended import only_appends, recent

Progress = Callable[[str], None]
FEW = 5
"""Of the whole log, the part that appended rows may be at most for updating to be worth it."""

STAGES = ("read", "schema", "rows", "integrity", "text", "compile")
"""What a build says it begins, in this order; between two of them it names what is done."""


def build(
    package: Package,
    out: Path,
    as_of: str | None = None,
    texts: Path | None = None,
    progress: Progress = lambda _: None,
    mark: str | None = None,
    fresh: bool = False,
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
    fresh
        Whether to build from nothing, whatever was built before.

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
    checking = Texts(texts) if texts else None
    if not is_large(package):
        log = read(package, progress=progress)
        report = _passed(validate(log, checking, progress=progress))
        with publishing(out, package.relative(out)) as folder:
            progress("compile")
            write(package, log, cutoff(log, as_of), report, folder, mark, progress)
        note_build(package, out)
        return report
    return _build_large(package, out, as_of, checking, progress, mark, fresh)


def _build_large(
    package: Package,
    out: Path,
    as_of: str | None,
    checking: Texts | None,
    progress: Progress,
    mark: str,
    fresh: bool,
) -> Report:
    """Build from parts; update what was built before, where that is enough."""
    whole = as_of is None and checking is None
    with cached(package, fresh) as cache:
        if cache.told:
            progress(cache.told)
        log = read_stored(package, cache, progress)
        cache.save()  # what was read is known from now on, whatever validation finds
        cut = cutoff(log, as_of)
        before = built_before(log, cache, out) if whole else None
        by = recent(log, before.size, before.checked) if before else None

        def checked() -> Report:
            return _passed(validate(log, checking, progress=progress, rows_by=by))

        if before:
            with (
                publishing(out, package.relative(out)) as folder,
                Update(package, out, before.size, folder) as update,
            ):
                report = checked()
                progress("compile")
                update.write(log, cut, report, mark)
        else:
            report = checked()
            with publishing(out, package.relative(out)) as folder:
                progress("compile")
                write(package, log, cut, report, folder, mark, progress)
        note_build(package, out)
        cache.built.pop(package.relative(out), None)
        if whole:
            cache.built[package.relative(out)] = Built(
                mark, log.size, log.root.hex(), _released(log), dict(report.of_claims)
            )
        if not cache.save():
            progress("the cache cannot be written: the next build may read everything again")
    return report


def _passed(report: Report) -> Report:
    if report.error_count:
        raise FindingsError(report.findings, "nothing was built")
    return report


def built_before(log: StoredLog, cache: Cache, out: Path) -> Built | None:
    """Return what `out` was built from, if it can be updated.

    It can if it is intact, was built by the same code from rows that the log still begins with and
    the same releases, and what was appended is little and changes nothing that claims refer to.
    """
    before = cache.built.get(log.package.relative(out))
    if (
        before is None
        or (before.size, bytes.fromhex(before.root)) not in log.trees
        or log.size == before.size  # with no new row there is nothing to merge
        or (log.size - before.size) * FEW > log.size
        or before.releases != _released(log)
        or not only_appends(log, before.size)
        or not is_current(log.package, out, before.mark)  # its rows are copied as they are
    ):
        return None
    return before


def _released(log: Log) -> tuple[tuple[str, int], ...]:
    found = marks(log.package, log.size, log.root.hex())
    return tuple((mark.version, mark.size) for mark in found)


def steps(package: Package) -> int:
    """Return how often a build of `package` calls its progress."""
    files = len(files_of_rows(package))
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
            if idle := next((name for name in tables if name not in writers.rows), None):
                raise ClaimlogError(
                    f"schemas/tables/{idle}.json: is a table that nothing fills; take it out"
                )
        log.frames.clear()  # the tables hold all of it now
        filled.finish(progress)
    complete(package, log, cut, report, Hashed(folder), mark, writers.rows)


def refuse_foreign(package: Package, out: Path) -> None:
    """Refuse to replace a directory that no build made.

    Raises
    ------
    ClaimlogError
        If `out` exists and is neither empty nor a build, or is a symbolic link.
    """
    if out.is_symlink():
        raise ClaimlogError(
            f"{package.relative(out)}: is a symbolic link; name the directory itself with --out, "
            "or remove the link"
        )
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not _is_build(out))):
        raise ClaimlogError(
            f"{package.relative(out)}: exists and is no build of ours; "
            "name another directory with --out, or remove it yourself"
        )


def _is_build(out: Path) -> bool:
    return (out / "datapackage.json").is_file() and (out / "validation.json").is_file()
