"""Formats of other tools that are imported: the reader of each, and which one a file is in.

The command names them once more (`FORMATS` in `cli/import_rows`), because it starts without them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from claimlog.errors import UsageError
from claimlog.interchange.annotations import Project
from claimlog.interchange.doccano import FORMAT as DOCCANO
from claimlog.interchange.doccano import read_doccano
from claimlog.interchange.foreign_files import ZIP, open_archive
from claimlog.interchange.label_studio import FORMAT as LABEL_STUDIO
from claimlog.interchange.label_studio import read_label_studio
from claimlog.interchange.refi_qda import FORMAT as REFI_QDA
from claimlog.interchange.refi_qda import PROJECT_ENDING, read_refi_qda
from claimlog.interchange.uima_cas import JSON_FORMAT, XMI_FORMAT, read_cas
from claimlog.interchange.web_annotation_reader import FORMAT as WEB_ANNOTATION
from claimlog.interchange.web_annotation_reader import read_web_annotations
from claimlog.untrusted_files import RIGHT_FILE, open_regular

READERS: dict[str, Callable[[Path], Project]] = {
    WEB_ANNOTATION: read_web_annotations,
    JSON_FORMAT: read_cas,
    XMI_FORMAT: read_cas,
    REFI_QDA: read_refi_qda,
    LABEL_STUDIO: read_label_studio,
    DOCCANO: read_doccano,
}
"""Readers by format."""

HEAD_BYTES = 65_536
"""How much of a file is looked at to tell its format."""

MARKS = (
    (b"urn:QDA-XML:project", REFI_QDA),
    (b"http://www.omg.org/XMI", XMI_FORMAT),
    (b'"%FEATURE_STRUCTURES"', JSON_FORMAT),
    (b'"%TYPES"', JSON_FORMAT),
    (b"http://www.w3.org/ns/anno.jsonld", WEB_ANNOTATION),
    (b'"annotations"', LABEL_STUDIO),
    (b'"start_offset"', DOCCANO),
    (b'"label"', DOCCANO),
    (b'"labels"', DOCCANO),
    (b'"entities"', DOCCANO),
)
"""What stands near the beginning of a file of each format, the surest first."""


def read_project(path: Path, name: str | None) -> Project:
    """Read a file of another tool.

    Parameters
    ----------
    name
        Its format; by default what it looks like.

    Raises
    ------
    ClaimlogError
        If it is in none of the formats, broken, or larger than `limits` allows.
    """
    return READERS[name or format_of(path)](path)


def format_of(path: Path) -> str:
    """Return the format that a file looks like.

    Raises
    ------
    UsageError
        If it looks like none.
    """
    with open_regular(path, str(path), None, RIGHT_FILE) as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(ZIP):
        with open_archive(path) as archive:
            is_project = any(name.lower().endswith(PROJECT_ENDING) for name in archive.names)
        return REFI_QDA if is_project else XMI_FORMAT
    found = next((name for mark, name in MARKS if mark in head), None)
    if found is None:
        raise UsageError(
            f"{path}: looks like none of {', '.join(READERS)}; say which it is with --format"
        )
    return found
