"""The command that applies the delta of a release to the release before it."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context, progress
from claimlog.cli.output import line, lines
from claimlog.errors import ClaimlogError, UsageError

DIST = "dist"
RELEASE = click.Path(path_type=Path)


@click.group()
def delta() -> None:
    """Make a release from the one before it and its delta."""


@delta.command(
    epilog=example("claimlog delta apply allied-trust-0.2.0.zip delta/ --out dist"),
)
@click.argument("base", type=RELEASE)
@click.argument("changes", type=RELEASE, metavar="DELTA")
@click.option("--out", type=RELEASE, metavar="DIR", help="Where to write; dist/ by default.")
@pass_context
def apply(context: Context, base: Path, changes: Path, out: Path | None) -> int:
    """Make the release that DELTA leads to from BASE, and compare every table with what it states.

    BASE is the zip or directory of the release before. DELTA is the directory delta/ of the next
    one, or the zip or directory of that.
    """
    from claimlog.build import STAGES
    from claimlog.release.delta_apply import apply_delta, differing_files
    from claimlog.site.files.release_site import draw_release_site

    with progress("apply", 2 * len(STAGES)) as step:
        applied = apply_delta(
            base, changes, (out or Path(DIST)).absolute(), step, draw_release_site
        )
    line(
        f"{applied.base_version} and the delta give {applied.version}: {applied.file_count} files "
        f"of log and definition, {applied.size} rows, root {applied.root}"
    )
    tables = applied.tables
    lines(tables.different)
    good = not tables.different
    what = "tables in Parquet and in SQLite have the content that the delta states"
    line((f"{tables.same} of {tables.compared} {what}", "green" if good else "red"))
    line(f"wrote {applied.folder}/")
    if applied.remark:
        line(f"note: {applied.version} {applied.remark}")
    if applied.archive is not None:
        line(f"wrote {applied.archive}, {applied.archive.stat().st_size:,} bytes")
        if stated := _stated_files(context, changes, applied.version):
            place, files = stated
            same, differing = differing_files(applied.folder, files)
            lines([f"{name}: is not the file that {place} names" for name in differing[:20]])
            line(f"{same} of {same + len(differing)} files have the bytes that {place} names")
    line(f"To check it: claimlog verify {applied.archive or applied.folder}")
    return 0 if good else 1


def _stated_files(
    context: Context, changes: Path, version: str
) -> tuple[str, dict[str, str]] | None:
    """Return what says the SHA-256 of a release's files, and what it says; None if nothing does.

    That is the index of the checkout here, or the release that holds the delta.
    """
    from claimlog.log.release_index import find_entry, read_index
    from claimlog.release.delta import DELTA
    from claimlog.release.layout import SUMS, sha256_of_files
    from claimlog.release.release_copy import open_copy

    try:
        name = str(context.package.descriptor["name"])
        entry = find_entry(read_index(context.package), version, name)
        return entry.display_path, dict(entry.data["files"])
    except UsageError:
        pass  # no checkout here, or it does not know the release
    try:
        inside = changes.name == DELTA and (changes.parent / SUMS).is_file()
        with open_copy(changes.parent if inside else changes) as copy:
            return SUMS, sha256_of_files(copy.folder)
    except ClaimlogError:
        return None
