"""Writer of UIMA CAS files, XMI and JSON, by dkpro-cassis: a document with a layer of rows.

The layer is named as INCEpTION names those that a project adds; every column is a text feature.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from claimlog.errors import ClaimlogError
from claimlog.interchange.uima_cas import JSON_FORMAT, LAYER, feature_name
from claimlog.schema.table_schema import Table
from claimlog.sources.text import Text

if TYPE_CHECKING:
    from cassis import TypeSystem

TYPE_SYSTEM = "TypeSystem.xml"
ANNOTATION, STRING = "uima.tcas.Annotation", "uima.cas.String"

Passage = tuple[int, int, Mapping[str, Any]]
"""Start, end and columns of a row."""


def layer_name(table: Table) -> str:
    """Return the name of the layer that holds the rows of a stream."""
    return f"{LAYER}{''.join(part.title() for part in table.entity.split('_'))}"


class CasWriter:
    """Writes the rows of a stream as CAS files, one for each source."""

    def __init__(self, table: Table, columns: Iterable[str], name: str) -> None:
        """Define the layer.

        Parameters
        ----------
        columns
            The features that it has.
        name
            The format.

        Raises
        ------
        ClaimlogError
            If dkpro-cassis is not installed, or has another use for the name of a column.
        """
        try:
            import cassis
        except ImportError as error:
            raise ClaimlogError(
                f"{name}: is written by dkpro-cassis, which is not installed; run pip install "
                "'claimlog[interchange]'"
            ) from error
        self.format = name
        self.type_system: TypeSystem = cassis.TypeSystem()
        self.layer = self.type_system.create_type(layer_name(table), ANNOTATION)
        for column in columns:
            self._create_feature(column)

    def _create_feature(self, column: str) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # of a feature that is there, or gets another name
                self.type_system.create_feature(self.layer, feature_name(column), STRING)
        except (UserWarning, ValueError) as error:
            raise ClaimlogError(
                f"{self.format}: has no place for the column {column} ({error}); export it as "
                "web-annotation"
            ) from error

    @property
    def ending(self) -> str:
        return ".json" if self.format == JSON_FORMAT else ".xmi"

    def document(self, text: Text, language: str, passages: Iterable[Passage]) -> bytes:
        """Return the CAS of a source.

        Raises
        ------
        ClaimlogError
            If the text holds characters that the format cannot.
        """
        from cassis import Cas

        cas = Cas(self.type_system)
        cas.sofa_string = text.content
        cas.sofa_mime = "text/plain"
        cas.document_language = language
        for start, end, columns in passages:
            said = {feature_name(name): _text(value) for name, value in columns.items()}
            cas.add(self.layer(begin=start, end=end, **said))
        try:
            written: str = cas.to_json() if self.format == JSON_FORMAT else cas.to_xmi()
        except ValueError as error:  # of lxml: control characters
            raise ClaimlogError(
                f"{self.format}: cannot hold a character of this text ({error}); export it as "
                "web-annotation"
            ) from error
        return written.encode("utf-8")

    def type_system_file(self) -> bytes:
        """Return the type system, which INCEpTION imports layers from."""
        written: str = self.type_system.to_xml()
        return written.encode("utf-8")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
