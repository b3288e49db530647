"""Answers that no page waits for: what takes seconds is computed in another thread first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PROMPT_BYTES = 100_000
"""Bytes of files of the desk that are read in some hundredths of a second."""


class UnpreparedError(Exception):
    """What an answer rests on is not computed yet; nothing was written.

    Attributes
    ----------
    prepare
        Computes it, after which the answer can be made anew.
    """

    def __init__(self, prepare: Callable[[], object]) -> None:
        self.prepare = prepare
        super().__init__("what this rests on is not computed yet")


_OF_THREAD = threading.local()


@contextmanager
def prompt_answer() -> Iterator[None]:
    """Make an answer, in this thread, for which nothing may be computed that takes seconds."""
    _OF_THREAD.is_prompt = True
    try:
        yield
    finally:
        _OF_THREAD.is_prompt = False


def require_time(prepare: Callable[[], object]) -> None:
    """Refuse to begin with what takes seconds where a prompt answer is made.

    Raises
    ------
    UnpreparedError
        If one is; `prepare` is what another thread is to do first.
    """
    if getattr(_OF_THREAD, "is_prompt", False):
        raise UnpreparedError(prepare)
