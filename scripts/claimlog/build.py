"""The pipeline: read, validate, stop on findings, fold, write, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from claimlog.build_notes import (
    BuildRecord,
    is_current,
    note_build,
    read_build_record,
)
from claimlog.build_place import require_build_place
from claimlog.compile import compile_tables, describe_build, fold_context, log_state
from claimlog.directory_swap import publish_directory
from claimlog.errors import ClaimlogError, FindingsError, UnfitRowsError
from claimlog.export.compatibility_views import compatibility_views
from claimlog.export.descriptor import FileHashes
from claimlog.export.sqlite import DatabaseWriter
from claimlog.export.table_writer import TableWriter
from claimlog.fingerprint import Fingerprint, build_fingerprint, bytes_of_rows, files_of_rows
from claimlog.fold import Cutoff, cutoff
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.stale_schemas import refuse_stale_schemas
from claimlog.sources.text import Texts
from claimlog.update import BuildUpdate, changes_derived_columns
from claimlog.validate import Report, validate
from claimlog.validate.report import NOTHING
from claimlog.validate.validate_appended import check_appended, note_valid, only_appends

Progress = Callable[[str], None]
UPDATE_RATIO = 5
"""A build is updated only if at most 1/5 of the rows are new: else building anew is as quick."""

UPDATE_BYTES = 200 << 20
"""Bytes of rows from which on a build is updated rather than made anew."""

STAGES = ("read", "schema", "rows", "integrity", "text", "compile")
"""Stages that a build names to `progress`, in order; between them it names files and tables."""


def build(
    package: Package,
    out: Path,
    as_of: str | None = None,
    texts: Path | None = None,
    progress: Progress = lambda _: None,
    fingerprint: Fingerprint | None = None,
    fresh: bool = False,
    waived: Mapping[str, str] = NOTHING,
) -> Report:
    """Validate the log and compile it into `out`.

    Parameters
    ----------
    as_of
        What to fold: a batch number, a UTC time or an event id; None for all of the log.
    texts
        Directory of source texts, for checking the anchors; no text enters `out`.
    fingerprint
        The fingerprint of what the build depends on, if it is known already.
    fresh
        Whether to build from nothing, whatever was built before.
    waived
        Rules that are not checked, each with the reason.

    Raises
    ------
    FindingsError
        If validation finds an error; `out` stays as it was.
    ClaimlogError
        If `out` cannot be written or is not ours to replace.
    """
    require = partial(require_build_place, package, out)
    require()
    progress("read")
    # first: a change meanwhile rebuilds
    inputs, code = fingerprint or build_fingerprint(package, as_of, texts)
    log = read(package, progress=progress, fresh=fresh, code=code)
    cut = cutoff(log, as_of)
    checked_texts = Texts(texts) if texts else None
    is_whole = as_of is None and checked_texts is None
    earlier = None if fresh or not is_whole else updatable_build(log, out)
    if earlier is None:
        report = _require_valid(validate(log, checked_texts, progress=progress, waived=waived))
        with publish_directory(out, package.relative(out), require) as folder:
            progress("compile")
            write_build(log, cut, report, folder, inputs, progress)
    else:
        check = check_appended(log, earlier.size, earlier.checked)
        with (
            publish_directory(out, package.relative(out), require) as folder,
            BuildUpdate(log.definition.descriptor["name"], out, earlier.size, folder) as update,
        ):
            report = _require_valid(validate(log, progress=progress, rows_by=check))
            progress("compile")
            update.write(log, cut, report, inputs)
    note_build(package, out, _build_record(log, report, inputs) if is_whole else None)
    note_valid(log)
    return report


def _require_valid(report: Report) -> Report:
    if report.error_count:
        raise FindingsError(report.findings, "nothing was built")
    return report


def updatable_build(log: Log, out: Path) -> BuildRecord | None:
    """Return the record of the build in `out` if it can be updated, else None.

    It can if it is intact, was built by the same code from rows that the log still begins with and
    the same releases, and what was appended is little and changes nothing that claims refer to.
    Builds of small logs are never updated, so that they have the same bytes whenever they are made.
    """
    if bytes_of_rows(log.package) < UPDATE_BYTES:
        return None
    earlier = read_build_record(log.package, out)
    if (
        earlier is None
        or not (out / f"{log.definition.descriptor['name']}.db").is_file()  # it was renamed
        or (earlier.size, bytes.fromhex(earlier.root)) not in log.trees
        or log.size == earlier.size  # with no new row there is nothing to merge
        or (log.size - earlier.size) * UPDATE_RATIO > log.size
        or earlier.code != log.code_fingerprint
        or earlier.releases != _release_sizes(log)
        or not only_appends(log, earlier.size)
        or changes_derived_columns(log, earlier.size)
        or not is_current(log.package, out, earlier.fingerprint)  # its rows are copied as they are
    ):
        return None
    return earlier


def _build_record(log: Log, report: Report, fingerprint: str) -> BuildRecord:
    counts = dict(report.of_claims)
    root, releases = log.root.hex(), _release_sizes(log)
    return BuildRecord(fingerprint, log.code_fingerprint, log.size, root, releases, counts)


def _release_sizes(log: Log) -> tuple[tuple[str, int], ...]:
    """Return version and number of rows of every release that the log has had."""
    releases = fold_context(log, cutoff(log, None)).releases
    return tuple((release.version, release.size) for release in releases)


def progress_steps(package: Package) -> int:
    """Return how often a build of a package calls `progress`."""
    files = len(files_of_rows(package))
    # a table is written, and indexed
    tables = sum(1 for _ in (package.schemas / "tables").glob("*.json"))
    return len(STAGES) + files + 2 * tables


@contextmanager
def _current_schemas(log: Log) -> Iterator[None]:
    """Say it where rows do not fit into tables because the schemas of these are stale."""
    try:
        yield
    except UnfitRowsError:
        refuse_stale_schemas(log.package, log.definition, "and run this again")
        raise


def write_build(
    log: Log,
    cut: Cutoff,
    report: Report,
    folder: Path,
    fingerprint: str,
    progress: Progress,
) -> None:
    """Write all files of a build into an empty directory; `fingerprint` is that of its inputs."""
    tables = log.definition.tables
    path = folder / f"{log.definition.descriptor['name']}.db"
    (folder / "parquet").mkdir()
    with DatabaseWriter(path, tables, [*compatibility_views(log.definition)]) as database:
        with _current_schemas(log), TableWriter(database, folder / "parquet", tables) as writer:
            for name, frame in compile_tables(log, cut):
                if name not in writer.rows:
                    progress(name)
                writer.add(name, frame)
            if idle := next((name for name in tables if name not in writer.rows), None):
                raise ClaimlogError(
                    f"schemas/tables/{idle}.json: is a table that nothing fills; take it out"
                )
        state = log_state(log, cut)
        log.drop_rows()  # the tables hold all of it now
        database.finish(progress)
    describe_build(log, state, report, FileHashes(folder), fingerprint, writer.rows)
