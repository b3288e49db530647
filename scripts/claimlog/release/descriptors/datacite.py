"""DataCite Metadata Schema 4.5 as JSON: what an archive registers a DOI with."""

from __future__ import annotations

import json
from typing import Any

from claimlog.export.descriptor import dump_json
from claimlog.release.cite import cite
from claimlog.release.descriptors.stated_metadata import (
    StatedMetadata,
    bare_doi,
    load_json,
    without_absent,
)
from claimlog.release.descriptors.wording import LANGUAGE, coding_method, root_label, verification
from claimlog.release.metadata import ReleaseMetadata


def describe(metadata: ReleaseMetadata) -> bytes:
    """Return ``datacite.json``: the citation with what only the whole release has."""
    document: dict[str, Any] = json.loads(cite(metadata, (), "datacite"))
    document["descriptions"] += [
        {"description": coding_method(metadata), "descriptionType": "Methods"},
        {"description": verification(metadata), "descriptionType": "TechnicalInfo"},
    ]
    document["alternateIdentifiers"] += [
        {"alternateIdentifier": metadata.root, "alternateIdentifierType": root_label(metadata)}
    ]
    more = {
        "language": LANGUAGE,
        "sizes": [f"{sum(item.bytes for item in metadata.files)} bytes"],
        "formats": sorted({item.mediatype for item in metadata.files}),
        "url": metadata.homepage,
    }
    return dump_json({**document, **without_absent(more)})


def parse(data: bytes) -> StatedMetadata:
    """Return what ``datacite.json`` states."""
    document = load_json(data)
    rights = document["rightsList"]
    return StatedMetadata(
        title=document["titles"][0]["title"],
        version=document["version"],
        date=next(item["date"] for item in document["dates"] if item["dateType"] == "Issued"),
        licences=tuple(
            item[key] for item in rights for key in ("rightsIdentifier", "rightsUri") if key in item
        ),
        creators=tuple(item["name"] for item in document["creators"]),
        keywords=tuple(item["subject"] for item in document.get("subjects", ())),
        doi=bare_doi(document.get("doi")),
    )
