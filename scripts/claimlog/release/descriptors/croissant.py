"""Croissant 1.1 (https://docs.mlcommons.org/croissant/): what machine-learning tools load from."""

from __future__ import annotations

from typing import Any

from claimlog.export.descriptor import dump_json
from claimlog.release.cite import cite
from claimlog.release.descriptors.schemaorg import common_properties, file_identity, rights
from claimlog.release.descriptors.stated_metadata import parquet_name, table_files
from claimlog.release.descriptors.wording import LANGUAGE
from claimlog.release.metadata import DataFile, ReleaseMetadata
from claimlog.schema.table_schema import Field, Table

CONTEXT: dict[str, Any] = {
    "@language": LANGUAGE,
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
} | {
    term: f"cr:{term}"
    for term in [
        "arrayShape",
        "citeAs",
        "column",
        "containedIn",
        "equivalentProperty",
        "extract",
        "field",
        "fileObject",
        "fileProperty",
        "fileSet",
        "format",
        "includes",
        "isArray",
        "isLiveDataset",
        "jsonPath",
        "key",
        "md5",
        "parentField",
        "path",
        "recordSet",
        "references",
        "regex",
        "repeated",
        "replace",
        "samplingRate",
        "separator",
        "source",
        "subField",
        "transform",
    ]
}
"""The context of Croissant 1.1, which every such file has to repeat."""

TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}
PARQUET = "application/x-parquet"
LIST = {"isArray": True, "arrayShape": "-1"}


def describe(metadata: ReleaseMetadata) -> bytes:
    """Return ``croissant.json``."""
    return dump_json(
        {
            "@context": CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.1",
            **common_properties(metadata),
            **rights(metadata),
            "citeAs": cite(metadata, (), "bibtex"),
            "distribution": [_file(item) for item in table_files(metadata)],
            "recordSet": [_record_set(table) for table in metadata.tables.values()],
        }
    )


def _file(item: DataFile) -> dict[str, Any]:
    # tools that load Croissant know Parquet by its older name only
    kind = PARQUET if item.path.endswith(".parquet") else item.mediatype
    return {
        "@type": "cr:FileObject",
        "@id": item.path,
        "encodingFormat": kind,
        **file_identity(item),
    }


def _record_set(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.description,
        "key": [{"@id": f"{table.name}/{name}"} for name in table.primary_key],
        "field": [{**_field(item, table), **_reference(item, table)} for item in table.fields],
    }


def _field(item: Field, table: Table) -> dict[str, Any]:
    described = _field_description(item, f"{table.name}/{item.name}")
    source = _column(table.name, item.name)
    if item.type != "array":
        return {**described, "dataType": TYPES[item.type], "source": source}
    if item.item is not None:
        return {**described, **LIST, "dataType": TYPES[item.item.type], "source": source}
    parts = [
        {
            **_field_description(part, f"{table.name}/{item.name}/{part.name}"),
            **LIST,
            "dataType": TYPES[part.type],
            "source": {**source, "transform": {"jsonPath": part.name}},
        }
        for part in item.fields
    ]
    return {**described, **LIST, "subField": parts}


def _reference(item: Field, table: Table) -> dict[str, Any]:
    # to the column of the file: mlcroissant 1.1.1 takes a reference to a Field for a join of record
    # sets, and then gives wrong rows for the second one that is read, or none
    keys = {key.column: key for key in table.foreign_keys}
    if item.name not in keys:
        return {}
    return {"references": _column(keys[item.name].table, keys[item.name].reference)}


def _column(table: str, name: str) -> dict[str, Any]:
    return {"fileObject": {"@id": parquet_name(table)}, "extract": {"column": name}}


def _field_description(item: Field, identifier: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": identifier,
        "name": item.name,
        "description": item.description,
    }
