"""The first page, search, codebook, quality, releases, the past, downloads; serving releases."""

from __future__ import annotations

import hashlib
import html
import itertools
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from claimlog.build import build
from claimlog.errors import ClaimlogError, UsageError
from claimlog.export.queries import available_queries
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.site.drawing.bar_chart import Bar, bar_chart
from claimlog.site.pages.as_of import batch_at
from claimlog.site.pagination import Pagination
from claimlog.site.protection import reader_limits
from claimlog.site.release_databases import place_releases
from claimlog.site.server_command import ServerOptions, server_command
from conftest import ROOT, Get, World, asking, claim, copied
from repositories import Repo
from searches import SEARCHES, check_search

QUERIES = available_queries(read_definition(Package(ROOT)))
MARKUP = '"><script>alert(1)</script>'
NASTY = (
    *(
        '"',
        '""',
        "'",
        "*",
        "a*",
        "^a",
        "-a",
        "a:b",
        "statement:a",
        "(",
        ")",
        "a AND",
        "NOT",
        "NEAR(a",
    ),
    *(
        "{a}",
        "a+b",
        "\0",
        "a\0b",
        "%",
        "\\",
        ";",
        "--",
        "😀",
        "\U0001d56c",
        "﷽",
        "“a",
        "a" * 5000,
        "a " * 500,
    ),
    *("\ud7ff", "\u200b", "1e999", "NULL", "' or 1=1 --", MARKUP),
)
PAGES = (
    *("/", "/claims", "/codebook", "/codebook/topic", "/quality", "/releases", "/as-of"),
    *("/as-of?date=2", "/downloads", "/claims?topic=trust"),
)


@pytest.fixture(scope="module")
def served(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return copied(tiny_build, tmp_path_factory.mktemp("about"))


@pytest.fixture(scope="module")
def get(served: World) -> Get:
    return asking(served.package.build)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, made: World) -> Get:
    """The pages of a log that holds a register and nothing else."""
    folder = tmp_path_factory.mktemp("bare") / "build"
    build(made.package, folder, as_of="1")
    return asking(folder)


@pytest.fixture(scope="module")
def released(once_released: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Two releases, 0.1.0 of the first two batches and 0.1.1 of all three, and a build."""
    repo = once_released.copy(tmp_path_factory.mktemp("frozen"))
    repo.release("0.1.1")
    build(repo.package, repo.package.build)
    return repo


@pytest.fixture(scope="module")
def both(released: Repo) -> Get:
    folder = released.package.build
    return asking(folder, *place_releases(released.package, folder, "all"))


def page_text(page: Any) -> str:
    """Return what a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page.text)).split())


