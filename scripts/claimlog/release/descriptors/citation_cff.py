"""Citation File Format 1.2.0 (https://citation-file-format.github.io/)."""

from __future__ import annotations

from typing import Any

from claimlog.release.descriptors.plain_yaml import dump_yaml, load_yaml
from claimlog.release.descriptors.stated_metadata import StatedMetadata, bare_doi, without_absent
from claimlog.release.descriptors.wording import root_label
from claimlog.release.metadata import ReleaseMetadata
from claimlog.release.tool_wheel import NAME


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
                "references": _references(metadata),
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


def _references(metadata: ReleaseMetadata) -> list[dict[str, Any]] | None:
    """Return the software that made the release; None in a release that does not name it."""
    if metadata.tool_version is None:
        return None
    software = {"type": "software", "title": NAME, "version": metadata.tool_version}
    return [{**software, "authors": [{"name": f"{NAME} maintainers"}]}]


def parse(data: bytes) -> StatedMetadata:
    """Return what ``CITATION.cff`` states."""
    document = load_yaml(data.decode())
    return StatedMetadata(
        title=document["title"],
        version=str(document["version"]),
        date=str(document["date-released"]),
        licences=(document["license"],),
        creators=tuple(item["name"] for item in document["authors"]),
        keywords=tuple(document.get("keywords", ())),
        doi=bare_doi(document.get("doi")),
    )
