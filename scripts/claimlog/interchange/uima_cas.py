"""Reader of UIMA CAS files, XMI and JSON, and of INCEpTION's archives of them.

Both forms are flat lists of feature structures, so no type system is needed to read them: an
annotation is what has a beginning and an end. Its layer is its label, its features are attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from keyword import kwlist
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from claimlog.errors import ClaimlogError
from claimlog.interchange.annotations import (
    UTF_16,
    ForeignAnnotation,
    ForeignDocument,
    Project,
    require_name,
)
from claimlog.interchange.foreign_files import (
    EXPORT_AGAIN,
    ZIP,
    decode_json,
    decode_utf8,
    is_offset,
    note_meaning,
    open_archive,
    parse_xml,
    read_foreign_file,
    text_value,
    whole_number,
)
from claimlog.untrusted_files import RIGHT_FILE, open_regular

XMI_FORMAT, JSON_FORMAT = "cas-xmi", "cas-json"
LAYER = "webanno.custom."
"""Where INCEpTION keeps the layers that a project adds."""

OWN_LAYERS = re.compile(
    r"uima\.(tcas\.DocumentAnnotation|cas\..*)"
    r"|de\.tudarmstadt\.ukp\.dkpro\.core\.api\.(metadata|segmentation)\..*"
    r"|de\.tudarmstadt\.ukp\.clarin\.webanno\.api\.type\..*"
)
"""Layers that tools make themselves: words, sentences, and what they know of the document."""

RESERVED = frozenset(
    (*kwlist, "self", "type", "begin", "end", "sofa", "get", "set", "get_covered_text", "xmlns")
)
"""Names by which Python, dkpro-cassis, UIMA or XML mean something else than a feature of a row."""

XMI, XMI_ID = "{http://www.omg.org/XMI}", "{http://www.omg.org/XMI}id"
STRUCTURES = "%FEATURE_STRUCTURES"
SOFA = "uima.cas.Sofa"
INITIAL_VIEW = "_InitialView"
NUMBER_LENGTH = 40


def feature_name(column: str) -> str:
    """Return the name of the feature that holds a column: a reserved one gets an underscore.

    So does one that already has some behind it, that no two columns have one feature.

    >>> [feature_name(column) for column in ("topic", "class", "class_")]
    ['topic', 'class_', 'class__']
    """
    return f"{column}_" if column.rstrip("_") in RESERVED else column


def column_name(feature: str) -> str:
    """Return the column that a feature holds, as `feature_name` calls it.

    >>> [column_name(feature) for feature in ("topic", "class_", "class__")]
    ['topic', 'class', 'class_']
    """
    return feature.removesuffix("_") if feature.rstrip("_") in RESERVED else feature


@dataclass
class _Structure:
    """A feature structure: its type, its features, and those that refer to others."""

    type: str
    features: dict[str, Any]
    references: list[str] = field(default_factory=list)
    sofa: str | None = None
    identifier: str = ""


def read_cas(path: Path) -> Project:
    """Read a CAS, or an archive of several.

    Raises
    ------
    ClaimlogError
        If it is none.
    """
    shown = str(path)
    project = Project(XMI_FORMAT, shown, UTF_16)
    with open_regular(path, shown, None, RIGHT_FILE) as file:
        is_archive = file.read(len(ZIP)) == ZIP
    if is_archive:
        with open_archive(path) as archive:
            names = [name for name in archive.names if name.lower().endswith((".xmi", ".json"))]
            for name in names:
                data = archive.read(name) or b""
                if name.lower().endswith(".json") and STRUCTURES.encode() not in data:
                    project.losses.add_loss("a file that is no CAS", name[:80])
                    continue
                _add_documents(project, data, f"{shown}/{name}", Path(name).stem)
        if not project.documents:
            raise ClaimlogError(f"{shown}: holds no CAS (.xmi or .json); {EXPORT_AGAIN}")
    else:
        _add_documents(project, read_foreign_file(path), shown, path.stem)
    for _, annotation in project.annotations():
        project.columns |= {
            name: column for name in annotation.attributes if (column := column_name(name)) != name
        }
        for label in annotation.labels:
            if OWN_LAYERS.fullmatch(label):
                project.bare_labels[label] = None
            elif label.startswith(LAYER) or annotation.attributes:
                project.bare_labels[label] = {}
    project.require_limits()
    return project


def _add_documents(project: Project, data: bytes, shown: str, name: str) -> None:
    is_json = data.lstrip()[:1] == b"{"
    if is_json:
        project.format = JSON_FORMAT
        structures = list(_json_structures(decode_json(decode_utf8(data, shown), shown), shown))
    else:
        structures = list(_xmi_structures(parse_xml(data, shown), shown))
    documents: dict[str, ForeignDocument] = {}
    for structure in structures:
        require_name(structure.type, shown)  # what is said of a structure has it in it
        if structure.type == SOFA and isinstance(structure.features.get("sofaString"), str):
            view = str(structure.features.get("sofaID", INITIAL_VIEW))
            suffix = "" if view == INITIAL_VIEW else f" ({view})"
            document = project.add_document(name + suffix, structure.features["sofaString"])
            note_meaning(documents, structure.identifier, document, shown)
    if not documents:
        raise ClaimlogError(f"{shown}: holds no text (sofaString); {EXPORT_AGAIN}")
    for number, structure in enumerate(structures, 1):
        _add_annotation(project, structure, documents, number, shown)


def _add_annotation(
    project: Project,
    structure: _Structure,
    documents: Mapping[str, ForeignDocument],
    number: int,
    shown: str,
) -> None:
    document = documents.get(structure.sofa or "")
    features = dict(structure.features)
    start, end = features.pop("begin", None), features.pop("end", None)
    where = f"{structure.type} {structure.identifier[:NUMBER_LENGTH]}"
    if document is None or start is None or end is None:
        is_own = structure.type.startswith(("uima.cas.", f"{XMI}")) or OWN_LAYERS.fullmatch(
            structure.type
        )
        if not is_own:
            project.losses.add_loss(f"a {structure.type}, which is no passage", where)
        return
    if not (is_offset(start) and is_offset(end)):
        raise ClaimlogError(f"{shown}: {where}: begin and end are no whole numbers; {EXPORT_AGAIN}")
    for name in () if OWN_LAYERS.fullmatch(structure.type) else structure.references:
        project.losses.add_loss(
            f"{name[:80]!r} of a {structure.type}, which refers to another", where
        )
    project.add_annotation(
        document,
        ForeignAnnotation(
            number,
            ((start, end),),
            (structure.type,),
            {name: text_value(value) for name, value in features.items()},
        ),
    )


def _xmi_structures(root: Element, shown: str) -> Iterator[_Structure]:
    """Yield the feature structures of an XMI file; attributes are features."""
    if root.tag != f"{XMI}XMI":
        raise ClaimlogError(f"{shown}: no XMI of a UIMA CAS; {EXPORT_AGAIN}")
    for element in root:
        features: dict[str, Any] = dict(element.attrib)
        identifier = features.pop(XMI_ID, "")
        sofa = features.pop("sofa", None)
        listed: dict[str, list[str]] = {}
        for child in element:
            listed.setdefault(child.tag, []).append(child.text or "")
        features |= {name: "; ".join(values) for name, values in listed.items()}
        for name in ("begin", "end"):
            if (number := whole_number(str(features.get(name)))) is not None:
                features[name] = number
        yield _Structure(_xmi_type(element.tag), features, [], sofa, identifier)


def _xmi_type(tag: str) -> str:
    """Return the name of a type, of which the package is the namespace of an element."""
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    package = namespace.removeprefix("http:///").removesuffix(".ecore").replace("/", ".")
    return f"{package}.{name}" if package and package != "uima.noNamespace" else name


def _json_structures(value: Any, shown: str) -> Iterator[_Structure]:
    """Yield the feature structures of a JSON CAS; keys with ``@`` refer to others."""
    listed = value.get(STRUCTURES) if isinstance(value, dict) else None
    if isinstance(listed, dict):
        listed = [{"%ID": name, **part} for name, part in listed.items() if isinstance(part, dict)]
    if not isinstance(listed, list):
        raise ClaimlogError(f"{shown}: has no {STRUCTURES}; {EXPORT_AGAIN} as UIMA CAS JSON")
    for part in listed:
        if not isinstance(part, dict) or not isinstance(part.get("%TYPE"), str):
            raise ClaimlogError(f"{shown}: a feature structure has no %TYPE; {EXPORT_AGAIN}")
        features = {
            name: value
            for name, value in part.items()
            if not name.startswith(("%", "@")) and value is not None
        }
        references = [name[1:] for name in part if name.startswith("@") and name != "@sofa"]
        sofa = part.get("@sofa")
        yield _Structure(
            part["%TYPE"],
            features,
            references,
            None if sofa is None else text_value(sofa),
            text_value(part.get("%ID", "")),
        )
