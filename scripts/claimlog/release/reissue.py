"""Making an earlier release again without rows that were taken down since.

The index entry keeps the hashes of the release as it was and gets those of the new copy, with the
day and the rows that it lacks. Version, day, log and root are those of the release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from claimlog.build import Progress
from claimlog.errors import ClaimlogError
from claimlog.export.descriptor import dump_json
from claimlog.files import write_durably
from claimlog.limits import STATE_BYTES
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import ReleaseEntry, require_agreement
from claimlog.log.takedowns import RECORD, TakenRow, dump_takedowns, read_takedowns
from claimlog.package import Package
from claimlog.release.diff_report import as_markdown
from claimlog.release.layout import sha256_of_file, sha256_of_files
from claimlog.release.log_check import unstated_rules
from claimlog.release.make import (
    plan_release,
    release_paths,
    require_clean_commit,
    write_release,
)
from claimlog.release.rebuild import package_at_release
from claimlog.release.signed_statement import STATEMENT_SUFFIX, ReleaseStatement
from claimlog.release.signing_key import read_private_key
from claimlog.release.stage import ReleasePlan
from claimlog.release.tool_wheel import running_tool
from claimlog.untrusted_files import read_regular


@dataclass(frozen=True)
class ReissueOutput:
    """A release that was made again: its archive, its entry, the rows that it lacks.

    Attributes
    ----------
    signature
        The signed statement beside the archive, where a key was given.
    """

    archive: Path
    entry: ReleaseEntry
    rows: dict[int, TakenRow]
    signature: Path | None = None


def reissue_release(
    package: Package,
    index: Sequence[ReleaseEntry],
    entry: ReleaseEntry,
    day: str,
    out: Path,
    key: Path | None = None,
    progress: Progress = lambda _: None,
) -> ReissueOutput:
    """Write a release again to `out`, without rows that were taken down, and enter it in the index.

    Its definition is that of its commit; the fold and the tool are today's.

    Parameters
    ----------
    day
        On which this is done (UTC, ISO 8601).
    key
        PEM file of the private key that signs all of its files; the checkpoint stays as it is,
        because the log does.

    Raises
    ------
    ClaimlogError
        If nothing that it holds was taken down, the checkout has uncommitted changes, git does not
        have the release's commit, or something cannot be written.
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
    earlier = [other for other in index if other.version < entry.version]
    with package_at_release(package, entry) as then:
        _copy_takedowns(log, then, int(entry.data["batches"]))
        made = read(then)
        made.require_readable()
        require_agreement(entry, made)
        diff, batches = plan_release(made, earlier, str(entry.version), str(entry.data["batches"]))
        changes = as_markdown(diff, f"{entry.version} ({entry.date})")
        tool = running_tool() if "tool_version" in entry.data else None
        waived = unstated_rules(made.definition, str(entry.version))
        plan = ReleasePlan(
            entry.version, entry.date, batches, changes, tuple(earlier), tool, waived
        )
        write_release(then, made, plan, out, progress)
    reissue = {
        "date": day,
        "commit": commit,
        "rows": sorted(rows),
        "archive": {
            "path": archive.name,
            "bytes": archive.stat().st_size,
            "sha256": sha256_of_file(archive),
        },
        "files": sha256_of_files(folder),
    }
    reissues = [*entry.data.get("reissues", ()), reissue]
    fresh = replace(entry, data={**entry.data, "reissues": reissues})
    signature = None
    if key is not None:
        signature = archive.with_name(f"{folder.name}{STATEMENT_SUFFIX}")
        note = ReleaseStatement.of_entry(name, fresh).sign(key)
        write_durably(signature, note.encode("utf-8"))
    package.write(package.root / entry.display_path, dump_json(fresh.data))
    return ReissueOutput(archive, fresh, rows, signature)


def _copy_takedowns(log: Log, then: Package, batches: int) -> None:
    """Bring the files that rows were taken out of, and the record, into an earlier package."""
    last = log.batches[batches - 1].number
    record = read_takedowns(log.package).up_to(last)
    then.write(then.root / RECORD, dump_takedowns(record))
    for name in record.files or {}:
        then.write(then.root / name, read_regular(log.package.root / name, name, STATE_BYTES))
