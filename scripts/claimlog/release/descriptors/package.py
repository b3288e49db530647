"""Data Package v2: made by the build, read here."""

from __future__ import annotations

from claimlog.release.descriptors.stated_metadata import StatedMetadata, bare_doi, load_json


def parse(data: bytes) -> StatedMetadata:
    """Return what a Data Package descriptor states; it has no place for the day of the release."""
    document = load_json(data)
    return StatedMetadata(
        title=document["title"],
        version=document["version"],
        date=None,
        licences=tuple(item["name"] for item in document["licenses"]),
        creators=tuple(item["title"] for item in document["contributors"]),
        keywords=tuple(document.get("keywords", ())),
        doi=bare_doi(document.get("id")),
        files=tuple(
            (item["path"], item["bytes"], item["hash"].removeprefix("sha256:"))
            for item in document["resources"]
        ),
    )
