"""What the directory of a build must be before its site is written: a stranger may have made it.

Its files are copied to where everybody may read them, so that a link in it would publish a file of
the user's.
"""

from __future__ import annotations

import stat
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.release.release_limits import MAX_FILES
from claimlog.release.walk_release import require_solid_file
from claimlog.untrusted_files import files_below

REMEDY = "remove the build and make it again: claimlog build"


def require_build_files(folder: Path) -> None:
    """Refuse a build that holds anything but regular files.

    Raises
    ------
    ClaimlogError
        With the first file at fault.
    """
    if not folder.is_dir():
        raise ClaimlogError(f"{folder}: there is no build; make one: claimlog build")
    try:
        paths = files_below(folder, MAX_FILES)
    except OSError as error:
        where = error.filename or folder
        raise ClaimlogError(f"{where}: cannot be read ({error.strerror}); {REMEDY}") from error
    if paths is None:
        raise ClaimlogError(
            f"{folder}: holds more than {MAX_FILES:,} files, or is nested too deep; {REMEDY}"
        )
    for path in paths:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ClaimlogError(f"{path}: is a link, or no regular file; {REMEDY}")
        require_solid_file(path, str(path), REMEDY)
