"""Commitments to finished codings, and files in which they are handed to another machine.

A commitment is a hash over all that a coding holds and a random nonce. Exchanged before the files,
it keeps each coder from changing a coding after seeing the other's, and tells nothing of it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from claimlog.desk.journal_density import as_only_line
from claimlog.errors import ClaimlogError
from claimlog.files import write_durably
from claimlog.limits import CODING_BYTES
from claimlog.log.canonical import encode_value
from claimlog.untrusted_files import RIGHT_FILE, parse_json, read_regular

FORMAT = "claimlog-coding/1"
NONCE_BYTES = 32
NONCE = re.compile(r"[0-9a-f]{64}")
DOMAIN = b"claimlog coding\0"
"""So that the hash of a coding is one of nothing else."""


def new_nonce() -> str:
    return secrets.token_hex(NONCE_BYTES)


def commitment_of(content: Mapping[str, Any], nonce: str) -> str:
    """Return the commitment to a coding: SHA-256, as hex."""
    return sha256(DOMAIN + encode_value({"content": content, "nonce": nonce})).hexdigest()


def write_coding(path: Path, content: Mapping[str, Any], nonce: str) -> None:
    """Write a finished coding as a file for another machine.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    data = encode_value({"format": FORMAT, "content": content, "nonce": nonce})
    # with blanks where it would not be read without, as they stand in the lines that were saved
    write_durably(path, as_only_line(data))


def read_coding(path: Path) -> tuple[dict[str, Any], str]:
    """Return what a file of `write_coding` holds: the coding, and its commitment.

    Raises
    ------
    ClaimlogError
        If it is no such file.
    """
    data = read_regular(path, str(path), CODING_BYTES, remedy=RIGHT_FILE)
    whole: dict[str, Any] = {}
    with suppress(ClaimlogError):
        whole = parse_json(data, str(path))
    content, nonce = whole.get("content"), whole.get("nonce")
    if (
        whole.get("format") != FORMAT
        or not isinstance(content, dict)
        or not isinstance(nonce, str)
        or not NONCE.fullmatch(nonce)
    ):
        raise ClaimlogError(f"{path}: is no coding that claimlog desk export wrote")
    return content, nonce
