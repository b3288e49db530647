"""Rows as W3C Web Annotations: where in the source's text they stand, and what they say.

The text is named by its hash (RFC 6920), because its bytes are what the offsets count in, and no
address gives them. Offsets are code points, as the Web Annotation Data Model counts (4.2.5). The
words themselves are written only to a file of a user who has the text.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from claimlog.escaping import json_text
from claimlog.release.descriptors.stated_metadata import without_absent
from claimlog.release.metadata import ReleaseMetadata
from claimlog.sources.text import Text

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
CONTENT_TYPE = f'application/ld+json; profile="{CONTEXT}"'
SUFFIX = ".jsonld"

PURPOSES = {"statement": "describing", "note": "commenting"}
"""Columns of free text, and the purpose of the body that holds each. The body of any other column
has the purpose `CLASSIFYING` and says ``column: value``."""

CLASSIFYING = "classifying"
CONTEXT_LENGTH = 32
"""Characters of text before and after a quote."""

Row = Mapping[str, Any]


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
    about = {
        "canonical": f"{page.rstrip('/')}{SUFFIX}" if page else None,
        "via": page,
        "rights": release.licence_address if release else None,
    }
    return _annotation(row, source, about, bodies, [_position(row)])


def content_annotation(
    row: Row, columns: Mapping[str, Any], source: Row | None, text: Text | None
) -> dict[str, Any]:
    """Return a row as an annotation that says all that its columns say.

    Parameters
    ----------
    columns
        What the annotation says of the passage; empty ones are left out.
    text
        Text of the source; the words are quoted where it is given.
    """
    bodies = [_column_body(name, value) for name, value in columns.items() if name != "coder"]
    coder = columns.get("coder")
    about = {"creator": {"id": _name("coder", coder), "nickname": coder} if coder else None}
    selectors = [_position(row)]
    if text is not None:
        selectors.append(_quote(text, row["start"], row["end"]))
    return _annotation(row, source, about, bodies, selectors)


def annotation_page(annotations: list[dict[str, Any]], label: str) -> bytes:
    """Return annotations as a file: a collection of one page."""
    name = uuid5(NAMESPACE_URL, " ".join(part["id"] for part in annotations))
    page = {
        "id": uuid5(name, "page").urn,
        "type": "AnnotationPage",
        "startIndex": 0,
        "items": annotations,
    }
    collection = {
        "@context": CONTEXT,
        "id": name.urn,
        "type": "AnnotationCollection",
        "label": label,
        "total": len(annotations),
        "first": page,
    }
    return (json_text(collection) + "\n").encode()


def _annotation(
    row: Row,
    source: Row | None,
    about: Mapping[str, Any],
    bodies: list[dict[str, str]],
    selectors: list[dict[str, Any]],
) -> dict[str, Any]:
    return without_absent(
        {
            "@context": CONTEXT,
            "id": _name("event", row["event_id"]),
            "type": "Annotation",
            "motivation": "describing",
            "modified": row["recorded_at"],
            **about,
            "body": bodies,
            "target": {
                "source": _text(row["source_id"], source),
                "selector": selectors[0] if len(selectors) == 1 else selectors,
            },
        }
    )


def _name(kind: str, identifier: str) -> str:
    return uuid5(NAMESPACE_URL, f"{kind}:{identifier}").urn


def _body(text: str, purpose: str) -> dict[str, str]:
    # its language is that of who coded, which no row says
    return {"type": "TextualBody", "format": "text/plain", "purpose": purpose, "value": text}


def _column_body(name: str, value: Any) -> dict[str, str]:
    if name in PURPOSES:
        return _body(value, PURPOSES[name])
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    kind = {"type": "TextualBody", "format": "text/plain"}
    return {**kind, "purpose": CLASSIFYING, "value": f"{name}: {said}"}


def _position(row: Row) -> dict[str, Any]:
    return {"type": "TextPositionSelector", "start": row["start"], "end": row["end"]}


def _quote(text: Text, start: int, end: int) -> dict[str, Any]:
    content = text.content
    return {
        "type": "TextQuoteSelector",
        "exact": content[start:end],
        "prefix": content[max(0, start - CONTEXT_LENGTH) : start],
        "suffix": content[end : end + CONTEXT_LENGTH],
    }


def _text(source_id: str, source: Row | None) -> dict[str, Any]:
    """Return the text that is annotated: by its hash, where a copy of it was registered."""
    digest = source and source["text_sha256"]
    name = _name("source", source_id)
    if digest:
        value = urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")
        name = f"ni:///sha-256;{value}?ct=text/plain"
    language = source["language"] if source else None
    about = {"id": name, "type": "Text", "format": "text/plain", "language": language}
    return without_absent(about)
