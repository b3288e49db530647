"""The first page: what the dataset is, how much it holds, charts, questions, and how to cite it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.coder_wording import machine_names
from claimlog.fold.corroboration import count_independent
from claimlog.release.cite import cite
from claimlog.site.build_files import build_files
from claimlog.site.datasette_internals import canned_queries
from claimlog.site.drawing.home_charts import home_charts
from claimlog.site.entity_links import store_registers
from claimlog.site.json_ld import dataset_json_ld
from claimlog.site.lineage import count_origins
from claimlog.site.measure_matrix import Matrix
from claimlog.site.measure_steps import measure_sections
from claimlog.site.page import PageRequest
from claimlog.site.plugin_config import cited_release, dataset_metadata, release_rows
from claimlog.site.store import Row, Store
from claimlog.site.topic import read_topic

STEPS = 40
"""Steps of measures that a section lists."""

COUNTS = {
    "claims": "select count(*) as n from claims",
    "articles": "select count(distinct source_id) as n from claims",
    "actors": "select count(*) as n from actors",
    "incidents": "select count(*) as n from incidents",
}


async def home(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return what a stranger wants to know first."""
    dataset = dataset_metadata(store.datasette)
    head = dataset.get("head", {})
    cited = await cited_release(store)
    releases = await release_rows(store)
    return {
        "title": "Who says what, on whose word",
        "head": {"title": head.get("title"), "about": _first_sentence(head.get("description"))},
        "counts": await store.memoize("counts", _counts),
        "register_counts": await store.memoize("register counts", _register_counts),
        "answers": await store.memoize("answers", _answers),
        "release": releases[0] if releases else None,
        "citation": cite(cited, [], "apa").strip() if cited else None,
        "machines": machine_names(dataset.get("coders", ())),
        "questions": await _questions(store),
        "plots": await store.memoize("plots", home_charts),
        "jsonld": dataset_json_ld(store, cited, await build_files(store)),
    }


def _first_sentence(text: object) -> str:
    """Return what stands before the second sentence of a text; nothing of what is no text."""
    first, end, _ = text.partition(". ") if isinstance(text, str) else ("", "", "")
    return first + end.strip()


async def _answers(store: Store) -> Row | None:
    """Return what each measure is said to have come to; None where no register tells measures."""
    topic = await read_topic(store)
    if topic.register is None or topic.presentation.measures is None:
        return None
    matrix = Matrix(topic.presentation.measures, topic)
    return {
        "words": matrix.template_words,
        "account_label": matrix.account_label,
        "sections": await measure_sections(store, matrix, STEPS),
    }


async def _counts(store: Store) -> Row:
    """Return how much there is of what; origins that rest on one another count once."""
    counts = {name: await store.count(sql) for name, sql in COUNTS.items()}
    rows = await store.rows("select distinct origin_id from claims where origin_id is not null")
    origins = {row["origin_id"] for row in rows}
    return {
        **counts,
        "independent_origins": await count_origins(count_independent, origins, store),
    }


async def _register_counts(store: Store) -> dict[str, int]:
    """Return how many rows each register of the package has, by its address."""
    return {
        f"/{one.name}": await store.count(f"select count(*) as n from {one.name}")
        for one in await store_registers(store)
    }


async def _questions(store: Store) -> list[Row]:
    """Return the canned queries of the server with their titles."""
    return [
        {
            "name": name,
            "title": query.get("title") or name,
            "description": query.get("description") or "",
        }
        for name, query in (await canned_queries(store.datasette, store.name)).items()
    ]