@pytest.mark.parametrize("path", PAGES)
def test_every_page_and_its_json_answer_with_one_heading_of_the_first_order(
    path: str, get: Get
) -> None:
    page = get(path)
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert ('class="crumbs"' in page.text) is (path != "/")
    levels = [int(level) for level in re.findall(r"<h([1-6])", page.text)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert not re.search(r"<th(?![a-z])(?![^>]*scope=)", page.text)
    assert 'style="' not in page.text
    path, _, query = path.partition("?")
    twin = get(f"{path if path != '/' else '/index'}.json?{query}")
    assert twin.status_code == 200
    assert twin.json()["title"]


def test_the_first_page_is_also_data_under_two_names(get: Get) -> None:
    assert get("/.json").json() == get("/index.json").json()


def test_the_first_page_counts_what_the_rows_hold(get: Get) -> None:
    counts = get("/index.json").json()["counts"]
    assert counts == {
        "claims": 5,
        "articles": 1,
        "actors": 6,
        "incidents": 1,
        "independent_origins": 1,
    }


def test_the_first_page_asks_every_prepared_question_and_leads_to_all_tables(get: Get) -> None:
    page = get("/")
    for name, query in QUERIES.items():
        assert f'href="/tiny/{name}"' in page.text
        assert query.title in page_text(page)
    assert 'href="/tiny"' in page.text
    assert get("/tiny").status_code == 200
    assert get("/-/versions").status_code == 200


def test_the_first_page_is_small(get: Get) -> None:
    page = get("/")
    total = len(page.content)
    needed = re.findall(r'(?:rel="stylesheet" href|<script src)="([^"]+)"', page.text)
    assert len(needed) >= 4
    for path in needed:
        answer = get(path)
        assert answer.status_code == 200
        total += len(answer.content)
    assert total < 200_000


def test_every_bar_of_the_plots_leads_to_as_many_rows_as_it_says(get: Get) -> None:
    plots = get("/index.json").json()["plots"]
    assert [item["name"] for item in plots] == ["time", "allies", "topics", "anonymity"]
    parts = [part for item in plots for bar in item["bars"] for part in bar["parts"]]
    followed = 0
    for part in parts:
        if not part["value"]:
            continue
        path, _, query = part["link"].partition("?")
        answer = get(f"{path}.json?{query}").json()
        total = (
            answer["part"]["total"] if path == "/claims" else answer["filtered_table_rows_count"]
        )
        assert total == part["value"], part
        followed += 1
    assert followed == 9


def test_every_plot_has_text_and_a_table_beside_its_bars(get: Get) -> None:
    page = get("/").text
    assert page.count("<figure") == page.count("The same as a table") == 4
    drawings = re.findall(r"<svg[^>]*>(?:<title>[^<]+: [0-9,]+</title>)?", page)
    assert any(svg.endswith("</title>") for svg in drawings)
    for svg in drawings:
        assert 'aria-hidden="true"' in svg or ('role="img"' in svg and svg.endswith("</title>"))


def test_incidents_are_plotted_in_the_year_in_which_they_begin(get: Get) -> None:
    time = get("/index.json").json()["plots"][0]
    rows = {bar["label"]: [part["value"] for part in bar["parts"]] for bar in time["bars"]}
    assert rows["2019"] == [1, 0]
    assert rows["2025"] == [0, 1]
    assert rows["2025, quarter 1"] == [0, 1]


def test_a_plot_of_nothing_has_no_width() -> None:
    chart = bar_chart("p", "P", "", ["a"], [Bar("x", (0,), (None,))], stacked=False)
    assert chart["bars"][0]["parts"][0]["width"] == 0
    assert bar_chart("p", "P", "", ["a"], [], stacked=True)["bars"] == []


def test_all_claims_are_listed_in_the_order_of_their_article(get: Get) -> None:
    data = get("/claims.json").json()
    assert data["part"]["total"] == 5
    names = [row["claim_id"] for row in data["claims"]]
    starts = {row["claim_id"]: row["start"] for row in get("/tiny/claims.json?_shape=array").json()}
    assert names == sorted(names, key=lambda name: starts[name])
    quoted = next(row for row in data["claims"] if row["claim_id"] == "C001-002")
    assert quoted["speaker"] == "an official of Sudland"
    assert quoted["anonymity_label"] == "Unnamed, described"
    page = get("/claims")
    for row in data["claims"]:
        assert f'href="/claims/{row["claim_id"]}"' in page.text
        assert row["statement"] in page_text(page)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=pilots", ["C001-003"]),
        ("q=pilot", ["C001-003"]),
        ('q="forty pilots"', ["C001-003"]),
        ("q=“pilots forty”", []),
        ("topic=trust", ["C001-002"]),
        ("measure=any", ["C001-001", "C001-005"]),
        ("measure=any&measure_status=considered", ["C001-005"]),
        ("anonymity=described", ["C001-002"]),
        ("anonymity=none&measure=none", ["C001-003", "C001-006"]),
        ("ally=nor&measure=any", ["C001-001"]),
        ("taker=nor", ["C001-001", "C001-005"]),
        ("taker=any&measure_status=considered", ["C001-005"]),
        ("period=2025", ["C001-001"]),
        ("period=2025-Q1", ["C001-001"]),
        ("period=2025-Q2", []),
        ("source=S001&voice=quoted", ["C001-002", "C001-005"]),
        ("origin=S101&content=position", ["C001-005"]),
        ("incident=lost-chart", []),
        ("sharing_effect=restricts&modality=actual&q=once", ["C001-006"]),
    ],
)
def test_search_and_filters_find_the_claims_that_fit(
    query: str, names: list[str], get: Get
) -> None:
    data = get(f"/claims.json?{quote(query, safe='=&')}").json()
    assert [row["claim_id"] for row in data["claims"]] == names
    assert data["part"]["total"] == len(names)
    assert data["notes"] == []


def test_a_value_that_cannot_be_lists_nothing_and_says_what_is_near(get: Get) -> None:
    answer = get("/claims.json?topic=weather&period=soon&ally=trust&occurred=March+2025&sort=up")
    data = answer.json()
    assert (answer.status_code, data["ok"], data["part"]["total"]) == (400, False, 0)
    assert "claims" not in data
    assert [(row["parameter"], row["value"]) for row in data["errors"]] == [
        ("topic", "weather"),
        ("ally", "trust"),
        ("occurred", "March 2025"),
        ("period", "soon"),
        ("sort", "up"),
    ]
    assert data["error"].startswith("Topic: there is no “weather”.")
    page = get("/claims?ally=norr&topic=trust&occurred=2025-3")
    assert page.status_code == 400
    assert 'Who acts: there is no “norr”. Try <a href="' in page.text
    assert '<a href="/claims?topic=trust&amp;ally=nor">Nor</a>' in page.text
    assert '<a href="/claims?topic=trust&amp;occurred=2025-03">March 2025</a>' in page.text
    assert "Nothing is listed" in page_text(page)
    assert get("/claims.csv?topic=weather").status_code == 400
    assert get("/claims.json?rows=5").status_code == 400


def test_a_search_without_a_word_finds_nothing_and_says_so(get: Get) -> None:
    data = get("/claims.json?q=***").json()
    assert data["part"]["total"] == 0
    assert data["notes"] == ["The search holds no word to look for."]
    assert "No claim fits all of that." in page_text(get("/claims?q=***"))


