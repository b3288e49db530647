"""JSON-LD of pages: the dataset for search engines, a claim as schema.org and Web Annotation.

Addresses are paths, which are relative to the page that holds them: a server does not know by which
name it is reached, and the host that a request names could be anybody's invention.
"""

from __future__ import annotations

from typing import Any

from claimlog.file_names import path_segment
from claimlog.release.descriptors.schemaorg import common_properties, rights
from claimlog.release.descriptors.stated_metadata import without_absent
from claimlog.release.descriptors.wording import coding_method
from claimlog.release.metadata import ReleaseMetadata
from claimlog.site.plugin_config import dataset_metadata, release_metadata
from claimlog.site.store import Row, Store

CONTEXT = ["https://schema.org", {"oa": "http://www.w3.org/ns/oa#"}]


def claim_json_ld(store: Store, row: Row, source: Row | None, cited: Row) -> Row:
    """Return a version of a claim as schema.org Claim, with a Web Annotation of its passage.

    Parameters
    ----------
    cited
        The claim's citation: the release, and the version that it holds.
    """
    path = _path(store, f"/claims/{path_segment(row['claim_id'])}")
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
                "oa:hasSource": without_absent(
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
    """Return the article in which a claim stands."""
    path = _path(store, f"/sources/{path_segment(row['source_id'])}")
    details = {"name": source["title"], "publisher": source["publisher"]} if source else {}
    return {"@type": "CreativeWork", "@id": path, "identifier": row["source_id"], **details}


def _part_of(store: Store, row: Row, cited: Row) -> Row | None:
    """Return the dataset that a version of a claim is part of, and the release if one holds it."""
    title = dataset_metadata(store.datasette).get("head", {}).get("title")
    if title is None:
        return None
    release = {"version": cited["release"]} if cited["version"] == row["version"] else {}
    return {"@type": "Dataset", "name": title, **release}


def dataset_json_ld(store: Store, cited: ReleaseMetadata | None, files: list[Row]) -> Row | None:
    """Return the dataset of a server as schema.org Dataset; None if its metadata name none.

    Parameters
    ----------
    cited
        The newest release, which is named if the log has not grown since.
    files
        The files of the build, as the page of downloads lists them.
    """
    config = dataset_metadata(store.datasette)
    if "head" not in config:
        return None
    build = release_metadata(
        config,
        {
            "version": cited.version if cited else "",
            "date": cited.date if cited else "",
            "tree_size": config["tree_size"],
            "root": config["root"],
        },
    )
    whole = common_properties(build)
    if cited is None or cited.tree_size != config["tree_size"]:
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
        "measurementTechnique": coding_method(build),
        "distribution": [_download(store, row) for row in files],
    }


def _download(store: Store, row: Row) -> dict[str, Any]:
    """Return a file of the build with its address, size and hash."""
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
    return str(store.datasette.urls.path(f"{store.prefix}{path}"))
