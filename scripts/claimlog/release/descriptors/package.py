"""Data Package v2: made by the build, read here."""

from __future__ import annotations

from claimlog.release.descriptors.stated_metadata import StatedMetadata, bare_doi, load_json


def parse(data: bytes) -> StatedMetadata:
    """Return what a Data Package descriptor tells; it has no place for the day of the release."""
    found = load_json(data)
    return StatedMetadata(
        title=found["title"],
        version=found["version"],
        date=None,
        licences=tuple(item["name"] for item in found["licenses"]),
        creators=tuple(item["title"] for item in found["contributors"]),
        keywords=tuple(found.get("keywords", ())),
        doi=bare_doi(found.get("id")),
        files=tuple(
            (item["path"], item["bytes"], item["hash"].removeprefix("sha256:"))
            for item in found["resources"]
        ),
    )
