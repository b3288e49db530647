"""What a stranger's checkout brings to the server: queries, configuration, pages and databases."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimlog.site.protection import reader_pool, server_queries
from conftest import Get, World, asking_once, copied

SOON = 20.0
"""Seconds that no answer here may take on the slowest machine; unbounded, these took minutes."""

QUERIES = {
    "one_step": "select instr(zeroblob(15000000) || x'01', zeroblob(7000000) || x'02')",
    "tables": "select name from sqlite_master where type = 'table'",
    "info": "select name from pragma_table_info('claims')",
    "long": "select zeroblob(900000) a from claims, claims b, claims c",
    "chosen": "select claim_id from claims where claim_id = :claim_id",
    "random": "select length(:_random_chars_400000000) as n",
    "random_at": "select length(@_random_chars_400000000) as n",
    "cookie": "select :_cookie_a, $_header_host as n",
}


def changed(folder: Path, out: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Return a copy of a build whose metadata were changed, as a stranger's may be."""
    out.mkdir()
    for path in folder.iterdir():
        (out / path.name).symlink_to(path)
    (out / "datasette").unlink()
    (out / "datasette").mkdir()
    for name in ("metadata.json", "inspect.json"):
        value = json.loads((folder / "datasette" / name).read_text("utf-8"))
        if name == "metadata.json":
            change(value)
        (out / "datasette" / name).write_text(json.dumps(value), "utf-8")
    return out


@pytest.fixture(scope="module")
def folder(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = copied(tiny_build, tmp_path_factory.mktemp("strange"))
    return world.package.build


@pytest.fixture(scope="module")
def get(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Get:
    """Ask a build with queries that no check has seen."""

    def add(metadata: dict[str, Any]) -> None:
        queries = metadata["databases"]["tiny"]["queries"]
        queries |= {name: {"sql": sql} for name, sql in QUERIES.items()}

    return asking_once(changed(folder, tmp_path_factory.mktemp("queries") / "build", add))


@pytest.fixture
def own_sql(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL that runs in the server's own process, as it is run."""
    ran: list[str] = []
    run = server_queries.run_site_query

    async def noted(datasette: Any, database: Any, sql: str, *args: Any) -> Any:
        ran.append(sql)
        return await run(datasette, database, sql, *args)

    monkeypatch.setattr(reader_pool, "run_site_query", noted)
    return ran


# --- queries


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        *("{}", "{}/", "{}.json", "{}.csv", "{}?_shape=array", "{}.json?_shape=objects"),
        *("{}?x=sqlite_master", "{}?_hide_sql=1", "{}.csv?_stream=1", "{}.json?_labels=on"),
    ],
)
@pytest.mark.parametrize("name", ["tables", "info", "chosen", "~74ables", "claim_history"])
def test_no_query_of_a_package_runs_in_the_servers_process(
    name: str, address: str, get: Get, own_sql: list[str]
) -> None:
    answer = get(f"/tiny/{address.format(name)}")
    while answer.status_code == 302:
        answer = get(answer.headers["location"])
    assert answer.status_code == 200
    sql = QUERIES.get(name.replace("~74", "t"), "claim_versions")
    assert not [ran for ran in own_sql if sql in ran]


def test_what_datasette_asks_about_tables_runs_in_the_servers_process_and_nothing_chosen_does(
    get: Get, own_sql: list[str]
) -> None:
    assert get("/tiny/claims?topic=sharing&_facet=topic&_sort=seq").status_code == 200
    assert own_sql
    assert all("from sqlite_master" in sql for sql in own_sql)
    own_sql.clear()
    sql = "select sql from sqlite_master where name = 'claims'"
    assert get(f"/tiny.json?_shape=array&sql={sql}").status_code == 200
    assert sql not in own_sql


def test_a_query_in_one_step_is_ended_and_pages_go_on(get: Get) -> None:
    started = time.perf_counter()
    for name in ("one_step", "long"):
        answer = get(f"/tiny/{name}.json")
        assert answer.status_code == 400
        assert get("/claims/C001-001").status_code == 200
    assert time.perf_counter() - started < SOON


@pytest.mark.parametrize("name", ["random", "random_at", "cookie"])
@pytest.mark.parametrize("address", ["/tiny/{}.json", "/tiny/{}?a=b"])
def test_the_server_computes_no_value_of_a_query(name: str, address: str, get: Get) -> None:
    started = time.process_time()
    answer = get(address.format(name))
    assert time.process_time() - started < 2
    assert answer.status_code == 400
    assert "binding" in answer.text or "parameter" in answer.text


# --- configuration


@pytest.mark.parametrize("key", ["$file", "$env"])
@pytest.mark.parametrize(
    "place",
    [("head", "keywords"), ("presentation", "coders"), ("head", "x"), ("root",)],
)
def test_what_a_package_says_makes_the_server_read_nothing(
    key: str, place: tuple[str, ...], folder: Path, tmp_path: Path
) -> None:
    def add(metadata: dict[str, Any]) -> None:
        part = metadata["plugins"]["claimlog"]
        for name in place[:-1]:
            part = part[name]
        part[place[-1]] = {key: str(tmp_path / "missing") if key == "$file" else "HOME"}

    ask = asking_once(changed(folder, tmp_path / "build", add))
    page = ask("/claims")
    assert page.status_code == 200
    assert os.environ["HOME"] not in page.text
