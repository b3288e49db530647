"""Digests of values that were found sound, so that none is checked twice.

To check the files of a definition takes longer than to read them, and a command reads the same ones
two or three times, and mostly the same as the command before it. What was found depends on nothing
but the value, what it had to be, and the code.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256

HELD = 10_000
"""Digests that a process holds at most; the one that was longest unused goes first."""

_SOUND: OrderedDict[str, None] = OrderedDict()
_USED: set[str] = set()


def digest_of(kind: str, data: bytes) -> str:
    """Return the digest by which a value is known; `kind` says what it was found to be."""
    return sha256(kind.encode() + b"\0" + data).hexdigest()


def is_sound(digest: str) -> bool:
    """Whether a value was found sound."""
    if digest not in _SOUND:
        return False
    _SOUND.move_to_end(digest)
    _USED.add(digest)
    return True


def note_sound(digest: str) -> None:
    """Note that a value was found sound."""
    _hold(digest)
    _USED.add(digest)


def recall_sound(digests: Iterable[str]) -> None:
    """Take values for sound that an earlier process found so; they count as used when asked for."""
    for digest in digests:
        _hold(digest)


def used_digests() -> frozenset[str]:
    """Return the digests of what this process checked and found sound, or knew to be when asked."""
    return frozenset(_USED)


def _hold(digest: str) -> None:
    _SOUND[digest] = None
    if len(_SOUND) > HELD:
        _USED.discard(_SOUND.popitem(last=False)[0])
