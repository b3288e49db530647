"""What a command may take of memory, processor and disk, whatever files make it read.

What is read for strangers has limits of its own, each where it is read. This one is for all that
nobody thought of: a command that goes beyond it ends, in one line, before the machine does. It
grows with what the command reads, and with the environment variable `FACTOR_VARIABLE`.
"""

from __future__ import annotations

import atexit
import os
import resource
import signal
import sys
import time
from _thread import start_new_thread
from contextlib import suppress
from threading import Event, Lock, Thread, current_thread, main_thread
from types import FrameType

from claimlog.errors import UsageError
from claimlog.interrupt_handler import begin_end, holds_interrupts, outcome
from claimlog.limits import MIB

FACTOR_VARIABLE = "CLAIMLOG_LIMITS"
"""Environment variable that multiplies all of these limits."""

MOST_FACTOR = 1000
"""By which limits can be multiplied at most, also those of a process by ``--limits``: a machine has
less, and the system takes no numbers that are much larger."""

LOG = "log"
"""Kind of what a command reads: sealed batches and open rows."""

MEMORY, MEMORY_TIMES = 4096 * MIB, 24
"""Bytes of memory that a command may take, and further ones for each byte that it reads: text that
is read as columns takes 24 times its size where it is written out as JSON."""

SECONDS, SECONDS_EACH = 1200, 20
"""Seconds of the processor that a command may take, and further ones for each megabyte."""

WRITTEN, WRITTEN_TIMES = 8192 * MIB, 1024
"""Bytes that a command may write to disks, what it removes again included, and further ones for
each byte that it reads or copies. A build writes five times the log, or twenty times one in
columns, and a release, with its pages and its archive, some twenty times as much as a build."""

PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes by which the system counts the most memory that a process took."""

BLOCK_BYTES = 512
"""Of a block, by which Linux counts what a process writes; memory that looks like a disk (tmpfs) is
not counted."""

POLL_SECONDS = 0.05
ALARM_SECONDS = 5
"""Of the processor, after which the main thread looks at the limits itself, each time. No other
thread runs while it is in a function of C that keeps Python's lock; some, as those of `re`, hear
signals."""

STDERR = 2
GRACE_SECONDS, GRACE_TIMES = 5, 1.25
"""How long after a limit, and until how many times the memory, a command may clean up. As long may
take what removes what is unfinished in its place."""

HELD_TIMES = 2
"""How many times the limits a command may take while files change places, or no thread but the main
one can run, and how much memory while what it did not finish is removed. What is half done then is
ended by the next command, as after a kill."""

_read: dict[str, int] = {}
_sources: dict[str, int] = {}
"""Bytes that the command makes files of, by kind."""
_times = 1
"""How often the command does what it does, of which each may take as much time as one."""
_is_server = False
_reached: str | None = None
"""What a limit allows, in words, once it is reached."""
_is_said = False
"""Whether the command says itself which limit it reached."""
_interrupted = Lock()
"""Taken for good by who interrupts the command, so that it is interrupted once."""


def allow_for(what: str, size: int) -> None:
    """Allow more to a command that reads files of the user's; each kind counts once.

    Parameters
    ----------
    what
        The kind, as "log": of several readings of it the largest counts.
    size
        In bytes.
    """
    _read[what] = max(size, _read.get(what, 0))
    allow_writing(what, size)


def allow_writing(what: str, size: int) -> None:
    """Allow a command to write more that makes files of others; each kind counts once.

    Parameters
    ----------
    what
        The kind, as "commit": of several sizes of it the largest counts.
    size
        In bytes.
    """
    _sources[what] = max(size, source_bytes(what))


def source_bytes(what: str) -> int:
    """Return the bytes of one kind that this command makes files of."""
    return _sources.get(what, 0)


def allow_times(number: int) -> None:
    """Allow the command the time to do as often, one after the other, what it does once."""
    global _times
    _times = max(1, number)


def allow_a_server() -> None:
    """Allow this process, which serves from now on, to do so as long as it is asked to.

    So may a program that takes its place, which its alarms would end.
    """
    global _is_server
    _is_server = True
    _stop_alarms()


def why_interrupted() -> str:
    """Return why this command was interrupted, by a limit or by the user, as a message."""
    global _is_said
    if _reached is None:
        return f"interrupted; {outcome()}"
    _is_said = True
    return f"stopped, because it took more than {_reached}; {outcome()}; {how_to_raise()}"


def how_to_raise(setting: str = f"{FACTOR_VARIABLE}=", factor: float | None = None) -> str:
    """Return what to do where a limit is reached that the user can multiply.

    Parameters
    ----------
    setting
        What the user writes before the number.
    factor
        The number now; by default that of the environment.
    """
    factor = factor_given() if factor is None else factor
    if factor >= MOST_FACTOR:
        return f"{setting}{MOST_FACTOR} is the most that can be allowed, so give it less to read"
    more = f"{setting}{min(2 * factor, MOST_FACTOR):g}"
    return f"if you trust where the files come from, raise the limits: {more}"


def keep_command_limits(says_so: bool = True) -> None:
    """Have this process end when it takes more than a command may.

    A command is interrupted first, as by Ctrl-C, and cleans up. One that does not come to it, and a
    server, is ended. While files change places that waits, however long the disk takes, until it
    takes `HELD_TIMES` the limits.

    Parameters
    ----------
    says_so
        Whether a process that is ended says why; else whoever started it does.

    Raises
    ------
    UsageError
        As `factor_given` does.
    """
    factor = factor_given()
    if current_thread() is main_thread() and not _is_server:  # no other thread is interrupted

        def look(_signal: int, _frame: FrameType | None) -> None:
            if found := _limit_beyond(factor):
                _interrupt(found)
                if _limit_beyond(HELD_TIMES * factor):
                    _stop_alarms()  # another one would begin to end it anew
                    _end(factor, says_so)

        signal.signal(signal.SIGPROF, look)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, ALARM_SECONDS, ALARM_SECONDS)
        atexit.register(_stop_alarms)  # an interpreter that ends hears them no more, and is ended
    Thread(target=_watch, args=(factor, says_so), daemon=True).start()


def _stop_alarms() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)


def factor_given() -> float:
    """Return by what the user's environment multiplies limits.

    Raises
    ------
    UsageError
        If `FACTOR_VARIABLE` is no positive number, or one beyond `MOST_FACTOR`.
    """
    given = os.environ.get(FACTOR_VARIABLE, "1")
    try:
        factor = float(given)
    except ValueError:
        factor = 0
    if not 0 < factor <= MOST_FACTOR:
        expected = f"a number above 0 and up to {MOST_FACTOR}, as 2"
        raise UsageError(f"{FACTOR_VARIABLE}: expected {expected}, not {given!r}")
    return factor


def _watch(factor: float, says_so: bool) -> None:
    global _reached
    while (found := _limit_beyond(factor)) is None:
        time.sleep(POLL_SECONDS)
    ends_at = time.monotonic() + GRACE_SECONDS
    if _is_server:
        _reached = found
    else:
        _interrupt(found)
        time.sleep(POLL_SECONDS)
    while True:
        is_held = holds_interrupts()
        if is_held and _limit_beyond(HELD_TIMES * factor) is None:
            ends_at = time.monotonic() + GRACE_SECONDS
        elif (
            _is_server
            or is_held
            or time.monotonic() > ends_at
            or memory_taken() > GRACE_TIMES * _most_memory(factor)
        ):
            break
        time.sleep(POLL_SECONDS)
    _end(factor, says_so)


def _end(factor: float, says_so: bool) -> None:
    """End this process, after another thread had some time to remove what is unfinished.

    The command goes on meanwhile: once it takes `HELD_TIMES` the memory, that has no more time.
    """
    ends_at = time.monotonic() + GRACE_SECONDS
    done = Event()

    def remove_unfinished() -> None:
        with suppress(Exception):
            begin_end()
        done.set()

    try:
        if says_so and not _is_said:
            os.write(STDERR, f"claimlog: {why_interrupted()}\n".encode())
        # by none of the locks of `Thread`: a signal may have come while the main thread holds them
        start_new_thread(remove_unfinished, ())
        while time.monotonic() < ends_at and memory_taken() <= HELD_TIMES * _most_memory(factor):
            if done.wait(POLL_SECONDS):
                break
    finally:
        os._exit(1)


def _interrupt(found: str) -> None:
    """Interrupt the command, if nobody has, for a limit that it has reached."""
    global _reached
    if _interrupted.acquire(blocking=False):
        _reached = found
        # a signal, which ends what it waits for too
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)


def _limit_beyond(factor: float) -> str | None:
    """Return the limit that is exceeded, in words; None if there is none."""
    memory = _most_memory(factor)
    if memory_taken() > memory:
        return f"{memory / 1e9:.1f} GB of memory"
    if _is_server:
        return None
    seconds = factor * _times * (SECONDS + SECONDS_EACH * _bytes_read() / 1e6)
    if time.process_time() > seconds:
        return f"{seconds:,.0f} seconds of the processor"
    written = factor * _times * (WRITTEN + WRITTEN_TIMES * sum(_sources.values()))
    if _bytes_written() > written:
        return f"{written / 1e9:.1f} GB of writing"
    return None


def _most_memory(factor: float) -> float:
    return factor * (MEMORY + MEMORY_TIMES * _bytes_read())


def _bytes_read() -> int:
    return sum(_read.values())


def _bytes_written() -> int:
    """Return what this process wrote, without its children; 0 where the system does not say."""
    if sys.platform != "linux":  # macOS counts operations, however large
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_oublock * BLOCK_BYTES


def memory_taken() -> int:
    """Return the bytes of memory of this process, without those of files that it maps.

    Where the system does not say, or no file can be opened, the most that it ever took.
    """
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  # twenty times a second
            _, resident, shared, *_ = map(int, file.read().split())
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT
    return (resident - shared) * resource.getpagesize()
