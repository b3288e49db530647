"""The command `schemas`: check or mend what repeats in schemas/ and what is generated from it."""

from __future__ import annotations

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import line, lines
from claimlog.errors import ClaimlogError, Finding
from claimlog.package import Package

MISSING = "keys"
"""The rule that a row breaks which has other columns than its schema."""


@click.command(
    epilog=example(
        "claimlog schemas", "claimlog schemas --write", "claimlog schemas --next-version claims"
    )
)
@click.option("--write", is_flag=True, help="Mend the files instead of only comparing them.")
@click.option(
    "--next-version",
    metavar="STREAM",
    help="Begin the next version of a stream's schema, for a column that is added to it: rows that "
    "are there keep the one that they were written by.",
)
@pass_context
def schemas(context: Context, write: bool, next_version: str | None) -> int:
    """Check what repeats in schemas/, docs/codebook.md and CITATION.cff."""
    if next_version is not None:
        from claimlog.start.next_schema_version import begin_next_version

        lines(begin_next_version(context.package, next_version))
        return 0
    (_write if write else _compare)(context.package)
    absent = _absent_parts(context.package)
    lines(absent)
    lacking = _missing_columns(context.package) if write else []
    lines(lacking, err=True)
    return 1 if absent or lacking else 0


def _compare(package: Package) -> None:
    """Show how files differ from what they should hold.

    Raises
    ------
    ClaimlogError
        If one does.
    """
    import difflib

    from claimlog.limits import DIFF_LINES
    from claimlog.release.generated_package_files import stale_files
    from claimlog.schema.stale_schemas import REMEDY

    stale = 0
    for path, have, text in stale_files(package):
        stale += 1
        name = package.relative(path)
        old, new = have.splitlines(), text.splitlines()
        if len(old) + len(new) > DIFF_LINES:
            line(f"{name}: is stale; it is too long for a list of the differences")
        else:
            lines([*difflib.unified_diff(old, new, name, "expanded", lineterm="", n=1)])
    if stale:
        raise ClaimlogError(f"{stale} files are stale; {REMEDY}")


def _write(package: Package) -> None:
    """Write what is stale, and have the descriptor name the schemas that rows have."""
    from claimlog.edit.batch_files import sync_descriptor
    from claimlog.edit.log_lock import package_lock
    from claimlog.release.generated_package_files import stale_files

    with package_lock(package):
        for path, _, text in stale_files(package):
            package.write(path, text.encode("utf-8"))
            line(f"wrote {package.relative(path)}")
        if sync_descriptor(package):
            line("wrote datapackage.json")


def _absent_parts(package: Package) -> list[str]:
    """Return what of the package speaks of columns that claims do not have, a line each."""
    from claimlog.export.queries import absent_parts
    from claimlog.schema.definition import read_definition

    return absent_parts(read_definition(package))


def _missing_columns(package: Package) -> list[Finding]:
    """Return what rows lack of the schemas as they are now."""
    from claimlog.log.read_log import read

    return [one for one in read(package).findings if one.rule == MISSING]
