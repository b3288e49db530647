"""The lock that whatever makes, signs or publishes a release takes.

It is not that of the log: a release takes minutes, in which rows may be added.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.package_state import acquire_lock, open_lock
from claimlog.schema.thresholds import read_thresholds

FOLDER = "release"


@contextmanager
def release_lock(package: Package) -> Iterator[None]:
    """Hold the lock of the releases of a package.

    Raises
    ------
    ClaimlogError
        If another process holds it for longer than the threshold ``lock_seconds``, or the state of
        the package is none of ours.
    """
    with open_lock(package, FOLDER) as handle:  # closing it gives the lock back
        if not acquire_lock(handle, read_thresholds(package)["lock_seconds"]):
            raise ClaimlogError(
                "another claimlog is making, signing or publishing a release of this package; "
                "wait for it and run this again"
            )
        yield