@pytest.mark.slow
@pytest.mark.parametrize("text", NASTY)
def test_anything_can_be_searched_for(text: str, get: Get) -> None:
    encoded = quote(text)
    blank = not text.strip()  # then to the address without it
    for name in ("q", "page"):
        status = 302 if blank else 200
        assert get(f"/claims?{name}={encoded}").status_code == status, name
    for name in ("topic", "ally", "period", "sort"):  # none of it is a code
        status = 302 if blank else 400
        assert get(f"/claims?{name}={encoded}").status_code == status, name
    assert get(f"/as-of?date={encoded}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"/claims?{name}={quote(MARKUP)}"
            for name in (
                *("q", "source", "topic", "measure", "origin", "incident", "period", "page"),
                *("occurred", "towards", "sort", "rows"),
            )
        ),
        f"/as-of?date={quote(MARKUP)}",
        f"/as-of?batch={quote(MARKUP)}&page={quote(MARKUP)}",
        f"/codebook/{quote(MARKUP, safe='')}",
        f"/releases/{quote(MARKUP, safe='')}",
        f"/downloads/{quote(MARKUP, safe='')}",
        f"/?q={quote(MARKUP)}",
        f"/quality?x={quote(MARKUP)}",
    ],
)
def test_markup_in_a_request_is_never_markup_in_the_page(path: str, get: Get) -> None:
    assert "<script>alert" not in get(path).text


@pytest.mark.parametrize("page", ["", "-3", "two", "1"])
def test_without_a_page_number_a_list_begins_at_its_first(page: str, get: Get) -> None:
    data = get(f"/claims.json?page={page}").json()
    assert data["part"]["page"] == 1
    assert len(data["claims"]) == 5


@pytest.mark.slow
@pytest.mark.parametrize("page", ["0", "2", "999", "9" * 40])
@pytest.mark.parametrize(
    "address",
    [
        *("/claims", "/claims?q=tide", "/claims?topic=trust", "/sources/S001", "/facts"),
        *("/as-of?batch=3", "/disputes?relation=disputes"),
    ],
)
def test_a_list_says_that_it_has_no_page_of_that_number_and_leads_to_its_last(
    address: str, page: str, get: Get
) -> None:
    bare, mark, query = address.partition("?")
    query = f"{query}&page={page}" if mark else f"page={page}"
    answer = get(f"{bare}?{query}")
    assert answer.status_code == 404
    sentence = f"There is no page {page[:20]} of this list; it has one page."
    assert sentence in page_text(answer)
    data = get(f"{bare}.json?{query}")
    assert data.status_code == 404
    assert data.json()["message"] == sentence
    assert data.json()["nearest"].startswith(f"{bare}.json?")
    assert get(data.json()["nearest"]).status_code == 200
    nearest = data.json()["nearest"].replace(f"{bare}.json", bare)
    assert f'href="{nearest.replace("&", "&amp;")}"' in answer.text


@pytest.mark.slow
def test_long_lists_are_parted_into_pages_that_keep_the_search(made: World, tmp_path: Path) -> None:
    world = copied(made, tmp_path)
    rows = [claim("About forty pilots", f"Pilot {n} signed.", topic="trust") for n in range(120)]
    world.add("claims", rows)
    world.seal("many")
    build(world.package, world.package.build)
    ask = asking(world.package.build)
    pages = [ask(f"/claims.json?q=signed&topic=trust&page={n}").json() for n in (1, 2, 3)]
    assert [len(page["claims"]) for page in pages] == [50, 50, 20]
    assert ask("/claims.json?q=signed&topic=trust&page=4").json()["nearest"] == (
        "/claims.json?q=signed&topic=trust&page=3"
    )
    named = [row["claim_id"] for page in pages for row in page["claims"]]
    assert len({*named}) == 120
    assert named == sorted(named)  # all stand at one passage: in the order of their rows
    assert pages[1]["part"]["next"] == "?q=signed&topic=trust&page=3"
    assert 'rel="next" href="/claims?q=signed&amp;topic=trust&amp;page=2"' in (
        ask("/claims?q=signed&topic=trust").text
    )
    then = [ask(f"/as-of.json?date=4&page={n}").json() for n in (1, 2, 3)]
    assert [len(page["claims"]) for page in then] == [50, 50, 25]
    assert ask("/as-of.json?date=4&page=9").status_code == 404
    assert then[0]["total"] == 125
    assert '<ol class="found" start="51">' in ask("/as-of?date=4&page=2").text


def test_a_page_number_is_read_with_care() -> None:
    assert Pagination(1, 0).links({})["first"] == 0
    assert (Pagination(1, 101).pages, Pagination(3, 101).links({})["last"]) == (3, 101)


