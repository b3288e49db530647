"""The page of who holds an attitude towards whom, and that of the claims about one such pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from claimlog.site.claim_entries import claim_entries
from claimlog.site.claim_reasons import reasons_of_claims
from claimlog.site.entity_links import actor_names
from claimlog.site.lineage import source_lineage
from claimlog.site.origin_groups import origins_by_group
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.store import Codes, Row, Store
from claimlog.site.topic import Topic, read_topic

LISTED = 200
"""Pairs, or claims of a pair, that a page lists."""

NOBODY = "-"
"""Stands in an address for an end of a pair that no text names."""

NOT_NAMED = "not named"
JOIN = ","
"""Joins the actors at one end of a pair in an address."""

Ends = tuple[str, ...]


class AttitudeClaim(NamedTuple):
    """A claim about an attitude: who hold it towards whom, how it changes, how surely it is put."""

    holders: tuple[str, ...]
    objects: tuple[str, ...]
    sign: str
    course: str | None
    modality: str | None
    claim_id: str
    origin_id: str | None


async def pairs_page(page: Row, store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the pairs with the claims about each by attitude, and the same by object alone."""
    return await store.memoize(f"page {page['name']}", lambda store: _pairs(page, store))


async def _pairs(page: Row, store: Store) -> Row:
    topic = await read_topic(store)
    claims = await _attitude_claims(page, store)
    lineage = await source_lineage(store)
    codes = await store.codes()
    names = await _names(store, {end for row in claims for end in (*row.holders, *row.objects)})
    pairs: dict[tuple[Ends, Ends], list[AttitudeClaim]] = {}
    objects: dict[str, list[AttitudeClaim]] = {}
    for row in claims:
        pairs.setdefault((row.holders, row.objects), []).append(row)
        for name in row.objects:
            objects.setdefault(name, []).append(row)
    by_pair = origins_by_group((((r.holders, r.objects), r.origin_id) for r in claims), lineage)
    by_object = origins_by_group(
        ((name, row.origin_id) for row in claims for name in row.objects), lineage
    )
    ranked = sorted(pairs, key=lambda ends: (_unnamed(ends), -len(pairs[ends]), ends))
    widest = sorted(objects, key=lambda name: (name == NOBODY, -len(objects[name]), name))
    return {
        "title": page["title"],
        "page": page,
        "total": len(claims),
        "objects": [
            {
                "id": name,
                "name": names[name],
                **_summary(page, topic, codes, objects[name]),
                "independent_origins": by_object[name],
            }
            for name in widest[:LISTED]
        ],
        "pairs": [
            {
                **_ends(ends, names),
                **_summary(page, topic, codes, pairs[ends]),
                "independent_origins": by_pair[ends],
            }
            for ends in ranked[:LISTED]
        ],
        "pairs_total": len(pairs),
        "unnamed": any(NOBODY in ends[0] for ends in pairs),
        "signs": _entries(topic, codes, page["sign"]),
        "courses": _entries(topic, codes, page.get("course")),
    }


