"""Reader of REFI-QDA projects (QDPX and QDE), as NVivo, MAXQDA, ATLAS.ti, QualCoder and Taguette
exchange them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from xml.etree.ElementTree import Element

from claimlog.errors import ClaimlogError
from claimlog.interchange.annotations import (
    CODE_POINT,
    ForeignAnnotation,
    ForeignDocument,
    Project,
    Quote,
    require_name,
)
from claimlog.interchange.foreign_files import (
    EXPORT_AGAIN,
    ZIP,
    Archive,
    decode_utf8,
    note_meaning,
    open_archive,
    parse_xml,
    read_foreign_file,
    whole_number,
)
from claimlog.limits import TEXT_BYTES
from claimlog.untrusted_files import RIGHT_FILE, open_regular

FORMAT = "refi-qda"
NAMESPACE = "{urn:QDA-XML:project:1.0}"
PROJECT_ENDING = ".qde"
SOURCES, INTERNAL = ("Sources/", "sources/"), "internal://"
CUT = "…"
SELECTION, DESCRIPTION = "PlainTextSelection", "Description"
LOSSES = {
    "Notes": "Note",
    "Links": "Link",
    "Sets": "Set",
    "Cases": "Case",
    "Variables": "Variable",
    "Graphs": "Graph",
}
"""Parts of a project that have no counterpart, and what each element in them is."""


def read_refi_qda(path: Path) -> Project:
    """Read a project.

    Raises
    ------
    ClaimlogError
        If it is none.
    """
    shown = str(path)
    with open_regular(path, shown, None, RIGHT_FILE) as file:
        is_archive = file.read(len(ZIP)) == ZIP
    with open_archive(path) if is_archive else nullcontext() as archive:
        data = _project_file(archive) if archive else read_foreign_file(path)
        root = parse_xml(data, shown)
        if root.tag != f"{NAMESPACE}Project":
            raise ClaimlogError(f"{shown}: no REFI-QDA project; {EXPORT_AGAIN} as QDPX")
        return _Reader(root, shown, archive).project


def _project_file(archive: Archive) -> bytes:
    names = [name for name in archive.names if name.lower().endswith(PROJECT_ENDING)]
    data = archive.read(names[0]) if len(names) == 1 else None
    if data is None:
        raise ClaimlogError(
            f"{archive.shown}: holds {len(names)} files {PROJECT_ENDING}, expected one; "
            f"{EXPORT_AGAIN} as QDPX"
        )
    return data


class _Reader:
    """Reads the elements of a project into `project`."""

    def __init__(self, root: Element, shown: str, archive: Archive | None) -> None:
        self.project = Project(FORMAT, shown, CODE_POINT)
        self.losses = self.project.losses
        self.archive = archive
        self.number = 0
        self.users: dict[str, str | None] = {}
        for user in root.iter(_tag("User")):
            note_meaning(self.users, user.get("guid", ""), user.get("name"), shown)
        self.codes: dict[str, str] = {}
        for codes in root.iterfind(f"{_tag('CodeBook')}/{_tag('Codes')}"):
            self._add_codes(codes, "")
        for part in root.iterfind(_tag("Sources")):
            for source in part:
                self._add_source(source)
        for group, kind in LOSSES.items():
            for element in root.iterfind(f"{_tag(group)}/{_tag(kind)}"):
                where = element.get("name") or element.get("guid") or kind
                self.losses.add_loss(f"a {kind} of the project", where[:80])
        self.project.require_limits()

    def _add_codes(self, parent: Element, path: str) -> None:
        for code in parent.iterfind(_tag("Code")):
            name = path + (code.get("name") or code.get("guid") or "")
            require_name(name, self.project.shown)  # each code below has it in its own
            if guid := code.get("guid"):  # without one nothing refers to it
                note_meaning(self.codes, guid, name, self.project.shown)
            if code.find(_tag(DESCRIPTION)) is not None:
                self.losses.add_loss("the description of a code", name[:80])
            self._add_codes(code, f"{name} > ")

    def _add_source(self, source: Element) -> None:
        kind = _local(source)
        name = source.get("name") or source.get("guid") or kind
        if kind == "TextSource":
            self._add_text(source, name)
            return
        for part in source:
            if _local(part) == "Representation":  # the plain text of a PDF
                self._add_text(part, name)
                continue
            for inner in part.iter(_tag("Coding")):
                where = part.get("name") or inner.get("guid") or ""
                self.losses.add_loss(f"a coding of a {kind}", f"{name[:60]}: {where[:40]}")

    def _add_text(self, source: Element, name: str) -> None:
        document = self.project.add_document(name, self._text(source))
        for part in source:
            where = f"{name[:60]}: {part.get('name', '')[:40]}"
            if _local(part) == SELECTION:
                for annotation in self._annotations(part, document):
                    self.project.add_annotation(document, annotation)
            elif _local(part) == "Coding":
                self.losses.add_loss("a code of a whole document", where)
            elif _local(part) not in ("PlainTextContent", DESCRIPTION):
                self.losses.add_loss(f"a {_local(part)} of a document", where)

    def _text(self, source: Element) -> str | None:
        """Return the text of a source, which lies in the archive or in the project file."""
        content = source.find(_tag("PlainTextContent"))
        if content is not None:
            return content.text or ""
        path = source.get("plainTextPath") or ""
        if self.archive is None or not path.startswith(INTERNAL):
            return None
        for folder in SOURCES:
            member = folder + path.removeprefix(INTERNAL)
            data = self.archive.read(member, TEXT_BYTES)
            if data is not None:
                return decode_utf8(data, f"{self.project.shown}/{member}")
        return None

    def _annotations(
        self, selection: Element, document: ForeignDocument
    ) -> Iterator[ForeignAnnotation]:
        """Yield one annotation for each coder of a selection."""
        where = f"annotation {self.number + 1}"
        shown = f"{self.project.shown}: {where}"
        start, end = (
            whole_number(selection.get(f"{name}Position", "")) for name in ("start", "end")
        )
        if start is None or end is None:
            raise ClaimlogError(
                f"{shown}: a selection has no startPosition and endPosition that are whole "
                f"numbers; {EXPORT_AGAIN}"
            )
        quote = None
        if document.text is None and (words := selection.get("name")):
            quote = Quote(words.removesuffix(CUT), is_cut=words.endswith(CUT))
        described = selection.findtext(_tag(DESCRIPTION))
        if selection.find(_tag("NoteRef")) is not None:
            self.losses.add_loss("a note on a selection", where)
        by_coder: dict[str | None, dict[str, None]] = {}
        for coding in selection.iterfind(_tag("Coding")):
            user = coding.get("creatingUser") or selection.get("creatingUser")
            labels = by_coder.setdefault(self.users.get(user) if user else None, {})
            if coding.find(_tag("NoteRef")) is not None:
                self.losses.add_loss("a note on a coding", where)
            for reference in coding.iterfind(_tag("CodeRef")):
                target = reference.get("targetGUID", "")
                if target not in self.codes:
                    raise ClaimlogError(
                        f"{shown}: refers to code {target[:60]!r}, which the code book does not "
                        f"have; {EXPORT_AGAIN}"
                    )
                labels[self.codes[target]] = None
        if not by_coder:
            self.losses.add_loss("a selection without a code", where)
        for coder, labels in by_coder.items():
            self.number += 1
            attributes = {DESCRIPTION: described} if described else {}
            yield ForeignAnnotation(
                self.number, ((start, end),), tuple(labels), attributes, coder, quote
            )


def _tag(name: str) -> str:
    return NAMESPACE + name


def _local(element: Element) -> str:
    return element.tag.removeprefix(NAMESPACE) if isinstance(element.tag, str) else ""
