"""Writing several files of a package: all of them, or what was there is put back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from claimlog.errors import ClaimlogError
from claimlog.package import Package


def write_together(package: Package, files: Mapping[str, bytes]) -> None:
    """Replace files of a package, each durably; if one cannot be written, none is replaced.

    A process that is killed may leave some of them written, each whole; git has what they were.

    Parameters
    ----------
    files
        Contents by path, in the order in which they are written.

    Raises
    ------
    ClaimlogError
        If a directory on the way to one is a link.
    OSError
        If one cannot be written.
    """
    places = {name: package.root / name for name in files}
    for path in places.values():
        package.refuse_links(path)
    before = {
        name: package.document_bytes(path) if os.path.lexists(path) else None
        for name, path in places.items()
    }
    begun: list[str] = []
    try:
        for name, data in files.items():
            if data == before[name]:
                continue
            begun.append(name)
            package.write(places[name], data)
    except BaseException:  # an interrupt too
        for name in reversed(begun):
            with suppress(OSError, ClaimlogError):
                _put_back(package, name, before[name])
        raise


def _put_back(package: Package, name: str, data: bytes | None) -> None:
    if data is None:
        (package.root / name).unlink(missing_ok=True)
    else:
        package.write(package.root / name, data)
