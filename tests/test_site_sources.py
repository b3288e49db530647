"""The pages of sources, and the texts that whoever serves them supplied."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from itertools import combinations
from pathlib import Path

import pytest

from claimlog.build import build
from claimlog.errors import ClaimlogError
from claimlog.site import source_texts
from claimlog.site.drawing.lineage_graph import draw_lineage, lineage_columns
from claimlog.site.store import Store
from claimlog.sources.text import Text, Texts
from conftest import (
    ACTORS,
    INCIDENTS,
    STOPPED,
    TEXT,
    Get,
    World,
    asking,
    claim,
    copied,
    datasette_of,
    empty_world,
    source,
)

MARKUP = "<script>alert(1)</script>"
ODD = f"Tide news\n\n{MARKUP} The <b>pilots</b> of Norland & Sudland met on Friday.\n"


@pytest.fixture(autouse=True)
def no_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAIMLOG_TEXTS", raising=False)


@pytest.fixture(scope="module")
def served(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return copied(tiny_build, tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def get(served: World) -> Get:
    return asking(served.package.build)


@pytest.fixture
def supplied(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(served.texts))


LONG = "".join(
    f'unit{n} \N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET} "quoted". ' for n in range(12_000)
)
"""A text longer than a page shows, with few claims and much to escape."""

PASSAGE = LONG[LONG.index("unit99 ") : LONG.index(" \N{WOMAN}", LONG.index("unit6000 "))]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package whose title, note and text hold markup, and more claims than fit a page."""
    world = empty_world(tmp_path_factory.mktemp("odd"))
    many = " ".join(f"Ship{number} sailed." for number in range(450))
    (world.texts / "harbour.txt").write_text(ODD, "utf-8")
    (world.texts / "<img src=x onerror=alert(1)>.txt").write_text(many, "utf-8")
    (world.texts / "long.txt").write_text(LONG, "utf-8")
    copies = [
        source(f"S00{n}", kind="copy", text_sha256=Text(t).sha256, text_length=len(t), **more)
        for n, t, more in (
            (1, ODD, {"title": MARKUP, "note": f"See {MARKUP}"}),
            (2, many, {}),
            (3, "Nobody has this text, and nothing was coded in it.", {}),
            (4, LONG, {}),
        )
    ]
    world.add("actors", ACTORS)
    world.add("incidents", INCIDENTS)
    world.add("sources", [*copies, source("S101")])
    world.add(
        "claims",
        [
            claim("The <b>pilots</b> of Norland & Sudland met", "Crews of both came together."),
            claim("<b>pilots</b> of Norland", "Norland has crews.", content="state"),
            claim("& Sudland met", "Sudland took part."),
            *(claim(f"Ship{n} sailed", f"Vessel {n} left.", source_id="S002") for n in range(450)),
            claim(PASSAGE, "Units were many.", source_id="S004"),
            claim("unit9000", "Unit 9000 was there.", source_id="S004"),
        ],
    )
    world.seal("odd")
    build(world.package, world.package.build)
    return world


def marks(page: str) -> list[str]:
    """Return the claims to which the pieces of the article lead, in order."""
    article = page.split('<div class="text"')[1].split("</div>")[0]
    return re.findall(r'<a class="k-[^>]*href="/claims/([^"]+)"', article)


def test_the_list_shows_articles_and_works_with_grade_claims_and_derivation(get: Get) -> None:
    page = get("/sources")
    assert page.status_code == 200
    assert page.text.count("<h1>") == 1
    assert '<a href="/sources/S001">S001</a>' in page.text
    assert "about March 2025" in page.text
    assert "Fairly reliable" in page.text
    data = get("/sources.json").json()
    copies, works = (group["sources"] for group in data["groups"])
    assert [(row["source_id"], row["claims"]) for row in copies] == [("S001", 5)]
    assert [(row["source_id"], row["claims"]) for row in works] == [("S101", 5)]
    edge = copies[0]["derived_from"][0]
    assert (edge["derived_from_id"], edge["certainty_label"]) == ("S101", "Strong")


def test_the_page_of_an_article_says_what_its_row_holds(get: Get) -> None:
    page = get("/sources/S001").text
    data = get("/sources/S001.json").json()
    assert page.count("<h1>") == 1
    assert data["source"]["authors"] == []
    assert "the text names none" in page
    assert data["reliability"]["label"] == "Fairly reliable"
    assert "Some doubt, but valid information in the past." in page
    assert "Why this grade: Invented." in page
    assert "The same quotations." in page
    assert [row["claim_id"] for row in data["claims"]] == [
        *("C001-001", "C001-002", "C001-003", "C001-006", "C001-005")
    ]
    assert data["total"] == 5
    assert "Some forty pilots put their names to a letter." in page


