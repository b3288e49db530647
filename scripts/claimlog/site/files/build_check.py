"""What a build must be before its site is written: a clone, or a stranger, may have made it.

Its files are copied to where everybody may read them, so that a link in it would publish a file of
the user's; and its database is asked for every page, so that a view in it could answer without end.
"""

from __future__ import annotations

import stat
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.release.layout import MAX_MEMBERS
from claimlog.release.plain_database import require_plain_database, require_solid_file
from claimlog.untrusted_files import files_below

REMEDY = "remove the build and make it again: claimlog build"


def require_plain_build(folder: Path, database: Path) -> None:
    """Refuse a build that holds anything but regular files, or a database that computes.

    Parameters
    ----------
    database
        The path of its database.

    Raises
    ------
    ClaimlogError
        With the first file at fault.
    """
    paths = files_below(folder, MAX_MEMBERS)
    if paths is None:
        raise ClaimlogError(
            f"{folder}: holds more than {MAX_MEMBERS:,} files, or is nested too deep; {REMEDY}"
        )
    for path in paths:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ClaimlogError(f"{path}: is a link, or no regular file; {REMEDY}")
        require_solid_file(path, str(path), REMEDY)
    require_plain_database(database, str(database), REMEDY)
