"""A claim as a W3C Web Annotation: where in the source's text it stands, never the words there.

The text is named by its hash (RFC 6920), because its bytes are what the offsets count in, and no
address gives them. Offsets are code points, as the Web Annotation Data Model counts (4.2.5).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from claimlog.release.descriptors.stated_metadata import without_absent
from claimlog.release.metadata import ReleaseMetadata
from claimlog.site.plugin_config import cited_release
from claimlog.site.store import Row, Store

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
CONTENT_TYPE = f'application/ld+json; profile="{CONTEXT}"'
SUFFIX = ".jsonld"


async def claim_annotation(store: Store, claim_id: str) -> Row | None:
    """Return the last version of a claim as an annotation; None if there is no such claim."""
    row = await store.row(
        "select * from claim_versions where claim_id = :name order by version desc limit 1",
        name=claim_id,
    )
    if row is None:
        return None
    source = await store.row(
        "select language, text_sha256 from sources where source_id = :id", id=row["source_id"]
    )
    release = await cited_release(store)
    is_released = release is not None and row["valid_from_seq"] < release.tree_size
    return annotation(row, source, release if is_released else None)


def annotation(row: Row, source: Row | None, release: ReleaseMetadata | None) -> dict[str, Any]:
    """Return a version of a claim as an annotation.

    Parameters
    ----------
    row
        The version, with its event id.
    source
        The source in which it stands, with language and hash of its text.
    release
        The release that holds this version, if one does: below its homepage the annotation has an
        address.
    """
    page = release.page_address(row["claim_id"]) if release else None
    bodies = [_body(row["statement"], "describing")]
    if row["action"] == "retract":
        bodies.append(_body(f"Retracted: {row['reason']}", "assessing"))
    return without_absent(
        {
            "@context": CONTEXT,
            "id": uuid5(NAMESPACE_URL, f"event:{row['event_id']}").urn,
            "type": "Annotation",
            "motivation": "describing",
            "modified": row["recorded_at"],
            "canonical": f"{page.rstrip('/')}{SUFFIX}" if page else None,
            "via": page,
            "rights": release.licence_address if release else None,
            "body": bodies,
            "target": {
                "source": _text(row["source_id"], source),
                "selector": {
                    "type": "TextPositionSelector",
                    "start": row["start"],
                    "end": row["end"],
                },
            },
        }
    )


def _body(text: str, purpose: str) -> dict[str, str]:
    kind = {"type": "TextualBody", "format": "text/plain", "language": "en"}
    return {**kind, "purpose": purpose, "value": text}


def _text(source_id: str, source: Row | None) -> dict[str, Any]:
    """Return the text that is annotated: by its hash, where a copy of it was registered."""
    digest = source and source["text_sha256"]
    name = uuid5(NAMESPACE_URL, f"source:{source_id}").urn
    if digest:
        value = urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")
        name = f"ni:///sha-256;{value}?ct=text/plain"
    language = source["language"] if source else None
    about = {"id": name, "type": "Text", "format": "text/plain", "language": language}
    return without_absent(about)
