"""The prefix of the log that a batch number, a time or an event id names (``--as-of``)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from claimlog.errors import UsageError
from claimlog.log.event_log import Log
from claimlog.schema.json_schemas import is_time

TIME_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?")


@dataclass(frozen=True)
class Cutoff:
    """A prefix of the log.

    Attributes
    ----------
    size
        Its number of rows.
    batches
        Number of batches that begin within it.
    label
        Its name for readers: ``head``, ``batch 3``, or the time or event id that was given.
    """

    size: int
    batches: int
    label: str


def cutoff(log: Log, as_of: str | None) -> Cutoff:
    """Return the prefix of a log that `as_of` names.

    Parameters
    ----------
    as_of
        A batch number (``3``); a UTC time (``2026-11-21`` for the end of that day, or to the
        second), which means the batches recorded in full by then, because a batch is a
        transaction; or an event id or at least eight digits of one. None is the whole log.

    Raises
    ------
    UsageError
        If it names nothing in the log.
    """
    if as_of is None:
        return Cutoff(log.size, len(log.batches), "head")
    if re.fullmatch(r"[0-9]{1,6}", as_of):
        for index, batch in enumerate(log.batches):
            if batch.number == int(as_of):
                return Cutoff(log.trees[index][0], index + 1, f"batch {batch.number}")
        raise UsageError(f"--as-of {as_of}: there is no such batch; claimlog log lists them")
    columns = ("seq", "event_id", "batch", "recorded_at")
    rows = pl.concat([log.columns(stream, columns) for stream in log.definition.streams])
    if TIME_PATTERN.fullmatch(as_of):
        last = as_of if "T" in as_of else f"{as_of}T23:59:59Z"
        if not is_time(last):
            raise UsageError(f"--as-of {as_of}: is no day, or no time of a day")
        later = rows.filter(pl.col("recorded_at") > last)["batch"].min()
        size = log.size if later is None else rows.filter(pl.col("batch") < later).height
    elif re.fullmatch(r"[0-9a-f]{8,64}", as_of):
        matches = rows.filter(pl.col("event_id").str.starts_with(as_of))["seq"]
        if len(matches) != 1:
            number = "no event" if matches.is_empty() else "more than one event"
            raise UsageError(f"--as-of {as_of}: {number} has an id that begins so")
        size = int(matches[0]) + 1
    else:
        raise UsageError(
            f"--as-of {as_of}: expected a batch number, a UTC time (2026-11-21 or "
            "2026-11-21T12:00:00Z), or an event id (eight hexadecimal digits or more)"
        )
    if size == 0:
        raise UsageError(f"--as-of {as_of}: the log holds nothing yet at that time")
    batches = 1 + sum(tree_size < size for tree_size, _ in log.trees)
    return Cutoff(size, min(batches, len(log.batches)), as_of)
