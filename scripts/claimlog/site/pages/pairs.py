"""The page of who holds an attitude towards whom, and that of the claims about one such pair."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from claimlog.fold.corroboration import Lineage
from claimlog.site.attitude_groups import (
    NOBODY,
    AttitudeGroup,
    Pair,
    attitude_groups,
    first_claims,
)
from claimlog.site.claim_entries import claim_entries
from claimlog.site.claim_reasons import reasons_of_claims
from claimlog.site.entity_links import actor_names
from claimlog.site.lineage import count_origins, source_lineage
from claimlog.site.origin_groups import origins_by_group
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.store import Codes, Row, Store
from claimlog.site.topic import Topic, read_topic

LISTED = 200
"""Pairs, or claims of a pair, that a page lists."""

NOT_NAMED = "not named"
JOIN = ","
"""Joins the actors at one end of a pair in an address."""


async def pairs_page(page: Row, store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the pairs with the claims about each by attitude, and the same by object alone."""
    return await store.memoize(f"page {page['name']}", lambda store: _pairs(page, store))


async def _pairs(page: Row, store: Store) -> Row:
    pairs = await attitude_groups(page, store)
    names = await _names(store, {name for ends in pairs for end in ends for name in end})
    topic, lineage, codes = (
        await read_topic(store),
        await source_lineage(store),
        await store.codes(),
    )
    return await asyncio.to_thread(_count_pairs, page, pairs, names, topic, lineage, codes)


def _count_pairs(
    page: Row,
    pairs: Mapping[Pair, list[AttitudeGroup]],
    names: Mapping[str, str],
    topic: Topic,
    lineage: Lineage,
    codes: Codes,
) -> Row:
    groups = [group for own in pairs.values() for group in own]
    objects: dict[str, list[AttitudeGroup]] = {}
    for group in groups:
        for name in group.objects:
            objects.setdefault(name, []).append(group)
    claims = {ends: sum(group.claims for group in own) for ends, own in pairs.items()}
    towards = {name: sum(group.claims for group in own) for name, own in objects.items()}
    ranked = sorted(pairs, key=lambda ends: (_unnamed(ends), -claims[ends], ends))[:LISTED]
    widest = sorted(objects, key=lambda name: (name == NOBODY, -towards[name], name))[:LISTED]
    by_pair = origins_by_group(
        ((ends, group.origin_id) for ends in ranked for group in pairs[ends]), lineage
    )
    by_object = origins_by_group(
        ((name, group.origin_id) for name in widest for group in objects[name]), lineage
    )
    return {
        "title": page["title"],
        "page": page,
        "total": sum(claims.values()),
        "objects": [
            {
                "id": name,
                "name": names[name],
                **_summary(page, topic, codes, objects[name]),
                "independent_origins": by_object[name],
            }
            for name in widest
        ],
        "pairs": [
            {
                **_ends(ends, names),
                **_summary(page, topic, codes, pairs[ends]),
                "independent_origins": by_pair[ends],
            }
            for ends in ranked
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
    groups = (await attitude_groups(page, store)).get(ends)
    if not groups:
        raise PageNotFound(
            f"No claim is about {texts[0][:60]} towards {texts[1][:60]}. The page {page['label']} "
            "lists all pairs."
        )
    codes = await store.codes()
    names = await _names(store, {name for end in ends for name in end})
    claims = await first_claims(page, store, groups, LISTED)
    listed = [row.claim_id for row in claims]
    rows = await claim_entries(store, listed)
    reasons = await reasons_of_claims(store, listed)
    origins = await count_origins(
        origins_by_group, ((ends, group.origin_id) for group in groups), store
    )
    summary = _summary(page, topic, codes, groups)
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
        "total": summary["claims"],
        "independent_origins": origins[ends],
        "unknown_origins": summary["unknown_origins"],
        "attitudes": [
            {
                **attitude,
                "rows": [
                    {**rows[row.claim_id], "reasons": reasons.get(row.claim_id, [])}
                    for row in claims
                    if (row.sign, row.course, row.modality)
                    == (attitude["sign"], attitude["course"], attitude["modality"])
                ],
            }
            for attitude in summary["attitudes"]
        ],
    }


def _unnamed(ends: Pair) -> int:
    """Return how many ends of a pair no text names."""
    return sum(end == (NOBODY,) for end in ends)


def _ends(ends: Pair, names: Mapping[str, str]) -> Row:
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


def _summary(page: Row, topic: Topic, codes: Codes, groups: list[AttitudeGroup]) -> Row:
    """Return how many of some claims there are in all and by attitude, in the codebook's order."""
    signs = [entry["code"] for entry in _entries(topic, codes, page["sign"])]
    courses = [entry["code"] for entry in _entries(topic, codes, page.get("course"))]
    modalities = [None, *page.get("modality_words", {})]
    words = page.get("course_words", {})
    counts: Counter[tuple[str, str | None, str | None]] = Counter()
    for group in groups:
        counts[group.sign, group.course, group.modality] += group.claims

    def place(attitude: tuple[str, str | None, str | None]) -> tuple[int, int, int]:
        sign, course, modality = attitude
        return (
            signs.index(sign) if sign in signs else len(signs),
            courses.index(course) if course in courses else len(courses),
            modalities.index(modality),
        )

    return {
        "claims": counts.total(),
        "unknown_origins": sum(group.claims for group in groups if group.origin_id is None),
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
