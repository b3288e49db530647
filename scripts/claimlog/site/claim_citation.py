"""Citations of a claim: as a release holds it, or by its event in the log if none does."""

from __future__ import annotations

import json
from collections.abc import Sequence

from claimlog.release.citable_version import CitableVersion
from claimlog.release.cite import DERIVED, ClaimVersion, cite
from claimlog.release.metadata import ReleaseMetadata, permalink
from claimlog.schema.link_relations import DISPUTES
from claimlog.site.plugin_config import cited_release, dataset_metadata
from claimlog.site.store import Row, Store, json_list

PAGE_LABELS = {"bibtex": "BibTeX", "ris": "RIS", "csl-json": "CSL-JSON", "apa": "Text (APA)"}


async def claim_citation(store: Store, versions: Sequence[Row]) -> Row:
    """Return how to cite a claim as the newest release holds it, or as the store's own does.

    Returns
    -------
    dict
        ``release`` and ``version`` that are cited, both None where no release holds the claim;
        ``note``: what is newer; ``permalink`` and ``served``: whether it leads to a page here;
        ``address``: where the page lies for everybody, and ``file``: in the archive, or None;
        ``citations`` by format; ``instead``: what to cite where there is no release to cite, or
        None.
    """
    release = await cited_release(store)
    size = release.tree_size if release else 0
    if versions[0]["valid_from_seq"] >= size:
        # of many versions the latest are at hand; what is released may be an earlier one
        released = await store.row(
            "select * from claim_versions where claim_id = :name and valid_from_seq < :size "
            "order by version desc limit 1",
            name=versions[0]["claim_id"],
            size=size,
        )
        versions = [*([released] if released else ()), *versions]
    rows = [{**row, "is_released": row["valid_from_seq"] < size} for row in versions]
    citable = CitableVersion.of(rows, release.version) if release else None
    note = citable.note if citable else "Nothing was released yet, so no release can be cited."
    lost = _taken_since(store, rows, size)
    if release and lost:
        note = (
            f"Release {release.version} holds only the hash of version {lost['version']} of "
            f"{lost['id']}, which was taken down on {lost['taken_down']}."
        )
    if release is None or citable is None or citable.version is None or lost:
        return {
            "release": None,
            "version": None,
            "note": note,
            "permalink": None,
            "served": False,
            "address": None,
            "file": None,
            "citations": [],
            "instead": None if rows[-1]["is_released"] else _event_reference(store, versions[-1]),
        }
    row = next(row for row in rows if row["version"] == citable.version)
    source = await store.row(
        "select * from source_versions where source_id = :id and valid_from_seq < :size "
        "order by version desc limit 1",
        id=row["source_id"],
        size=size,
    )
    return {
        "release": release.version,
        "version": citable.version,
        "note": citable.note,
        "permalink": permalink(release.version, row["claim_id"]),
        "served": Store.of_release(store.datasette, release.version) is not None,
        "address": release.page_address(row["claim_id"]),
        "file": release.page_file(row["claim_id"]),
        "citations": formatted_citations(
            release, [await _claim_version(store, row, source, size)] if source else []
        ),
        "instead": None,
    }


def _taken_since(store: Store, rows: Sequence[Row], size: int) -> Row | None:
    """Return the version of a claim that a release held last, if that was taken down."""
    last = max((row["valid_from_seq"] for row in rows if row["is_released"]), default=-1)
    taken = dataset_metadata(store.datasette).get("taken_down", ())
    own = [row for row in taken if (row["stream"], row["id"]) == ("claims", rows[0]["claim_id"])]
    gone = [row for row in own if last < row["row"] < size]
    return max(gone, key=lambda row: int(row["row"]), default=None)


async def _claim_version(store: Store, row: Row, source: Row, size: int) -> ClaimVersion:
    """Return a version of a claim as of a size of the log, with its speakers and outlets."""
    actors = await store.rows(
        "select actor_id, name from actor_versions where valid_from_seq < :size and actor_id in "
        "(select value from json_each(:ids)) order by version",
        size=size,
        ids=json_list(
            {hop["actor_id"] for hop in row.get("attributions") or () if hop["actor_id"]}
        ),
    )
    origins = [
        hop["source_id"] for hop in source.get("lineage") or () if hop["relation"] == DERIVED
    ]
    outlets = await store.rows(
        "select source_id, publisher from source_versions where valid_from_seq < :size "
        "and source_id in (select value from json_each(:ids)) order by version",
        size=size,
        ids=json_list(set(origins)),
    )
    publishers = {one["source_id"]: one["publisher"] for one in outlets}
    return ClaimVersion.of(
        *(row, source),
        actors={one["actor_id"]: one["name"] for one in actors},
        outlets=[publishers[name] for name in origins if name in publishers],
        disputing=await denials(store, row, size),
    )


async def denials(store: Store, row: Row, size: int) -> list[Row]:
    """Return a claim in which the speaker of one disputes it, as the first rows of the log have it.

    Others who dispute it may be thousands.
    """
    hops = row.get("attributions")
    return await store.rows(
        "select v.attributions from link_versions l join claim_versions v "
        "on v.claim_id = l.from_claim_id where l.relation = :disputes and l.to_claim_id = :name "
        "and l.action <> 'retract' and l.valid_from_seq < :size and v.valid_from_seq < :size "
        "and coalesce(l.valid_to_seq, :size) >= :size "
        "and coalesce(v.valid_to_seq, :size) >= :size "
        "and json_extract(v.attributions, '$[#-1].actor_id') = :speaker limit 1",
        disputes=DISPUTES,
        name=row["claim_id"],
        speaker=hops[-1]["actor_id"] if hops else None,
        size=size,
    )


def formatted_citations(release: ReleaseMetadata, claims: Sequence[ClaimVersion]) -> list[Row]:
    """Return the citation of a release, or of claims in it, in every format of the pages.

    Each has ``format``, ``label`` and ``text``; CSL-JSON has its items as ``csl`` instead.
    """
    citations: list[Row] = [
        {"format": name, "label": label, "text": cite(release, claims, name)}
        for name, label in PAGE_LABELS.items()
    ]
    for row in citations:
        if row["format"] == "csl-json":  # the JSON twin holds the items themselves, not their text
            row["csl"] = json.loads(row.pop("text"))
    return citations


def _event_reference(store: Store, row: Row) -> str:
    """Return a reference to a version of a claim by the hashes of its event and of the log."""
    config = dataset_metadata(store.datasette)
    title = config.get("head", {}).get("title", store.name)
    log = (
        f"log of {config['tree_size']} events, root {config['root']}" if "root" in config else "log"
    )
    return (
        f"{title}, not released, {log}: claim {row['claim_id']}, claim version {row['version']}, "
        f"event {row['event_id']}."
    )
