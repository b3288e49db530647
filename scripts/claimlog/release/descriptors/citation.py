"""Citation File Format 1.2.0 (https://citation-file-format.github.io/)."""

from __future__ import annotations

from claimlog.release.descriptors.plain_yaml import dump_yaml, load_yaml
from claimlog.release.descriptors.told import Told, given, without_resolver
from claimlog.release.descriptors.wording import root
from claimlog.release.metadata import Facts


def describe(facts: Facts) -> bytes:
    """Return ``CITATION.cff``."""
    return dump_yaml(
        given(
            {
                "cff-version": "1.2.0",
                "message": (
                    "If you use this dataset, please cite it with the version that you used."
                ),
                "type": "dataset",
                "title": facts.title,
                "abstract": facts.head["description"],
                "authors": [{"name": name} for name in facts.creators],
                "version": facts.version,
                "date-released": facts.date,
                "license": facts.licence["name"],
                "keywords": facts.head.get("keywords"),
                "doi": facts.doi,
                "url": facts.homepage,
                "identifiers": [
                    {"type": "other", "value": facts.root, "description": f"{root(facts)}."}
                ],
            }
        )
    ).encode()


def read(data: bytes) -> Told:
    """Return what ``CITATION.cff`` tells."""
    found = load_yaml(data.decode())
    return Told(
        title=found["title"],
        version=str(found["version"]),
        date=str(found["date-released"]),
        licences=(found["license"],),
        creators=tuple(item["name"] for item in found["authors"]),
        keywords=tuple(found.get("keywords", ())),
        doi=without_resolver(found.get("doi")),
    )
