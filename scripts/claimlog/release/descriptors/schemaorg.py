"""schema.org Dataset (https://schema.org/Dataset): what search engines for data read."""

from __future__ import annotations

from typing import Any

from claimlog.export.descriptor import dump_json
from claimlog.release.descriptors.stated_metadata import (
    StatedMetadata,
    bare_doi,
    load_json,
    table_files,
    without_absent,
)
from claimlog.release.descriptors.wording import LANGUAGE, coding_method
from claimlog.release.metadata import DataFile, ReleaseMetadata
from claimlog.schema.table_schema import Field

MAIN_TABLE = "claims"
"""The table whose columns are the variables that the dataset measures."""


def describe(metadata: ReleaseMetadata) -> bytes:
    """Return ``dataset.jsonld``."""
    return dump_json(
        {
            "@context": "https://schema.org/",
            "@type": "Dataset",
            **common_properties(metadata),
            **rights(metadata),
            "isAccessibleForFree": True,
            "measurementTechnique": coding_method(metadata),
            "variableMeasured": [_variable(item) for item in metadata.tables[MAIN_TABLE].fields],
            "distribution": [
                {"@type": "DataDownload", "encodingFormat": item.mediatype, **file_identity(item)}
                for item in table_files(metadata)
            ],
        }
    )


def common_properties(metadata: ReleaseMetadata) -> dict[str, Any]:
    """Return what every description in the terms of schema.org says of the release."""
    return without_absent(
        {
            "name": metadata.title,
            "alternateName": metadata.name,
            "description": metadata.head["description"],
            "identifier": metadata.doi_address,
            "url": metadata.homepage,
            "version": metadata.version,
            "datePublished": metadata.date,
            "keywords": metadata.head.get("keywords"),
            "inLanguage": LANGUAGE,
        }
    )


def rights(metadata: ReleaseMetadata) -> dict[str, Any]:
    """Return licence and creators, where they need not be entities of their own."""
    return {
        "license": metadata.licence_address or metadata.licence["name"],
        "creator": [{"@type": "Organization", "name": name} for name in metadata.creators],
    }


def file_identity(item: DataFile) -> dict[str, Any]:
    """Return what identifies a file, relative to the directory of the release."""
    return {
        "name": item.path.rpartition("/")[2],
        "contentUrl": item.path,
        "contentSize": f"{item.bytes} B",
        "sha256": item.sha256,
    }


def parse(data: bytes) -> StatedMetadata:
    """Return what a Dataset with a distribution states."""
    document = load_json(data)
    return StatedMetadata(
        title=document["name"],
        version=document["version"],
        date=document["datePublished"],
        licences=(document["license"],),
        creators=tuple(item["name"] for item in document["creator"]),
        keywords=tuple(document.get("keywords", ())),
        doi=bare_doi(document.get("identifier")),
        files=tuple(
            (item["contentUrl"], int(item["contentSize"].removesuffix(" B")), item["sha256"])
            for item in document["distribution"]
        ),
    )


def _variable(item: Field) -> dict[str, Any]:
    return without_absent(
        {
            "@type": "PropertyValue",
            "name": item.name,
            "description": item.description,
            "unitText": item.unit,
        }
    )
