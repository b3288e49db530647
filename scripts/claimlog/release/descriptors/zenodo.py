"""``.zenodo.json`` (https://developers.zenodo.org/#deposit-metadata): a deposit at Zenodo."""

from __future__ import annotations

from html import escape

from claimlog.export.descriptor import dump_json
from claimlog.release.descriptors.told import Told, given, parse, without_resolver
from claimlog.release.descriptors.wording import LANGUAGE_3, coders, verification
from claimlog.release.metadata import Facts


def describe(facts: Facts) -> bytes:
    """Return ``.zenodo.json``."""
    paragraphs = (facts.head["description"], coders(facts))
    return dump_json(
        given(
            {
                "upload_type": "dataset",
                "title": facts.title,
                "creators": [{"name": name} for name in facts.creators],
                "description": "".join(f"<p>{escape(text)}</p>" for text in paragraphs),
                "license": facts.licence["name"].lower(),
                "keywords": facts.head.get("keywords"),
                "version": facts.version,
                "publication_date": facts.date,
                "doi": facts.doi,
                "notes": escape(verification(facts)),
                "language": LANGUAGE_3,
                "access_right": "open",
            }
        )
    )


def read(data: bytes) -> Told:
    """Return what ``.zenodo.json`` tells."""
    found = parse(data)
    return Told(
        title=found["title"],
        version=found["version"],
        date=found["publication_date"],
        licences=(found["license"],),
        creators=tuple(item["name"] for item in found["creators"]),
        keywords=tuple(found.get("keywords", ())),
        doi=without_resolver(found.get("doi")),
    )
