"""RO-Crate 1.1 (https://w3id.org/ro/crate/1.1): the directory as a research object."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

from claimlog.export.descriptor import dump_json
from claimlog.release.descriptors.schemaorg import common_properties
from claimlog.release.descriptors.stated_metadata import (
    StatedMetadata,
    bare_doi,
    load_json,
    without_absent,
)
from claimlog.release.descriptors.wording import compilation
from claimlog.release.metadata import DataFile, ReleaseMetadata
from claimlog.release.tool_wheel import wheel_name

SPECIFICATION = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{SPECIFICATION}/context", {"sha256": "http://schema.org/sha256"}]
"""The context of 1.1 is older than the property sha256 of schema.org."""

DESCRIPTOR = "ro-crate-metadata.json"
ROOT = "./"
LICENCE = "#licence"
"""The licence, where it has no address on the web."""

ACTION = "#compilation"
"""The run of claimlog that made the release."""


def describe(metadata: ReleaseMetadata) -> bytes:
    """Return ``ro-crate-metadata.json``."""
    files = [_file(item, metadata) for item in metadata.files]
    graph = [_descriptor(), _root(metadata), *_context(metadata), *_action(metadata), *files]
    return dump_json({"@context": CONTEXT, "@graph": graph})


def parse(data: bytes) -> StatedMetadata:
    """Return what ``ro-crate-metadata.json`` states."""
    graph = load_json(data)["@graph"]
    entities = {item["@id"]: item for item in graph}
    if len(entities) < len(graph):
        raise ValueError("it describes something twice")
    root = entities[ROOT]
    licence = entities[root["license"]["@id"]]
    files = (entities[part["@id"]] for part in _as_list(root["hasPart"]))
    return StatedMetadata(
        title=root["name"],
        version=root["version"],
        date=root["datePublished"],
        licences=tuple(one for one in (licence["@id"], licence["identifier"]) if one != LICENCE),
        creators=tuple(entities[item["@id"]]["name"] for item in _as_list(root["author"])),
        keywords=tuple(_as_list(root.get("keywords", []))),
        doi=bare_doi(root.get("identifier")),
        files=tuple(
            (unquote(item["@id"]), int(item["contentSize"]), item["sha256"]) for item in files
        ),
        lists_all=True,
    )


def _descriptor() -> dict[str, Any]:
    return {
        "@id": DESCRIPTOR,
        "@type": "CreativeWork",
        "about": {"@id": ROOT},
        "conformsTo": {"@id": SPECIFICATION},
    }


def _root(metadata: ReleaseMetadata) -> dict[str, Any]:
    return {
        "@id": ROOT,
        "@type": "Dataset",
        **common_properties(metadata),
        **_keywords(metadata),
        "license": {"@id": _licence(metadata)},
        "author": _unwrap_single(
            [{"@id": _creator(number)} for number in range(len(metadata.creators))]
        ),
        "publisher": _unwrap_single(
            [{"@id": _creator(metadata.creators.index(name))} for name in metadata.publishers]
        ),
        "hasPart": _unwrap_single([{"@id": quote(item.path)} for item in metadata.files]),
        **({"mentions": {"@id": ACTION}} if metadata.tool_version else {}),
    }


def _keywords(metadata: ReleaseMetadata) -> dict[str, Any]:
    words = metadata.head.get("keywords")
    return {"keywords": _unwrap_single(words)} if words else {}


def _context(metadata: ReleaseMetadata) -> list[dict[str, Any]]:
    """Return the entities that the root refers to and that are no data."""
    licence = {
        "@id": _licence(metadata),
        "@type": "CreativeWork",
        "name": metadata.licence["title"],
        "identifier": metadata.licence["name"],
    }
    creators = [
        without_absent(
            {"@id": _creator(number), "@type": "Organization", "name": name, "url": address}
        )
        for number, (name, address) in enumerate(
            zip(metadata.creators, metadata.creator_addresses, strict=True)
        )
    ]
    return [licence, *creators]


def _action(metadata: ReleaseMetadata) -> list[dict[str, Any]]:
    """Return the run of claimlog that made the release, if the release names the version."""
    if metadata.tool_version is None:
        return []
    action = {
        "@id": ACTION,
        "@type": "CreateAction",
        "name": compilation(metadata),
        "instrument": {"@id": quote(wheel_name(metadata.tool_version))},
        "result": {"@id": ROOT},
    }
    return [action]


def _licence(metadata: ReleaseMetadata) -> str:
    return metadata.licence_address or LICENCE


def _unwrap_single(values: list[Any]) -> Any:
    """Return a list as RO-Crate wants it: one value without a list around it."""
    return values[0] if len(values) == 1 else values


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _creator(number: int) -> str:
    return f"#creator-{number + 1}"


def _file(item: DataFile, metadata: ReleaseMetadata) -> dict[str, Any]:
    version = metadata.tool_version
    is_tool = version is not None and item.path == wheel_name(version)
    return {
        "@id": quote(item.path),
        "@type": ["File", "SoftwareApplication"] if is_tool else "File",
        **({"softwareVersion": version} if is_tool else {}),
        "name": item.path,
        "encodingFormat": item.mediatype,
        "contentSize": str(item.bytes),
        "sha256": item.sha256,
    }
