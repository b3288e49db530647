"""Citation File Format 1.2.0 (https://citation-file-format.github.io/)."""

from __future__ import annotations

from claimlog.release.descriptors.plain_yaml import dump_yaml, load_yaml
from claimlog.release.descriptors.stated_metadata import StatedMetadata, bare_doi, without_absent
from claimlog.release.descriptors.wording import root_label
from claimlog.release.metadata import ReleaseMetadata


def describe(metadata: ReleaseMetadata) -> bytes:
    """Return ``CITATION.cff``."""
    return dump_yaml(
        without_absent(
            {
                "cff-version": "1.2.0",
                "message": (
                    "If you use this dataset, please cite it with the version that you used."
                ),
                "type": "dataset",
                "title": metadata.title,
                "abstract": metadata.head["description"],
                "authors": [{"name": name} for name in metadata.creators],
                "version": metadata.version,
                "date-released": metadata.date,
                "license": metadata.licence["name"],
                "keywords": metadata.head.get("keywords"),
                "doi": metadata.doi,
                "url": metadata.homepage,
                "identifiers": [
                    {
                        "type": "other",
                        "value": metadata.root,
                        "description": f"{root_label(metadata)}.",
                    }
                ],
            }
        )
    ).encode()


def parse(data: bytes) -> StatedMetadata:
    """Return what ``CITATION.cff`` tells."""
    found = load_yaml(data.decode())
    return StatedMetadata(
        title=found["title"],
        version=str(found["version"]),
        date=str(found["date-released"]),
        licences=(found["license"],),
        creators=tuple(item["name"] for item in found["authors"]),
        keywords=tuple(found.get("keywords", ())),
        doi=bare_doi(found.get("doi")),
    )
