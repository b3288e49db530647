"""Checks Office Open XML files (XLSX, DOCX) before anything in them is read.

A file may be a stranger's. It is a ZIP of XML: how much it unpacks to is known and bounded before
any of it is, and no member may declare a document type, which entities and external files need.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from xml.parsers import expat

from claimlog.errors import ClaimlogError
from claimlog.limits import OFFICE_DIRECTORY_BYTES
from claimlog.zip_listing import directory_size

ZIP, OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OPEN_DOCUMENT = "mimetype"
BEGINS_AS_XML = re.compile(rb"[\0\xef\xbb\xbf\xfe\xff\s]*+<|\x4c\x6f\xa7\x94")
"""A tag after any mark of the order of bytes and white space, of letters of any width, or EBCDIC's
``<?xm``."""


@dataclass(frozen=True)
class OfficeFormat:
    """A kind of Office Open XML file, as messages name it, and how much one may unpack to.

    Attributes
    ----------
    name, old_name
        What it is, and what a file of the same program before 2007 is.
    main
        The member that makes a ZIP file one of this kind.
    remedy
        What to do with a file that is not read.
    limit_remedy
        The same for one that unpacks to more, with what is said of such a size.
    unread
        A directory of pictures, of which claimlog reads none; empty if any member may be read.
    """

    name: str
    old_name: str
    main: str
    members: int
    unpacked: int
    remedy: str
    limit_remedy: str
    unread: str = ""


def refuse_unsafe_file(data: bytes, form: OfficeFormat) -> None:
    """Refuse a file that is of another kind, broken, too large unpacked, or declares entities.

    Raises
    ------
    ClaimlogError
        Saying what it is; the message has no file name.
    """
    if data.startswith(OLD_OFFICE):
        raise ClaimlogError(f"is {form.old_name}, or one with a password; {form.remedy}")
    if (directory_size(io.BytesIO(data)) or 0) > OFFICE_DIRECTORY_BYTES:
        raise ClaimlogError(
            f"has a list of files of more than {OFFICE_DIRECTORY_BYTES:,} bytes, "
            f"{form.limit_remedy}"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > form.members or sum(m.file_size for m in members) > form.unpacked:
                raise ClaimlogError(
                    f"unpacks to more than {form.members:,} files or {form.unpacked:,} bytes, "
                    f"{form.limit_remedy}"
                )
            names = {member.filename for member in members}
            if OPEN_DOCUMENT in names:
                raise ClaimlogError(f"is an OpenDocument file; {form.remedy}")
            if form.main not in names:
                raise ClaimlogError(f"is a ZIP file and no {form.name}; {form.remedy}")
            for member in members:
                with archive.open(member) as file:
                    data = file.read(member.file_size + 1)
                _refuse_wrong_member(data, member, form)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ClaimlogError(
            f"is no whole {form.name} ({first_line(error)}); {form.remedy}"
        ) from error


def _refuse_wrong_member(data: bytes, member: zipfile.ZipInfo, form: OfficeFormat) -> None:
    """Refuse a member of another size than stated, and one that declares a document type.

    Relations name what is read, whatever it is called, and the parser finds its encoding by itself:
    so each member is begun by that parser.
    """
    if len(data) > member.file_size:
        raise ClaimlogError(f"is no whole {form.name} ({member.filename} is longer than it says)")
    if form.unread and member.filename.startswith(form.unread):
        return
    declares = _declares_document_type(data)
    if declares is None:
        raise ClaimlogError(
            f"holds XML in {member.filename[:80]} that is broken, or neither UTF-8 nor UTF-16; "
            f"{form.remedy}"
        )
    if declares:
        raise ClaimlogError(
            f"declares a document type in {member.filename[:80]}, which no {form.name} does and "
            f"which can name other files; {form.remedy}"
        )


class _Known(Exception):
    """Whether a file declares a document type is known."""


def _declares_document_type(data: bytes) -> bool | None:
    """Whether a file is XML with a document type; one stands before the first element only.

    None for XML that expat does not read: other parsers know more encodings (libxml2 finds UTF-32
    and EBCDIC by the first bytes), and would read a document type that was not seen here.
    """
    parser = expat.ParserCreate()

    def found(*_: object) -> None:
        raise _Known(True)

    def begun(*_: object) -> None:
        raise _Known(False)

    parser.StartDoctypeDeclHandler = found
    parser.StartElementHandler = begun
    try:
        parser.Parse(data, True)
    except _Known as known:
        return bool(known.args[0])
    except (expat.ExpatError, ValueError, LookupError):  # the last two for a declared encoding
        return None if BEGINS_AS_XML.match(data) else False
    return False


def first_line(error: Exception) -> str:
    """Return what a library said, in a line that is not too long."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
