"""JSON-LD of pages: the dataset for search engines, a claim as schema.org and Web Annotation.

Addresses are paths, which resolve against the page that holds them: no server knows all names that
it is reached by, and what a request says of them could be anybody's word.
"""

from __future__ import annotations

from typing import Any

from claimlog.release.descriptors.schemaorg import about, rights
from claimlog.release.descriptors.told import given
from claimlog.release.descriptors.wording import coders
from claimlog.release.metadata import Facts
from claimlog.site.known import told
from claimlog.site.store import Row, Store

CONTEXT = ["https://schema.org", {"oa": "http://www.w3.org/ns/oa#"}]


def linked_claim(store: Store, row: Row, source: Row | None, cited: Row) -> Row:
    """Return a version of a claim as schema.org Claim, with a Web Annotation of its passage.

    Parameters
    ----------
    cited
        What the claim is cited as: the release and the version that it holds.
    """
    path = _path(store, f"/claims/{row['claim_id']}")
    work = _work(store, row, source)
    return {
        "@context": CONTEXT,
        "@type": "Claim",
        "@id": path,
        "url": path,
        "identifier": row["claim_id"],
        "version": row["version"],
        "text": row["statement"],
        "inLanguage": "en",
        "isPartOf": _part_of(store, row, cited),
        "appearance": work,
        "subjectOf": {
            "@type": "oa:Annotation",
            "oa:hasBody": {"@id": path},
            "oa:hasTarget": {
                "@type": "oa:SpecificResource",
                "oa:hasSource": given(
                    {
                        "@type": "MediaObject",
                        "@id": f"{work['@id']}#text",
                        "encodesCreativeWork": {"@id": work["@id"]},
                        "encodingFormat": "text/plain",
                        "inLanguage": source and source["language"],
                        "sha256": source and source["text_sha256"],
                    }
                ),
                "oa:hasSelector": {
                    "@type": "oa:TextPositionSelector",
                    "oa:start": row["start"],
                    "oa:end": row["end"],
                },
            },
        },
    }


def _work(store: Store, row: Row, source: Row | None) -> Row:
    path = _path(store, f"/sources/{row['source_id']}")
    said = {"name": source["title"], "publisher": source["publisher"]} if source else {}
    return {"@type": "CreativeWork", "@id": path, "identifier": row["source_id"], **said}


def _part_of(store: Store, row: Row, cited: Row) -> Row | None:
    """Return the dataset that a version of a claim is part of, and the release if one holds it."""
    title = told(store.datasette).get("head", {}).get("title")
    if title is None:
        return None
    held = {"version": cited["release"]} if cited["version"] == row["version"] else {}
    return {"@type": "Dataset", "name": title, **held}


def linked_dataset(store: Store, facts: Facts | None, files: list[Row]) -> Row | None:
    """Return the dataset that a server has as schema.org Dataset; None if it knows of none.

    Parameters
    ----------
    facts
        The newest release, which is named if the log has not grown since.
    files
        The files of the build, as the page of downloads lists them.
    """
    config = told(store.datasette)
    if "head" not in config:
        return None
    build = Facts(
        head=config["head"],
        version=facts.version if facts else "",
        date=facts.date if facts else "",
        tables={},
        rows={},
        files=(),
        tree_size=config["tree_size"],
        root=config["root"],
        codebook_version=config["codebook_version"],
        changes="",
    )
    whole = about(build)
    if facts is None or facts.tree_size != config["tree_size"]:
        for key in ("version", "datePublished", "identifier"):
            whole.pop(key, None)
    home = store.datasette.urls.path("/")
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": build.homepage or home,
        "url": home,
        **whole,
        **rights(build),
        "isAccessibleForFree": True,
        "measurementTechnique": coders(build),
        "distribution": [_download(store, row) for row in files],
    }


def _download(store: Store, row: Row) -> dict[str, Any]:
    database = row["file"] == f"{store.name}.db"
    return {
        "@type": "DataDownload",
        "name": row["file"],
        "contentUrl": store.datasette.urls.path(
            f"/{row['file']}" if database else f"/downloads/{row['file']}"
        ),
        "encodingFormat": row["mediatype"],
        "contentSize": f"{row['bytes']} B",
        "sha256": row["sha256"],
    }


def _path(store: Store, path: str) -> str:
    prefix = f"/releases/{store.frozen}" if store.frozen else ""
    return str(store.datasette.urls.path(f"{prefix}{path}"))
