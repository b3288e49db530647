"""Texts that were read at the desk and are no sources yet."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Any, TypeVar

from claimlog.desk.roles import Role

Row = dict[str, Any]
T = TypeVar("T")
MOST = 5
"""Of each role, the latest are held."""


@dataclass(frozen=True)
class Upload:
    """The canonical text of a document.

    Attributes
    ----------
    name
        What the document was called, or its address.
    content
        The text alone: its words take fifty times its size.
    proposal
        Columns of the source that the document says something about, for a person to correct.
    recorded
        Columns that say where the text came from, which nobody edits.
    """

    name: str
    content: str
    proposal: Row
    recorded: Row


@dataclass(frozen=True)
class Registered:
    """What became of an upload.

    Attributes
    ----------
    request
        That made it a source.
    source, text_sha256
        Identifier and text of that.
    """

    request: str
    source: str
    text_sha256: str


class Uploads:
    """The latest uploads of each role, which no other sees or pushes out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, Upload]] = {}
        self._registered: dict[str, dict[str, Registered]] = {}

    def keep(self, role: Role, upload: Upload) -> str:
        """Hold an upload, in place of the oldest of a role that has many; return its name."""
        name = secrets.token_hex(8)
        with self._lock:
            _hold(self._held, role, name, upload)
        return name

    def get(self, role: Role, name: str) -> Upload | None:
        with self._lock:
            return self._held.get(role.name, {}).get(name)

    def close(self, role: Role, name: str, registered: Registered) -> None:
        """Let go of an upload that a request made a source, which may be asked for again."""
        with self._lock:
            self._held.get(role.name, {}).pop(name, None)
            _hold(self._registered, role, name, registered)

    def source_made_of(self, role: Role, name: str) -> Registered | None:
        """Return what became of an upload, if it was made a source."""
        with self._lock:
            return self._registered.get(role.name, {}).get(name)


def _hold(held: dict[str, dict[str, T]], role: Role, name: str, one: T) -> None:
    """Hold one more of a role, in place of its oldest if it has many."""
    own = held.setdefault(role.name, {})
    own[name] = one
    if len(own) > MOST:
        del own[next(iter(own))]
