"""The command takedown: taking rows of the sealed log down for a legal reason."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import click

from claimlog.cli.base import Context, by_option, example, pass_context
from claimlog.cli.output import line, lines
from claimlog.errors import UnconfirmedError

if TYPE_CHECKING:
    from claimlog.edit.takedown import TakedownPlan
    from claimlog.package import Package

LEFT_TO_DO = (
    "build/ keeps what it says until claimlog build makes it again, and so does a server that runs",
    "copies that were published keep what they say until they are replaced: archives, the site, "
    "the log as tiles (each directory that claimlog tiles --out wrote: run it there again)",
    "git keeps every commit: ask whoever hosts it to remove the objects, or rewrite the history of "
    "these files, and tell who has clones",
)
"""What no command of ours can do."""


@click.command(
    epilog=example(
        'claimlog takedown C004-017 --version 1 --reason "Court order 1/2027." --dry-run',
        'claimlog takedown C004-017 --version 1 --reason "Court order 1/2027." --by maintainer',
    )
)
@click.argument("identifier")
@click.option(
    "--version",
    "versions",
    type=click.IntRange(1),
    multiple=True,
    required=True,
    help="A version to take down; several times for several.",
)
@click.option("--reason", required=True, help="Why, as everybody will read it.")
@by_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@pass_context
def takedown(
    context: Context,
    identifier: str,
    versions: tuple[int, ...],
    reason: str,
    recorded_by: str,
    dry_run: bool,
) -> None:
    """Take rows of an entity out of the sealed log for a legal reason, and put them on record.

    Their hashes stay, and with them the tree and every proof; what they said goes.
    """
    from claimlog.edit.log_lock import log_lock
    from claimlog.edit.open_batch import cut_off_lines
    from claimlog.edit.takedown import plan_takedown, remove_copies, take_down
    from claimlog.log.takedowns import read_takedowns

    package = context.package
    unconfirmed: list[str] = []
    # what writes nothing needs no lock, and is possible where nothing can be written
    with nullcontext() if dry_run else log_lock(package):
        if not dry_run and (record := read_takedowns(package)).rows:
            remove_copies(package, record)  # which a takedown that was cut off may have left
        plan = plan_takedown(package, identifier, versions, reason, recorded_by)
        if dry_run:
            _say(package, plan, cut_off_lines(package), "would be ")
        else:  # once it is done nothing says again what is left to do
            unconfirmed = take_down(package, plan, partial(_say, package, plan))
    if unconfirmed:
        raise UnconfirmedError(
            f"{', '.join(unconfirmed)}: in place, but the disk does not confirm it; the takedown "
            "is done: look after the disk, and claimlog validate says after a power cut whether it "
            "lasted"
        )


def _say(package: Package, plan: TakedownPlan, cut_off: Sequence[str], would: str = "") -> None:
    """Say what was or would be done, and what is left to do."""
    from claimlog.edit.takedown import copies_in_use
    from claimlog.log.takedowns import RECORD
    from claimlog.package import CHANGELOG

    if plan.is_resumed:
        line(f"the takedown that was cut off {would}finished")
    for seq, row in plan.rows.items():
        line(f"row {seq}: {row.stream} {row.id} version {row.version} {would}taken down")
        line(f"  leaf hash {row.leaf_hash} stays in the tree")
    lines([f"  note: {note}" for note in plan.repeated])
    lines([f"{name} {would}written without it" for name in plan.files])
    if plan.elsewhere.changelog is not None:
        line(f"{CHANGELOG} {would}written without what it says of it")
    line(f"{RECORD} {would}written; commit it with the files")
    for version in plan.releases:
        line(f"release {version} holds it: claimlog reissue {version}")
    if places := ", ".join(plan.elsewhere.lines):
        line(f"left to do: words of it stand in {places}; take out what must go by hand")
    lines(
        [
            f"left to do: {place} was cut off and may be a part of it; restore it, or take it out"
            for place in cut_off
        ]
    )
    lines(
        [
            f"left to do: {name} may hold it: wait for the command that writes there, or end the "
            "server, and remove it if it stays"
            for name in copies_in_use(package)
        ]
    )
    lines([f"left to do: {what}" for what in LEFT_TO_DO])
