"""Applying a delta: from the release before, and the delta, to the release.

The log and its definition are joined from the files of both, each held against its SHA-256. All
else is made from them by this claimlog, and compared with the logical hashes that the delta states.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from claimlog import __version__
from claimlog.build import Progress
from claimlog.count_wording import number_and_noun
from claimlog.directory_swap import publish_directory
from claimlog.errors import ClaimlogError
from claimlog.escaping import short_line
from claimlog.fold import FOLD_VERSION
from claimlog.log.event_log import Log
from claimlog.log.merkle import EMPTY_ROOT
from claimlog.log.read_log import read
from claimlog.log.release_index import ReleaseEntry, Version, find_entry, read_index
from claimlog.log.takedowns import RECORD, TakenRow, read_takedowns
from claimlog.package import LOG, RELEASE, SUMS, Package
from claimlog.release.checksums import check_sums, sha256_of_files
from claimlog.release.delta import DELTA, DELTA_FILE, is_carried
from claimlog.release.delta_reader import GET_DELTA, Delta, open_delta
from claimlog.release.log_check import unstated_rules
from claimlog.release.make import plan_release, write_release
from claimlog.release.rebuild import RebuildComparison, compare_tables, differing_statements
from claimlog.release.release_copy import ReleaseCopy, open_copy
from claimlog.release.release_file_names import LICENCE, LICENCE_FILE, release_paths
from claimlog.release.release_site import SiteDrawer, is_of_site, listed_files
from claimlog.release.tool_wheel import ToolWheel, running_tool
from claimlog.release.walk_release import GET_AGAIN, require_copies_of_own_size
from claimlog.release.write_release_folder import ReleasePlan, write_release_folder
from claimlog.schema.definition import RULES
from claimlog.strict_json import is_same_json
from claimlog.untrusted_files import copy_regular

IS_THERE = "is there already; name another directory with --out"

SHOWN_RULES = 5
"""Rules that a message names."""


@dataclass(frozen=True)
class AppliedDelta:
    """A release that was made from the one before it and a delta.

    Attributes
    ----------
    archive
        Its zip; None where another version of claimlog made the release, so that its bytes would
        differ.
    file_count
        Number of files that the delta gave.
    tables
        The tables compared by their logical hashes with those that the delta states.
    remark
        Why there is no archive.
    is_true
        Whether ``delta.json`` says of the changes what the two give; None if that is not known.
    unvouched
        What only somebody who vouches for the release can answer for, a line each: rows of the base
        that are missing, and rules that were not checked.
    """

    folder: Path
    archive: Path | None
    version: str
    base_version: str
    size: int
    root: str
    file_count: int
    tables: RebuildComparison
    remark: str | None
    is_true: bool | None
    unvouched: Sequence[str] = ()


class KnownTree(NamedTuple):
    """Rows and root, in hexadecimal, of a release of a dataset, and where they are stated."""

    place: str
    size: int
    root: str
    dataset: str
    version: str


def apply_delta(
    base: Path,
    delta: Path,
    out: Path,
    progress: Progress = lambda _: None,
    draw_site: SiteDrawer | None = None,
    destination: Path | None = None,
    known: Sequence[KnownTree] = (),
) -> AppliedDelta:
    """Make a release from the one before it and its delta, into `out`.

    It is read without limits of time and memory: of a stranger's, `claimlog.release.delta_process`.

    Parameters
    ----------
    base
        Directory or archive of the release before.
    delta
        Directory of the delta, or directory or archive of the release that holds it.
    draw_site
        Draws the pages of the release, which no delta carries.
    destination
        Where it will be put in the end, if not in `out`; no directory of that name may be there.
    known
        Trees of releases that the user knows; if one of them is of this log, or of a dataset of
        its name, all of them are.

    Raises
    ------
    FindingsError, ClaimlogError
        If the base is not the release that the delta begins with, a file is not the one that is
        named, the log is not the one that is stated, or something cannot be written. Nothing is
        left in `out` then.
    """
    with (
        tempfile.TemporaryDirectory(prefix="claimlog-") as scratch,
        open_delta(delta, Path(scratch)) as opened,
    ):
        package = Package(Path(scratch) / "joined" / LOG, archived=True)
        file_count, taken = _join(base, opened, package.root.parent, Path(scratch))
        if (package.root.parent / LICENCE).is_file():
            shutil.move(package.root.parent / LICENCE, package.root / LICENCE_FILE)
        log = read(package, progress=progress)
        log.require_readable()
        entry = opened.entry
        _require_stated(log, opened.document)
        _require_known(log, str(entry.version), known)
        tool, remark = _same_tool(entry)
        index = read_index(package)
        diff, batches = plan_release(log, index, str(entry.version), None)
        waived = unstated_rules(log.definition, str(entry.version))
        plan = ReleasePlan(
            *(entry.version, entry.date, batches, diff, tuple(index), tool, waived),
            draw_site=draw_site if tool else None,
        )
        name = str(log.definition.descriptor["name"])
        folder, archive = release_paths(name, str(entry.version), out)
        absent = [folder, archive]
        if destination is not None:  # an archive there is compared before anything is put there
            absent = [release_paths(name, str(entry.version), destination)[0]]
        require_absent(absent)
        if tool is None:
            out.mkdir(parents=True, exist_ok=True)
            require = partial(require_absent, [folder])
            with publish_directory(folder, str(folder), require) as staged:
                write_release_folder(package, log, plan, staged, progress)
                _require_summary(staged, entry)
        else:
            write_release(
                *(package, log, plan, out, progress), lambda it: _require_summary(it, entry)
            )
        return AppliedDelta(
            folder,
            None if tool is None else archive,
            str(entry.version),
            str(opened.document["base"]["version"]),
            log.size,
            log.root.hex(),
            file_count,
            compare_tables(folder, log.definition.tables, entry),
            remark,
            _document_is_true(folder, opened, tool is not None),
            (*_missing_rows(log, taken), *_unchecked_rules(waived)),
        )


def require_absent(paths: Iterable[Path]) -> None:
    """Refuse to write where something lies.

    Raises
    ------
    ClaimlogError
        Naming the first such place.
    """
    for path in paths:
        if os.path.lexists(path):
            raise ClaimlogError(f"{path}: {IS_THERE}")


def _missing_rows(log: Log, taken: Collection[TakenRow]) -> Iterator[str]:
    """Name rows that were taken down since the base."""
    for seq, row in sorted(log.taken_rows.items()):
        if row in taken:
            yield row.sentence_at(seq)


def _unchecked_rules(waived: Mapping[str, str]) -> Iterator[str]:
    """Say how many rules were not checked; their names are this claimlog's."""
    if waived:
        names = ", ".join([*waived][:SHOWN_RULES])
        rest = f" and {len(waived) - SHOWN_RULES} more" if len(waived) > SHOWN_RULES else ""
        rules = number_and_noun(len(waived), "rule")
        yield f"{rules} not checked, because {RULES} does not state them: {names}{rest}"


