"""RO-Crate 1.1 (https://w3id.org/ro/crate/1.1): the directory as a research object."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

from claimlog.export.descriptor import dump_json
from claimlog.release.descriptors.schemaorg import about
from claimlog.release.descriptors.told import Told, given, parse, without_resolver
from claimlog.release.metadata import Facts, File

SPECIFICATION = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{SPECIFICATION}/context", {"sha256": "http://schema.org/sha256"}]
"""The context of 1.1 is older than the property sha256 of schema.org."""

DESCRIPTOR = "ro-crate-metadata.json"
ROOT = "./"
LICENCE = "#licence"
"""The licence, where it has no address on the web."""


def describe(facts: Facts) -> bytes:
    """Return ``ro-crate-metadata.json``."""
    graph = [_descriptor(), _root(facts), *_context(facts), *map(_file, facts.files)]
    return dump_json({"@context": CONTEXT, "@graph": graph})


def read(data: bytes) -> Told:
    """Return what ``ro-crate-metadata.json`` tells."""
    graph = parse(data)["@graph"]
    entities = {item["@id"]: item for item in graph}
    if len(entities) < len(graph):
        raise ValueError("it describes something twice")
    found = entities[ROOT]
    licence = entities[found["license"]["@id"]]
    files = (entities[part["@id"]] for part in _listed(found["hasPart"]))
    return Told(
        title=found["name"],
        version=found["version"],
        date=found["datePublished"],
        licences=tuple(one for one in (licence["@id"], licence["identifier"]) if one != LICENCE),
        creators=tuple(entities[item["@id"]]["name"] for item in _listed(found["author"])),
        keywords=tuple(_listed(found.get("keywords", []))),
        doi=without_resolver(found.get("identifier")),
        files=tuple(
            (unquote(item["@id"]), int(item["contentSize"]), item["sha256"]) for item in files
        ),
        whole=True,
    )


def _descriptor() -> dict[str, Any]:
    return {
        "@id": DESCRIPTOR,
        "@type": "CreativeWork",
        "about": {"@id": ROOT},
        "conformsTo": {"@id": SPECIFICATION},
    }


def _root(facts: Facts) -> dict[str, Any]:
    return {
        "@id": ROOT,
        "@type": "Dataset",
        **about(facts),
        **_keywords(facts),
        "license": {"@id": _licence(facts)},
        "author": _compact([{"@id": _creator(number)} for number in range(len(facts.creators))]),
        "publisher": _compact(
            [{"@id": _creator(facts.creators.index(name))} for name in facts.publishers]
        ),
        "hasPart": _compact([{"@id": quote(item.path)} for item in facts.files]),
    }


def _keywords(facts: Facts) -> dict[str, Any]:
    words = facts.head.get("keywords")
    return {"keywords": _compact(words)} if words else {}


def _context(facts: Facts) -> list[dict[str, Any]]:
    """Return the entities that the root refers to and that are no data."""
    licence = {
        "@id": _licence(facts),
        "@type": "CreativeWork",
        "name": facts.licence["title"],
        "identifier": facts.licence["name"],
    }
    creators = [
        given({"@id": _creator(number), "@type": "Organization", "name": name, "url": address})
        for number, (name, address) in enumerate(
            zip(facts.creators, facts.creator_addresses, strict=True)
        )
    ]
    return [licence, *creators]


def _licence(facts: Facts) -> str:
    return facts.licence_address or LICENCE


def _compact(values: list[Any]) -> Any:
    """Return a list as RO-Crate wants it: one value without a list around it."""
    return values[0] if len(values) == 1 else values


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _creator(number: int) -> str:
    return f"#creator-{number + 1}"


def _file(item: File) -> dict[str, Any]:
    return {
        "@id": quote(item.path),
        "@type": "File",
        "name": item.path,
        "encodingFormat": item.mediatype,
        "contentSize": str(item.bytes),
        "sha256": item.sha256,
    }
