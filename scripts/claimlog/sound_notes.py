"""Notes of what was found sound in a package's files, so that the next command need not check it.

A checkout can bring along anything below ``.claimlog``, and a note that was believed there would
lead around every check. So it names the lock beside it as the file system does, by an inode and a
time of change, which no checkout, archive or copy brings along.
"""

from __future__ import annotations

import os
from contextlib import suppress

from claimlog.errors import ClaimlogError
from claimlog.fingerprint import is_cached, tool_fingerprint
from claimlog.package import Package
from claimlog.package_state import lock_mark, open_lock
from claimlog.schema.sound_values import HELD, recall_sound, used_digests
from claimlog.state_notes import read_note, write_note

NOTE = "cache/sound.json"
LOCK = "cache"


def recall_sound_values(package: Package) -> None:
    """Take values for sound that an earlier command with the same code found so."""
    recall_sound(_noted(package))


def note_sound_values(package: Package) -> None:
    """Note what this process found sound and no note says yet, if the log is one to cache.

    It is as good without.
    """
    used = used_digests()
    known = _noted(package)
    if used <= known or not is_cached(package):
        return
    sound = known | used
    with suppress(OSError, ClaimlogError):
        open_lock(package, LOCK).close()
        digests = sorted(sound if len(sound) <= HELD else used)
        write_note(
            package,
            NOTE,
            {"code": tool_fingerprint(), "lock": lock_mark(package, LOCK), "sound": digests},
        )


def _noted(package: Package) -> frozenset[str]:
    if package.archived or not os.access(package.state / NOTE, os.F_OK, effective_ids=True):
        return frozenset()
    try:
        note = read_note(package, NOTE)
        is_own = (note["code"], note["lock"]) == (tool_fingerprint(), lock_mark(package, LOCK))
        return frozenset(map(str, note["sound"])) if is_own else frozenset()
    except (ClaimlogError, OSError, KeyError, TypeError):
        return frozenset()
