"""schema.org Dataset (https://schema.org/Dataset): what search engines for data read."""

from __future__ import annotations

from typing import Any

from claimlog.export.descriptor import dump_json
from claimlog.release.descriptors.told import (
    Told,
    compiled,
    given,
    parse,
    resolver,
    without_resolver,
)
from claimlog.release.descriptors.wording import LANGUAGE, coders
from claimlog.release.metadata import Facts, File
from claimlog.schema.table_schema import Field

MAIN = "claims"
"""The table whose columns are the variables that the dataset measures."""


def describe(facts: Facts) -> bytes:
    """Return ``dataset.jsonld``."""
    return dump_json(
        {
            "@context": "https://schema.org/",
            "@type": "Dataset",
            **about(facts),
            **rights(facts),
            "isAccessibleForFree": True,
            "measurementTechnique": coders(facts),
            "variableMeasured": [_variable(item) for item in facts.tables[MAIN].fields],
            "distribution": [
                {"@type": "DataDownload", "encodingFormat": item.mediatype, **media(item)}
                for item in compiled(facts)
            ],
        }
    )


def about(facts: Facts) -> dict[str, Any]:
    """Return what every description in the terms of schema.org says of the release."""
    return given(
        {
            "name": facts.title,
            "alternateName": facts.name,
            "description": facts.head["description"],
            "identifier": resolver(facts),
            "url": facts.homepage,
            "version": facts.version,
            "datePublished": facts.date,
            "keywords": facts.head.get("keywords"),
            "inLanguage": LANGUAGE,
        }
    )


def rights(facts: Facts) -> dict[str, Any]:
    """Return licence and creators, where they need not be entities of their own."""
    return {
        "license": facts.licence_address or facts.licence["name"],
        "creator": [{"@type": "Organization", "name": name} for name in facts.creators],
    }


def media(item: File) -> dict[str, Any]:
    """Return what identifies a file, relative to the directory of the release."""
    return {
        "name": item.path.rpartition("/")[2],
        "contentUrl": item.path,
        "contentSize": f"{item.bytes} B",
        "sha256": item.sha256,
    }


def read(data: bytes) -> Told:
    """Return what a Dataset with a distribution tells."""
    found = parse(data)
    return Told(
        title=found["name"],
        version=found["version"],
        date=found["datePublished"],
        licences=(found["license"],),
        creators=tuple(item["name"] for item in found["creator"]),
        keywords=tuple(found.get("keywords", ())),
        doi=without_resolver(found.get("identifier")),
        files=tuple(
            (item["contentUrl"], int(item["contentSize"].removesuffix(" B")), item["sha256"])
            for item in found["distribution"]
        ),
    )


def _variable(item: Field) -> dict[str, Any]:
    return given(
        {
            "@type": "PropertyValue",
            "name": item.name,
            "description": item.description,
            "unitText": item.unit,
        }
    )