def test_claims_and_furniture_stand_on_the_strip_where_they_stand_in_the_text(get: Get) -> None:
    data = get("/sources/S001.json").json()["coverage"]
    first = data["marks"][0]
    assert first["start"] == TEXT.index(STOPPED)
    assert first["left"] == pytest.approx(100 * first["start"] / len(TEXT), abs=0.001)
    assert [row["label"] for row in data["furniture"]] == ["Navigation", "Related posts"]
    assert {kind["code"]: kind["claims"] for kind in data["kinds"]} == {
        "event": 3,
        "attitude": 1,
        "position": 1,
    }
    page = get("/sources/S001").text
    strip = page.split('<svg class="coverage"')[1].split("</svg>")[0]
    assert strip.count('<a href="/claims/') == 5
    assert strip.count('class="hatch"') == 2


def test_the_page_of_a_work_lists_the_claims_that_go_back_to_it(get: Get) -> None:
    page = get("/sources/S101")
    data = get("/sources/S101.json").json()
    assert data["total"] == 5
    assert data["text"] is None
    assert data["coverage"] is None
    assert "5 claims rest on this work" in page.text
    assert "the article as it stood" not in page.text
    lineage = data["lineage"]
    assert [(e["source_id"], e["derived_from_id"]) for e in lineage["edges"]] == [("S001", "S101")]


def test_a_lineage_is_walked_both_ways_and_drawn_from_copy_to_origin() -> None:
    pairs = [("b", "a"), ("c", "b"), ("c", "a"), ("b", "x"), ("d", "c"), ("d", "b")]
    column = lineage_columns("b", [*"abcdx"], pairs)
    assert column == {"d": -2, "c": -1, "b": 0, "a": 1, "x": 1}
    nodes = [{"source_id": name, "title": name, "publisher": name} for name in "abcdx"]
    edges = [
        {
            "source_id": of,
            "derived_from_id": to,
            "certainty": "strong",
            "relation_label": "Was derived from",
            "certainty_label": "Strong",
        }
        for of, to in pairs
    ]
    drawing = draw_lineage("b", nodes, edges)
    spots = {node["source_id"]: (node["x"], node["y"]) for node in drawing["nodes"]}
    assert len(set(spots.values())) == 5
    assert all(spots[of][0] < spots[to][0] for of, to in pairs)
    assert all(0 <= x < drawing["width"] and 0 <= y < drawing["height"] for x, y in spots.values())
    assert len(drawing["edges"]) == 6


def test_of_a_lineage_in_which_all_rest_on_all_the_nearest_sources_are_drawn_with_all_between_them(
    served: World, tmp_path: Path
) -> None:
    folder = copied(served, tmp_path).package.build
    with closing(sqlite3.connect(folder / "tiny.db")) as rows:
        numbers = "with recursive n(i) as (select 101 union all select i + 1 from n where i < 219)"
        columns = [row[1] for row in rows.execute("pragma table_info(sources)")]
        others = ", ".join(name for name in columns if name != "source_id")
        rows.execute(
            f"insert into sources (source_id, {others}) {numbers} select 'W' || i, {others} "
            "from n cross join (select * from sources where source_id = 'S101')"
        )
        rows.execute("delete from source_lineage")
        rows.execute(
            f"insert into source_lineage (source_id, relation, derived_from_id, certainty, "
            f"evidence) {numbers} select 'W' || a.i, 'wasDerivedFrom', 'W' || b.i, 'certain', '' "
            "from n a join n b on a.i > b.i"
        )
        rows.commit()
    get = asking(folder)
    page, lineage = get("/sources/W160"), get("/sources/W160.json").json()["lineage"]
    assert page.status_code == 200
    assert "Only the nearest sources are shown." in page.text
    drawn = sorted(lineage["sources"])
    assert len(drawn) > 20
    edges = [(edge["derived_from_id"], edge["source_id"]) for edge in lineage["edges"]]
    assert sorted(edges) == [*combinations(drawn, 2)]
    assert sum(edge["path"].count("C") for edge in lineage["drawing"]["edges"]) < 5_000
    assert get("/sources/W101").status_code == get("/sources/W219").status_code == 200


def test_an_unknown_source_is_not_found_and_the_page_says_what_identifiers_look_like(
    get: Get,
) -> None:
    for path in ("/sources/S999", "/sources/S999.json"):
        page = get(path)
        assert page.status_code == 404
        assert "There is no source S999. Identifiers look like S004" in page.text