def _document_is_true(folder: Path, delta: Delta, has_same_tool: bool) -> bool | None:
    """Return whether ``delta.json`` says of the changes what base and delta give.

    None where another version of claimlog wrote it, whose words may be others.
    """
    if not has_same_tool:
        return None
    return is_same_json(Delta.read(folder / DELTA).document, delta.document)


def differing_files(
    folder: Path, stated: Mapping[str, str], log_alone: bool = False
) -> tuple[int, list[str]]:
    """Return how many files of a release have the SHA-256 stated of them, and which have not.

    Pages are compared by their sums where they are not stated one by one.

    Parameters
    ----------
    log_alone
        Whether only what a delta carries is compared, log, definition and licence, whose bytes are
        the same whichever version of claimlog made the release.
    """
    has_pages = any(map(is_of_site, stated))
    digests = sha256_of_files(folder) if has_pages else listed_files(folder)
    names = sorted(n for n in {*digests, *stated} if is_carried(n) or not log_alone)
    other = [name for name in names if digests.get(name) != stated.get(name)]
    return len(names) - len(other), other


def _join(
    base: Path, delta: Delta, target: Path, scratch: Path
) -> tuple[int, Collection[TakenRow]]:
    """Write the log and the licence of the new release, joined from a base and a delta.

    Returns
    -------
    int
        Number of files that the delta gave.
    collection of TakenRow
        Rows that its record names and that of the base does not.
    """
    stated = delta.document["base"]["version"]
    with open_copy(base, scratch) as copy:
        if copy.summary.get("version") != stated:
            raise ClaimlogError(
                f"{base}: is release {short_line(copy.summary.get('version'))}, the delta begins "
                f"with {stated}; give it that one"
            )
        if finding := next(check_sums(copy.folder, copy.digests), None):
            raise ClaimlogError(f"{base}: {finding}")
        sums, summary = copy.digests.get(SUMS), copy.summary
        own = {name: digest for name, digest in copy.digests.items() if is_carried(name)}
        files = delta.document["files"]
        kept = sorted(own.keys() - files["carried"].keys() - {*files["removed"]})
        require_copies_of_own_size(copy.folder, kept, base.name)
        for name in kept:
            source, shown = copy.folder / name, f"{base.name}/{name}"
            if own[name] != copy_regular(source, shown, target / name, copy.folder, GET_AGAIN):
                raise ClaimlogError(f"{shown}: was exchanged while it was read; {GET_AGAIN}")
        file_count = delta.copy_files(target)
        package = Package(target / LOG, archived=True)
        taken = _rows_taken_since(copy, package)
    entry = find_entry(read_index(package), stated, str(package.descriptor["name"]))
    issue = entry.issue_with(SUMS, sums)
    _require_true_entry(entry, summary, issue is entry.issues[0])
    expected = {name: value for name, value in issue["files"].items() if is_carried(name)}
    for name in sorted({*own, *expected}):
        if own.get(name) != expected.get(name):
            raise ClaimlogError(
                f"{base}: {name} is not the file that release {stated} held, with which the delta "
                "begins; get that release again from where it was published"
            )
    return file_count, taken


