"""The command `rebase`: renumber batches that lost a race."""

from __future__ import annotations

from datetime import date

import click

from claimlog.cli.base import Context, example, pass_context, today_option
from claimlog.cli.output import lines


@click.command(epilog=example("claimlog rebase 0008-my-batch", "claimlog rebase"))
@click.argument("names", nargs=-1, metavar="[BATCH]...")
@today_option
@pass_context
def rebase(context: Context, names: tuple[str, ...], today: date | None) -> None:
    """Renumber batches that lost a race, so that they come after all others.

    Without a name, the rows of the open batch.
    """
    from claimlog.edit.log_lock import log_lock
    from claimlog.edit.rebase import rebase as run
    from claimlog.edit.rebase_open import rebase_open

    with log_lock(context.package):
        said = run(context.package, names, today) if names else rebase_open(context.package)
    lines(said)