@pytest.mark.slow
def test_the_codebook_holds_every_variable_step_decision_and_list(served: World, get: Get) -> None:
    data = get("/codebook.json").json()
    page = get("/codebook")
    with sqlite3.connect(served.package.build / "tiny.db") as rows:
        steps = rows.execute("select count(*) from codebook_steps").fetchone()[0]
        lists = {row[0] for row in rows.execute("select distinct codelist from codebook")}
    assert sum(len(row["steps"]) for row in data["variables"]) == steps
    assert {row["codelist"] for row in data["lists"]} == lists
    for row in data["variables"]:
        assert f'id="v-{row["variable"]}"' in page.text
        assert " ".join(row["definition"].split()) in page_text(page)
    assert len(data["decisions"]) == page.text.count('id="d-')
    for name in lists:
        assert get(f"/codebook/{name}").status_code == 200


CODES_OF_TOPIC = "select code from codebook where codelist = 'topic' order by rowid"
NUMBERS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) "
LONG = """replace(hex(zeroblob(100)), '0', '<&"')"""
MANY = (
    f"""insert into codebook {NUMBERS} select 'topic', 'c' || i, 'Code ' || i, {LONG}, {LONG},
    {LONG}, {LONG}, null, null, '0.1.0' from n""",
    f"""insert into codebook_variables {NUMBERS} select 1000 + i, 'v' || i, 'Variable ' || i,
    {LONG}, null, {LONG}, {LONG}, {LONG}, null, null, '0.1.0' from n""",
    f"insert into codebook_steps {NUMBERS} select 'topic', 100 + i, {LONG}, 'c' || i from n",
    f"""insert into codebook_decisions {NUMBERS} select 1000 + i, 'Question ' || i, {LONG}, {LONG},
    {LONG}, 'topic' from n""",
)
"""A long codebook, with much that takes several characters as HTML."""


