"""JSON notes below ``.claimlog``, each with a digest of its own: what was damaged is not used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.files import write_durably
from claimlog.limits import NOTE_BYTES
from claimlog.package import Package
from claimlog.package_state import require_own_state, state_folder
from claimlog.untrusted_files import parse_json, read_regular

DIGEST = "sha256"
"""Key of the digest, beside those of the note."""


def write_note(package: Package, name: str, note: Mapping[str, Any]) -> None:
    """Write a note durably; one that says the same already stays as it is.

    Parameters
    ----------
    name
        Its path below the state directory, one of `state.FILES`.

    Raises
    ------
    ClaimlogError
        If the state directory is none of ours or cannot be written.
    OSError
        If the note cannot be written; one that was there stays.
    """
    folder, _, file = name.rpartition("/")
    path = state_folder(package, folder) / file
    data = json.dumps({**note, DIGEST: _digest(note)}, sort_keys=True).encode()
    with suppress(OSError):  # what cannot be read is replaced
        if path.read_bytes() == data:
            return
    write_durably(path, data, is_note=True)


def read_note(package: Package, name: str) -> dict[str, Any]:
    """Return a note as it was written.

    Raises
    ------
    ClaimlogError
        If it is absent or not what was written, or the state directory is none of ours.
    """
    path = require_own_state(package) / name
    shown = package.relative(path)
    data = read_regular(path, shown, NOTE_BYTES)
    note = parse_json(data, shown)
    if note.pop(DIGEST, None) != _digest(note):
        raise ClaimlogError(f"{shown}: is not what was saved")
    return note


def _digest(note: Mapping[str, Any]) -> str:
    return sha256(json.dumps(note, sort_keys=True).encode()).hexdigest()
