"""Files of other tools, read within limits: JSON, XML without document types, and ZIP archives.

They are strangers' files. How large one is, unpacked too, how deep it is nested and of how many
elements it consists is bounded; XML that declares a document type is refused before any entity
could be read, and nothing in a file leads to another one.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeGuard, TypeVar
from xml.etree import ElementTree

from claimlog.errors import ClaimlogError
from claimlog.limits import (
    DEPTH,
    INTERCHANGE_ARCHIVE_BYTES,
    INTERCHANGE_BYTES,
    INTERCHANGE_DIRECTORY_BYTES,
    INTERCHANGE_UNPACKED_BYTES,
    XML_DEPTH,
    XML_ELEMENTS,
)
from claimlog.strict_json import decode_value
from claimlog.untrusted_files import RIGHT_FILE, is_deeper, open_regular, read_regular
from claimlog.zip_listing import directory_size

V = TypeVar("V")
EXPORT_AGAIN = "export it again from the tool"
ZIP = b"PK\x03\x04"
WHOLE_NUMBER = re.compile(r"[0-9]{1,15}")
DECLARED_ENCODING = re.compile(r"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def read_foreign_file(path: Path) -> bytes:
    """Return the bytes of a file that a user named.

    Raises
    ------
    ClaimlogError
        If it cannot be read, is no regular file, or larger than `limits.INTERCHANGE_BYTES`.
    """
    return read_regular(path, str(path), INTERCHANGE_BYTES, remedy=RIGHT_FILE)


def decode_utf8(data: bytes, shown: str) -> str:
    """Return bytes as text.

    Raises
    ------
    ClaimlogError
        If they are not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = f"{EXPORT_AGAIN} in UTF-8, or convert it with iconv"
        raise ClaimlogError(f"{shown}: not UTF-8 (byte {error.start}); {remedy}") from error


def decode_json(text: str, shown: str) -> Any:
    """Return a JSON value that is not nested deeper than `limits.DEPTH`.

    Raises
    ------
    ClaimlogError
        If the text is none.
    """
    try:
        value = decode_value(text)
    except ValueError as error:
        raise ClaimlogError(f"{shown}: not valid JSON: {error}; {EXPORT_AGAIN}") from error
    if is_deeper(value, DEPTH):
        raise ClaimlogError(f"{shown}: nested more than {DEPTH} levels deep; {EXPORT_AGAIN}")
    return value