@pytest.mark.slow
def test_a_long_codebook_has_pages_of_bounded_length_that_lead_to_all_of_it(
    served: World, tmp_path: Path
) -> None:
    folder = copied(served, tmp_path).package.build
    with closing(sqlite3.connect(folder / "tiny.db")) as database:
        for sql in MANY:
            database.execute(sql)
        database.commit()
        codes = [row[0] for row in database.execute(CODES_OF_TOPIC)]
    get = asking(folder)
    pages = [get(f"/codebook/topic?page={number}") for number in (1, 2, -(-len(codes) // 300))]
    for page in (get("/codebook"), *pages):
        assert page.status_code == 200
        assert len(page.content) < reader_limits.CACHED_ANSWER_BYTES
        assert "all of them as a table" in page.text
    assert f"1 to 300 of {len(codes):,}" in page_text(pages[0])
    assert 'href="/codebook/topic?page=2"' in pages[0].text
    assert f'id="{codes[0]}"' in pages[0].text
    assert f'id="{codes[300]}"' in pages[1].text
    assert f'id="{codes[-1]}"' in pages[2].text
    assert get("/codebook/topic.json?page=2").json()["codes"][0]["code"] == codes[300]
    listed = get("/codebook.json").json()
    assert [
        row["path"]
        for row in next(row["steps"] for row in listed["variables"] if row["variable"] == "topic")
        if row["code"] == codes[300]
    ] == [f"/codebook/topic?page=2#{codes[300]}"]
    for name in ("variables", "decisions"):
        assert len(listed[name]) < listed["totals"][name]
        assert f"of {listed['totals'][name]:,}" in get("/codebook").text


def test_every_step_leads_to_a_code_that_its_list_has(get: Get) -> None:
    links = set(re.findall(r'href="(/codebook/[a-z_]+)#([^"]+)"', get("/codebook").text))
    assert links
    for path, code in links:
        assert f'id="{code}"' in get(path).text, (path, code)


def test_a_code_list_gives_each_code_an_anchor_and_its_claims(get: Get) -> None:
    data = get("/codebook/topic.json").json()
    page = get("/codebook/topic")
    assert data["filter"] == "topic"
    for code in data["codes"]:
        assert f'id="{code["code"]}"' in page.text
        assert f'href="/claims?topic={code["code"]}"' in page.text
        assert code["definition"] in page_text(page)
    assert [row["variable"] for row in data["variables"]] == ["topic"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/codebook/weather", "There is no code list weather."),
        ("/releases/9.9.9", "There is no release 9.9.9. Known are none yet."),
        ("/releases/next", "There is no release next."),
        ("/releases/0.1.0/claims", "Release 0.1.0 is not served here."),
        ("/downloads/secret.txt", "There is no file secret.txt to download."),
    ],
)
def test_what_does_not_exist_is_answered_with_a_sentence_that_helps(
    path: str, sentence: str, get: Get
) -> None:
    page = get(path)
    assert page.status_code == 404
    assert sentence in page_text(page)
    twin = get(f"{path}.json")
    assert twin.status_code == 404


def test_quality_says_that_the_coders_are_no_people_and_how_batches_were_made(get: Get) -> None:
    data = get("/quality.json").json()
    page = page_text(get("/quality"))
    assert "The coders are programs, not people." in page
    assert data["anchors"]["claims"] == 5
    assert data["passes"] == []
    assert "No passage was coded by two coders yet" in page
    assert [row["number"] for row in data["batches"]] == [1, 2, 3]
    assert page.count("Made by a test.") == 3


def test_quality_says_which_targets_were_reached_in_words_and_signs(
    served: World, tmp_path: Path
) -> None:
    folder = tmp_path / "build"
    shutil.copytree(served.package.build, folder)
    with sqlite3.connect(folder / "tiny.db") as rows:
        # over all passages agreement is high; the aim is held against the passages that are filled
        for variable, filled, alpha, f1, target in (
            ("topic", 20, 0.91, None, 0.8),
            ("content", 40, 0.5, None, 0.8),
            ("voice", 40, None, None, 0.8),
            ("measure", 40, 0.7, None, None),
            ("flow", 19, 0.9, None, 0.8),
            ("measure_key", 19, None, 0.85, 0.8),
            ("speaker_key", 40, None, 0.75, 0.8),
        ):
            for scope in ("all", "S001"):
                first = (1, scope, "a", "b", variable, "0.3.0", 412, filled, 90.0)
                given = (*first, 0.99, 0.99, 0.99, *[alpha] * 3, *[f1] * 3, target)
                rows.execute(f"insert into reliability values ({','.join('?' * 19)})", given)
        links = (1, "all", "any", "a", "b", "0.3.0", 12, 6, 5, 4, 0.727, 0.4, 0.95, 30, 0)
        rows.execute(f"insert into link_agreement values ({','.join('?' * 15)})", links)
        spans = (1, "all", "a", "b", "0.3.0", 13, 14, 12, 0.9, 0.95)
        rows.execute("insert into span_agreement values (?,?,?,?,?,?,?,?,?,?)", spans)
    ask = asking(folder)
    [agreement] = ask("/quality.json").json()["passes"]
    assert {row["variable"]: row["result"] for row in agreement["overall"]} == {
        "topic": "reached",
        "content": "missed",
        "voice": "not defined",
        "measure": "no target",
        "flow": "too few",
        "measure_key": "reached",
        "speaker_key": "missed",
    }
    assert (agreement["aimed"], agreement["reached"], agreement["scopes"]) == (6, 2, ["S001"])
    page = page_text(ask("/quality"))
    assert "F1 0.85 [0.85, 0.85]" in page
    assert "F1 0.73 [0.40, 0.95]" in page  # of links
    for words in ("✓ reached", "✗ missed", "2 of 6 targets reached.", "0.91 [0.91, 0.91]", "0.950"):
        assert words in page


@pytest.mark.slow
def test_quality_shows_some_pairs_of_coders_and_leads_to_the_others(
    served: World, tmp_path: Path
) -> None:
    folder = tmp_path / "build"
    shutil.copytree(served.package.build, folder)
    pairs = [*itertools.combinations([f"c{number:02}" for number in range(40)], 2)]
    scopes = ("all", *(f"S{number:03}" for number in range(20)))
    given = ("0.3.0", 40, 40, 90.0, *[0.9] * 6, *[None] * 3, 0.8)
    with sqlite3.connect(folder / "tiny.db") as rows:
        rows.executemany(
            f"insert into reliability values ({','.join('?' * 19)})",
            [(1, scope, *pair, "topic", *given) for pair in pairs for scope in scopes],
        )
        rows.executemany(
            "insert into span_agreement values (?,?,?,?,?,?,?,?,?,?)",
            [(1, s, *pair, "0.3.0", 9, 9, 9, 0.9, 0.9) for pair in pairs for s in scopes],
        )
        rows.executemany(
            f"insert into link_agreement values ({','.join('?' * 15)})",
            [(1, "all", "any", *pair, "0.3.0", 9, 6, 5, 4, 0.7, 0.4, 0.9, 30, 0) for pair in pairs],
        )
    ask = asking(folder)
    data = ask("/quality.json").json()
    shown = [(one["first_coder"], one["second_coder"]) for one in data["passes"]]
    assert shown == pairs[:20]
    assert data["more_passes"] == len(pairs) - 20
    for agreement in data["passes"]:
        assert agreement["scopes"] == [*scopes[1:13]]
        assert sorted(row["scope"] for row in agreement["spans"]) == sorted(scopes[:13])
    assert (len(data["links"]), data["more_links"]) == (100, len(pairs) - 100)
    answer = ask("/quality")
    page = page_text(answer)
    assert "And 760 more pairs of coders, in the table reliability." in page
    assert "And 680 more rows, in the table link_agreement." in page
    assert len(answer.content) < 500_000


@pytest.mark.slow
def test_downloads_list_every_file_with_rows_bytes_and_hash_and_hand_them_out(
    served: World, get: Get
) -> None:
    data = get("/downloads.json").json()
    folder = served.package.build
    assert {row["file"] for row in data["parquet"]} == {
        path.name for path in (folder / "parquet").iterdir()
    }
    page = get("/downloads").text
    for row in [*data["parquet"], *data["others"]]:
        assert f'href="/downloads/{row["file"]}"' in page
        answer = get(f"/downloads/{row['file']}")
        assert answer.status_code == 200
        assert len(answer.content) == row["bytes"]
        assert hashlib.sha256(answer.content).hexdigest() == row["sha256"]
        assert row["file"] in answer.headers["content-disposition"]
    assert next(row["rows"] for row in data["parquet"] if row["name"] == "claims") == 5
    assert hashlib.sha256(get("/tiny.db").content).hexdigest() == data["database"]["sha256"]
    for tool in ("DuckDB", "Polars", "pandas", "R"):
        assert f"<h3>{tool}</h3>" in page


def test_sending_a_file_is_not_logged_as_a_failure(
    get: Get, capsys: pytest.CaptureFixture[str]
) -> None:
    get("/downloads/claims.parquet")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "name",
    [
        *("metadata.json", "inspect.json", "inputs.sha256", "parquet/claims.parquet"),
        *("..%2Fdatapackage.json", "..%2Fparquet%2Fclaims.parquet", "%2Fetc%2Fpasswd"),
        *("~2E~2E", "claims.parquet.json", "claims.parquet%00", "CLAIMS.PARQUET"),
    ],
)
def test_only_what_the_descriptor_lists_is_handed_out(name: str, get: Get) -> None:
    answer = get(f"/downloads/{name}")
    assert answer.status_code in (302, 404)
    assert b"PAR1" not in answer.content
    assert b"resources" not in answer.content


def test_without_a_descriptor_the_page_says_where_the_tables_are(
    served: World, tmp_path: Path
) -> None:
    folder = tmp_path / "build"
    shutil.copytree(served.package.build, folder)
    (folder / "datapackage.json").unlink()
    ask = asking(folder)
    assert "its files cannot be listed" in page_text(ask("/downloads"))
    assert ask("/downloads/claims.parquet").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_claims_as_of_a_batch_are_those_of_a_build_of_it(
    batch: int, get: Get, served: World, tmp_path: Path
) -> None:
    build(served.package, tmp_path / "then", as_of=str(batch))
    with sqlite3.connect(tmp_path / "then" / "tiny.db") as rows:
        stood = rows.execute(
            "select claim_id, version, statement from claims order by claim_id"
        ).fetchall()
    data = get(f"/as-of.json?date={batch}").json()
    assert [(r["claim_id"], r["version"], r["statement"]) for r in data["claims"]] == stood
    assert data["total"] == len(stood)


def test_what_changed_since_is_marked(get: Get) -> None:
    data = get("/as-of.json?batch=2").json()
    since = {row["claim_id"]: row["then_came"] for row in data["claims"] if row["then_came"]}
    assert since == {"C001-003": "amend", "C001-004": "retract"}
    page = page_text(get("/as-of?batch=2"))
    assert "retracted since" in page
    assert "claimlog build --as-of 2 --out DIR" in page


def test_a_day_means_its_end_and_a_time_the_batches_sealed_by_then() -> None:
    batches: list[dict[str, Any]] = [
        {"number": 1, "sealed_at": "2026-11-21T10:00:00Z"},
        {"number": 2, "sealed_at": "2026-11-21T20:00:00Z"},
        {"number": 4, "sealed_at": "2026-11-23T08:00:00Z"},
    ]
    for text, number in (
        ("2026-11-21", 2),
        ("2026-11-21T19:59:59Z", 1),
        ("2026-11-21 20:00", 2),
        ("2030-01-01", 4),
        ("4", 4),
    ):
        batch, _ = batch_at(text, batches)
        assert batch is not None
        assert batch["number"] == number, text
    for text, why in (
        ("2026-11-20", "Nothing was recorded by then; the first batch is of 2026-11-21"),
        ("3", "There is no batch 3; they go from 1 to 4."),
        ("2026-02-31", "is neither a day nor a time nor a batch number"),
        ("٣", "is neither a day nor a time nor a batch number"),
    ):
        assert batch_at(text, batches)[0] is None
        assert why in batch_at(text, batches)[1]


def test_a_time_that_is_none_is_answered_with_what_is_expected(get: Get) -> None:
    page = get("/as-of?date=next+week")
    assert page.status_code == 200
    assert "“next week” is neither a day nor a time nor a batch number." in page_text(page)
    assert "<form" in page.text
    assert "Nothing was recorded by then" in page_text(get("/as-of?date=1999-01-01"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/", "Nothing was released yet"),
        ("/claims", "There are no claims yet."),
        ("/quality", "No passage was coded by two coders yet"),
        ("/releases", "Nothing was released yet."),
        ("/as-of?date=1", "No claim had been recorded by then."),
    ],
)
def test_a_log_without_claims_says_so(path: str, sentence: str, empty: Get) -> None:
    page = empty(path)
    assert page.status_code == 200
    assert sentence in page_text(page)


def test_what_is_empty_is_neither_in_the_menu_nor_counted(empty: Get, get: Get) -> None:
    page = empty("/").text
    assert 'href="/incidents"' in get("/").text
    for path in ("incidents", "disputes", "facts"):
        assert f'href="/{path}"' not in page
        assert empty(f"/{path}").status_code == 200
    assert re.findall(r"<dt>([a-z ]+)</dt><dd><a", page) == ["claims", "actors"]
    assert "At a glance" not in page


@pytest.mark.slow
def test_releases_say_what_each_added_and_whether_it_is_served(released: Repo, both: Get) -> None:
    data = both("/releases.json").json()
    assert [(r["version"], r["claims"], r["served"]) for r in data["releases"]] == [
        ("0.1.1", 5, True),
        ("0.1.0", 6, True),
    ]
    alone = asking(released.package.build)
    assert {row["served"] for row in alone("/releases.json").json()["releases"]} == {False}
    assert "claimlog serve --releases all" in page_text(alone("/releases/0.1.0"))


@pytest.mark.slow
def test_a_release_gives_its_changes_with_reasons_and_its_citations(both: Get) -> None:
    data = both("/releases/0.1.1.json").json()
    assert [(r["claim_id"], r["change"], r["reason"]) for r in data["changes"]] == [
        ("C001-003", "amended", "The letter says pilots of the port."),
        ("C001-004", "retracted", "The text does not say so."),
    ]
    page = both("/releases/0.1.0")
    assert "It amended and retracted nothing; it added 6 claims." in page_text(page)
    assert "(Version 0.1.0)" in page_text(page)
    assert "(Version 0.1.1)" in page_text(both("/"))
    assert "the current one is 0.1.1" in page_text(page)


def test_a_release_keeps_its_claims_at_their_addresses(both: Get) -> None:
    assert "A clerk mislaid a chart" in page_text(both("/releases/0.1.0/claims/C001-004"))
    old = both("/releases/0.1.0/claims.json").json()
    assert len(old["claims"]) == 6
    page = both("/releases/0.1.0/claims")
    assert 'href="/releases/0.1.0/claims/C001-004"' in page.text
    assert 'action="/releases/0.1.0/claims"' in page.text
    for path in ("/codebook", "/codebook/topic", "/quality", "/claims?q=chart"):
        assert both(f"/releases/0.1.0{path}").status_code == 200


def test_releases_are_served_from_databases_that_the_index_knows(released: Repo) -> None:
    package, folder = released.package, released.package.build
    words = server_command(package, folder, ServerOptions("127.0.0.1", 0, releases="0.1.0, 0.1.0"))
    [frozen] = [Path(word) for word in words if word.endswith("tiny-0_1_0.db")]
    assert frozen.is_file()
    assert words[words.index(str(frozen)) - 1] == "--immutable"
    with pytest.raises(UsageError, match=r"9\.9\.9: is no release of tiny"):
        place_releases(package, folder, "9.9.9")
    with pytest.raises(UsageError, match="name versions"):
        place_releases(package, folder, " , ")


def test_the_command_refuses_a_release_that_never_was(served: World) -> None:
    done = served.run("serve", "--releases", "9.9.9")
    assert done.returncode == 2
    assert "9.9.9: is no release of tiny; known are none" in done.stderr


def elsewhere(released: Repo, tmp_path: Path) -> tuple[Package, Path]:
    """Return a copy of the package with its releases, and an empty place for databases."""
    root = tmp_path / "package"
    ignored = shutil.ignore_patterns("build", ".git", "scripts")
    shutil.copytree(released.root, root, ignore=ignored)
    return Package(root), tmp_path / "out"


def test_a_release_is_taken_out_of_its_archive_where_no_directory_is(
    released: Repo, tmp_path: Path
) -> None:
    package, out = elsewhere(released, tmp_path)
    shutil.rmtree(package.root / "dist" / "tiny-0.1.0")
    [frozen] = place_releases(package, out, "0.1.0")
    original = released.root / "dist" / "tiny-0.1.0" / "tiny.db"
    assert frozen.read_bytes() == original.read_bytes()
    assert place_releases(package, out, "0.1.0") == [frozen]


def test_a_release_that_is_not_at_hand_is_named_with_what_to_do(
    released: Repo, tmp_path: Path
) -> None:
    package, out = elsewhere(released, tmp_path)
    shutil.rmtree(package.root / "dist")
    with pytest.raises(ClaimlogError, match=r"put tiny-0\.1\.0\.zip into dist/"):
        place_releases(package, out, "all")


def test_a_database_that_the_index_does_not_know_is_not_served(
    released: Repo, tmp_path: Path
) -> None:
    package, out = elsewhere(released, tmp_path)
    database = package.root / "dist" / "tiny-0.1.0" / "tiny.db"
    database.write_bytes(database.read_bytes() + b"\0")
    with pytest.raises(ClaimlogError, match=r"is not the one that releases/0\.1\.0\.json names"):
        place_releases(package, out, "0.1.0")
    assert not list(out.rglob("*.db"))
    shutil.rmtree(database.parent)
    (package.root / "dist" / "tiny-0.1.0.zip").write_bytes(b"no archive")
    with pytest.raises(ClaimlogError, match=r"holds no tiny-0\.1\.0/tiny\.db that can be read"):
        place_releases(package, out, "0.1.0")


@pytest.mark.parametrize("expected", SEARCHES["tiny"], ids=lambda one: str(one["q"])[:40])
def test_a_search_of_another_topic_finds_what_its_reader_wants(
    expected: dict[str, Any], get: Get
) -> None:
    check_search(get, expected)


@pytest.mark.slow
@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_search_holds_what_fts5_would_take_for_syntax_and_answers(text: str, get: Get) -> None:
    page = get(f"/search?q={quote(text)}")
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert MARKUP not in page.text
    data = get(f"/search.json?q={quote(text)}").json()
    assert data["leads_to"] is None
    assert {"named", "groups", "claims", "suggestion", "empty"} <= set(data)


def test_a_search_that_leads_at_once_says_where_as_json(get: Get) -> None:
    data = get("/search.json?q=c001-001").json()
    assert data["leads_to"] == "/claims/C001-001"
    page = get("/search?q=c001-001")
    assert (page.status_code, page.headers["location"]) == (302, "/claims/C001-001")


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("topic=trust&q=a+b%20c", None),
        ("q=\x01\x7f", "q=%01%7F"),
        ("q=é😀", "q=%C3%A9%F0%9F%98%80"),
    ],
)
def test_a_pasted_address_leads_on_with_its_query_quoted(
    query: str, sent: str | None, get: Get
) -> None:
    page = get(f"/search?q={quote(f'/claims?{query}', safe='')}")
    assert page.headers["location"] == f"/claims?{sent or query}"


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example/claims/C001-001x",
        "https://evil.example//evil.example/",
        "/claims/C001-999",
        "/actors/nobody",
        "https://gazette.example/actors/a/b",
        "https://[evil/claims",
        "http://x.example/claims/C001-001%0d%0aX: y",
    ],
)
def test_an_address_leads_to_no_other_host_and_to_nothing_that_is_not_there(
    address: str, get: Get
) -> None:
    page = get(f"/search?q={quote(address, safe='')}")
    assert page.status_code == 200
    assert "No source has the address" in page.text or "Nothing was found" in page.text


