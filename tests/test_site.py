"""What Datasette shows, asked over its own client on a real build."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from claimlog.errors import ClaimlogError
from claimlog.export.metadata import PAGE_CELLS, PAGE_ROWS
from claimlog.export.queries import available_queries
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.site.protection.reader_limits import QUERY_ROWS
from claimlog.site.server_command import ServerOptions, server_command
from conftest import ROOT, Get, World, asking, copied
from test_site_relations import unequal

QUERIES = available_queries(read_definition(Package(ROOT)))
SCHEMAS_TABLES = sorted(p.stem for p in (ROOT / "schemas" / "tables").glob("*.json"))


@pytest.fixture(scope="module")
def served(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return copied(tiny_build, tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def get(served: World) -> Get:
    return asking(served.package.build)


@pytest.mark.slow
@pytest.mark.parametrize("table", SCHEMAS_TABLES)
def test_table_page_answers_and_describes_every_column(table: str, get: Get) -> None:
    page = get(f"/tiny/{table}")
    assert page.status_code == 200
    spec = json.loads((ROOT / "schemas" / "tables" / f"{table}.json").read_text())
    for item in spec["fields"]:
        assert f"<dt>{item['name']}</dt>" in page.text
    assert spec["title"] in page.text


@pytest.mark.parametrize("name", QUERIES)
def test_canned_query_answers_a_question_and_says_which(name: str, get: Get) -> None:
    query = QUERIES[name]
    page = get(f"/tiny/{name}")
    assert page.status_code == 200
    assert query.description.split("(")[0][:40] in page.text.replace("&#39;", "'")
    answer = get(f"/tiny/{name}.json?_shape=objects&claim_id=C001-003&since=2019&until=2020")
    assert answer.status_code == 200
    assert answer.json()["ok"]


def test_there_are_a_dozen_canned_queries() -> None:
    assert len(QUERIES) >= 12


def test_the_queries_give_the_answers_that_the_rows_hold(get: Get) -> None:
    def rows(name: str, more: str = "") -> list[dict[str, Any]]:
        return get(f"/tiny/{name}.json?_shape=array{more}").json()

    withheld = rows("who_restricted_what")
    assert [(r["claim_id"], r["measure_status"], r["on_whose_word"]) for r in withheld] == [
        ("C001-001", "taken", "the article itself"),
        ("C001-005", "considered", "Harbour-Ministry"),
    ]
    assert withheld[0]["from_whom"] == "Sud"
    assert [r["claim_id"] for r in rows("figures")] == ["C001-003"]
    assert [r["claim_id"] for r in rows("only_anonymous")] == ["C001-002"]
    assert rows("chains")[0]["chain"] == (
        "Ada-Example (say, named) → Harbour-Ministry (say, institution)"
    )
    assert [r["version"] for r in rows("claim_history", "&claim_id=C001-004")] == [1, 2]
    assert [r["entity_id"] for r in rows("amendments")] == ["C001-004", "C001-003"]
    spring = rows("happened_between", "&since=2025-03-10&until=2025-03-20")
    assert [r["claim_id"] for r in spring] == ["C001-001"]
    assert rows("same_fact")[0]["independent_origins"] == 1
    assert rows("lineage")[0]["derived_from_id"] == "S101"


def test_search_finds_statements(get: Get) -> None:
    rows = get("/tiny/claims.json?_shape=array&_search=pilots").json()
    assert [row["claim_id"] for row in rows] == ["C001-003"]


def test_foreign_keys_are_shown_by_label_as_links(get: Get) -> None:
    page = get("/tiny/claims").text
    assert '<a href="/tiny/sources/S001">Harbour pact under strain</a>' in page


def test_declared_facets_are_shown_and_none_is_guessed(get: Get) -> None:
    answer = get("/tiny/claims.json?_facet=topic").json()
    assert {"topic", "content", "source_id"} <= set(answer["facet_results"])
    assert answer["suggested_facets"] == []
    assert answer.get("facets_timed_out", []) == []


def test_counts_come_from_the_build_and_the_database_can_be_downloaded(
    get: Get, served: World
) -> None:
    page = get("/tiny.json").json()
    counts = {table["name"]: table["count"] for table in page["tables"]}
    assert counts["claims"] == 5
    assert counts["claim_versions"] == 8
    download = get("/tiny.db")
    assert download.content == (served.package.build / "tiny.db").read_bytes()


def test_nothing_can_be_written(get: Get) -> None:
    answer = get("/tiny.json?sql=delete+from+claims")
    assert answer.status_code == 400
    assert "must be a SELECT" in answer.json()["error"]


def test_a_reader_may_ask_sql_of_their_own_within_limits(get: Get) -> None:
    many = (
        "with recursive n(i) as (select 1 union all select i+1 from n limit 5000) select i from n"
    )
    answer = get(f"/tiny.json?sql={many.replace('+', '%2b')}").json()
    assert answer["truncated"] is True
    assert len(answer["rows"]) == QUERY_ROWS < 5000
    endless = many.replace(" limit 5000", "").replace("select i from", "select max(i) from")
    stopped = get(f"/tiny?sql={endless.replace('+', '%2b')}&_timelimit=50")
    assert stopped.status_code == 400
    assert "SQL Interrupted" in stopped.text


@pytest.mark.parametrize(
    "path",
    [
        "/tiny/claims?_sort=%3Cscript%3Ex",
        "/tiny/claims?_facet=%3Cscript%3Ex",
        "/tiny/claims?_size=999999",
        "/tiny/claims/%3Cscript%3Ex",
        "/tiny?sql=select+%3Cscript%3Ex",
        "/tiny?sql=drop+table+claims",
        "/%3Cscript%3Ex",
    ],
)
def test_what_datasette_cannot_do_is_said_in_our_frame_and_escaped(path: str, get: Get) -> None:
    page = get(path)
    while page.status_code == 302:  # Datasette's own encoding of odd addresses
        page = get(page.headers["location"])
    assert page.status_code >= 400
    assert '<a class="name" href="/">A tiny package</a>' in page.text
    assert page.text.count("<h1") == 1
    assert "<script>x" not in page.text
    assert "Traceback" not in page.text


def test_an_identifier_that_a_query_finds_links_to_its_page(get: Get) -> None:
    sql = "select+claim_id,+speaker_id,+topic+from+claims+where+claim_id='C001-001'"
    page = get(f"/tiny?sql={sql}").text
    assert '<td class="col-claim_id"><a href="/claims/C001-001">C001-001</a></td>' in page
    assert '<td class="col-topic">sharing</td>' in page
    answer = get("/claims/C001-001")
    assert answer.status_code == 200


def test_what_a_query_finds_is_escaped_in_its_text_and_in_its_link(get: Get) -> None:
    page = get(
        "/tiny?sql=select+'%3Cb%3E%22/x'+as+claim_id,+'%3Ci%3E'+as+other,+null+as+actor_id"
    ).text
    assert '<a href="/claims/%3Cb%3E%22%2Fx">&lt;b&gt;&#34;/x</a>' in page
    assert '<td class="col-other">&lt;i&gt;</td>' in page
    assert '<td class="col-actor_id">&nbsp;</td>' in page


def test_a_table_shows_as_many_rows_as_fit_its_width(get: Get) -> None:
    fields = json.loads((ROOT / "schemas" / "tables" / "claims.json").read_text())["fields"]
    wide = get("/tiny/claims")
    rows = wide.text.partition("<tbody>")[2].partition("</tbody>")[0].count("<tr>")
    assert 0 < rows <= PAGE_CELLS // len(fields) < PAGE_ROWS
    assert wide.text.count('<td class="col-claim_id type-pk">') == rows


def test_a_query_that_finds_nothing_or_too_much_says_so(get: Get) -> None:
    assert "No row fits." in get("/tiny?sql=select+1+where+0").text
    assert "No row fits." in get("/tiny/claims?topic=nothing").text
    many = (
        "with+recursive+n(i)+as+(select+1+union+all+select+i%2b1+from+n+limit+2000)+select+i+from+n"
    )
    page = get(f"/tiny?sql={many}").text
    assert "The first 1,000 rows of more" in page
    assert "The files have the first 1,000 at most." in page
    assert len(get(f"/tiny.csv?sql={many}").text.splitlines()) == QUERY_ROWS + 1
    assert 'href="/downloads"' in page


def test_licence_title_and_source_are_shown(get: Get) -> None:
    page = get("/").text
    assert "A tiny package" in page
    assert "Creative Commons Attribution 4.0" in page


def test_our_style_sheet_is_served_by_the_plugin(get: Get) -> None:
    assert "/-/static-plugins/claimlog/tables.css" in get("/tiny/claims").text
    assert get("/-/static-plugins/claimlog/tables.css").status_code == 200


def test_serving_without_a_build_says_what_to_run(world: World) -> None:
    with pytest.raises(ClaimlogError, match="there is no build; run make build"):
        server_command(world.package, world.package.build, ServerOptions("127.0.0.1", 8001))


def test_a_busy_port_is_named_and_another_is_offered(served: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = served.run("serve", "--port", str(port))
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 cannot be used" in done.stderr
    assert f"make serve PORT={port + 1}" in done.stderr


def test_the_command_serves_the_build_on_loopback(served: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "claimlog", "serve", "--port", str(port)],
        cwd=served.root,
        env={**os.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/tiny/claims.json?_shape=array"
        for _ in range(400):
            try:
                with urllib.request.urlopen(address, timeout=5) as answer:
                    assert len(json.loads(answer.read())) == 5
                    break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the server did not answer within forty seconds")
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="module")
def real(corpus_build: Path) -> Get:
    """This project's own corpus."""
    return asking(corpus_build)


@pytest.mark.slow
def test_every_number_about_measures_of_the_corpus_leads_to_as_many_rows(real: Get) -> None:
    followed, faults = unequal(real, "allied-trust")
    assert faults == []
    assert followed >= 20


def test_the_real_log_builds_and_serves_all_sources_and_the_vox_claims(real: Get) -> None:
    def count(sql: str) -> int:
        answer = real(f"/allied-trust.json?_shape=arrays&sql={sql}")
        return int(answer.json()["rows"][0][0])

    assert count("select+count(*)+from+sources+where+kind='copy'") == 5
    assert count("select+count(*)+from+claims+where+source_id='S004'") >= 75
