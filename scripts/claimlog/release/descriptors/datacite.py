"""DataCite Metadata Schema 4.5 as JSON: what an archive registers a DOI with."""

from __future__ import annotations

import json
from typing import Any

from claimlog.export.descriptor import dump_json
from claimlog.release.cite import cite
from claimlog.release.descriptors.told import Told, given, parse, without_resolver
from claimlog.release.descriptors.wording import LANGUAGE, coders, root, verification
from claimlog.release.metadata import Facts


def describe(facts: Facts) -> bytes:
    """Return ``datacite.json``: the citation with what only the whole release has."""
    found: dict[str, Any] = json.loads(cite(facts, (), "datacite"))
    found["descriptions"] += [
        {"description": coders(facts), "descriptionType": "Methods"},
        {"description": verification(facts), "descriptionType": "TechnicalInfo"},
    ]
    found["alternateIdentifiers"] += [
        {"alternateIdentifier": facts.root, "alternateIdentifierType": root(facts)}
    ]
    more = {
        "language": LANGUAGE,
        "sizes": [f"{sum(item.bytes for item in facts.files)} bytes"],
        "formats": sorted({item.mediatype for item in facts.files}),
        "url": facts.homepage,
    }
    return dump_json({**found, **given(more)})


def read(data: bytes) -> Told:
    """Return what ``datacite.json`` tells."""
    found = parse(data)
    rights = found["rightsList"]
    return Told(
        title=found["titles"][0]["title"],
        version=found["version"],
        date=next(item["date"] for item in found["dates"] if item["dateType"] == "Issued"),
        licences=tuple(
            item[key] for item in rights for key in ("rightsIdentifier", "rightsUri") if key in item
        ),
        creators=tuple(item["name"] for item in found["creators"]),
        keywords=tuple(item["subject"] for item in found.get("subjects", ())),
        doi=without_resolver(found.get("doi")),
    )