@pytest.mark.slow
def test_a_retracted_source_is_not_found_and_the_page_says_why(world: World) -> None:
    world.add("sources", [source("S102")])
    world.seal("more")
    world.retract("S102", "It never existed.")
    world.seal("less")
    build(world.package, world.package.build)
    page = asking(world.package.build)("/sources/S102")
    assert page.status_code == 404
    assert "Source S102 was retracted: It never existed." in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/sources?page=%3Cscript%3Ealert(1)%3C/script%3E",
        "/sources/S001?page=%3Cscript%3Ealert(1)%3C/script%3E",
        "/sources/S001?page=-1&page=99999999999999999999",
        "/sources/S001?page=%00'%22;drop",
        "/sources/%3Cscript%3Ealert(1)%3C",
    ],
)
def test_anything_in_a_parameter_is_harmless(path: str, get: Get) -> None:
    page = get(path)
    assert page.status_code == (404 if "/sources/%3C" in path else 200)
    assert "<script>alert" not in page.text


def test_without_texts_the_pages_say_how_to_supply_them(get: Get) -> None:
    for path in ("/sources/S001", "/claims/C001-001"):
        page = get(path).text
        assert "claimlog verify --texts DIR" in page
        assert "make serve TEXTS=DIR" in page
        assert "harbour ministry" not in page
        assert "harbour ministry" not in get(f"{path}.json").text


@pytest.mark.usefixtures("supplied")
def test_with_texts_the_article_is_shown_with_its_claims_as_links(get: Get) -> None:
    page = get("/sources/S001").text
    article = page.split('<div class="text"')[1].split("</div>")[0]
    plain = re.sub(r"<[^>]+>", "", article.split(">", 1)[1])
    assert plain == TEXT
    assert marks(page) == ["C001-001", "C001-002", "C001-003", "C001-006", "C001-005"]
    assert '<span class="furniture">Home | World | Harbours</span>' in article
    assert "harbour.txt" in page
    passage = get("/sources/S001.json").json()["text"]
    assert "".join(piece["text"] for piece in passage["pieces"]) == TEXT


def test_a_file_named_for_the_source_is_shown_as_another_copy_with_what_became_of_its_claims(
    get: Get, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = " ".join(TEXT.split()).replace("never liked", "always liked")
    (tmp_path / "S001.txt").write_text(copy, "utf-8")
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(tmp_path))
    page = get("/sources/S001").text
    assert "4 found, 1 changed" in page
    assert "as many other words stand between both sides of its context" in page
    assert re.search(
        r'<a class="k-[^"]*" href="/claims/C001-002"[^>]*>always liked the pact</a>', page
    )


@pytest.mark.usefixtures("supplied")
def test_with_texts_a_claim_shows_its_passage_in_its_context(get: Get) -> None:
    page = get("/claims/C001-005").text
    assert "<mark>We may review the pact</mark>" in page
    assert "/sources/S001#at-C001-005" in page
    passage = get("/claims/C001-005.json").json()["passage"]
    assert TEXT.endswith(passage["quote"] + passage["after"])
    assert passage["cut_before"]
    assert not passage["cut_after"]
    assert 250 <= len(passage["before"]) <= 300


@pytest.mark.usefixtures("supplied")
def test_a_retracted_claim_shows_its_last_passage(get: Get) -> None:
    assert get("/claims/C001-004.json").json()["passage"]["quote"] == "a\nclerk lost a chart"


def test_texts_are_found_by_hash_whatever_their_names_and_line_ends(
    get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "S001.txt").write_text("Another text.", "utf-8")
    name = os.fsdecode(b"caf\xff\n<b>.html")
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(tmp_path))
    page = get("/sources/S001")
    assert page.status_code == 200
    assert "caf\ufffd\ufffd&lt;b&gt;.html" in page.text
    assert get("/sources/S001.json").json()["text"]["shown"]


def test_a_directory_without_any_source_says_so_on_the_pages(
    get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(tmp_path))
    for path in ("/sources/S001", "/claims/C001-001"):
        assert "holds the text of no source here" in get(path).text
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(tmp_path / "gone"))
    assert "cannot be read" in get("/sources/S001").text


@pytest.mark.slow
def test_a_directory_with_other_articles_says_that_this_one_is_not_among_them(
    odd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(odd.texts))
    assert "holds other texts, but not this one" in asking(odd.package.build)("/sources/S003").text