def test_results_of_one_kind_come_in_pages_and_an_unknown_kind_is_every_kind(get: Get) -> None:
    page = get("/search.json?q=norland&kind=claims").json()
    assert page["kind"] == "claims"
    assert (page["named"], page["groups"]) == ([], [])
    assert page["part"]["total"] == page["claims"]["count"] == len(page["claims"]["results"]) > 1
    every = get("/search.json?q=norland").json()
    assert get("/search.json?q=norland&kind=ships").json() == every
    assert get("/search.json?q=norland&kind=actors&page=1").status_code == 200
    assert get("/search.json?q=norland&kind=actors&page=999").status_code == 404


def test_a_search_and_the_list_of_claims_find_the_same_claims(get: Get) -> None:
    found = get("/search.json?q=kingdom+of+norland").json()["claims"]["count"]
    listed = get("/claims.json?q=kingdom+of+norland").json()["part"]["total"]
    assert found == listed > 1


def test_a_release_is_searched_by_its_own_pages(both: Get) -> None:
    page = both("/releases/0.1.0/search?q=nor")
    assert page.status_code == 200
    assert 'href="/releases/0.1.0/actors/nor"' in page.text
    lead = both("/releases/0.1.0/search?q=c001-001")
    assert lead.headers["location"] == "/releases/0.1.0/claims/C001-001"
    pasted = both(f"/search?q={quote('https://x.example/releases/0.1.0/claims/C001-001')}")
    assert pasted.headers["location"] == "/releases/0.1.0/claims/C001-001"


