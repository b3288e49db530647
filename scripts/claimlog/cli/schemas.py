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
    return _check_or_write(context, write)


def _check_or_write(context: Context, write: bool) -> int:
    import difflib

    from claimlog.export.queries import absent_parts
    from claimlog.limits import DIFF_LINES
    from claimlog.release.generated_files import REMEDY, stale_files
    from claimlog.schema.definition import read_definition

    stale = 0
    for path, have, text in stale_files(context.package):
        stale += 1
        name = context.package.relative(path)
        if write:
            context.package.write(path, text.encode("utf-8"))
            line(f"wrote {name}")
            continue
        old, new = have.splitlines(), text.splitlines()
        if len(old) + len(new) > DIFF_LINES:
            line(f"{name}: is stale; it is too long for a list of the differences")
        else:
            lines([*difflib.unified_diff(old, new, name, "expanded", lineterm="", n=1)])
    if stale and not write:
        raise ClaimlogError(f"{stale} files are stale; {REMEDY}")
    if write and _names_other_schemas(context.package):
        line("wrote datapackage.json")
    absent = absent_parts(read_definition(context.package))
    lines(absent)
    lacking = _missing_columns(context.package) if write else []
    lines(lacking, err=True)
    return 1 if absent or lacking else 0


def _missing_columns(package: Package) -> list[Finding]:
    """Return what rows lack of the schemas as they are now."""
    from claimlog.log.read_log import read

    return [one for one in read(package).findings if one.rule == MISSING]


def _names_other_schemas(package: Package) -> bool:
    """Have the descriptor name the schemas that rows have; return whether it named others."""
    from claimlog.edit.batch_files import sync_descriptor
    from claimlog.edit.log_lock import package_lock

    with package_lock(package):
        return sync_descriptor(package)
