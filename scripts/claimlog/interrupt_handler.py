"""Ctrl-C, and signals that ask a process to end, while libraries are imported.

Some libraries that are compiled end the process in the wrong way, or hold half of what they need
from then on, if their import is interrupted. So an interrupt waits until it has ended.
"""

from __future__ import annotations

import signal
from types import FrameType

IMPORT = "<frozen importlib._bootstrap"
"""How the names of the files begin whose code imports modules."""

TRIED_EVERY = 0.02
"""Seconds after which an interrupt that waits is tried again."""

_waiting: set[int] = set()


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
