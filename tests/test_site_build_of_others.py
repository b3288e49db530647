"""Sites of builds that a stranger made: `claimlog site --dir`, its clock and what it reads."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from claimlog.errors import ClaimlogError
from claimlog.site.files import query_clock
from claimlog.site.files.open_build import open_build
from claimlog.site.files.query_clock import pages_seconds, prepared_seconds, query_seconds
from claimlog.site.files.site_source import SiteSource
from conftest import World, copied

ENDLESS = "with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r"


@pytest.fixture
def world(tiny_build: World, tmp_path: Path) -> World:
    """A package with a build that may be changed."""
    return copied(tiny_build, tmp_path / "world")


def database_of(world: World) -> Path:
    return next(world.package.build.glob("*.db"))


# the clock ----------------------------------------------------------------------------------------


def test_the_clock_of_queries_grows_with_the_database() -> None:
    for seconds in (query_seconds, pages_seconds, prepared_seconds):
        assert 0 < seconds(0) < seconds(10**6) < seconds(10**9)


@pytest.mark.parametrize("name", ["QUERY_SECONDS", "PAGES_SECONDS"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda database: database.execute(ENDLESS),
        lambda database: database.execute_fn(lambda c: c.execute(ENDLESS).fetchall()),
    ],
    ids=["a query", "a function"],
)
def test_a_query_of_a_page_that_takes_too_long_fails_the_command(
    name: str,
    ask: Callable[[Any], Coroutine[Any, Any, Any]],
    tiny_build: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(query_clock, name, 0.2)
    for name in ("QUERY_SECONDS_PER_MB", "PAGES_SECONDS_PER_MB"):
        monkeypatch.setattr(query_clock, name, 0)
    source = SiteSource.of_build(tiny_build.package.build, database_of(tiny_build))

    async def run() -> None:
        datasette = await open_build(source)
        database = datasette.databases["tiny"]
        assert (await database.execute("select count(*) from claims")).single_value()
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await database.execute("select 1 from none", log_sql_errors=False)
        await ask(database)

    with pytest.raises(ClaimlogError, match=r"^tiny\.db: a query of a page takes longer than"):
        asyncio.run(run())
