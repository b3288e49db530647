"""The command that applies the delta of a release to the release before it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimlog.cli.base import Context, example, limits_option, pass_context
from claimlog.cli.output import line, lines
from claimlog.errors import UsageError

if TYPE_CHECKING:
    from claimlog.log.release_index import ReleaseEntry
    from claimlog.release.delta_apply import AppliedDelta

PATH = click.Path(path_type=Path)


@click.group()
def delta() -> None:
    """Make a release from the release before it and a delta."""


@delta.command(
    epilog=example("claimlog delta apply allied-trust-0.2.0.zip delta/ --out dist"),
)
@click.argument("base", type=PATH)
@click.argument("changes", type=PATH, metavar="DELTA")
@click.option("--out", type=PATH, metavar="DIR", help="Where to write; dist/ by default.")
@limits_option("applying a delta")
@pass_context
def apply(context: Context, base: Path, changes: Path, out: Path | None, limits: float) -> int:
    """Make the release that DELTA leads to from BASE, and compare every table with what it states.

    BASE is the zip or directory of the release before. DELTA is the directory delta/ of the next
    one, or the zip or directory of that.
    """
    from claimlog.package import DIST, SUMS
    from claimlog.release.delta import is_carried
    from claimlog.release.delta_apply import KnownTree, differing_files
    from claimlog.release.delta_process import apply_in_process

    program = "claimlog.site.files.delta_worker"
    target, index = (out or Path(DIST)).absolute(), _own_index(context, changes)
    name = str(context.package.descriptor["name"]) if index else ""
    known = [
        KnownTree(one.display_path, one.size, one.root, name, str(one.version)) for one in index
    ]
    applied = apply_in_process(base, changes, target, program, limits, known)
    line(
        f"{applied.base_version} and the delta give {applied.version}: {applied.file_count} files "
        f"of log and definition, {applied.size} rows, root {applied.root}"
    )
    tables = applied.tables
    lines(tables.different)
    good = not tables.different and applied.is_true is not False
    what = "tables in Parquet and in SQLite have the content that the delta states"
    line((f"{tables.same} of {tables.compared} {what}", "red" if tables.different else "green"))
    if applied.is_true is False:
        flaw = "does not say what base and delta give of the changes; the one that was written does"
        line((f"{changes}: delta.json {flaw}", "red"))
    line(f"wrote {applied.folder}/")
    if applied.remark:
        line(f"note: {applied.version} {applied.remark}")
    if applied.archive is not None:
        line(f"wrote {applied.archive}, {applied.archive.stat().st_size:,} bytes")
    lines(applied.unvouched)
    is_vouched = False
    if stated := _published_digests(context, index, changes, applied):
        place, files = stated
        log_alone = applied.archive is None
        same, differing = differing_files(applied.folder, files, log_alone)
        lines([f"{name}: is not the file that {place} names" for name in differing[:20]])
        what = "files of log and definition" if log_alone else "files"
        line(f"{same} of {same + len(differing)} {what} have the bytes that {place} names")
        if any(map(is_carried, differing)):
            flaw = f"is not the release that {place} names; get the delta from where it was"
            line((f"{applied.folder.name} {flaw} published, and delete what was written", "red"))
            good = False
        elif place != SUMS:  # that list came with the delta
            is_vouched = True
    else:
        line("no index and no list of a release names its files here: they are compared with none")
    if applied.unvouched and not is_vouched:
        flaw = "for that nobody vouches; run this in a checkout of the dataset whose index knows"
        line((f"{flaw} {applied.version}, or get it with a signature", "red"))
        good = False
    # what another version of claimlog writes has not the bytes of any index
    words = [str(applied.archive)] if applied.archive else ["--alone", str(applied.folder)]
    line(f"To check it: claimlog verify {shlex.join(words)}")
    return 0 if good else 1


def _own_index(context: Context, changes: Path) -> list[ReleaseEntry]:
    """Return the index of the checkout here; empty if there is none, or it came with the delta."""
    from claimlog.log.release_index import read_index
    from claimlog.release.authenticity import index_doubt

    try:
        entries = read_index(context.package)
    except UsageError:
        return []  # no checkout here
    is_ours = context.is_named or index_doubt(context.package, changes) is None
    return entries if is_ours else []


def _published_digests(
    context: Context, index: Sequence[ReleaseEntry], changes: Path, applied: AppliedDelta
) -> tuple[str, Mapping[str, str]] | None:
    """Return where the SHA-256 of a release's files is stated, and the digests; None if nowhere.

    That is the index of the checkout here, or the list of the release that holds the delta.
    """
    from claimlog.log.release_index import find_entry
    from claimlog.package import SUMS
    from claimlog.release.checksums import sha256_of_file
    from claimlog.release.delta_reader import stated_sums

    try:
        entry = find_entry(index, applied.version, str(context.package.descriptor["name"]))
        if entry.is_of(applied.folder.name):
            issue = entry.issue_with(SUMS, sha256_of_file(applied.folder / SUMS))
            return entry.display_path, issue["files"]
    except UsageError:
        pass  # no checkout here, or it does not know the release
    listed = stated_sums(changes)
    return None if listed is None else (SUMS, listed)
