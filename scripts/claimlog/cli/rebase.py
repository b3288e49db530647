"""The command `rebase`: renumber batches that lost a race."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from claimlog.cli.base import Context, example, pass_context, refuse_options, today_option
from claimlog.cli.output import lines

if TYPE_CHECKING:
    from claimlog.edit.open_rows_follow import OpenRows


@click.command(epilog=example("claimlog rebase 0008-my-batch", "claimlog rebase"))
@click.argument("names", nargs=-1, metavar="[BATCH]...")
@click.option(
    "--open-rows",
    type=click.Choice(["follow", "stay"]),
    help="What open rows mean that name what is renumbered: that, or what keeps the number.",
)
@click.option(
    "--names-stay",
    is_flag=True,
    help="Of a batch whose predecessor is not there: its rows mean what they name now.",
)
@today_option
@pass_context
def rebase(
    context: Context,
    names: tuple[str, ...],
    open_rows: OpenRows | None,
    names_stay: bool,
    today: date | None,
) -> None:
    """Renumber batches that lost a race, so that they come after all others.

    Without a name, the rows of the open batch.
    """
    from claimlog.edit.log_lock import log_lock
    from claimlog.edit.rebase import rebase as run
    from claimlog.edit.rebase_open_batch import rebase_open

    if not names:
        refuse_options("rebasing the open batch alone", "open_rows", "names_stay")
    with log_lock(context.package):
        if names:
            run(context.package, names, today, open_rows, lines, names_stay)
        else:
            rebase_open(context.package, lines)
