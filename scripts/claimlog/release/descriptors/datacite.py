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
    found: dict[str, Any] = json.loads(cite(metadata, (), "datacite"))
    found["descriptions"] += [
        {"description": coding_method(metadata), "descriptionType": "Methods"},
        {"description": verification(metadata), "descriptionType": "TechnicalInfo"},
    ]
    found["alternateIdentifiers"] += [
        {"alternateIdentifier": metadata.root, "alternateIdentifierType": root_label(metadata)}
    ]
    more = {
        "language": LANGUAGE,
        "sizes": [f"{sum(item.bytes for item in metadata.files)} bytes"],
        "formats": sorted({item.mediatype for item in metadata.files}),
        "url": metadata.homepage,
    }
    return dump_json({**found, **without_absent(more)})


def parse(data: bytes) -> StatedMetadata:
    """Return what ``datacite.json`` tells."""
    found = load_json(data)
    rights = found["rightsList"]
    return StatedMetadata(
        title=found["titles"][0]["title"],
        version=found["version"],
        date=next(item["date"] for item in found["dates"] if item["dateType"] == "Issued"),
        licences=tuple(
            item[key] for item in rights for key in ("rightsIdentifier", "rightsUri") if key in item
        ),
        creators=tuple(item["name"] for item in found["creators"]),
        keywords=tuple(item["subject"] for item in found.get("subjects", ())),
        doi=bare_doi(found.get("doi")),
    )
