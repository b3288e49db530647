"""Sites of builds that a stranger made: `claimlog site --dir`, its clock and what it reads."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from claimlog.errors import ClaimlogError
from claimlog.site.files import query_clock
from claimlog.site.files.open_build import open_build
from claimlog.site.files.publish import publish_site
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

    began = monotonic()
    with pytest.raises(ClaimlogError, match=r"^tiny\.db: a query of a page takes longer than"):
        asyncio.run(run())
    assert monotonic() - began < 30  # each limit holds by itself: the other one is a minute or more


def test_no_query_is_begun_when_those_of_all_pages_took_their_time(
    tiny_build: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_clock, "PAGES_SECONDS", 0)
    monkeypatch.setattr(query_clock, "PAGES_SECONDS_PER_MB", 0)
    source = SiteSource.of_build(tiny_build.package.build, database_of(tiny_build))

    async def run() -> None:
        await (await open_build(source)).databases["tiny"].execute("select 1")

    with pytest.raises(ClaimlogError, match="or those of all pages than 0"):
        asyncio.run(run())


# what a build may hold ----------------------------------------------------------------------------


def make_link(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/etc/passwd")


def make_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def make_hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def make_folder_link(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.symlink_to("/etc")


@pytest.mark.parametrize("change", [make_link, make_pipe, make_hole, make_folder_link])
@pytest.mark.parametrize(
    "name", ["parquet/claims.parquet", "parquet/other.parquet", "datasette/metadata.json", "b/a"]
)
def test_what_is_no_file_of_a_build_is_refused_before_anything_is_written(
    change: Callable[[Path], None], name: str, world: World, tmp_path: Path
) -> None:
    path = world.package.build / name
    path.parent.mkdir(exist_ok=True)
    change(path)
    refusal(world, tmp_path / "out")


@pytest.mark.parametrize("name", ["secret.json", "datapackage.json", "notes.txt", "tiny.db"])
def test_no_link_of_a_build_publishes_a_file_of_the_user(
    name: str, world: World, tmp_path: Path
) -> None:
    make_link(world.package.build / name)
    assert "is a link" in refusal(world, tmp_path / "out")


def refusal(world: World, out: Path, folder: Path | None = None) -> str:
    """Return the one line with which a site is refused."""
    with pytest.raises(ClaimlogError) as caught:
        publish_site(world.package, folder or world.package.build, out)
    assert "\n" not in str(caught.value)
    assert not out.exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (f"create view v as {ENDLESS}", "the view 'v' computes what it shows"),
        ("create trigger t after insert on claims begin select 1; end", "trigger"),
        ("create table g (a, b as (a + 1))", "computed"),
        ("create index i on claims (lower(claim_id))", "computes"),
    ],
)
def test_a_database_that_computes_is_refused_before_a_page_is_drawn(
    sql: str, said: str, world: World, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(database_of(world))) as database:
        database.execute(sql)
        database.commit()
    assert said in refusal(world, tmp_path / "out")


ABOUT = "datasette/metadata.json"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *((name, text) for name in (ABOUT, "datasette/inspect.json") for text in ("[]", "{", "3")),
        *((ABOUT, text) for text in ("[" * 100_000, '{"a": 1e999}', '{"databases": [1]}')),
        *((ABOUT, text) for text in ('{"plugins": []}', '{"plugins": {"claimlog": {"head": 3}}}')),
        ("datapackage.json", '{"resources": [3]}'),
        ("datapackage.json", '{"resources": [], "log": 3}'),
        ("parquet/claims.parquet", "PAR1"),
        ("tiny.db", ""),
        ("tiny.db", "x" * 9_000),
    ],
)
def test_a_build_of_another_form_is_one_line(
    name: str, text: str, world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "theirs"
    world.package.build.rename(folder)
    (folder / name).write_text(text, "utf-8")
    refusal(world, tmp_path / "out", folder)


def test_a_directory_that_the_build_of_another_package_lies_in_is_drawn(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "theirs"
    world.package.build.rename(folder)
    assert publish_site(world.package, folder, tmp_path / "out").pages > 50