def test_a_permalink_of_a_release_that_is_not_served_is_not_taken_for_the_present_page(
    released: Repo,
) -> None:
    get = asking(released.package.build)

    def said(text: str) -> str:
        page = get(f"/search?q={quote(text, safe='')}")
        return page.headers.get("location") or page_text(page)

    for text in ("https://x.example/releases/0.1.0/claims/C001-001", "tiny-0.1.0-C001-001"):
        assert "This asks for release 0.1.0, and these pages are of release 0.1.1" in said(text)
        assert "Here it is /claims/C001-001." in said(text)
    assert "It is not here." in said("/releases/0.1.0/claims/C009-001")
    assert said("/releases/0.1.1/claims/C001-001") == "/claims/C001-001"
    assert said("TINY-0.1.1-c001-001") == "/claims/C001-001"
    for text in ("/releases/9.9.9/claims/C001-001", "tiny-9.9.9-C001-001"):
        assert "There is no release 9.9.9. These are: 0.1.0, 0.1.1." in said(text)


def test_the_page_of_an_actor_names_its_aliases(get: Get) -> None:
    named = "<dt>also called</dt><dd>Norland; Kingdom of Norland</dd>"
    assert named in get("/actors/nor").text
    assert "also called" not in get("/actors/sud").text


def test_an_empty_log_is_searched_and_holds_nothing(empty: Get) -> None:
    assert "nothing near it" in page_text(empty("/search?q=pilots"))
    assert empty("/search.json?q=norland").json()["named"][0]["id"] == "nor"
