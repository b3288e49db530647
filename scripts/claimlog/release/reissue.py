"""Making an earlier release again without rows that were taken down since.

The index entry keeps the hashes of the release as it was and gets those of the new copy, with the
day and the rows that it lacks. Version, day, log and root are those of the release.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from claimlog.build import Progress
from claimlog.errors import ClaimlogError, FindingsError, reason
from claimlog.export.descriptor import dump_json
from claimlog.files import remove
from claimlog.limits import STATE_BYTES
from claimlog.log.batch import altered_files
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import FOLDER, ReleaseEntry, require_agreement
from claimlog.log.takedowns import RECORD, TakenRow, dump_takedowns, read_takedowns
from claimlog.package import LOG, SUMS, Package
from claimlog.release.log_check import require_served_log, unstated_rules
from claimlog.release.make import (
    archive_data,
    plan_release,
    require_clean_commit,
    write_release,
    write_signature,
)
from claimlog.release.rebuild import package_at_release
from claimlog.release.release_file_names import LICENCE, release_paths
from claimlog.release.release_site import SiteDrawer, listed_files
from claimlog.release.release_statement import STATEMENT_SUFFIX, ReleaseStatement
from claimlog.release.signing_key import read_private_key
from claimlog.release.tool_wheel import running_tool
from claimlog.release.write_release_folder import ReleasePlan
from claimlog.untrusted_files import read_regular
from claimlog.validate import validate


@dataclass(frozen=True)
class ReissueOutput:
    """A release that was made again: its archive, its entry, the rows that it lacks.

    Attributes
    ----------
    signature
        The signed statement beside the archive, where a key was given.
    removed
        The signed statement about the issue before, which was of the archive that was replaced.
    """

    archive: Path
    entry: ReleaseEntry
    rows: dict[int, TakenRow]
    signature: Path | None = None
    removed: Path | None = None


def reissue_release(
    package: Package,
    index: Sequence[ReleaseEntry],
    entry: ReleaseEntry,
    day: str,
    out: Path,
    key: Path | None = None,
    progress: Progress = lambda _: None,
    draw_site: SiteDrawer | None = None,
) -> ReissueOutput:
    """Write a release again to `out`, without rows that were taken down, and enter it in the index.

    Its definition is that of its commit, which must be the one of the first issue; the fold and the
    tool are today's.

    Parameters
    ----------
    day
        On which this is done (UTC, ISO 8601).
    key
        PEM file of the private key that signs all of its files; the checkpoint stays as it is,
        because the log does.
    draw_site
        Draws its pages, if the release had any.

    Raises
    ------
    FindingsError
        If the log has findings.
    ClaimlogError
        If nothing that it holds was taken down since the last issue, the checkout has uncommitted
        changes, git does not have the release's commit or it gives another definition than the
        release had, or something cannot be written.
    """
    if key is not None:
        read_private_key(key)
    name = str(package.descriptor["name"])
    folder, archive = release_paths(name, str(entry.version), out)
    package.refuse_links(folder)
    commit = require_clean_commit(package)
    log = read(package)
    log.require_readable()
    require_agreement(entry, log)
    rows = {seq: row for seq, row in log.taken_rows.items() if seq < entry.size}
    if not rows:
        raise ClaimlogError(
            f"{entry.display_path}: nothing that {entry.version} holds was taken down; it stays as "
            "it was published"
        )
    if sorted(rows) == entry.issues[-1].get("rows"):
        raise ClaimlogError(
            f"{entry.display_path}: {entry.version} was made again without these rows already; to "
            f"sign that issue: claimlog release --published {entry.version} --sign KEY.pem"
        )
    report = validate(log, None)
    if report.error_count:
        raise FindingsError(report.findings, "nothing was made again")
    count = int(entry.data["batches"])
    earlier = [other for other in index if other.version < entry.version]
    with package_at_release(package, entry) as then:
        _copy_takedowns(log, then, count)
        made = read(then)
        made.require_readable()
        require_agreement(entry, made)
        diff, batches = plan_release(made, earlier, str(entry.version), str(entry.data["batches"]))
        tool = running_tool() if "tool_version" in entry.data else None
        waived = unstated_rules(made.definition, str(entry.version))
        plan = ReleasePlan(
            *(entry.version, entry.date, batches, diff, tuple(earlier), tool, waived),
            draw_site=draw_site if entry.has_pages else None,
        )
        altered = altered_files(log.batches[:count])

        def check(folder: Path) -> None:
            _require_first_definition(entry, altered, folder)
            require_served_log(folder)

        issues = [issue["files"][SUMS] for issue in entry.issues]
        write_release(then, made, plan, out, progress, check, issues)
    statement = archive.with_name(f"{folder.name}{STATEMENT_SUFFIX}")
    stale = statement if statement.exists() else None
    remove(statement)
    reissue = {
        "date": day,
        "commit": commit,
        "rows": sorted(rows),
        "archive": archive_data(archive),
        "files": listed_files(folder),
    }
    reissues = [*entry.data.get("reissues", ()), reissue]
    fresh = replace(entry, data={**entry.data, "reissues": reissues})
    # before the signature: nothing is signed that the index denies
    try:
        package.write(package.root / entry.display_path, dump_json(fresh.data))
    except OSError as error:
        raise ClaimlogError(
            f"{entry.display_path}: cannot be written ({reason(error)}), and does not know the "
            f"issue that lies in {package.relative(out)} now; make room and run this again"
        ) from error
    if key is None:
        if statement.exists():
            raise ClaimlogError(
                f"{package.relative(statement)}: cannot be removed, and is of the archive before; "
                f"{entry.version} was made again, delete this file"
            )
        return ReissueOutput(archive, fresh, rows, removed=stale)
    again = f"claimlog release --published {entry.version} --sign {shlex.quote(str(key))}"
    note = ReleaseStatement.of_entry(name, fresh).sign(key)
    write_signature(statement, note, f"it was made again; make room and sign it: {again}")
    return ReissueOutput(archive, fresh, rows, statement)


def _require_first_definition(entry: ReleaseEntry, altered: Collection[str], folder: Path) -> None:
    """Hold what a commit gave for a release against the hashes of its first issue.

    The entry is one file that a patch can change, and its commit may be a stranger's with the same
    rows. Definition, licence and batches decide everything else that is made.

    Parameters
    ----------
    altered
        Files of the log that rows were taken out of.
    folder
        The directory of the release, made again.

    Raises
    ------
    ClaimlogError
        Naming a file that is not what it was.
    """
    but = {f"{LOG}/{RECORD}", *(f"{LOG}/{name}" for name in altered)}
    first, made = (
        {
            name: digest
            for name, digest in files.items()
            if (name == LICENCE or name.startswith(f"{LOG}/")) and name not in but
        }
        for files in (entry.data["files"], listed_files(folder))
    )
    reissued = f"{LOG}/{FOLDER}/"  # an entry of an earlier release that was made again since
    for name in sorted({*first, *made}):
        if first.get(name) != made.get(name) and not name.startswith(reissued):
            raise ClaimlogError(
                f"{entry.display_path}: the commit that it names gives another {name} than "
                f"{entry.version} had; restore the entry from git, nothing was made again"
            )


def _copy_takedowns(log: Log, then: Package, batches: int) -> None:
    """Bring the files that rows were taken out of, and the record, into an earlier package."""
    last = log.batches[batches - 1].number
    record = read_takedowns(log.package).up_to(last)
    then.write(then.root / RECORD, dump_takedowns(record))
    for name in altered_files(log.batches[:batches]):
        then.write(then.root / name, read_regular(log.package.root / name, name, STATE_BYTES))
