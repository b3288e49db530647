"""Sites of builds that a stranger made: `claimlog site --dir`, its clock and what it reads."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from claimlog.errors import ClaimlogError
from claimlog.limited_process import Limits
from claimlog.site.files import publish, query_clock, search_parts
from claimlog.site.files.open_build import open_build
from claimlog.site.files.publish import publish_site, site_limits
from claimlog.site.files.query_clock import pages_seconds, prepared_seconds, query_seconds
from claimlog.site.files.site_source import SiteSource
from claimlog.site.server_command import ServerOptions, serve
from claimlog.site.store import Store
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


def test_the_words_of_all_claims_are_read_within_the_time_of_a_query(
    tiny_build: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_without_end(connection: sqlite3.Connection, *_: object) -> Iterator[object]:
        yield from connection.execute(ENDLESS)

    monkeypatch.setattr(query_clock, "QUERY_SECONDS", 0.2)
    monkeypatch.setattr(query_clock, "QUERY_SECONDS_PER_MB", 0)
    monkeypatch.setattr(search_parts, "read_places", read_without_end)
    source = SiteSource.of_build(tiny_build.package.build, database_of(tiny_build))

    async def run() -> None:
        store = Store.latest(await open_build(source))
        [*_] = [file async for file in search_parts.search_parts(store, lambda address: address)]

    with pytest.raises(ClaimlogError, match=r"^tiny\.db: a query of a page takes longer than 0"):
        asyncio.run(run())


@pytest.mark.parametrize("option", ["mode=ro", "immutable=1"])
def test_no_module_of_the_site_opens_a_database_beside_its_clock(option: str) -> None:
    """A connection of its own has no clock but the one that it is given."""
    folder = Path(search_parts.__file__).parent
    opening = [path for path in folder.rglob("*.py") if option in path.read_text("utf-8")]
    assert all(
        "clock.watch(" in path.read_text("utf-8") or "Worker" in path.read_text("utf-8")
        for path in opening
    )


# what it takes ------------------------------------------------------------------------------------


def test_the_limits_of_a_site_grow_with_what_it_is_drawn_from_and_with_the_option() -> None:
    small, large, twice = site_limits(0), site_limits(10**8), site_limits(0, 2)
    for name in ("seconds", "memory", "written"):
        assert 0 < getattr(small, name) < getattr(large, name)
        assert getattr(twice, name) == 2 * getattr(small, name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(0.1, 1 << 30, 1 << 30), "longer than 0 seconds"),
        (Limits(60, 1 << 20, 1 << 30), "more memory than 0.0 GB"),
        (Limits(60, 1 << 30, 100_000), "files of more than 100,000 bytes"),
    ],
)
def test_a_site_that_takes_more_than_it_may_is_one_line_and_replaces_nothing(
    limits: Limits, said: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "site_limits", lambda *_: limits)
    line = refusal(world, tmp_path / "out")
    assert said in line
    assert line.endswith("raise the limits: --limits 2")
    assert [path.name for path in (world.package.state / "serving").iterdir()] == []
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".", "out"))]


@pytest.mark.slow
def test_the_option_allows_a_site_more(world: World, tmp_path: Path) -> None:
    few = world.run("site", "--out", str(tmp_path / "few"), "--limits", "0.01")
    assert few.returncode == 1
    assert "--limits 0.02" in few.stderr
    enough = world.run("site", "--out", str(tmp_path / "enough"), "--limits", "2")
    assert enough.returncode == 0


def test_pages_of_documentation_and_queries_are_the_programs_that_a_site_may_start(
    tmp_path: Path,
) -> None:
    code = (
        "import subprocess, sys; from pathlib import Path; "
        "from claimlog.limited_worker import refuse_programs; "
        "own = Path('own.py'); own.write_text('print(1)'); refuse_programs(own); "
        "run = lambda *words: subprocess.run([sys.executable, *words], check=True); "
        "run('-I', 'own.py'); run('-P', 'own.py'); {}"
    )
    for words in ("", "run('own.py')", "run('-I', '-c', 'own.py')", "run('-I', './own.py')"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(words)], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.stdout == "1\n1\n"
        assert ("which reading it never needs" in done.stderr) == bool(words)


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


COMPUTING = [
    (f"create view v as {ENDLESS}", "the view 'v' computes what it shows"),
    ("create trigger t after insert on claims begin select 1; end", "trigger"),
    ("create table g (a, b as (a + 1))", "computed"),
    ("create index i on claims (lower(claim_id))", "computes"),
    ("delete from claims", "has 0 rows in claims, and datapackage.json says"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("sql", "said"), COMPUTING)
def test_a_database_that_computes_is_refused_before_a_page_is_drawn_or_served(
    sql: str, said: str, world: World, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(database_of(world))) as database:
        database.execute(sql)
        database.commit()
    assert said in refusal(world, tmp_path / "out")
    assert said in refusal_to_serve(world)


def refusal_to_serve(world: World) -> str:
    """Return the one line with which a server is not started, which leaves nothing behind."""
    with pytest.raises(ClaimlogError) as caught:
        serve(world.package, world.package.build, ServerOptions("127.0.0.1", 1), world.texts)
    assert "\n" not in str(caught.value)
    assert [*(world.package.state / "serving").iterdir()] == []
    return str(caught.value)


@pytest.mark.parametrize("change", ["a circle of pages", "a list of tables in a circle", "a cut"])
def test_a_database_whose_pages_are_not_each_there_once_is_neither_drawn_nor_served(
    change: str, world: World, tmp_path: Path
) -> None:
    path = database_of(world)
    with closing(sqlite3.connect(path)) as database:
        size = database.execute("pragma page_size").fetchone()[0]
        query = "select rootpage from sqlite_schema where name = 'claims'"
        root = 1 if "tables" in change else database.execute(query).fetchone()[0]
    data = bytearray(path.read_bytes())
    start = (root - 1) * size + (100 if root == 1 else 0)
    if change == "a cut":
        del data[len(data) // 2 :]
    else:  # the rightmost child of an inner page is that page itself
        data[start] = 5
        data[start + 8 : start + 12] = root.to_bytes(4, "big")
    path.write_bytes(data)
    for said in (refusal(world, tmp_path / "out"), refusal_to_serve(world)):
        assert "pages are damaged" in said or "cannot be read as SQLite" in said


ABOUT = "datasette/metadata.json"


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_directory_that_the_build_of_another_package_lies_in_is_drawn(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "theirs"
    world.package.build.rename(folder)
    assert publish_site(world.package, folder, tmp_path / "out").pages > 50


@pytest.mark.slow
def test_a_build_of_a_log_without_rows_is_drawn(bare: World, tmp_path: Path) -> None:
    for words in (["build"], ["site", "--out", str(tmp_path / "pages")]):
        done = bare.run(*words)
        assert done.returncode == 0, done.stderr
    assert "the log of 0 events" in (tmp_path / "pages" / "index.html").read_text("utf-8")
