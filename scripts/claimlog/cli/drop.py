"""The command `drop`: take rows back out of the open batch."""

from __future__ import annotations

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import line
from claimlog.errors import UsageError


@click.command(
    epilog=example(
        "claimlog drop C004-101", "claimlog drop claims:3 links:1", "claimlog drop --example"
    )
)
@click.argument("names", nargs=-1, metavar="ID|STREAM:LINE...")
@click.option(
    "--with-references",
    is_flag=True,
    help="Drop what depends on them too: later versions, and rows that refer to what is gone.",
)
@click.option(
    "--example", "is_example", is_flag=True, help="Take out the example of a new package instead."
)
@pass_context
def drop(context: Context, names: tuple[str, ...], with_references: bool, is_example: bool) -> None:
    """Take rows back out of the open batch, without a tombstone; of an ID its last open row."""
    from claimlog.desk.dropped_rows import drop_rows
    from claimlog.edit.open_rows import row_counts
    from claimlog.start.example import remove_example

    if is_example:
        if names or with_references:
            raise UsageError("--example goes alone: it takes out the example and nothing else")
        for path in remove_example(context.package):
            line(f"removed {path}")
        return
    if not names:
        raise UsageError("name the rows, as C001-001 or claims:3; claimlog open lists them")
    done = drop_rows(context.package, names, with_references)
    first = {row.entity: row.version for row in reversed(done.rows)}
    for row in done.rows:
        if row.identifier is None:
            line(f"dropped {row.place}")
            continue
        is_first = row.version == first[row.entity]
        again = f"; version {row.version - 1} stands again" if is_first and row.version > 1 else ""
        line(f"dropped {row.identifier}, version {row.version} ({row.place}){again}")
    left = f"still holds {row_counts(done.left)}" if done.left else "is empty now"
    line(f"the open batch {left}")
    if done.has_findings:
        line("what is open still breaks rules: claimlog validate lists them", err=True)