def _rows_taken_since(base: ReleaseCopy, package: Package) -> list[TakenRow]:
    """Return the rows that were taken down since the base, each held against that row of the base.

    By a record alone a retraction could be called an amendment, and what it retracted be live again
    under the same root.
    """
    known = {*read_takedowns(base.package).rows}
    taken = [row for row in read_takedowns(package).rows if row not in known]
    if not taken:
        return []
    log = base.readable_log()
    held: dict[str, tuple[object, ...]] = {}
    for name, table in log.definition.streams.items():
        rows = log.columns(name, ("event_id", table.id, "version", "action"))
        rows = rows.filter(pl.col("event_id").is_in([row.leaf_hash for row in taken]))
        held |= {event: (name, *rest) for event, *rest in rows.iter_rows()}
    for row in taken:
        said = (row.stream, row.id, row.version, row.action)
        if (was := held.get(row.leaf_hash, said)) != said:
            flaw = "calls {!r} what is {!r} in the base".format(
                *(" ".join(map(str, one)) for one in (said, was))
            )
            raise ClaimlogError(f"{DELTA}/{LOG}/{RECORD}: {flaw}; {GET_DELTA}")
    return taken


def _require_true_entry(entry: ReleaseEntry, summary: Mapping[str, Any], is_first: bool) -> None:
    """Refuse an entry of the base, which the delta brings, that says else than the base itself.

    It could state the root of a log that was rewritten, with which the joined log then agrees. An
    issue that was made again has other tables than the entry, and never another tree.
    """
    flaw = entry.summary_flaw(summary) if is_first else None
    if flaw is None and not is_same_json(entry.data["tree"], summary.get("tree")):
        flaw = f"states another tree than {RELEASE} of {entry.version}"
    if flaw:
        raise ClaimlogError(f"{DELTA}/{LOG}/{entry.display_path}: {flaw}; {GET_DELTA}")


