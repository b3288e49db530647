"""A file that a command writes where the user says takes the place of an earlier one alone."""

from __future__ import annotations

import os
from pathlib import Path

from claimlog.errors import ClaimlogError

REMEDY = "name another file, or move it away"


def require_own_file(path: Path, beginning: bytes, what: str) -> None:
    """Refuse to replace anything but an empty file, or one that begins as those of a command do.

    Parameters
    ----------
    what
        Such a file, as messages name it.

    Raises
    ------
    ClaimlogError
        If there is something else, or what cannot be read.
    """
    from claimlog.untrusted_files import open_regular

    if not os.path.lexists(path):
        return
    with open_regular(path, str(path), None, REMEDY) as file:
        if file.read(len(beginning)) not in (b"", beginning):
            raise ClaimlogError(f"{path}: is there already and no {what}; {REMEDY}")
