"""The lock that whatever makes, signs or publishes a release takes.

It is not that of the log: a release takes minutes, in which rows may be added.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from claimlog.edit.log_lock import held_lock
from claimlog.package import Package

FOLDER = "release"


@contextmanager
def release_lock(package: Package) -> Iterator[None]:
    """Hold the lock of the releases of a package. Raises as `held_lock` does."""
    others = "another claimlog is making, signing or publishing a release of this package"
    with held_lock(package, others, FOLDER):
        yield
