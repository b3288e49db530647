"""Metadata of a deposit as InvenioRDM takes them (https://inveniordm.docs.cern.ch)."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from claimlog.release.descriptors.stated_metadata import without_absent
from claimlog.release.descriptors.wording import LANGUAGE_3, coding_method, verification
from claimlog.release.metadata import ReleaseMetadata
from claimlog.release.publishing.remote_words import bare_words


def deposit(metadata: ReleaseMetadata, publisher: str) -> dict[str, Any]:
    """Return the body that makes or updates the draft of a release."""
    paragraphs = (metadata.head["description"], coding_method(metadata))
    homepage = metadata.homepage
    relation = {"identifier": homepage, "scheme": "url", "relation_type": {"id": "isdescribedby"}}
    return {
        "access": {"record": "public", "files": "public"},
        "files": {"enabled": True},
        "metadata": without_absent(
            {
                "resource_type": {"id": "dataset"},
                "title": metadata.title,
                "version": metadata.version,
                "publication_date": metadata.date,
                "publisher": publisher,
                "creators": [
                    {"person_or_org": {"type": "organizational", "name": name}}
                    for name in metadata.creators
                ],
                "description": "".join(f"<p>{escape(text)}</p>" for text in paragraphs),
                "additional_descriptions": [
                    {
                        "description": f"<p>{escape(verification(metadata))}</p>",
                        "type": {"id": "technical-info"},
                    }
                ],
                "rights": [{"id": metadata.licence["name"].lower()}],
                "subjects": [{"subject": word} for word in metadata.head.get("keywords", ())],
                "languages": [{"id": LANGUAGE_3}],
                "related_identifiers": [relation] if homepage else None,
            }
        ),
    }


def differing_field(sent: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """Return which of what a deposit is cited by a service gives back otherwise than it was sent.

    Parameters
    ----------
    sent, given
        ``metadata`` of a draft or record.
    """
    own, theirs = _cited(sent), _cited(given)
    return next((name for name in own if own[name] != theirs[name]), None)


def _cited(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": bare_words(metadata.get("title")),
        "version": metadata.get("version"),
        "day": metadata.get("publication_date"),
        "list of creators": [
            bare_words(creator["person_or_org"].get("name"))
            for creator in metadata.get("creators") or ()
        ],
        "licence": [right.get("id") for right in metadata.get("rights") or ()],
    }
