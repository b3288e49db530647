"""Watching how much memory a process and all its children hold."""

from __future__ import annotations

import os
import threading
from pathlib import Path

EVERY = 0.25  # seconds between two looks at memory


class Watch:
    """The most memory that this process and its children, Java and its workers, held at once."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            self.peak = max(self.peak, resident())


def resident() -> int:
    """Return the resident bytes of this process and all below it."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    page = os.sysconf("SC_PAGE_SIZE")
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(path.parent.name)] = int(words[1])
        sizes[int(path.parent.name)] = int(words[21]) * page
    family = {os.getpid()}
    grown = True
    while grown:
        below = {one for one, parent in parents.items() if parent in family}
        grown = not below <= family
        family |= below
    return sum(sizes.get(one, 0) for one in family)