def test_markup_in_titles_notes_texts_and_file_names_is_escaped(
    odd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(odd.texts))
    get = asking(odd.package.build)
    for path in ("/sources", "/sources/S001", "/sources/S002", "/claims/C001-001"):
        page = get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; " in get("/sources/S001").text
    assert "&lt;img src=x onerror=alert(1)&gt;.txt" in get("/sources/S002").text


def test_overlapping_claims_are_cut_at_every_border_and_lead_to_the_shortest(
    odd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(odd.texts))
    page = asking(odd.package.build)("/sources/S001").text
    assert marks(page) == ["C001-001", "C001-002", "C001-001", "C001-003"]
    assert page.count("depth-2") == 2


def test_a_claim_that_shorter_ones_cover_wholly_keeps_a_link_of_its_own() -> None:
    spans = [("long", 2, 8), ("left", 2, 5), ("right", 5, 8), ("inner", 6, 7)]
    rows = [{"claim_id": n, "start": a, "end": b, "colour": "event"} for n, a, b in spans]
    cut = source_texts.text_segments(
        "0123456789", rows, [{"start": 0, "end": 1, "kind": "form"}], 0, 10
    )
    assert "".join(piece["text"] for piece in cut) == "0123456789"
    assert [piece["claims"] for piece in cut] == [
        *([], [], ["left", "long"], ["right", "long"], ["inner", "right", "long"]),
        *(["right", "long"], []),
    ]
    assert [piece["under"] for piece in cut if piece["under"]] == [["long"]]
    assert [piece["first"] for piece in cut if piece["claims"]] == [True, True, True, False]
    assert [piece["furniture"] for piece in cut][:2] == ["form", None]


def test_more_claims_than_fit_a_page_are_shown_in_parts_with_their_part_of_the_text(
    odd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(odd.texts))
    get = asking(odd.package.build)
    parts = [get(f"/sources/S002.json?page={number}").json() for number in (1, 2, 3)]
    assert [len(part["claims"]) for part in parts] == [200, 200, 50]
    assert [part["total"] for part in parts] == [450, 450, 450]
    whole = "".join(piece["text"] for part in parts for piece in part["text"]["pieces"])
    assert whole == (odd.texts / "<img src=x onerror=alert(1)>.txt").read_text("utf-8")
    page = get("/sources/S002?page=2").text
    assert marks(page) == [row["claim_id"] for row in parts[1]["claims"]]
    assert 'href="?page=1#h-claims"' in page
    assert 'href="?page=3#h-text"' in page
    assert '<ol class="passages" start="201">' in page
    assert "/sources/S002?page=3#at-C002-401" in get("/claims/C002-401").text
    beyond = get("/sources/S002.json?page=77")
    assert (beyond.status_code, beyond.json()["nearest"]) == (404, "/sources/S002.json?page=3")


def test_a_long_text_with_few_claims_is_shown_in_parts_of_bounded_length(
    odd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(odd.texts))
    get = asking(odd.package.build)
    shown, address = "", "/sources/S004.json"
    while address:
        answer = get(address)
        assert len(answer.content) < 10 * source_texts.PART_CHARACTERS
        text = answer.json()["text"]
        part = "".join(piece["text"] for piece in text["pieces"])
        assert (text["start"], text["end"]) == (len(shown), len(shown) + len(part))
        shown += part
        following = text["parts"]["next"]
        address = f"/sources/S004.json{following}" if following else ""
    assert shown == LONG
    page = get("/sources/S004?part=2").text
    assert len(page) < 10 * source_texts.PART_CHARACTERS
    assert 'href="?part=1#h-text"' in page
    assert 'href="?part=3#h-text"' in page
    assert '<a href="#at-C004-001">' not in page  # it begins in the first part, and goes on here
    assert '<a href="?page=1&amp;part=1#at-C004-001">' in page
    assert marks(page)[0] == "C004-001"
    beyond = get("/sources/S004.json?part=9")
    assert (beyond.status_code, beyond.json()["nearest"]) == (404, "/sources/S004.json?part=3")
    assert "There is no part 9 of this text; it has 3 parts." in beyond.text
    assert "part" not in get("/sources/S001").text.split("h-text")[1].split("h-claims")[0]


def test_a_claim_leads_to_the_part_of_a_long_text_in_which_it_stands(
    odd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(odd.texts))
    get = asking(odd.package.build)
    page = get("/claims/C004-002").text
    link = re.search(r'href="([^"#]+)#at-C004-002"', page)
    assert link
    assert 'id="at-C004-002"' in get(link[1].replace("&amp;", "&")).text
    long = get("/claims/C004-001.json").json()["passage"]
    assert long["quote"] == PASSAGE[: source_texts.PART_CHARACTERS]
    assert long["cut_quote"]