async def claims_of_pair(page: Row, store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return the claims about one pair, by attitude, with the reasons that are given."""
    topic = await read_topic(store)
    texts = (request.identifiers["holder"], request.identifiers["object"])
    ends = (tuple(texts[0].split(JOIN)), tuple(texts[1].split(JOIN)))
    claims = [
        row for row in await _attitude_claims(page, store) if (row.holders, row.objects) == ends
    ]
    if not claims:
        raise PageNotFound(
            f"No claim is about {texts[0][:60]} towards {texts[1][:60]}. The page {page['label']} "
            "lists all pairs."
        )
    codes = await store.codes()
    names = await _names(store, {name for end in ends for name in end})
    listed = [row.claim_id for row in claims[:LISTED]]
    rows = await claim_entries(store, listed)
    reasons = await reasons_of_claims(store, listed)
    origins = origins_by_group(
        ((ends, row.origin_id) for row in claims), await source_lineage(store)
    )
    summary = _summary(page, topic, codes, claims)
    return {
        "title": f"{page['label']}: {_ends(ends, names)['label']}",
        "page": page,
        **_ends(ends, names),
        "ends": [
            {
                "label": page[label],
                "actors": [{"id": n, "name": names[n], "known": n != NOBODY} for n in end],
            }
            for end, label in zip(ends, ("from_label", "to_label"), strict=True)
        ],
        "total": len(claims),
        "independent_origins": origins[ends],
        "unknown_origins": summary["unknown_origins"],
        "attitudes": [
            {
                **attitude,
                "rows": [
                    {**rows[row.claim_id], "reasons": reasons.get(row.claim_id, [])}
                    for row in claims[:LISTED]
                    if (row.sign, row.course, row.modality)
                    == (attitude["sign"], attitude["course"], attitude["modality"])
                ],
            }
            for attitude in summary["attitudes"]
        ],
    }


async def _attitude_claims(page: Row, store: Store) -> list[AttitudeClaim]:
    """Return every claim about an attitude."""
    return await store.memoize(
        f"pairs {page['name']}", lambda store: _read_attitude_claims(page, store)
    )


async def _read_attitude_claims(page: Row, store: Store) -> list[AttitudeClaim]:
    rows = await store.rows(
        f"select claim_id, {page['from']}, {page['to']}, {page['sign']} as sign, "
        f"{page.get('course', 'null')} as course, {page.get('modality', 'null')} as modality, "
        f"origin_id from claims where {page['sign']} is not null order by claim_id"
    )
    words = page.get("modality_words", {})
    return [
        AttitudeClaim(
            _parts(row[page["from"]]),
            _parts(row[page["to"]]),
            row["sign"],
            row["course"],
            row["modality"] if words.get(row["modality"]) else None,
            row["claim_id"],
            row["origin_id"],
        )
        for row in rows
    ]


def _parts(value: Any) -> Ends:
    """Return the actors of a list; of an empty one, nobody."""
    return tuple(value) if isinstance(value, list) and value else (NOBODY,)


def _unnamed(ends: tuple[Ends, Ends]) -> int:
    """Return how many ends of a pair no text names."""
    return sum(end == (NOBODY,) for end in ends)


def _ends(ends: tuple[Ends, Ends], names: Mapping[str, str]) -> Row:
    """Return a pair as pages call it, and its address; what is mutual is said to be."""
    holders, objects = ends
    first, second = (", ".join(names[name] for name in end) for end in ends)
    mutual = holders == objects and holders != (NOBODY,)
    return {
        "holders": [*holders],
        "objects": [*objects],
        "label": f"{first}, mutual" if mutual else f"{first} → {second}",
        "path": f"/{JOIN.join(holders)}/{JOIN.join(objects)}",
    }


def _summary(page: Row, topic: Topic, codes: Codes, claims: list[AttitudeClaim]) -> Row:
    """Return how many of some claims there are in all and by attitude, in the codebook's order."""
    signs = [entry["code"] for entry in _entries(topic, codes, page["sign"])]
    courses = [entry["code"] for entry in _entries(topic, codes, page.get("course"))]
    modalities = [None, *page.get("modality_words", {})]
    words = page.get("course_words", {})
    counts = Counter((row.sign, row.course, row.modality) for row in claims)

    def place(attitude: tuple[str, str | None, str | None]) -> tuple[int, int, int]:
        sign, course, modality = attitude
        return (
            signs.index(sign) if sign in signs else len(signs),
            courses.index(course) if course in courses else len(courses),
            modalities.index(modality),
        )

    return {
        "claims": len(claims),
        "unknown_origins": sum(row.origin_id is None for row in claims),
        "attitudes": [
            {
                "sign": sign,
                "course": course,
                "modality": modality,
                "sign_label": codes.label(_codelist(topic, page["sign"]), sign),
                "course_label": words.get(
                    course or "", codes.label(_codelist(topic, page.get("course")), course)
                ),
                "modality_label": page["modality_words"][modality] if modality else "",
                "claims": counts[sign, course, modality],
            }
            for sign, course, modality in sorted(counts, key=place)
        ],
    }


def _codelist(topic: Topic, column: str | None) -> str:
    return (topic.columns[column].codelist if column else None) or ""


def _entries(topic: Topic, codes: Codes, column: str | None) -> list[Row]:
    """Return the codes of a column with their labels and definitions."""
    entries = codes.get(_codelist(topic, column), {}).values()
    return [{key: row[key] for key in ("code", "label", "definition")} for row in entries]


async def _names(store: Store, actors: set[str]) -> dict[str, str]:
    """Return what actors are called; one that is not registered is its own name."""
    own = {name: name for name in actors}
    return {**own, NOBODY: NOT_NAMED, **await actor_names(store, actors)}
