"""Ctrl-C, and signals that ask a process to end, while libraries are imported or files change.

Some libraries that are compiled end the process in the wrong way, or hold half of what they need
from then on, if their import is interrupted. So an interrupt waits until it has ended. It also
waits while files change places that are right only together.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

IMPORT = "<frozen importlib._bootstrap"
"""How the names of the files begin whose code imports modules."""

TRIED_EVERY = 0.02
"""Seconds after which an interrupt that waits is tried again."""

HELD_BACK = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
"""Signals that may interrupt this process: those of `handle_interrupts`."""

_waiting: set[int] = set()
_changes: list[None] = []
"""One for each `hold_interrupts` block that is under way, in any thread."""
_has_replaced = False
_is_ending = False

unfinished: dict[Path, Callable[[Path], None]] = {}
"""What is being written at temporary paths, each with the function that removes it."""


def handle_interrupts(*numbers: int) -> None:
    """Have signals interrupt this process, by `KeyboardInterrupt`, as soon as it imports nothing.

    One that this process was started to ignore stays ignored. SIGALRM is used.
    """
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    is_again = number != signal.SIGALRM and number in _waiting
    if is_importing(frame) and not is_again:  # who asks twice does not wait
        _waiting.add(number)
        signal.setitimer(signal.ITIMER_REAL, TRIED_EVERY)
        return
    _waiting.clear()
    signal.setitimer(signal.ITIMER_REAL, 0)
    raise KeyboardInterrupt


def is_importing(frame: FrameType | None) -> bool:
    """Whether a module is imported at some level of the calls that led to a frame."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(IMPORT):
            return True
        frame = frame.f_back
    return False


@contextmanager
def hold_interrupts() -> Iterator[None]:
    """Hold interrupts back while files change places; what came is given after the block.

    Not if the block ends by an error: that says more of how the files stand.
    """
    came: dict[int, None] = {}

    def hold(number: int, _: FrameType | None) -> None:
        came[number] = None

    before: dict[int, Callable[..., Any] | int] = {}
    _changes.append(None)
    try:
        while _is_ending:  # what was to change places may be gone
            time.sleep(TRIED_EVERY)
        if threading.current_thread() is threading.main_thread():  # no other is interrupted
            for kind in HELD_BACK:
                if (now := signal.getsignal(kind)) is not None:  # one that Python can restore
                    before[kind] = now
                    signal.signal(kind, hold)
        yield
    finally:
        _changes.pop()
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in came:
        signal.raise_signal(number)


def holds_interrupts() -> bool:
    """Whether some thread of this process is in an `hold_interrupts` block."""
    return bool(_changes)


def begin_end() -> None:
    """Remove what is unfinished, because the process is about to be ended as by a kill.

    From now on no files change places; where some do already, nothing is removed. What is left when
    the process ends is removed by the next command, as after a kill.
    """
    global _is_ending
    _is_ending = True
    if not holds_interrupts():
        for path, remove in [*unfinished.items()]:
            remove(path)


@contextmanager
def replacing() -> Iterator[None]:
    """Hold interrupts back while a file is put into place, and note that one was."""
    with hold_interrupts():
        yield
        note_replaced()


def note_replaced() -> None:
    """Note that the command has changed something for good, here or at a service."""
    global _has_replaced
    _has_replaced = True


def begin_command() -> None:
    """Note that nothing was changed yet."""
    global _has_replaced
    _has_replaced = False


def has_replaced() -> bool:
    """Whether something was changed for good since the command began."""
    return _has_replaced


def outcome() -> str:
    """Return what is known of the files that a command was to write, once it ended early."""
    if _has_replaced or holds_interrupts():
        return "look whether it was done before you run it again"
    return "nothing was changed"