def test_claims_over_one_another_by_the_thousand_name_a_bounded_number_for_each_piece() -> None:
    rows = [
        {"claim_id": f"C{n}", "start": n, "end": 20_000 - n, "colour": "event"}
        for n in range(10_000)
    ]
    pieces = source_texts.text_segments("a" * 20_000, rows, [], 0, 20_000)
    assert [len(piece["claims"]) for piece in pieces[:3]] == [1, 2, 3]
    assert max(len(piece["claims"]) for piece in pieces) == source_texts.MOST_NAMED
    assert pieces[-1]["claims"] == ["C0"]


def test_empty_states_are_said(odd: World, bare: World) -> None:
    get = asking(odd.package.build)
    assert "No claim stands in its text." in get("/sources/S003").text
    assert "No claim is known to go back to it." in get("/sources/S101").text
    assert "It is not known to be derived from another source" in get("/sources/S101").text
    assert "not known to be derived" in get("/sources").text
    build(bare.package, bare.package.build)
    empty = asking(bare.package.build)
    assert "No article was coded yet." in empty("/sources").text
    assert "No work is registered yet." in empty("/sources").text


def test_pages_of_a_release_link_within_it(served: World, tmp_path: Path) -> None:
    frozen = tmp_path / "tiny-0_1_0.db"
    shutil.copy(served.package.build / "tiny.db", frozen)
    get = asking(served.package.build, frozen)
    page = get("/releases/0.1.0/sources/S001").text
    assert 'href="/releases/0.1.0/claims/C001-001"' in page
    assert 'href="/releases/0.1.0/sources/S101"' in page
    assert 'href="/claims/' not in page
    assert 'href="/releases/0.1.0/sources/S001"' in get("/releases/0.1.0/sources").text


def test_the_command_says_at_its_start_how_many_articles_it_found(
    served: World, tmp_path: Path
) -> None:
    database = served.package.build / "tiny.db"
    assert source_texts.summarize_texts(database, served.texts).startswith(
        "texts: 1 of 1 texts found in "
    )
    line = source_texts.summarize_texts(database, tmp_path)
    assert "is the text of a source, so no text is shown" in line
    assert "\n" not in line


def test_the_command_refuses_a_directory_of_texts_that_is_not_there(served: World) -> None:
    done = served.run("serve", "--texts", "nowhere", "--port", "8999")
    assert done.returncode == 2
    assert "nowhere: no such directory of texts" in done.stderr


@pytest.mark.slow
def test_the_command_serves_the_texts_that_it_was_given(served: World, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "claimlog", "serve", "--port", str(port)]
    said = tmp_path / "said"
    with said.open("wb") as out:
        server = subprocess.Popen(
            [*words, "--texts", os.path.relpath(served.texts, served.root)],
            cwd=served.root,
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
    try:
        until = time.monotonic() + 120
        while True:
            try:
                address = f"http://127.0.0.1:{port}/claims/C001-005.json"
                with urllib.request.urlopen(address, timeout=5) as answer:
                    assert json.loads(answer.read())["passage"]["shown"]
                    break
            except OSError:
                assert time.monotonic() < until, said.read_text("utf-8")
                time.sleep(0.1)
    finally:
        server.terminate()
        server.wait(10)
    assert "texts: 1 of 1 texts found" in said.read_text()


@pytest.mark.parametrize("error", [None, ClaimlogError("too many files")])
def test_texts_are_read_once_for_all_who_ask_even_if_they_cannot_be(
    error: ClaimlogError | None, served: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folders = []

    def read(folder: Path) -> Texts:
        folders.append(folder)
        time.sleep(0.1)  # so that all of them ask meanwhile
        if error:
            raise error
        return served.supplied

    monkeypatch.setattr(source_texts, "Texts", read)
    monkeypatch.setenv("CLAIMLOG_TEXTS", str(tmp_path))
    store = Store.latest(datasette_of(served.package.build))

    async def run() -> None:
        first = asyncio.create_task(source_texts.find_text(store, None))
        await asyncio.sleep(0)
        first.cancel()  # whoever asked first leaves
        answers = await asyncio.gather(*(source_texts.find_text(store, None) for _ in range(6)))
        says = source_texts.UNREADABLE if error else source_texts.NOT_THIS_ONE
        assert answers == [(None, says)] * 6

    asyncio.run(run())
    assert folders == [tmp_path]
