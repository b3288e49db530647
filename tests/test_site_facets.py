"""Facets that are counted in memory, held against Datasette's own; and a server that is warm."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datasette import facets
from datasette import utils as datasette_utils
from datasette.app import Datasette
from datasette.facets import Facet
from datasette.utils.asgi import Request
from datasette.views import table

from claimlog.site.memo import _MEMO
from claimlog.site.protection import reader_limits
from claimlog.site.protection.reader_pool import ReaderPool
from claimlog.site.server_command import SETTINGS
from conftest import World, copied

QUERIES = (
    "",
    "topic=sharing",
    "topic=nothing",
    "voice__exact=author&content=event",
    "_search=tide",
    "start__gt=100",
    "claim_id__startswith=C001",
    "content__in=event,position",
    "version=1",
    "action=assert",
    "role=from&_facet_size=1",
    "_where=1=1",
)


@pytest.fixture(scope="module")
def folder(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = copied(tiny_build, tmp_path_factory.mktemp("facets"))
    return world.package.build


def opened(folder: Path, immutable: bool) -> Datasette:
    database = [str(folder / "tiny.db")]
    about = json.loads((folder / "datasette" / "metadata.json").read_text())
    if immutable:
        return Datasette([], immutables=database, metadata=about, settings=dict(SETTINGS))
    return Datasette(database, metadata=about, settings=dict(SETTINGS))


@pytest.fixture
def pool_queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What SQL the readers' pool gets."""
    run = ReaderPool.run
    found: list[str] = []

    async def record(self: ReaderPool, job: Any) -> Any:
        found.append(job["sql"])
        return await run(self, job)

    monkeypatch.setattr(ReaderPool, "run", record)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES)
def test_facets_are_those_that_datasette_counts_by_sql(query: str, folder: Path) -> None:
    tables = json.loads((folder / "datasette" / "metadata.json").read_text())
    names = [
        name
        for name, table in tables["databases"]["tiny"]["tables"].items()
        if table["facets"] and name in ("claims", "claim_versions", "claim_actors", "events")
    ]

    async def facets(app: Datasette, name: str) -> Any:
        answer = await app.client.get(f"/tiny/{name}.json?{query}")
        return answer.status_code, answer.json().get("facet_results")

    async def compare() -> int:
        ours, theirs = opened(folder, True), opened(folder, False)
        compared = 0
        for name in names:
            found = await facets(ours, name)
            assert found == await facets(theirs, name)
            compared += bool(found[1])
        return compared

    assert asyncio.run(compare()) > 0


@pytest.mark.parametrize("asked", ["_facet=claim_id", "_facet_in_memory=topic"])
def test_all_facets_of_a_page_share_a_number_of_values_however_often_a_column_is_asked_for(
    asked: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 40
    monkeypatch.setattr(reader_limits, "PAGE_FACET_VALUES", most)
    monkeypatch.setattr(Facet, "get_facet_size", Facet.get_facet_size)  # undone at the end

    async def results(size: str) -> Any:
        several = "&".join(["_facet=claim_id", *[asked] * 9])
        path = f"/tiny/claims.json?_facet_size={size}&{several}"
        answer = await opened(folder, True).client.get(path)
        return [*answer.json()["facet_results"].values()]

    for size in ("max", "150"):
        found = asyncio.run(results(size))
        assert len(found) > 4
        assert 0 < sum(len(facet["results"]) for facet in found) <= most
        assert any(facet["truncated"] for facet in found)


@pytest.mark.parametrize("path", [None, "/elsewhere"])
@pytest.mark.parametrize(
    "query", ["", "a=1&a=2&b=", "%41=%20x+y&&a&_sort=%c3%a4", "a=1;b=2&a=1", "_=1&" * 90]
)
def test_the_links_of_facets_and_columns_are_those_that_datasette_makes(
    query: str, path: str | None, folder: Path
) -> None:
    asyncio.run(opened(folder, True).invoke_startup())
    request = Request.fake(f"/tiny/claims?{query}")
    args: list[dict[str, Any]] = [{"a": None, "ä b": "x&y=1", "n": 2}, {"A": "x"}, {"a": None}]
    for given in args:
        for pairs in (given, [*given.items()]):
            added = datasette_utils.path_with_added_args(request, pairs, path)
            assert facets.path_with_added_args(request, pairs, path) == added
            replaced = datasette_utils.path_with_replaced_args(request, pairs, path)
            assert table.path_with_replaced_args(request, pairs, path) == replaced
    assert facets.path_with_added_args is not datasette_utils.path_with_added_args


@pytest.mark.parametrize("word", ["tide", "allies", "nothing", "tide allies", "(", '"tide'])
def test_what_a_search_finds_is_counted_from_its_index_as_datasette_counts_it(
    word: str, folder: Path, pool_queries: list[str]
) -> None:

    async def count(app: Datasette) -> int:
        answer = await app.client.get("/tiny/claims.json", params={"_search": word})
        found: int = answer.json()["filtered_table_rows_count"]
        return found

    async def compare() -> None:
        ours, theirs = opened(folder, True), opened(folder, False)
        assert await count(ours) == await count(theirs)

    asyncio.run(compare())
    assert {sql for sql in pool_queries if "count(*)" in sql and "match" in sql} == {
        "select count(*) from claims_fts where claims_fts match escape_fts(:search)"
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "walks"),
    [
        ("voice=author", True),  # most claims are
        ("topic=sharing", True),
        ("topic=nothing", False),
        ("_search=tide", True),
        ("_search=nothing", False),
        ("voice=author&_sort=start", False),
        ("start__gt=1", False),
    ],
)
def test_a_page_of_common_rows_is_found_along_the_key_with_the_rows_that_sorting_finds(
    query: str, walks: bool, folder: Path, pool_queries: list[str]
) -> None:

    async def compare() -> None:
        ours, theirs = opened(folder, True), opened(folder, False)
        for size in (1, 2):
            path = f"/tiny/claims.json?{query}&_size={size}&_shape=arrays"
            found, wanted = [(await app.client.get(path)).json() for app in (ours, theirs)]
            assert [found["rows"], found["next"]] == [wanted["rows"], wanted["next"]]

    asyncio.run(compare())
    assert any("where +" in sql for sql in pool_queries) is walks


@pytest.fixture
def thawed() -> Iterator[None]:
    """What a server of this process kept out of the garbage collector goes back to it."""
    yield
    gc.unfreeze()


@pytest.mark.slow
@pytest.mark.usefixtures("thawed")
def test_a_server_is_warm_before_it_says_that_it_is_ready(folder: Path) -> None:
    app = opened(folder, True)
    known: dict[str, set[str]] = {}
    spared: dict[str, int] = {}
    gc.unfreeze()

    async def start() -> None:
        messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        await messages.put({"type": "lifespan.startup"})
        await messages.put({"type": "lifespan.shutdown"})

        async def send(message: dict[str, Any]) -> None:
            known[message["type"]] = {*_MEMO.get(app.databases["tiny"], ())}
            spared[message["type"]] = gc.get_freeze_count()

        await app.app()({"type": "lifespan"}, messages.get, send)

    asyncio.run(start())
    ready = known["lifespan.startup.complete"]
    assert {"plots", "counts", "list of claims", "origins", "measures", "actors"} <= ready
    assert "facets of claims" in ready
    assert spared["lifespan.startup.complete"] > 10_000  # no request waits for a walk of these
