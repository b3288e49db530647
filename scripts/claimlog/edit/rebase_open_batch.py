"""Rebasing the open batch: its rows come after a batch that somebody else sealed meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from claimlog.directory_swap import publish_directory
from claimlog.edit.append_lines import check_open
from claimlog.edit.batch_files import leave_out_known, recover
from claimlog.edit.open_batch import open_batch, open_folder, with_open
from claimlog.edit.open_upcast import refuse_outdated
from claimlog.edit.renumbered_rows import Renames, refuse_unsound, write_moved_rows
from claimlog.errors import FindingsError, UsageError
from claimlog.interrupt_handler import hold_interrupts
from claimlog.log.read_log import read
from claimlog.package import Package

NOTHING = "nothing was rebased"
COMPARE = (
    "compare the two (claimlog show), take this row back with claimlog drop, and amend from the "
    "last version"
)


def rebase_open(
    package: Package, say: Callable[[Sequence[str]], None] = lambda _: None
) -> list[str]:
    """Let the rows of the open batch come after all that is sealed. The caller holds the lock.

    Times before the log's last are raised to it, and numbered identifiers that a sealed batch has
    used meanwhile are replaced by the next free ones, with every reference to them. Rows that are
    sealed already are left out.

    Parameters
    ----------
    say
        Takes each part of what is returned before an interrupt can be heard: nothing tells it
        again.

    Returns
    -------
    list of str
        What was done, a line each.

    Raises
    ------
    UsageError
        If there is no open batch.
    FindingsError
        If an entity was changed on both sides, so that somebody must decide, or the log would break
        a rule; the open batch is as it was.
    """
    done = recover(package, say)
    sealed = read(package)
    sealed.require_readable()
    done += leave_out_known(sealed, say)
    batch = open_batch(package)
    if batch is None:
        if done:
            return done
        raise UsageError(
            "there is no open batch to rebase; name a sealed one that lost a race: "
            f"claimlog rebase NNNN-slug; {NOTHING}"
        )
    refuse_outdated(batch.path, batch.shown, sealed.definition)
    refuse_unsound(package, [batch])
    place = open_folder(package)
    renames: Renames = {}
    with ExitStack() as held:
        with publish_directory(place, batch.shown) as folder:
            shutil.copytree(place, folder, dirs_exist_ok=True)
            fresh = write_moved_rows(sealed, batch, folder, renames, COMPARE)
            report = check_open(sealed, with_open(sealed, folder))
            if report.error_count:
                raise FindingsError(report.findings, f"{NOTHING}; mend the rows, or decide by hand")
            held.enter_context(hold_interrupts())
        moved = ["the open batch comes after all that is sealed"]
        moved += [f"  {old} is now {new}" for old, new in fresh]
        say(moved)
    return done + moved