class _Builder(ElementTree.TreeBuilder):
    """Builds a tree of bounded depth and size, and none of a file with a document type."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:
        self.depth += 1
        self.elements += 1
        if self.depth > XML_DEPTH or self.elements > XML_ELEMENTS:
            raise ClaimlogError(
                f"has more than {XML_ELEMENTS:,} elements, or {XML_DEPTH} inside each other; "
                "export a part of it"
            )
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ElementTree.Element:
        self.depth -= 1
        return super().end(tag)

    def doctype(self, *_: object) -> None:
        """Refuse the declaration, which comes before all that it could declare."""
        raise ClaimlogError(
            "declares a document type, which can name other files and which no tool writes; "
            f"{EXPORT_AGAIN}"
        )


def parse_xml(data: bytes, shown: str) -> ElementTree.Element:
    """Return the root of an XML document.

    Raises
    ------
    ClaimlogError
        If it is none in UTF-8, declares a document type, or is larger than `limits` allows.
    """
    text = decode_utf8(data, shown)
    declared = DECLARED_ENCODING.match(text)
    if declared and declared[1].lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise ClaimlogError(f"{shown}: is in {declared[1]}, expected UTF-8; {EXPORT_AGAIN} in it")
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(data)
        root: ElementTree.Element = parser.close()
    except ClaimlogError as error:
        raise ClaimlogError(f"{shown}: {error}") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ClaimlogError(f"{shown}: not valid XML: {error}; {EXPORT_AGAIN}") from error
    return root


class Archive:
    """A ZIP archive of which members are unpacked one by one, all of them within a limit."""

    def __init__(self, archive: zipfile.ZipFile, shown: str) -> None:
        self._archive = archive
        self._room = INTERCHANGE_UNPACKED_BYTES
        self.shown = shown
        # `ZipInfo.is_dir` of Python 3.11 fails at an empty name
        members = [one for one in archive.infolist() if not one.filename.endswith("/")]
        self._members = {member.filename: member for member in members}
        if len(self._members) < len(members):
            raise ClaimlogError(f"{shown}: holds two files of one name; {EXPORT_AGAIN}")

    @property
    def names(self) -> list[str]:
        return sorted(self._members)

    def read(self, name: str, most: int = INTERCHANGE_BYTES) -> bytes | None:
        """Return the bytes of a member, None if there is no such member.

        Raises
        ------
        ClaimlogError
            If it is broken, has a password, or unpacks to more than `most` or what is left.
        """
        member = self._members.get(name)
        if member is None:
            return None
        where = f"{self.shown}/{name}"
        own, most = most, min(most, self._room)
        try:
            with self._archive.open(member) as file:
                data = file.read(most + 1)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
            raise _broken(where, error) from error
        except Exception as error:  # of decompressors: zlib.error, lzma.LZMAError
            raise _broken(where, error) from error
        self._room -= len(data)
        if len(data) > own:
            raise ClaimlogError(
                f"{where}: unpacks to more than {own:,} bytes; split it in the tool, or export the "
                "project without it"
            )
        if len(data) > most:
            raise ClaimlogError(
                f"{where}: unpacks with what was read before to more than "
                f"{INTERCHANGE_UNPACKED_BYTES:,} bytes; export a part of the project"
            )
        return data


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a ZIP archive that a user named.

    Raises
    ------
    ClaimlogError
        If it is broken, or larger than `limits` allows.
    """
    shown = str(path)
    with open_regular(path, shown, None, RIGHT_FILE) as file:
        _refuse_long_directory(file, shown)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise _broken(shown, error) from error
        with archive:
            yield Archive(archive, shown)


def _refuse_long_directory(file: IO[bytes], shown: str) -> None:
    """Refuse an archive of which the list of files alone would take much memory."""
    length = directory_size(file)
    if length is None:
        raise ClaimlogError(f"{shown}: no whole ZIP archive; {EXPORT_AGAIN}")
    size = file.seek(0, 2)
    file.seek(0)
    if size > INTERCHANGE_ARCHIVE_BYTES or length > INTERCHANGE_DIRECTORY_BYTES:
        raise ClaimlogError(
            f"{shown}: has more than {INTERCHANGE_ARCHIVE_BYTES:,} bytes, or a list of files of "
            f"more than {INTERCHANGE_DIRECTORY_BYTES:,}; export the project without media"
        )


def _broken(shown: str, error: Exception) -> ClaimlogError:
    said = (str(error).splitlines() or [""])[0][:120]
    return ClaimlogError(f"{shown}: cannot be unpacked ({said}); {EXPORT_AGAIN}")


def text_value(value: Any) -> str:
    """Return a JSON value as the text of an attribute."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def whole_number(text: str) -> int | None:
    """Return the number that decimal digits write, None if a text is anything else.

    >>> [whole_number(text) for text in ("12", "1_2", "-1", "\u0661")]
    [12, None, None, None]
    """
    return int(text) if WHOLE_NUMBER.fullmatch(text) else None


def note_meaning(meanings: dict[str, V], identifier: str, meaning: V, shown: str) -> None:
    """Note what an identifier of a file stands for.

    Raises
    ------
    ClaimlogError
        If it stands for something else already: who refers to it means nobody knows which.
    """
    if meanings.setdefault(identifier, meaning) != meaning:
        raise ClaimlogError(
            f"{shown}: the identifier {identifier[:60]!r} stands for two things; {EXPORT_AGAIN}"
        )


def is_offset(value: Any) -> TypeGuard[int]:
    """Whether a JSON value is an offset: a whole number, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)
