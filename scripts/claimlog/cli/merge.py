"""The command `merge`: make one of two actors, incidents or entries of a register."""

from __future__ import annotations

from datetime import date

import click

from claimlog.cli.base import Context, by_option, example, pass_context, say_lateness, today_option
from claimlog.cli.entity_commands import entity_names, schema_of
from claimlog.cli.output import line
from claimlog.errors import UsageError, suggest


@click.command(
    epilog=example('claimlog merge actor uk gbr --reason "One state under two names." --by coder-1')
)
@click.argument("entity", metavar="ENTITY")
@click.argument("gone", metavar="FROM")
@click.argument("into", metavar="INTO")
@click.option("--reason", required=True, help="Why the two are one.")
@by_option
@today_option
@pass_context
def merge(
    context: Context,
    entity: str,
    gone: str,
    into: str,
    reason: str,
    recorded_by: str,
    today: date | None,
) -> None:
    """Amend every row that names FROM to name INTO, and retract FROM, whose pages lead on.

    ENTITY is actor, incident, or what the entries of a register are called.
    """
    from claimlog.edit.merge import merge as run

    try:
        table = schema_of(context, entity)
    except KeyError as error:
        known = entity_names(context)
        raise UsageError(
            f'ENTITY is "{entity}", expected one of {", ".join(known)}{suggest(entity, known)}'
        ) from error
    done = run(context.package, table.name, gone, into, reason, recorded_by, today)
    say_lateness(done.retraction["recorded_at"])
    counts = ", ".join(f"{count} of {stream}" for stream, count in done.amended.items())
    line(f"merged {gone} into {into} in the open batch: {counts or 'no rows'} amended")
