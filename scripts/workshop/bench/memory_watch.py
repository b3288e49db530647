"""Peak memory of a process and all its children."""

from __future__ import annotations

import os
import threading
from pathlib import Path

SAMPLE_SECONDS = 0.25  # between two samples


class MemoryWatch:
    """Peak of the memory that this process and its children (Java and its workers too) hold."""

    def __init__(self) -> None:
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, resident_bytes())


def resident_bytes(top: int | None = None) -> int:
    """Return the resident bytes of a process, this one if none is named, and all below it."""
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
    family = {os.getpid() if top is None else top}
    grown = True
    while grown:
        children = {process for process, parent in parents.items() if parent in family}
        grown = not children <= family
        family |= children
    return sum(sizes.get(process, 0) for process in family)
