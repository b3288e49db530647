"""Definitions read once a process for each content: tests read that of one tiny package thousands
of times, and its hundred and forty files have what is asked of them checked every time.

A definition is a value: it follows from the descriptor and the bytes of the files in ``schemas/``.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.schema import definition
from claimlog.schema.definition import Definition
from claimlog.untrusted_files import is_sparse

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

MOST = 200
"""Definitions that are held: most tests share one, and some make a dozen."""

_read = definition.read_definition
_known: dict[bytes, Definition] = {}


def remember_definitions() -> None:
    """Have every module of this process take a definition that was read of the same bytes."""
    for module in [*sys.modules.values()]:
        if vars(module).get("read_definition") is _read:
            vars(module)["read_definition"] = _read_or_recall


def _read_or_recall(package: Package) -> Definition:
    key = _content(package)
    if key is None:
        return _read(package)  # which says what is wrong
    if key not in _known:
        found = _read(package)
        if len(_known) >= MOST:
            _known.clear()
        _known[key] = found
    return _known[key]


def _content(package: Package) -> bytes | None:
    """Return the hash of all that a definition follows from; None if it holds more than files."""
    try:
        if package.replacement_note.exists():
            return None
        digest = sha256(orjson.dumps((package.archived, package.descriptor)))
        return digest.digest() if _add_folder(digest, package.schemas) else None
    except (OSError, ClaimlogError):
        return None


def _add_folder(digest: Hash, folder: Path) -> bool:
    if folder.is_symlink():
        return False
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            digest.update(f"{entry.name}\0".encode())
            if entry.is_dir(follow_symlinks=False):
                if not _add_folder(digest, Path(entry.path)):
                    return False
                digest.update(b"\0")
            elif entry.is_file(follow_symlinks=False) and not is_sparse(entry.stat()):
                data = Path(entry.path).read_bytes()
                digest.update(b"%d\0" % len(data) + data)
            else:
                return False
    return True
