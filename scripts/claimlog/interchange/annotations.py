"""Annotations of another tool, as every reader of a format returns them.

Offsets are the tool's own, in the unit that `Project.unit` names; `annotation_placement`
converts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from claimlog.errors import ClaimlogError
from claimlog.interchange.loss_report import LossReport
from claimlog.limits import ANNOTATIONS, DOCUMENTS, LABEL_LENGTH, NAMES

CODE_POINT, UTF_16 = "code-point", "utf-16"
UNITS = (CODE_POINT, UTF_16)
"""What offsets count: Unicode code points, or code units of UTF-16, as Java and browsers do."""


@dataclass(frozen=True)
class Quote:
    """Words that an annotation gives for its passage; `is_cut` if it gives only their beginning."""

    exact: str
    prefix: str = ""
    suffix: str = ""
    is_cut: bool = False


@dataclass(frozen=True)
class ForeignAnnotation:
    """An annotation of another tool.

    Attributes
    ----------
    number
        Its number in the file, from 1, or its line; messages name it.
    spans
        Start and end (exclusive) of each part, in the tool's unit; none if only words are given.
    labels
        Labels, tags, codes or layers that it has.
    attributes
        What else it says, by name.
    coder
        Who made it, as the tool names them.
    """

    number: int
    spans: tuple[tuple[int, int], ...]
    labels: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    coder: str | None = None
    quote: Quote | None = None


@dataclass
class ForeignDocument:
    """A document of another tool.

    Attributes
    ----------
    text
        Its text as the tool has it; None if the file does not hold it.
    sha256
        Hash of the canonical text that the file names, where it does.
    """

    name: str
    text: str | None = None
    sha256: str | None = None
    annotations: list[ForeignAnnotation] = field(default_factory=list)


@dataclass
class Project:
    """What was read of the files of another tool.

    Attributes
    ----------
    unit
        What its offsets count, by the habits of the tool.
    columns
        The columns that attributes would fill, where the format says so.
    bare_labels
        Labels that only carry attributes, or are the tool's own: what a mapping proposes for them.
    """

    format: str
    shown: str
    unit: str
    documents: list[ForeignDocument] = field(default_factory=list)
    losses: LossReport = field(default_factory=LossReport)
    columns: dict[str, str] = field(default_factory=dict)
    bare_labels: dict[str, dict[str, str] | None] = field(default_factory=dict)
    _names: dict[str, int] = field(default_factory=dict, compare=False)
    _number: int = field(default=0, compare=False)

    def add_document(
        self, name: str, text: str | None = None, sha256: str | None = None
    ) -> ForeignDocument:
        """Add a document; of several with one name, the later ones get a number.

        Raises
        ------
        ClaimlogError
            If there are more than `limits.DOCUMENTS`.
        """
        while (number := self._names.get(name, 0) + 1) > 1:
            self._names[name] = number
            name = f"{name} ({number})"
            require_name(name, self.shown)
        self._names[name] = number
        document = ForeignDocument(name, text, sha256)
        self.documents.append(document)
        if len(self.documents) > DOCUMENTS:
            raise ClaimlogError(
                f"{self.shown}: holds more than {DOCUMENTS:,} documents; import it in parts"
            )
        return document

    def add_annotation(self, document: ForeignDocument, annotation: ForeignAnnotation) -> None:
        """Add an annotation to a document.

        Raises
        ------
        ClaimlogError
            If there are more than `limits.ANNOTATIONS`.
        """
        document.annotations.append(annotation)
        self._number += 1
        if self._number > ANNOTATIONS:
            raise ClaimlogError(
                f"{self.shown}: holds more than {ANNOTATIONS:,} annotations; import it in parts"
            )

    def annotations(self) -> Iterator[tuple[ForeignDocument, ForeignAnnotation]]:
        """Yield every annotation with its document."""
        for document in self.documents:
            for annotation in document.annotations:
                yield document, annotation

    def require_limits(self) -> None:
        """Refuse a project whose names are more, or longer, than `limits` allows.

        Raises
        ------
        ClaimlogError
            If it is.
        """
        names: set[str] = set()
        for _, annotation in self.annotations():
            names |= {*annotation.labels, *annotation.attributes, annotation.coder or ""}
        if len(names) > NAMES:
            raise ClaimlogError(
                f"{self.shown}: holds more than {NAMES:,} labels, attributes and coders, which no "
                "mapping could name; import it in parts"
            )
        names |= {document.name for document in self.documents}
        for name in names:
            require_name(name, self.shown)


def require_name(name: str, shown: str) -> None:
    """Refuse a name that is too long, before others are made of it.

    Raises
    ------
    ClaimlogError
        If it has more than `limits.LABEL_LENGTH` characters.
    """
    if len(name) > LABEL_LENGTH:
        raise ClaimlogError(
            f"{shown}: the name {name[:40]!r}… of a label, attribute, document or coder has more "
            f"than {LABEL_LENGTH:,} characters; shorten it"
        )
