"""The signed statement about a release: one signature over every file and the root of the log.

It is a signed note (`signed_note.py`) that lies beside the archive. Its text names the SHA-256 of
``SHA256SUMS``, which names that of every other file, so nothing in the archive can be
changed unseen. No other kind of note begins with its first line, so a signed checkpoint, which is
about the log alone, can never be taken for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.log.release_index import ReleaseEntry
from claimlog.package import SUMS
from claimlog.release.signed_note import Note, parse_note, sign_note, verify_note

KIND = "claimlog release 1"
STATEMENT_SUFFIX = ".signature"
FORM = re.compile(
    rf"{re.escape(KIND)}\n(?P<name>[^\s]+) (?P<version>[0-9.]+)\n"
    rf"{SUMS} (?P<sums>[0-9a-f]{{64}})\ntree (?P<size>[0-9]{{1,19}}) (?P<root>[0-9a-f]{{64}})\n"
)


@dataclass(frozen=True)
class ReleaseStatement:
    """The text that a signature over a release covers.

    Attributes
    ----------
    sums
        SHA-256 of the list of checksums, hex.
    size, root
        Of the log's tree; the root in hex.
    """

    name: str
    version: str
    sums: str
    size: int
    root: str

    @classmethod
    def of_entry(cls, name: str, entry: ReleaseEntry) -> ReleaseStatement:
        """Return the statement about the last issue of a release that an index holds."""
        sums = str(entry.files[SUMS])
        return cls(name, str(entry.version), sums, entry.size, entry.root)

    @property
    def text(self) -> str:
        """The text that is signed."""
        return (
            f"{KIND}\n{self.name} {self.version}\n{SUMS} {self.sums}\n"
            f"tree {self.size} {self.root}\n"
        )

    def sign(self, key: Path) -> str:
        """Return the statement as a note, signed with the private key in a PEM file.

        Raises
        ------
        ClaimlogError
            If the file holds no Ed25519 private key, or the name cannot stand in a note.
        """
        return sign_note(self.text, self.name, key)


def parse_statement(data: bytes, display_path: str) -> tuple[Note, ReleaseStatement]:
    """Return a statement and the note that it is; its signatures are not verified.

    Raises
    ------
    ClaimlogError
        If it is no signed note, or is about something else.
    """
    note = parse_note(data, display_path)
    form = FORM.fullmatch(note.text)
    if form is None:
        raise ClaimlogError(
            f"{display_path}: is no statement about a release; expected {KIND!r}, the name and "
            f"version, the SHA-256 of {SUMS}, and the size and root of the tree, a line each"
        )
    return note, ReleaseStatement(
        form["name"], form["version"], form["sums"], int(form["size"]), form["root"]
    )


def read_statement(data: bytes, key: Path, display_path: str) -> ReleaseStatement:
    """Return a statement that a public key has signed.

    Raises
    ------
    ClaimlogError
        If it is no signed note, is not signed with that key, or is about something else.
    """
    note, statement = parse_statement(data, display_path)
    verify_note(note, key, statement.name)
    return statement
