"""Definitions read once for each content: tests read that of one tiny package thousands of times,
and its hundred and forty files have what is asked of them checked every time.

A definition is a value: it follows from the descriptor and the bytes of the files in ``schemas/``.
A process holds what it read, and processes that share a folder read what the others found.
"""

from __future__ import annotations

import os
import pickle
import sys
from functools import partial
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


def remember_definitions(folder: Path | None = None) -> None:
    """Have every module of this process take a definition that was read of the same bytes.

    Parameters
    ----------
    folder
        Where processes that are forked from this one leave what they read for each other.
    """
    recall = partial(_read_or_recall, folder)
    for module in [*sys.modules.values()]:
        if vars(module).get("read_definition") is _read:
            vars(module)["read_definition"] = recall


def _read_or_recall(folder: Path | None, package: Package) -> Definition:
    key = _content(package)
    if key is None:
        return _read(package)  # which says what is wrong
    if key not in _known:
        found = _read_or_load(folder / key.hex(), package) if folder else _read(package)
        if len(_known) >= MOST:
            _known.clear()
        _known[key] = found
    return _known[key]


def _read_or_load(path: Path, package: Package) -> Definition:
    if path.exists():
        found: Definition = pickle.loads(path.read_bytes())
        return found
    found = _read(package)
    own = path.with_suffix(f".{os.getpid()}")
    own.write_bytes(pickle.dumps(found))
    own.replace(path)
    return found


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
            digest.update(os.fsencode(entry.name) + b"\0")
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
