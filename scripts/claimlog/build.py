"""The pipeline: read, validate, stop on findings, fold, write, publish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from claimlog.build_notes import BuildRecord, is_current, note_build, read_build_record
from claimlog.compile import compiled, complete
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.export.compatibility_views import compatibility_views
from claimlog.export.descriptor import Hashed
from claimlog.export.sqlite import Database
from claimlog.export.writers import Writers
from claimlog.fingerprint import bytes_of_rows, code_fingerprint, files_of_rows, fingerprint
from claimlog.fold import Cutoff, cutoff
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import read_index, release_marks
from claimlog.package import Package
from claimlog.sources.text import Texts
from claimlog.swap import publishing
from claimlog.update import Update
from claimlog.validate import Report, validate
from claimlog.validate.appended import check_appended, note_valid, only_appends

Progress = Callable[[str], None]
UPDATE_RATIO = 5
"""A build is updated only if at most 1/5 of the rows are new: else building anew is as quick."""

UPDATE_BYTES = 200 << 20
"""Bytes of rows from which on a build is updated rather than made anew."""

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
    log = read(package, progress=progress, fresh=fresh)
    cut = cutoff(log, as_of)
    checking = Texts(texts) if texts else None
    is_whole = as_of is None and checking is None
    earlier = None if fresh or not is_whole else updatable(log, out)
    if earlier is None:
        report = _passed(validate(log, checking, progress=progress))
        with publishing(out, package.relative(out)) as folder:
            progress("compile")
            write(log, cut, report, folder, mark, progress)
    else:
        check = check_appended(log, earlier.size, earlier.checked)
        with (
            publishing(out, package.relative(out)) as folder,
            Update(log.definition.descriptor["name"], out, earlier.size, folder) as update,
        ):
            report = _passed(validate(log, progress=progress, rows_by=check))
            progress("compile")
            update.write(log, cut, report, mark)
    note_build(package, out, _record(log, report, mark) if is_whole else None)
    note_valid(log)
    return report


def _passed(report: Report) -> Report:
    if report.error_count:
        raise FindingsError(report.findings, "nothing was built")
    return report


def updatable(log: Log, out: Path) -> BuildRecord | None:
    """Return what `out` was built from, if it can be brought up to date.

    It can if it is intact, was built by the same code from rows that the log still begins with and
    the same releases, and what was appended is little and changes nothing that claims refer to.
    Builds of small logs are never updated, so that they have the same bytes whenever they are made.
    """
    if bytes_of_rows(log.package) < UPDATE_BYTES:
        return None
    earlier = read_build_record(log.package, out)
    if (
        earlier is None
        or (earlier.size, bytes.fromhex(earlier.root)) not in log.trees
        or log.size == earlier.size  # with no new row there is nothing to merge
        or (log.size - earlier.size) * UPDATE_RATIO > log.size
        or earlier.code != code_fingerprint(log.package)
        or earlier.releases != _releases(log)
        or not only_appends(log, earlier.size)
        or not is_current(log.package, out, earlier.mark)  # its rows are copied as they are
    ):
        return None
    return earlier


def _record(log: Log, report: Report, mark: str) -> BuildRecord:
    code = code_fingerprint(log.package)
    counts = dict(report.of_claims)
    return BuildRecord(mark, code, log.size, log.root.hex(), _releases(log), counts)


def _releases(log: Log) -> tuple[tuple[str, int], ...]:
    found = release_marks(
        read_index(log.package), log.definition.descriptor, log.size, log.root.hex()
    )
    return tuple((mark.version, mark.size) for mark in found)


def steps(package: Package) -> int:
    """Return how often a build of `package` calls its progress."""
    files = len(files_of_rows(package))
    # a table is written, and indexed
    tables = sum(1 for _ in (package.schemas / "tables").glob("*.json"))
    return len(STAGES) + files + 2 * tables


def write(
    log: Log,
    cut: Cutoff,
    report: Report,
    folder: Path,
    mark: str,
    progress: Progress,
) -> None:
    """Write all outputs into an empty directory; `mark` is the fingerprint of the inputs."""
    tables = log.definition.tables
    database = folder / f"{log.definition.descriptor['name']}.db"
    (folder / "parquet").mkdir()
    with Database(database, tables, [*compatibility_views(log.definition)]) as filled:
        with Writers(filled, folder / "parquet", tables) as writers:
            for name, frame in compiled(log, cut):
                if name not in writers.rows:
                    progress(name)
                writers.add(name, frame)
            if idle := next((name for name in tables if name not in writers.rows), None):
                raise ClaimlogError(
                    f"schemas/tables/{idle}.json: is a table that nothing fills; take it out"
                )
        log.release_rows()  # the tables hold all of it now
        filled.finish(progress)
    complete(log, cut, report, Hashed(folder), mark, writers.rows)


def refuse_foreign(package: Package, out: Path) -> None:
    """Refuse to replace a directory that no build made.

    Raises
    ------
    ClaimlogError
        If `out` exists and is neither empty nor a build, or is a symbolic link.
    """
    package.refuse_links(out)
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