def _require_stated(log: Log, document: Mapping[str, Any]) -> None:
    """Refuse a joined log that is not the one that the delta states, or that this cannot fold."""
    entry, name = document["release"], log.definition.descriptor["name"]
    base = str(document["base"]["version"])
    if Version.parse(entry["version"]) <= Version.parse(base):
        raise ClaimlogError(
            f"{DELTA_FILE}: leads from {base} to {entry['version']}, which does not come after it; "
            f"{GET_DELTA}"
        )
    tree = {"size": log.size, "root": log.root.hex()}
    for what, value, made in (
        ("dataset", document["dataset"], name),
        ("tree", entry["tree"], tree),
        ("number of batches", entry["batches"], len(log.batches)),
    ):
        if made != value:
            raise ClaimlogError(
                f"{DELTA_FILE}: says that the {what} is {short_line(value)}, base and delta give "
                f"{made}; {GET_DELTA}"
            )
    if entry.get("fold_version") != FOLD_VERSION:
        raise ClaimlogError(
            f"{DELTA_FILE}: its tables were folded by version {entry.get('fold_version')} of the "
            f"fold, this is {FOLD_VERSION}; apply it with claimlog {entry.get('tool_version')}"
        )


def _require_known(log: Log, version: str, known: Sequence[KnownTree]) -> None:
    """Refuse a log that does not begin with the rows of each known release of its dataset.

    Whoever rewrites a log can leave out a release of it, begin anew under its name, or go on from a
    true release to one between two that are known, where the rows of the later one are not reached;
    a log of another name that begins with none of them is that of another dataset.
    """
    roots = {size: root.hex() for size, root in [(0, EMPTY_ROOT), *log.trees]}
    name = log.definition.descriptor["name"]
    if not any(tree.dataset == name or roots.get(tree.size) == tree.root for tree in known):
        return
    own = Version.parse(version)
    later = [tree for tree in known if Version.parse(tree.version) > own]
    other = [
        tree
        for tree in known
        if (tree.size <= log.size or tree not in later) and roots.get(tree.size) != tree.root
    ]
    if other:
        tree = min(other, key=lambda one: one.size)
        raise ClaimlogError(
            f"{DELTA_FILE}: leads to a log whose first {tree.size} rows are not those of "
            f"{tree.place}; somebody rewrote it; {GET_DELTA}"
        )
    if later and all(tree.version != version for tree in known):
        raise ClaimlogError(
            f"{DELTA_FILE}: leads to {version}, which the index that holds {later[0].place} does "
            f"not know: versions only go up, so there is no such release; {GET_DELTA}"
        )


def _require_summary(folder: Path, entry: ReleaseEntry) -> None:
    """Refuse a release of which ``release.json`` is not what the delta states of the log."""
    for name, stated, made in differing_statements(folder, entry):
        raise ClaimlogError(
            f"{DELTA_FILE}: says that {name} is {short_line(stated)}, base and delta give "
            f"{short_line(made)}; {GET_DELTA}"
        )


def _same_tool(entry: ReleaseEntry) -> tuple[ToolWheel | None, str | None]:
    """Return the running claimlog if a release was made by that version, else why not."""
    version = entry.data.get("tool_version")
    if version != __version__:
        return None, (
            f"was made by claimlog {version}, this is {__version__}: what this one makes of the "
            "log has other bytes, so no archive was written"
        )
    try:
        return running_tool(), None
    except ClaimlogError as error:
        return None, f"no archive was written, because it holds the wheel of claimlog: {error}"
