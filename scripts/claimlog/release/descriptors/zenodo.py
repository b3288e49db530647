"""``.zenodo.json`` (https://developers.zenodo.org/#deposit-metadata): a deposit at Zenodo."""

from __future__ import annotations

from html import escape

from claimlog.export.descriptor import dump_json
from claimlog.release.descriptors.stated_metadata import (
    StatedMetadata,
    bare_doi,
    load_json,
    without_absent,
)
from claimlog.release.descriptors.wording import LANGUAGE_3, coding_method, verification
from claimlog.release.metadata import ReleaseMetadata


def describe(metadata: ReleaseMetadata) -> bytes:
    """Return ``.zenodo.json``."""
    paragraphs = (metadata.head["description"], coding_method(metadata))
    return dump_json(
        without_absent(
            {
                "upload_type": "dataset",
                "title": metadata.title,
                "creators": [{"name": name} for name in metadata.creators],
                "description": "".join(f"<p>{escape(text)}</p>" for text in paragraphs),
                "license": metadata.licence["name"].lower(),
                "keywords": metadata.head.get("keywords"),
                "version": metadata.version,
                "publication_date": metadata.date,
                "doi": metadata.doi,
                "notes": escape(verification(metadata)),
                "language": LANGUAGE_3,
                "access_right": "open",
            }
        )
    )


def parse(data: bytes) -> StatedMetadata:
    """Return what ``.zenodo.json`` states."""
    document = load_json(data)
    return StatedMetadata(
        title=document["title"],
        version=document["version"],
        date=document["publication_date"],
        licences=(document["license"],),
        creators=tuple(item["name"] for item in document["creators"]),
        keywords=tuple(document.get("keywords", ())),
        doi=bare_doi(document.get("doi")),
    )
