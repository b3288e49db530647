"""Verify a release: its files, its log, and that every served row is what the log gives.

Checksums say that the files are those that were published together; the rest does not take their
word for it. The root is computed from the log, and again from the rows of the Parquet and of the
SQLite files; every table is folded anew and compared row by row with both; the descriptors must
agree. Whether it is the release that was published is said by an index or a signature alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from claimlog.count_wording import number_and_noun
from claimlog.errors import Finding, is_of_the_machine
from claimlog.export.compatibility_views import compatibility_views
from claimlog.export.sqlite import sql_identifier
from claimlog.log.release_index import ReleaseEntry, Version
from claimlog.package import LOG, RELEASE, SUMS
from claimlog.release.authenticity import check_index, check_signatures
from claimlog.release.checksums import LINE_ENDS, check_sums
from claimlog.release.csv_tables import check_csv_tables
from claimlog.release.database_objects import check_content, check_objects, open_database
from claimlog.release.delta_check import check_delta
from claimlog.release.descriptor_check import check_descriptors
from claimlog.release.file_name_check import check_file_names
from claimlog.release.log_check import check_kept_roots, check_log, check_served_log
from claimlog.release.release_copy import ReleaseCopy, open_copy
from claimlog.release.release_site import check_site
from claimlog.release.release_verdict import Verdict
from claimlog.release.served_row_comparison import RULE as ROWS
from claimlog.release.served_rows import database_path
from claimlog.release.table_check import check_tables
from claimlog.release.tool_wheel import LOCK, NO_NULL_TEXT, wheel_name
from claimlog.release.walk_release import GET_AGAIN, is_solid_file, relative_paths

Check = Callable[[ReleaseCopy, Verdict], None]


def verify_copy(
    target: Path,
    index: list[ReleaseEntry] | None = None,
    key: Path | None = None,
    scratch: Path | None = None,
    place: str = "this checkout",
    kept_roots: Mapping[int, str] | None = None,
) -> Verdict:
    """Check a release's directory or archive.

    It is read without limits of time and memory; those of a stranger in a process with limits
    (`claimlog.release.verify_process`).

    Parameters
    ----------
    index
        Entries of an index to compare it with, from a checkout that you trust.
    key
        File of the public key that should have signed the release.
    scratch
        Directory in which an archive is unpacked; that of the system by default.
    place
        Where the index lies, for the verdict.
    kept_roots
        Roots that the log must have, by size of the tree.

    Raises
    ------
    ClaimlogError
        If it is no release, or a zip that is refused.
    """
    with open_copy(target, scratch) as copy:
        verdict = Verdict(sums=copy.digests.get(SUMS, ""))
        names = relative_paths(copy.folder)
        verdict.findings += check_sums(copy.folder, copy.digests)
        verdict.checks.append(f"{len(names)} files against {SUMS}")
        if [finding.rule for finding in verdict.findings] == [LINE_ENDS]:
            return verdict  # what else differs has the same cause
        if not all(is_solid_file(copy.folder / name) for name in names):
            return verdict  # nothing is read through a link or a pipe, and no holes are
        if verdict.findings:
            # which rows differ, where the files can still be read
            for check in (check_database, check_served_log, check_tables):
                run_check(check, copy, verdict)
            return verdict
        run_check(_check_identity, copy, verdict)
        if index is not None:
            check_index(copy, index, place, verdict)
        if key is not None:
            run_check(lambda copy, verdict: check_signatures(copy, key, verdict), copy, verdict)
        for check in (
            _check_names,
            check_tool,
            check_log,
            check_database,
            check_served_log,
            check_tables,
            check_null_texts,
            check_delta,
        ):
            run_check(check, copy, verdict)
        if kept_roots:
            run_check(
                lambda copy, verdict: check_kept_roots(copy, kept_roots, verdict), copy, verdict
            )
        if not any(finding.rule == ROWS for finding in verdict.findings):
            run_check(check_csv_tables, copy, verdict)
            run_check(check_descriptors, copy, verdict)
        run_check(check_site, copy, verdict)
        if verdict.findings:
            verdict.vouchers.clear()
        return verdict


def run_check(check: Check, copy: ReleaseCopy, verdict: Verdict) -> None:
    """Run a check; an error that ends it is a finding like any other.

    The files may hold anything, and libraries raise anything on what they did not expect. A lack of
    memory or room is not the files' fault and is raised.
    """
    try:
        check(copy, verdict)
    except (Exception, pl.exceptions.PanicException) as error:
        if is_of_the_machine(error):
            raise
        reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        verdict.findings.append(
            Finding("release-readable", LOG, f"cannot be read further: {reason}", remedy=GET_AGAIN)
        )


def _check_identity(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Read name and version of the release, and check that an archive's directory has them.

    A directory that was unpacked, and the file of an archive, may be called anything.
    """
    verdict.version = str(Version.parse(str(copy.summary.get("version"))))
    verdict.name = str(copy.package.descriptor["name"])
    stem = f"{verdict.name}-{verdict.version}"
    if copy.archive is not None and copy.folder.name != stem:
        message = f"is the directory of {stem}, which is named so in its archive"
        verdict.findings.append(
            Finding("release-name", copy.folder.name, message, remedy=GET_AGAIN)
        )


def _check_names(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Check that there is no file but those that a release of this definition holds.

    Where somebody vouches for the release, every file is one that was published.
    """
    if not verdict.vouchers:
        verdict.findings += check_file_names(copy.folder, copy.log.definition, copy.tool_version)
        verdict.checks.append("names of the files against the definition")


def check_tool(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Check that the claimlog that the release names lies in it; it is not unpacked or run."""
    version = copy.tool_version
    if version is None:
        return
    for name in (wheel_name(version), LOCK):
        if not (copy.folder / name).is_file():
            message = f"is missing, {RELEASE} names claimlog {version}"
            verdict.findings.append(Finding("release-tool", name, message, remedy=GET_AGAIN))
    if not verdict.vouchers:
        verdict.omissions.append(
            f"what {wheel_name(version)} and {LOCK} hold: they are files like others, and were "
            "neither unpacked nor run"
        )


def check_database(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Check that the SQLite file holds the tables of the definition, and computes nothing."""
    tables = copy.log.definition.tables
    given = {*compatibility_views(copy.log.definition)}
    path = database_path(copy)
    found = [*check_objects(path, tables, given, copy.tool_version)]
    copy.database_is_plain = not found
    if not found and not verdict.vouchers:  # else it is the file that was published, to the byte
        found += check_content(path, tables)
    verdict.findings += found
    verdict.checks.append("tables, indexes and views of the SQLite file")


def check_null_texts(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Say how many lists without a value are shown as a text, by nobody's word.

    Which version of claimlog a release names decides about that, and whoever makes an archive names
    it.
    """
    if verdict.vouchers or not (copy.has_null_text and copy.database_is_plain):
        return
    path, number = database_path(copy), 0
    with open_database(path) as database:
        for table in copy.log.definition.tables.values():
            for item in (item for item in table.fields if item.type == "array"):
                column = sql_identifier(item.name)
                query = f"SELECT count(*) FROM {sql_identifier(table.name)} WHERE {column} = 'null'"
                number += database.execute(query).fetchone()[0]
    if number:
        first = ".".join(map(str, NO_NULL_TEXT))
        verdict.omissions.append(
            f"whether a claimlog before {first} made the release, as {RELEASE} says: therefore the "
            f"text null stands in {path.name} and CSV for {number_and_noun(number, 'list')} "
            "without a value"
        )
