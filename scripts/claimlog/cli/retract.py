"""The command `retract`: take a live entity out of the current tables."""

from __future__ import annotations

from datetime import date

import click

from claimlog.cli.base import Context, by_option, example, pass_context, say_lateness, today_option
from claimlog.cli.output import line


@click.command(epilog=example('claimlog retract C004-001 --reason "Says it twice." --by coder-1'))
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="Why it is retracted.")
@by_option
@today_option
@pass_context
def retract(
    context: Context, identifier: str, reason: str, recorded_by: str, today: date | None
) -> None:
    """Retract a live entity: it leaves the current tables and keeps a tombstone."""
    from claimlog.desk.corrected_text import without_drafts
    from claimlog.edit.add_amend_retract import retract as run

    package = context.package
    with without_drafts(package, [identifier.removeprefix("sources/")], "nothing was retracted"):
        row = run(package, identifier, reason, recorded_by, today)
    say_lateness(row["recorded_at"])
    line(f"retracted {identifier}, version {row['version']}, in the open batch")
