"""Where batches that lost a race come: after which line, and with which numbers and names."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable
from pathlib import Path

from claimlog.edit.renumbered_rows import as_log
from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.batch import Batch
from claimlog.log.batch_lines import BatchLines


def staying_batches(batches: list[Batch], lost: list[Batch]) -> list[Batch]:
    """Return the batches that stay."""
    lost_paths = {batch.path for batch in lost}
    return [batch for batch in batches if batch.path not in lost_paths]


def lost_line(lines: BatchLines, batch: Batch, lost: Collection[Path]) -> tuple[str, ...]:
    """Return the names of a batch that lost a race and of those below it that did, lowest first."""
    below = [one.path.name for one in lines.below(batch) if one.path in lost]
    return (*reversed(below), batch.path.name)


def _command(batches: Iterable[Batch]) -> str:
    """Return the command that rebases batches, by their numbers."""
    ordered = sorted(batches, key=lambda batch: (batch.number, batch.path.name))
    return f"claimlog rebase {shlex.join(batch.path.name for batch in ordered)}"


def refuse_gap(lines: BatchLines, lost: list[Batch]) -> None:
    """Refuse to move a batch from under one that was sealed on top of it."""
    lost_paths = {batch.path for batch in lost}
    for batch in lost:
        for above in lines.followers(batch):
            if above.path not in lost_paths:
                together = {one.path: one for low in lost for one in (low, *lines.above(low))}
                raise UsageError(
                    f"{above.path.name} was sealed on top of {batch.path.name}; rebase them "
                    f"together: {_command(together.values())}"
                )


def _refuse_missing_number(kept: list[Batch]) -> None:
    """Refuse to take the place of a batch that is missing before one that stays."""
    numbers = sorted({batch.number for batch in kept})
    for expected, number in enumerate(numbers, start=1):
        if number != expected:
            raise ClaimlogError(
                f"events: batch {expected} is missing; restore it from git; nothing was rebased"
            )


def find_places(
    lines: BatchLines, batches: list[Batch], lost: list[Batch], fixed: list[Batch]
) -> tuple[list[Batch], list[tuple[int, str]]]:
    """Return the line that batches that lost a race come after, and their numbers and names there.

    It holds what they were sealed on top of, so that each name in their rows means what it did.

    Parameters
    ----------
    fixed
        Batches that never move, which it holds if it can.

    Raises
    ------
    UsageError
        If a batch that stays lost a race, too, and that one must be over before.
    """
    kept = staying_batches(batches, lost)
    lost_paths = {batch.path for batch in lost}
    below = [one for batch in lost if (one := lines.before(batch)) and one.path not in lost_paths]
    trunk = BatchLines(kept).trunk(below, fixed)
    _refuse_missing_number(kept)
    first = trunk[-1].number + 1 if trunk else 1
    places = [
        (number, f"{number:04d}-{batch.slug}") for number, batch in enumerate(lost, start=first)
    ]
    names = [name for _, name in places]
    staying = {batch.path for batch in trunk}
    others = [batch for batch in below if batch.path not in staying]
    others += [batch for batch in kept if batch.path.name in names]
    before = lines.before(lost[0]) if lost else None
    is_there = bool(before and trunk and before.path == trunk[-1].path)
    if is_there and names == [batch.path.name for batch in lost]:
        others = lost
    if others:
        concerned = [{batch.path for batch in group} for group in (others, lost)]
        race = min(
            lines.branches(lines.trunk(fixed)),
            key=lambda branch: [one.isdisjoint(b.path for b in branch) for one in concerned],
            default=others,
        )
        raise UsageError(
            f"{' '.join(batch.path.name for batch in lost)}: {others[0].path.name} is of another "
            f"race, which must be over before: {_command(race)}; nothing was rebased"
        )
    return as_log(trunk), places


def refuse_other_races(
    lines: BatchLines, batches: list[Batch], lost: list[Batch], trunk: list[Batch], batch: Batch
) -> None:
    """Refuse a batch above a missing one while another race may hold what became of that.

    Raises
    ------
    UsageError
        Naming those that come first. A line whose own predecessor is missing is none of them, or
        two such lines would wait for each other.
    """
    staying = {one.path for one in trunk}
    others = [
        one
        for one in staying_batches(batches, lost)
        if one.path not in staying and any(low.path in staying for low in lines.below(one))
    ]
    if others:
        raise UsageError(
            f"{batch.path.name} was sealed on top of a batch that is not there, and what became of "
            f"it may be among {' '.join(one.path.name for one in others)}, of another race, which "
            f"must be over before: {_command(others)}; nothing was rebased"
        )
