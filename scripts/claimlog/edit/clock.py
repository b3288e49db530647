"""The clock, and refusing one that is wrong: times in a log never go back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.batch import sealed_batches
from claimlog.log.event_log import Log
from claimlog.package import Package

FORMAT = "%Y-%m-%dT%H:%M:%SZ"
MOST_AHEAD = timedelta(days=366)
"""How far after the log's last time the clock may be before the user must confirm the day. A clock
that is wrong is mostly wrong by years, and nearly every dataset that is alive gets rows within
one."""

MOST_BEHIND = timedelta(hours=1)
"""How far the clock may be behind the log's last time without a word: clocks differ a little."""


def now() -> str:
    """Return the time of the clock (UTC, ISO 8601, to the second)."""
    return datetime.now(UTC).strftime(FORMAT)


def last_time(log: Log) -> str | None:
    """Return the last time in a log: of its rows and of its seals."""
    sealed = (batch.manifest["sealed_at"] for batch in log.batches if batch.sealed)
    return _latest([*sealed, log.last_time])


def last_seal(package: Package) -> str | None:
    """Return when the last batch of a package was sealed; no row is read."""
    return _latest(batch.manifest["sealed_at"] for batch in sealed_batches(package, []))


def refuse_doubtful_clock(last: str | None, today: date | None) -> None:
    """Refuse a clock that is far ahead of a log's last time, unless the day is confirmed.

    A row with a time in the future forces that time on every later row.

    Parameters
    ----------
    today
        The day (UTC) that the user says it is.

    Raises
    ------
    UsageError
        If the clock says another day than the user.
    ClaimlogError
        If it is far ahead and the day was not given.
    """
    refuse_other_day(today)
    clock = now()
    if today is None and last is not None and _time_between(clock, last) > MOST_AHEAD:
        raise ClaimlogError(
            f"the clock says {clock}, more than a year after the log's last time, {last}; rows "
            "recorded at a wrong time force it on all later rows: set the clock, or if it is "
            f"right say so: --today {clock[:10]}"
        )


def refuse_other_day(today: date | None) -> None:
    """Refuse a clock that says another day than the user.

    Raises
    ------
    UsageError
        If it does.
    """
    clock = now()
    if today is not None and clock[:10] != today.isoformat():
        raise UsageError(f"--today {today}: the clock says {clock} (UTC); set it right first")


def release_day(package: Package) -> str:
    """Return the clock's day for a release.

    Raises
    ------
    ClaimlogError
        If it cannot be the day of this log's release.
    """
    clock, last = now(), last_seal(package)
    if last is not None and not -MOST_BEHIND <= _time_between(clock, last) <= MOST_AHEAD:
        where = "before" if clock < last else "more than a year after"
        raise ClaimlogError(
            f"the clock says {clock}, {where} the log's last time, {last}; set the clock, or name "
            "the day of the release: --date DAY"
        )
    return clock[:10]


def future_time_note(recorded: str) -> str | None:
    """Return a note if rows were recorded at a time that the clock has not reached.

    The log's last time is then in the future, or the clock is behind.
    """
    clock = now()
    if _time_between(recorded, clock) <= MOST_BEHIND:
        return None
    return (
        f"note: recorded at {recorded}, the log's last time, because the clock is behind it "
        f"({clock}); times of a log never go back"
    )


def _time_between(time: str, other: str) -> timedelta:
    try:
        return datetime.strptime(time, FORMAT) - datetime.strptime(other, FORMAT)
    except ValueError:
        return timedelta(0)  # no time at all: validation says so


def _latest(times: Iterable[object]) -> str | None:
    return max((str(time) for time in times if time is not None), default=None)
