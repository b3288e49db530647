"""What a claim is cited as: the version that a release holds, or else its event in the log."""

from __future__ import annotations

import json
from collections.abc import Sequence

from claimlog.release.citable_version import Held
from claimlog.release.cite import ClaimVersion, cite
from claimlog.release.metadata import Facts, permalink
from claimlog.site.known import facts_of, told
from claimlog.site.store import Row, Store

CITED = {"bibtex": "BibTeX", "ris": "RIS", "csl-json": "CSL-JSON", "apa": "Text (APA)"}


async def citing(store: Store, versions: Sequence[Row]) -> Row:
    """Return how to cite a claim: as the newest release holds it, or a frozen store's own.

    Returns
    -------
    dict
        ``release`` and ``version`` that are cited, both None where no release holds the claim;
        ``note``: what is newer; ``permalink`` and ``served``: whether it leads to a page here;
        ``citations`` by format; ``instead``: what to cite where there is no release to cite.
    """
    facts = await facts_of(store)
    size = facts.tree_size if facts else 0
    marked = [{**row, "held": row["valid_from_seq"] < size} for row in versions]
    held = Held.of(marked, facts.version) if facts else None
    if facts is None or held is None or held.version is None:
        return {
            "release": None,
            "version": None,
            "note": held.note if held else "Nothing was released yet, so no release can be cited.",
            "permalink": None,
            "served": False,
            "citations": [],
            "instead": _event(store, versions[-1]),
        }
    row = next(row for row in marked if row["version"] == held.version)
    source = await store.row(
        "select * from source_versions where source_id = :id and valid_from_seq < :size "
        "order by version desc limit 1",
        id=row["source_id"],
        size=size,
    )
    return {
        "release": facts.version,
        "version": held.version,
        "note": held.note,
        "permalink": permalink(facts.version, row["claim_id"]),
        "served": Store.of_release(store.datasette, facts.version) is not None,
        "citations": written(facts, [ClaimVersion.of(row, source)] if source else []),
        "instead": None,
    }


def written(facts: Facts, claims: Sequence[ClaimVersion]) -> list[Row]:
    """Return the citation of a release, or of claims in it, in every format of the pages.

    Each has ``format``, ``label`` and ``text``; CSL-JSON has its items as ``csl`` instead.
    """
    found: list[Row] = [
        {"format": form, "label": label, "text": cite(facts, claims, form)}
        for form, label in CITED.items()
    ]
    for row in found:
        if row["format"] == "csl-json":  # no JSON in a text of JSON
            row["csl"] = json.loads(row.pop("text"))
    return found


def _event(store: Store, row: Row) -> str:
    """Return a reference to a version of a claim that needs no release: hashes of event and log."""
    known = told(store.datasette)
    title = known.get("head", {}).get("title", store.name)
    log = f"log of {known['tree_size']} events, root {known['root']}" if "root" in known else "log"
    return (
        f"{title}, not released, {log}: claim {row['claim_id']}, claim version {row['version']}, "
        f"event {row['event_id']}."
    )
