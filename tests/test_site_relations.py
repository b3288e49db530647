"""The pages of actors, incidents, measures, disputes, facts and origins, on tiny builds."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from html.parser import HTMLParser
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest

from claimlog.build import build
from claimlog.escaping import compact_json
from claimlog.fold import corroboration
from claimlog.schema.site_config import OF_REGISTER
from claimlog.site import attitude_groups, claim_citation, measure_progress, origin_groups
from claimlog.site.drawing.origin_graph import draw_origin_graph, find_cycles
from claimlog.site.drawing.timeline import draw_timeline
from claimlog.site.origin_groups import dependent_origins, group_by_origin
from claimlog.site.pages.pairs import LISTED
from claimlog.site.protection import reader_limits
from claimlog.site.search.entries import search_entries
from claimlog.site.store import LIST_PARTS, Row, Store
from claimlog.sources.text import Text
from conftest import Get, World, asking, claim, copied, datasette_of, hop, source

MARKUP = "<script>alert(1)</script>"
SECOND = "Norland no longer gives Sudland tide tables. The minister says that this is untrue.\n"
PAGES = (
    *("/actors", "/actors/nor", "/actors/pact", "/actors/ada-example", "/incidents"),
    *("/incidents/lost-chart", "/measures", "/measures/nor/stop_subject", "/disputes"),
    *("/disputes?relation=qualifies", "/facts", "/facts/C001-001", "/origins"),
)
EMPTIED = (
    *("actors", "alliance_members", "incidents", "incident_actors", "claims", "claim_actors"),
    *("attributions", "links", "corroboration", "corroboration_claims", "source_lineage"),
)
NONE = {"claims": 0, "articles": 0, "independent_origins": 0, "unknown_origins": 0}


def client(folder: Path) -> Get:
    """Return a way to ask a server for a build, with one frozen release beside it."""
    frozen = folder / "tiny-0_1_0.db"
    shutil.copyfile(folder / "tiny.db", frozen)
    return asking(folder, frozen)


@pytest.fixture(scope="module")
def related(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package with a second article of the same origin that also disputes the first."""
    world = copied(made, tmp_path_factory.mktemp("relations"))
    (world.texts / "second.txt").write_text(SECOND, "utf-8")
    edge = {"relation": "wasDerivedFrom", "certainty": "certain", "evidence": "It says so."}
    world.add(
        "sources",
        [
            source(
                "S002",
                kind="copy",
                title=f"Tides {MARKUP}",
                publisher="Copycat",
                text_sha256=Text(SECOND).sha256,
                text_length=len(SECOND),
                lineage=[{"source_id": "S101", **edge}],
            )
        ],
    )
    world.add(
        "claims",
        [
            claim(
                "no longer gives Sudland tide tables",
                f"Sudland is left without tables {MARKUP} of the tides.",
                source_id="S002",
                incident_id="lost-chart",
                occurred="2024",
                occurred_basis="stated",
                dyad_from=["nor"],
            ),
            claim(
                "The minister says that this is untrue",
                "According to the minister nothing was stopped.",
                source_id="S002",
                voice="paraphrased",
                dyad_from=["ada-example"],
                attributions=[hop(actor_id="ada-example")],
                measure_id="tide-tables-stopped",
                measure_status="denied",
                measure_account="taker",
            ),
        ],
    )
    world.add(
        "links",
        [
            {
                "from_claim_id": one,
                "relation": relation,
                "to_claim_id": "C001-001",
                "basis": f"A reason {MARKUP}.",
            }
            for one, relation in (("C002-001", "same_fact"), ("C002-002", "disputes"))
        ],
    )
    world.seal("second")
    build(world.package, world.package.build)
    return world


@pytest.fixture(scope="module")
def get(related: World) -> Get:
    return client(related.package.build)


def forget_takers(world: World) -> None:
    """Have the site say nothing of the register of measures, as before there was one."""
    path = world.root / "schemas" / "site.json"
    site = json.loads(path.read_text("utf-8"))
    site["measures"] = {k: v for k, v in site["measures"].items() if k not in OF_REGISTER}
    path.write_text(json.dumps(site), "utf-8")


@pytest.fixture(scope="module")
def acting(related: World, tmp_path_factory: pytest.TempPathFactory) -> Get:
    """The same where a measure belongs to whoever acts."""
    world = copied(related, tmp_path_factory.mktemp("acting"))
    forget_takers(world)
    out = world.root.parent / "build"
    build(world.package, out)
    return asking(out)


@pytest.fixture(scope="module")
def empty(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> Get:
    """A build whose tables hold an article and nothing that was coded in it."""
    world = copied(tiny_build, tmp_path_factory.mktemp("empty"))
    with closing(sqlite3.connect(world.package.build / "tiny.db")) as database:
        for table in EMPTIED:
            database.execute(f"delete from {table}")
        database.commit()
    return client(world.package.build)


class Outline(HTMLParser):
    """Headings in order, and what assistive software stumbles over."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.drawing = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.levels.append(int(tag[1]))
        if tag == "th" and "scope" not in given:
            self.wrong.append("a header cell without scope")
        if self.drawing and tag != "title":  # its title comes first in it
            self.wrong.append("a drawing without a label")
        self.drawing = tag == "svg" and not (given.get("aria-hidden") or given.get("aria-label"))
        if given.get("style") or tag == "script":
            self.wrong.append(f"{tag} with style or script")
        if "id" in given:
            self.ids.append(given["id"] or "")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_page_and_its_json_twin_answer_in_the_latest_build_and_in_a_release(
    page: str, get: Get
) -> None:
    path, mark, query = page.partition("?")
    for prefix in ("", "/releases/0.1.0"):
        answer = get(prefix + page)
        assert answer.status_code == 200
        assert "<nav class=" in answer.text
        twin = get(f"{prefix}{path}.json{mark}{query}")
        assert twin.status_code == 200
        assert twin.json()["title"]


@pytest.mark.parametrize("page", PAGES)
def test_page_is_well_formed_for_assistive_software(page: str, get: Get) -> None:
    outline = Outline(get(page).text)
    assert outline.wrong == []
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(outline.levels))
    assert len(outline.ids) == len(set(outline.ids))


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_release_stay_within_it(page: str, get: Get) -> None:
    text = get(f"/releases/0.1.0{page}").text
    main = text[text.index("<main") : text.index("</main>")]
    for kind in ("claims", "actors", "incidents", "measures", "facts", "sources"):
        assert f'href="/{kind}/' not in main


@pytest.mark.parametrize("page", PAGES)
def test_markup_in_the_rows_is_escaped(page: str, get: Get) -> None:
    assert MARKUP not in get(page).text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/actors/nobody", "There is no actor nobody"),
        ("/incidents/nothing", "There is no incident nothing"),
        ("/measures/nobody/withhold", "There is no ally nobody"),
        ("/measures/nor/nothing", "There is no measure nothing"),
        ("/measures/ada-example/withhold", "see /measures/nor/withhold"),
        ("/facts/C009-001", "There is no fact C009-001"),
        ("/facts/C001-006", "see /facts/C001-001"),
    ],
)
def test_unknown_identifiers_are_not_found_and_the_page_says_what_to_do(
    path: str, said: str, get: Get
) -> None:
    answer = get(path)
    assert answer.status_code == 404
    assert said in answer.text
    twin = get(f"{path}.json")
    assert twin.status_code == 404
    assert said in twin.json()["message"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("value", [MARKUP, "' or 1=1 --", "-1", "9" * 30, "%00", "٣", "%ff%fe"])
def test_no_query_breaks_a_page_or_comes_back_as_markup(page: str, value: str, get: Get) -> None:
    path = page.partition("?")[0]
    answer = get(f"{path}?page={value}&relation={value}&{value}={value}")
    is_number = value.isascii() and value.isdigit()
    # some of these pages are lists in parts, and have no part of so high a number
    is_list = path in ("/facts", "/incidents")
    assert answer.status_code == (404 if is_number and is_list else 200)
    assert MARKUP not in answer.text


@pytest.mark.parametrize("path", ["/actors/", "/incidents/", "/facts/", "/measures/nor/"])
def test_markup_as_an_identifier_is_not_found_and_not_repeated(path: str, get: Get) -> None:
    for name in ("%3Cscript%3Ealert(1)%3C%2Fscript%3E", "<b>x<b>", "'%20or%201=1"):
        answer = get(path + name)
        assert answer.status_code == 404
        assert "<script>alert" not in answer.text
        assert "<b>x" not in answer.text


def test_actors_are_grouped_by_type_with_their_claims_by_role(get: Get) -> None:
    groups = get("/actors.json").json()["groups"]
    assert [group["type"] for group in groups] == [
        *("state", "alliance", "agency", "person", "media")
    ]
    states = {row["actor_id"]: row["claims"] for row in groups[0]["actors"]}
    assert states == {
        "nor": {"from": 2, "to": 0, "speaker": 0},
        "sud": {"from": 0, "to": 1, "speaker": 0},
    }


def measures_on(data: dict[str, Any]) -> list[tuple[str, str, int, int]]:
    """Return the measures on an actor's page, with claims and those on its own word."""
    keys = ("measure", "measure_status", "claims", "own")
    return [tuple(row[key] for key in keys) for row in data["measures"]]  # type: ignore[misc]


def test_an_actor_tells_its_state_alliance_parts_claims_and_measures(get: Get) -> None:
    data = get("/actors/nor.json").json()
    assert data["who"]["iso3"] == "NOR"
    assert data["memberships"] == [
        {"alliance_id": "pact", "name": "Pact", "start": "1999", "end": None}
    ]
    assert [row["actor_id"] for row in data["parts"]] == ["harbour-ministry"]
    acting = data["roles"][0]
    assert (acting["count"], [row["claim_id"] for row in acting["claims"]]) == (
        2,
        ["C001-001", "C002-001"],
    )
    assert measures_on(data) == [
        ("review_agreement", "considered", 1, 1),
        ("stop_subject", "denied", 1, 1),
        ("stop_subject", "taken", 1, 0),
    ]
    assert [row["claim_id"] for row in data["dated"]] == ["C002-001", "C001-001"]
    assert len(data["timeline"]["dots"]) == 2
    page = get("/actors/nor").text
    assert "(since 1999)" in page
    assert "<h1>Nor</h1>" in page
    assert '<th scope="col" class="n">on its own word</th>' in page
    assert "2 dated claims on a line of time" in page


def test_an_alliance_lists_its_members_and_a_person_her_state(get: Get) -> None:
    members = get("/actors/pact.json").json()["members"]
    assert [row["actor_id"] for row in members] == ["nor", "sud"]
    page = get("/actors/ada-example").text
    assert '<a href="/actors/harbour-ministry">' in page
    assert '<a href="/actors/nor">Nor</a>' in page
    assert "In no claim." in page
    # the register has her state as the taker of what she denies
    assert get("/actors/ada-example.json").json()["measures"] == []


def test_incidents_say_when_and_from_how_many_origins(get: Get) -> None:
    row = get("/incidents.json").json()["incidents"][0]
    assert row == {
        **NONE,
        "incident_id": "lost-chart",
        "title": "A chart was lost",
        "incident_type": "mishandling",
        "occurred": "2019",
        "claims": 1,
        "articles": 1,
        "independent_origins": 1,
        "type": "Mishandling",
    }
    data = get("/incidents/lost-chart.json").json()
    assert [row["actor_id"] for row in data["actors"]] == ["nor"]
    assert [(row["origin_id"], row["articles"]) for row in data["origins"]] == [("S101", ["S002"])]
    assert [row["claim_id"] for row in data["articles"][0]["claims"]] == ["C002-001"]


def cells(get: Get, path: str = "/measures.json") -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return the numbers of the matrix: claims and those on the taker's own word."""
    return {
        (ally["ally_id"], cell["measure"], status["code"]): (status["claims"], status["own"])
        for kind in get(path).json()["kinds"]
        for ally in kind["allies"]
        for cell in ally["cells"]
        for status in cell["statuses"]
    }


def claims_behind(get: Get, path: str) -> list[tuple[str, list[str]]]:
    statuses = get(f"{path}.json").json()["statuses"]
    return [(s["code"], [c["claim_id"] for c in s["rows"]]) for s in statuses]


BY_ACTS = {("nor", "stop_subject", "taken"): (1, 0), ("nor", "stop_subject", "denied"): (1, 0)}
BY_TAKERS = {
    ("nor", "stop_subject", "taken"): (1, 0),
    ("nor", "stop_subject", "denied"): (1, 1),
    ("nor", "review_agreement", "considered"): (1, 1),
}


def test_the_matrix_gives_each_status_as_sign_text_and_link_to_its_claims(get: Get) -> None:
    data = get("/measures.json").json()
    assert [column["code"] for column in data["measures"]] == ["stop_subject", "review_agreement"]
    assert cells(get) == BY_TAKERS
    signs = data["kinds"][0]["allies"][0]["cells"][0]["statuses"]
    assert [(s["code"], s["symbol"]) for s in signs] == [("taken", "●"), ("denied", "✕")]
    page = get("/measures").text
    assert 'href="/measures/nor/stop_subject#taken"' in page
    assert "Share nothing on one subject." in page
    assert page.count("1 on its own word") == 2
    behind = [("taken", ["C001-001"]), ("denied", ["C002-002"])]
    assert claims_behind(get, "/measures/nor/stop_subject") == behind


def test_a_cell_says_which_measure_each_claim_tells_of_and_on_whose_account(get: Get) -> None:
    data = get("/measures/nor/stop_subject.json").json()
    assert (data["total"], data["own"]) == (2, 1)
    [taken], [denied] = (status["rows"] for status in data["statuses"])
    assert (taken["who"], taken["measure_id"]) == ("Nor", "tide-tables-stopped")
    assert (taken["own"], taken["account_label"]) == (0, "The author")
    assert (denied["own"], denied["account_label"]) == (1, "The taker itself")
    page = get("/measures/nor/stop_subject").text
    assert '<a href="/measures/tide-tables-stopped">Tide tables stopped</a>' in page
    assert '<span class="account">by whose account: on its own word</span>' in page
    assert '<span class="account">by whose account: the author</span>' in page
    assert get("/measures/tide-tables-stopped").status_code == 200


def test_the_matrix_and_an_actor_say_from_how_many_independent_origins(get: Get) -> None:
    [states] = get("/measures.json").json()["kinds"]
    statuses = [s for cell in states["allies"][0]["cells"] for s in cell["statuses"]]
    assert [(s["code"], s["independent_origins"]) for s in statuses] == [
        ("taken", 1),
        ("denied", 1),
        ("considered", 1),
    ]
    assert "1 independent origin<" in get("/measures").text
    cell = get("/measures/nor/stop_subject.json").json()
    # the second article copies the first, so that both have one origin
    assert (cell["total"], cell["independent_origins"], cell["unknown_origins"]) == (2, 1, 0)
    measures = get("/actors/nor.json").json()["measures"]
    assert [row["independent_origins"] for row in measures] == [1, 1, 1]
    assert '<a href="/reasons?of=nor">Why, by the texts</a>' in get("/actors/nor").text


def test_the_first_page_says_who_does_what_on_whose_account(get: Get) -> None:
    answers = get("/index.json").json()["answers"]
    steps = {
        (step["measure_id"], step["status"]): (
            [taker["actor_id"] for taker in step["takers"]],
            [(account["code"], account["own"]) for account in step["accounts"]],
            step["independent_origins"],
            step["disputed"],
        )
        for section in answers["sections"]
        for status in section["statuses"]
        for step in status["steps"]
    }
    assert steps == {
        ("tide-tables-stopped", "taken"): (["nor"], [("author", False)], 1, True),
        ("tide-tables-stopped", "denied"): (["nor"], [("taker", True)], 1, False),
        ("pact-review", "considered"): (["nor"], [("taker", True)], 1, False),
    }
    # a review limits nothing
    assert [section["total"] for section in answers["sections"]] == [2, 1]


def test_a_measure_has_its_claims_by_status_with_accounts_and_disputes(get: Get) -> None:
    progress = get("/measures/tide-tables-stopped.json").json()["progress"]
    rows = {s["code"]: [c["claim_id"] for c in s["rows"]] for s in progress["statuses"]}
    assert rows == {"taken": ["C001-001"], "denied": ["C002-002"]}
    [dispute] = progress["disputes"]
    assert (dispute["claim_id"], dispute["disputed_id"]) == ("C002-002", "C001-001")
    page = get("/measures/tide-tables-stopped").text
    assert "by whose account: the taker itself" in page
    assert "about March 2025" in page
    other = get("/coders/coder-1.json")
    assert (other.status_code, other.json()["progress"]) == (200, None)


def test_a_measure_with_many_disputes_lists_some_and_says_so(
    related: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = 'are listed; <a href="/disputes">'
    assert more not in asking(related.package.build)("/measures/tide-tables-stopped").text
    monkeypatch.setattr(measure_progress, "DISPUTING", 0)
    get = asking(related.package.build)
    assert more in get("/measures/tide-tables-stopped").text
    assert get("/measures/tide-tables-stopped.json").json()["progress"]["disputes"] == []


def test_an_attitude_is_shown_by_who_holds_it_and_towards_whom(get: Get) -> None:
    data = get("/trust.json").json()
    [pair] = data["pairs"]
    assert (pair["label"], pair["path"]) == (
        "Harbour-Ministry → Pact",
        "/harbour-ministry/pact",
    )
    assert [(a["sign"], a["course_label"], a["claims"]) for a in pair["attitudes"]] == [
        ("distrust", "lasting", 1)
    ]
    held = get("/trust/harbour-ministry/pact.json").json()
    assert [row["claim_id"] for a in held["attitudes"] for row in a["rows"]] == ["C001-002"]
    for path in ("/trust/pact/nor", "/trust/-/-", "/trust/harbour-ministry,nor/pact"):
        answer = get(path)
        assert answer.status_code == 404
        assert "No claim is about" in answer.text


@pytest.mark.slow
def test_trust_that_may_fall_is_told_from_trust_that_falls(judging: World) -> None:
    judged = asking(judging.package.build)
    data = judged("/trust.json").json()
    unnamed = next(row for row in data["pairs"] if row["holders"] == ["-"])
    assert unnamed["label"] == "not named → Nor"
    [attitude] = unnamed["attitudes"]
    assert (attitude["course"], attitude["modality"]) == ("falling", "hypothetical")
    for path in ("/trust", "/trust/-/nor"):
        page = judged(path).text
        assert "trust falling, put as a possibility" in page
        assert "the passage itself names nobody" in page
    assert "put as" not in judged("/trust/harbour-ministry/pact").text


def test_pairs_are_counted_by_the_database_however_many_claims_there_are(
    judging: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "build"
    shutil.copytree(judging.package.build, folder)
    number = 300
    with closing(sqlite3.connect(folder / "tiny.db")) as database:
        names = [row[1] for row in database.execute("pragma table_info(claims)")][1:]
        columns = ", ".join(f'"{name}"' for name in names)
        database.executemany(
            f"insert into claims (claim_id, {columns}) "
            f"select ?, {columns} from claims where claim_id = 'C001-002'",
            [(f"C900-{at:03}",) for at in range(number)],
        )
        database.commit()
    monkeypatch.setattr(attitude_groups, "LIST_PARTS", 20)
    ask = asking(folder)
    data = ask("/trust.json").json()
    pair = next(row for row in data["pairs"] if row["holders"] == ["harbour-ministry"])
    assert (pair["claims"], data["total"] > number) == (number + 1, True)
    held = ask("/trust/harbour-ministry/pact.json").json()
    listed = [row["claim_id"] for a in held["attitudes"] for row in a["rows"]]
    assert held["total"] == number + 1
    assert listed == ["C001-002", *(f"C900-{at:03}" for at in range(LISTED - 1))]


@pytest.mark.parametrize("limit", ["MOST_GROUPS", "LIST_BYTES", "LIST_PARTS"])
def test_pairs_that_are_too_many_are_refused_without_being_read_again(
    limit: str, judging: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, times = attitude_groups._read_groups, 0

    async def count(page: Row, store: Store) -> Any:
        nonlocal times
        times += 1
        return await read(page, store)

    monkeypatch.setattr(attitude_groups, "_read_groups", count)
    monkeypatch.setattr(attitude_groups, limit, 1)
    ask = asking(judging.package.build)
    for path in ("/trust", "/trust/-/nor", "/trust/a/b", "/trust"):
        answer = ask(path)
        assert (answer.status_code, "more than it can show" in answer.text) == (400, True)
    assert times == 1


def test_voices_and_time_frames_count_claims_and_lead_to_them(get: Get) -> None:
    for path, most in (("/voices", 3), ("/time-frames", 7)):
        data = get(f"{path}.json").json()
        assert data["total"] == sum(row["claims"] for row in data["rows"]) <= most
        for row in data["rows"]:
            assert get(row["path"].replace("?", ".json?")).json()["part"]["total"] == row["claims"]
            assert sum(row["parts"]) == row["claims"]


def test_reasons_are_chosen_by_actor_and_code_that_exist(get: Get) -> None:
    assert "No article gives a reason for anything yet." in get("/reasons").text
    assert get("/reasons?of=nor&topic=sharing").status_code == 200
    assert get("/reasons?of=nor&topic=sharing&page=3").status_code == 404
    for query, said in (("of=nobody", "no actor nobody"), ("topic=tides", "no topic tides")):
        answer = get(f"/reasons?{query}")
        assert (answer.status_code, said in answer.text) == (404, True)


@pytest.mark.slow
def test_without_takers_a_measure_belongs_to_whoever_acts(acting: Get) -> None:
    assert cells(acting) == BY_ACTS
    assert "Only acts count" in acting("/measures").text
    [taken], _ = (s["rows"] for s in acting("/measures/nor/stop_subject.json").json()["statuses"])
    assert (taken["who"], taken["account"]) == ("Harbour-Ministry, Nor", None)
    # what the minister denies is a measure of her state
    assert measures_on(acting("/actors/nor.json").json()) == [
        ("stop_subject", "denied", 1, 0),
        ("stop_subject", "taken", 1, 0),
    ]
    page = acting("/actors/ada-example").text
    assert '<a href="/measures/nor/stop_subject">' in page
    for text in (page, acting("/measures").text, acting("/measures/nor/stop_subject").text):
        assert "own word" not in text
    assert "taker" not in {item["name"] for item in acting("/claims.json").json()["filters"]}


def test_a_release_without_a_table_of_takers_is_shown_by_acts(
    related: World, tmp_path: Path
) -> None:
    old = tmp_path / "tiny-0_1_0.db"
    shutil.copyfile(related.package.build / "tiny.db", old)
    with closing(sqlite3.connect(old)) as database:
        database.execute("drop table measure_takers")
    ask = asking(related.package.build, old)
    assert cells(ask) == BY_TAKERS
    assert cells(ask, "/releases/0.1.0/measures.json") == BY_ACTS
    assert "Only acts count" in ask("/releases/0.1.0/measures").text
    for path in ("actors/nor", "measures/nor/stop_subject", "claims?measure=any&act=yes"):
        assert ask(f"/releases/0.1.0/{path}").status_code == 200


def unequal(get: Get, name: str) -> tuple[int, list[str]]:
    """Return how many numbers about measures were followed, and which lead to other rows."""
    on_pages: dict[tuple[str, str, str], int] = {}
    faults = []
    by_takers = "taker" in {item["name"] for item in get("/claims.json").json()["filters"]}
    kinds = get("/measures.json").json()["kinds"]
    for ally in (ally for kind in kinds for ally in kind["allies"]):
        for cell in (cell for cell in ally["cells"] if cell["statuses"]):
            path = f"{ally['ally_id']}/{cell['measure']}"
            behind = get(f"/measures/{path}.json").json()
            rows = {status["code"]: len(status["rows"]) for status in behind["statuses"]}
            own = sum(row["own"] for status in behind["statuses"] for row in status["rows"])
            counts = {status["code"]: status["claims"] for status in cell["statuses"]}
            if rows != counts or behind["total"] != sum(counts.values()):
                faults.append(f"{path}: {counts} on {rows}")
            if own != sum(status["own"] for status in cell["statuses"]) or own != behind["own"]:
                faults.append(f"{path}: {own} on the taker's own word")
            who = "taker={}" if by_takers else "act=yes&ally={}"
            whose = f"{who.format(ally['ally_id'])}&measure={cell['measure']}"
            if by_takers and behind["counted"] != whose:
                faults.append(f"{path} leads to {behind['counted']}")
            for status, number in counts.items():
                query = f"{whose}&measure_status={status}"
                total = get(f"/claims.json?{query}").json()["part"]["total"]
                if total != number:
                    faults.append(f"{query}: {number} on {total}")
                on_pages[ally["ally_id"], cell["measure"], status] = number
    canned = get(f"/{name}/measures_by_ally.json?_shape=array&_size=max").json()
    by_query = {(r["ally_id"], r["measure"], r["measure_status"]): r["claims"] for r in canned}
    if by_takers and by_query != on_pages:
        faults.append(f"the query says otherwise: {by_query.items() ^ on_pages.items()}")
    plots = {plot["name"]: plot for plot in get("/index.json").json()["plots"]}
    for part in (
        part
        for name, series in (("allies", {*range(99)}), ("time", {1}))
        for bar in plots[name]["bars"]
        for part in bar["parts"]
        if part["value"] and part["series"] in series
    ):
        total = get(part["link"].replace("?", ".json?")).json()["part"]["total"]
        if total != part["value"]:
            faults.append(f"{part['link']}: {part['value']} on {total}")
    return len(on_pages), faults


@pytest.fixture(scope="module")
def judging(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Sudland resents what Norland stopped, and demands a review; Norland may stop more."""
    world = copied(made, tmp_path_factory.mktemp("judging"))
    stopped = {"measure_id": "tide-tables-stopped"}
    world.add(
        "claims",
        [
            claim(
                "forty pilots signed",
                "Sudland resents that the tables stopped.",
                content="attitude",
                dyad_from=["sud"],
                dyad_to=["nor"],
                **stopped,
                measure_status="taken",
                measure_account="presupposed",
            ),
            claim(
                "tide tables with Sudland on Monday",
                "Sudland demands that the pact be looked at once more.",
                occurrence=1,
                content="position",
                event_type="REQUEST",
                event_code="022",
                dyad_from=["sud"],
                dyad_to=["nor"],
                measure_id="pact-review",
                measure_status="proposed",
                measure_account="partner",
            ),
            claim(
                "In 2019 a\nclerk",
                "Norland is going to stop still more.",
                content="prediction",
                modality="hypothetical",
                event_type="SANCTION",
                event_code="160",
                dyad_from=["nor"],
                dyad_to=["sud"],
                **stopped,
                measure_status="conjectured",
                measure_account="author",
                topic="trust",
                trust_sign="distrust",
                trust_course="falling",
                trust_object=["nor"],
            ),
        ],
    )
    world.seal("judged")
    build(world.package, world.package.build)
    return world


@pytest.mark.slow
def test_who_judges_or_demands_a_measure_has_not_taken_it(judging: World) -> None:
    judged = asking(judging.package.build)
    assert cells(judged) == {
        ("nor", "stop_subject", "taken"): (1, 0),
        ("nor", "stop_subject", "conjectured"): (1, 0),
        ("nor", "review_agreement", "considered"): (1, 1),
        ("nor", "review_agreement", "proposed"): (1, 0),
    }
    assert unequal(judged, "tiny") == (4, [])
    assert judged("/actors/sud.json").json()["measures"] == []
    assert "No claim tells of this measure of Sud." in judged("/measures/sud/stop_subject").text
    of_taker = {row["claim_id"] for row in judged("/claims.json?taker=any").json()["claims"]}
    assert of_taker == {"C001-001", "C001-005", "C001-008", "C001-009"}
    assert judged("/claims.json?taker=nor").json()["part"]["total"] == 4
    assert judged("/claims.json?taker=sud").json()["part"]["total"] == 0


def test_a_claim_that_takes_a_measure_for_granted_is_shown_apart(judging: World) -> None:
    judged = asking(judging.package.build)
    data = judged("/measures/nor/stop_subject.json").json()
    assert (data["total"], data["views"]) == (2, 1)
    assert [row["claim_id"] for row in data["others"]] == ["C001-007"]
    assert [account["code"] for account in data["accounts"]] == ["presupposed"]
    page = judged("/measures/nor/stop_subject").text
    assert '<a href="#not-counted">1 more claim</a>' in page
    assert '<h2 id="not-counted">Not counted</h2>' in page
    assert judged("/measures/nor/review_agreement.json").json()["others"] == []


def test_the_chart_of_takers_says_how_many_rest_on_their_own_word(judging: World) -> None:
    plots = asking(judging.package.build)("/index.json").json()["plots"]
    chart = next(plot for plot in plots if plot["name"] == "allies")
    assert chart["says"].endswith(" On the taker's own word: 1 of 4 claims.")
    assert [bar["link"] for bar in chart["bars"]] == ["/claims?taker=nor"]


@pytest.mark.slow
def test_without_takers_views_and_demands_of_others_do_not_count(
    judging: World, tmp_path: Path
) -> None:
    world = copied(judging, tmp_path)
    forget_takers(world)
    build(world.package, world.package.build)
    judged = asking(world.package.build)
    [states] = judged("/measures.json").json()["kinds"]
    assert [row["ally_id"] for row in states["allies"]] == ["nor"]
    assert unequal(judged, "tiny") == (2, [])
    assert judged("/actors/sud.json").json()["measures"] == []
    resented = judged("/measures/sud/stop_subject")
    assert "No claim tells of this measure of Sud." in resented.text
    assert "is a view, verdict, question or demand and does not count" in resented.text
    link = "/claims?ally=sud&amp;measure=stop_subject&amp;act=no"
    assert f'<a href="{link}">1 more' in resented.text
    left_out = judged("/claims.json?measure=any&act=no").json()["claims"]
    assert {row["claim_id"] for row in left_out} == {"C001-007", "C001-008"}
    claims = judged("/claims.json?measure=any&act=yes").json()["claims"]
    assert {row["claim_id"] for row in claims} == {"C001-001", "C001-005", "C001-009"}


def test_the_query_of_measures_counts_accounts_and_origins_that_rest_on_one_work_once(
    related: World, tmp_path: Path
) -> None:
    rows = asking(related.package.build)("/tiny/measures_by_ally.json?_shape=array").json()
    by_status = {(row["measure"], row["measure_status"]): row for row in rows}
    denied = by_status["stop_subject", "denied"]
    assert (denied["ally"], denied["accounts"], denied["on_own_word"]) == ("Nor", "taker", 1)
    # that claim has no date: its measure has one
    assert (denied["measures"], denied["earliest"][:4]) == (1, "2025")
    old = tmp_path / "tiny-0_1_0.db"
    shutil.copyfile(related.package.build / "tiny.db", old)
    with closing(sqlite3.connect(old)) as database:
        # two origins of one cell that share a work, and a third that shares another with one
        database.execute("update claims set measure_status = 'taken' where measure_id is not null")
        database.execute("update claims set measure = 'stop_subject' where measure_id is not null")
        database.execute("delete from source_lineage")
        claims = ("C001-001", "S1"), ("C001-005", "S2"), ("C002-002", "S3")
        for name, origin in claims:
            database.execute("update claims set origin_id = ? where claim_id = ?", (origin, name))
        query = (related.root / "schemas" / "queries" / "measures_by_ally.sql").read_text("utf-8")

        def origins(*edges: tuple[str, str]) -> int:
            database.executemany(
                "insert into source_lineage values (?, ?, 'wasDerivedFrom', 'certain', 'So.')",
                edges,
            )
            cursor = database.execute(query)
            at = [one[0] for one in cursor.description].index("independent_origins")
            [row] = cursor.fetchall()
            return int(row[at])

        assert origins() == 3
        assert origins(("S1", "W1"), ("S2", "W1")) == 2
        assert origins(("W1", "W0"), ("S2", "W2")) == 2
        assert origins(("S3", "W2")) == 1


def test_a_cell_without_claims_says_so(get: Get) -> None:
    answer = get("/measures/sud/withhold")
    assert answer.status_code == 200
    assert "No claim tells of this measure of Sud." in answer.text


def test_disputes_set_both_statements_and_speakers_side_by_side(get: Get) -> None:
    disputed, qualified = get("/disputes.json").json()["groups"]
    [pair] = disputed["pairs"]
    assert (pair["from"]["claim_id"], pair["to"]["claim_id"]) == ("C002-002", "C001-001")
    assert [one["name"] for one in pair["from"]["chain"]] == ["Ada-Example"]
    assert pair["to"]["chain"] == []
    assert qualified["pairs"] == []
    page = get("/disputes").text
    assert "in the article&#39;s own voice" in page or "in the article's own voice" in page
    assert "No claim of this kind is linked." in page


def test_one_relation_of_disputes_has_pages_and_unknown_relations_show_all(get: Get) -> None:
    assert get("/disputes.json?relation=disputes&page=999999999").status_code == 404
    only = get("/disputes.json?relation=disputes&page=1").json()
    assert (only["only"], only["groups"][0]["page"]) == ("disputes", 1)
    assert get("/disputes.json?relation=confirms").json()["only"] is None


def test_facts_mark_two_articles_of_one_origin_as_one_source(get: Get) -> None:
    [fact] = get("/facts.json").json()["facts"]
    assert (fact["fact_id"], fact["articles"], fact["independent_origins"]) == ("C001-001", 2, 1)
    [origin] = fact["origins"]
    assert (origin["origin_id"], origin["articles"]) == ("S101", ["S001", "S002"])
    page = get("/facts").text
    assert "one source for 2 articles" in page
    one = get("/facts/C001-001.json").json()
    assert [(row["from_claim_id"], row["to_claim_id"]) for row in one["links"]] == [
        ("C001-006", "C001-001"),
        ("C002-001", "C001-001"),
    ]


def test_origins_draw_the_lineage_and_mark_shared_reporting(get: Get) -> None:
    data = get("/origins.json").json()
    assert [(row["origin_id"], row["claims"], row["count"]) for row in data["origins"]] == [
        ("S101", 7, 2)
    ]
    assert data["independent"] == 1
    assert [(e["source_id"], e["on_id"], e["kind"]) for e in data["graph"]["edges"]] == [
        ("S001", "S101", "wasDerivedFrom"),
        ("S002", "S101", "wasDerivedFrom"),
    ]
    page = get("/origins").text
    assert "<strong>One source.</strong>" in page
    assert "both rest on" in page
    assert "It says so." in page


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/actors", "No actor is registered yet."),
        ("/incidents", "No incident is registered yet."),
        ("/measures", "No claim speaks of a measure yet."),
        ("/disputes", "No claim of this kind is linked."),
        ("/facts", "No two claims are linked as stating the same fact yet."),
        ("/origins", "No claim has a known origin yet."),
    ],
)
def test_pages_of_an_empty_dataset_say_that_there_is_nothing(
    path: str, said: str, empty: Get
) -> None:
    answer = empty(path)
    assert answer.status_code == 200
    assert said in answer.text
    assert empty(f"{path}.json").status_code == 200


def test_what_is_worked_out_once_is_kept_apart_for_each_database(get: Get, empty: Get) -> None:
    before = get("/measures.json").json()
    assert empty("/measures.json").json()["kinds"] == []
    assert get("/measures.json").json() == before
    assert get("/releases/0.1.0/measures.json").json() == before


def test_a_release_that_is_not_served_is_not_found(get: Get) -> None:
    answer = get("/releases/9.9.9/actors/nor")
    assert answer.status_code == 404
    assert "Release 9.9.9 is not served here." in answer.text


def test_a_circle_of_reliance_is_found_and_the_graph_is_still_drawn() -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("e", "e")]
    assert [*find_cycles(pairs)] == [["a", "b", "c", "a"], ["e", "e"]]
    nodes = [{"source_id": name, "publisher": name, "title": "T" * 90} for name in "abcde"]
    graph = draw_origin_graph(nodes, [{"source_id": one, "on_id": other} for one, other in pairs])
    assert len({(node["x"], node["y"]) for node in graph["nodes"]}) == 5
    assert draw_origin_graph([], [])["nodes"] == []


def test_circles_of_many_sources_are_found_in_one_walk_through_what_they_rest_on() -> None:
    names = [f"S{number:03}" for number in range(70)]
    pairs = [*permutations(names, 2)]
    start = time.process_time()
    closing = {(circle[-2], circle[-1]) for circle in find_cycles(pairs)}
    assert time.process_time() - start < 2  # looking anew after each of them takes ten seconds
    assert [*find_cycles({*pairs} - closing)] == []
    chain = [*pairwise(map(str, range(10_000))), ("9999", "0")]
    assert [len(circle) for circle in find_cycles(chain)] == [10_001]


def test_what_rests_on_others_stands_left_of_them() -> None:
    nodes = [{"source_id": name, "publisher": name, "title": name} for name in "abc"]
    graph = draw_origin_graph(
        nodes, [{"source_id": one, "on_id": other} for one, other in ("ab", "bc", "ac")]
    )
    places = {node["source_id"]: node["x"] for node in graph["nodes"]}
    assert places["a"] < places["b"] < places["c"]


def test_origins_that_share_a_work_count_once_and_unknown_ones_come_last() -> None:
    edges = {"x": [("w", "certain")], "y": [("w", "probable")], "z": []}
    with_whom = {name: row["with"] for name, row in dependent_origins("xyz", edges).items()}
    assert with_whom == {"x": ["y"], "y": ["x"], "z": []}
    rows = [
        {"origin_id": origin, "origin": origin, "origin_title": origin, "source_id": "S001"}
        for origin in (None, "z", "x")
    ]
    assert [group["origin_id"] for group in group_by_origin(rows, edges)] == ["x", "z", None]


@pytest.mark.slow
def test_origins_are_counted_in_a_thread_so_that_a_dense_lineage_holds_up_nobody(
    related: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    count = corroboration.independence_groups

    def noting(*args: Any) -> dict[str, str]:
        threads.add(threading.get_ident())
        return count(*args)

    for module in (corroboration, origin_groups):
        monkeypatch.setattr(module, "independence_groups", noting)
    get = asking(related.package.build)
    for path in ("/", *PAGES):
        threads.clear()
        assert get(path).status_code == 200
        assert threading.get_ident() not in threads, path
        if path in ("/", "/facts/C001-001", "/incidents/lost-chart", "/measures", "/actors/nor"):
            assert threads, path


def test_a_claim_may_be_disputed_by_thousands_and_by_its_own_speaker(
    related: World, tmp_path: Path
) -> None:
    folder = copied(related, tmp_path).package.build
    other = json.dumps([hop(actor_id="pact")] * 10)
    with closing(sqlite3.connect(folder / "tiny.db")) as rows:
        multiply(
            *(rows, "claim_versions", "claim_id = 'C002-002'"),
            claim_id="'C900-' || i",
            attributions=f"'{other}'",
        )
        multiply(
            *(rows, "link_versions", "from_claim_id = 'C002-002'"),
            link_id="'L' || i",
            from_claim_id="'C900-' || i",
        )
        rows.commit()
    store = Store.latest(datasette_of(folder))

    async def denied(name: str, speaker: str) -> list[str]:
        row = {"claim_id": name, "attributions": [hop(actor_id="nor"), hop(actor_id=speaker)]}
        found = await claim_citation.denials(store, row, 1_000_000)
        return [one["attributions"][-1]["actor_id"] for one in found]

    assert asyncio.run(denied("C001-001", "ada-example")) == ["ada-example"]
    assert asyncio.run(denied("C001-001", "pact")) == ["pact"]
    assert asyncio.run(denied("C001-001", "nor")) == []
    assert asyncio.run(denied("C001-002", "ada-example")) == []


def test_the_search_knows_any_number_of_names_and_authors(related: World, tmp_path: Path) -> None:
    folder = copied(related, tmp_path).package.build
    with closing(sqlite3.connect(folder / "tiny.db")) as rows:
        many = compact_json([f"{number}" for number in range(LIST_PARTS)])
        rows.execute("update actors set aliases = ? where actor_id = 'nor'", [many])
        rows.execute("update sources set authors = ? where source_id = 'S101'", [many])
        rows.commit()
    entries = asyncio.run(search_entries(Store.latest(datasette_of(folder))))
    found = {(one.kind, one.id): one for one in entries}
    assert f"{LIST_PARTS - 1}" in found["actors", "nor"].names
    assert f" {LIST_PARTS - 1}" in found["sources", "S101"].text
    assert len(found["sources", "S101"].note) < 300


def test_a_line_of_time_needs_two_days_and_keeps_its_years_apart() -> None:
    assert draw_timeline([{"day": "2025-01-01", "claim_id": "C001-001"}]) is None
    assert draw_timeline([{"day": None, "claim_id": "C001-001"}]) is None
    line = draw_timeline(
        [{"day": f"{year}-12-30", "claim_id": str(year)} for year in range(1900, 2026)]
    )
    assert line is not None
    places = [tick["x"] for tick in line["ticks"]]
    assert len(places) <= 9
    assert all(b - a >= 45 for a, b in pairwise(places))


MANY = 3_000
LONG = """replace(hex(zeroblob(100)), '0', '<&"') || i"""
"""SQL for a text that takes several times as many characters as HTML."""


def multiply(database: sqlite3.Connection, table: str, where: str, **cells: str) -> None:
    """Add rows to a table that are as one of its rows but for some cells: SQL of the number `i`."""
    columns = [row[1] for row in database.execute(f'pragma table_info("{table}")')]
    database.execute(
        f'insert into "{table}" with recursive n(i) as '
        f"(select 1 union all select i + 1 from n where i < {MANY}) "
        f"select {', '.join(cells.get(name, f'r.{json.dumps(name)}') for name in columns)} "
        f'from n cross join (select * from "{table}" where {where} limit 1) r'
    )


@pytest.fixture(scope="module")
def crowded(related: World, tmp_path_factory: pytest.TempPathFactory) -> Get:
    """A database of thousands of works, actors, incidents, measures and kinds of measures."""
    folder = copied(related, tmp_path_factory.mktemp("crowded")).package.build
    first, incident, measure = (
        "claim_id = 'C001-001'",
        "incident_id = 'lost-chart'",
        "measure_id = 'tide-tables-stopped'",
    )
    with closing(sqlite3.connect(folder / "tiny.db")) as rows:
        multiply(rows, "actors", "actor_id = 'nor'", actor_id="'a' || i", name=LONG)
        multiply(rows, "actors", "actor_id = 'nor'", actor_id="'b' || i", actor_type="'t' || i")
        multiply(rows, "sources", "source_id = 'S101'", source_id="'W' || i", title=LONG)
        multiply(rows, "source_lineage", "true", source_id="'W' || i", evidence=LONG)
        multiply(rows, "source_lineage", "true", derived_from_id="'W' || i")
        multiply(rows, "incidents", incident, incident_id="'i' || i", title=LONG)
        multiply(rows, "incident_actors", incident, actor_id="'a' || i")
        multiply(rows, "incident_actors", incident, incident_id="'i' || i", actor_id="'nor'")
        multiply(rows, "measures", measure, measure_id="'m' || i", title=LONG)
        multiply(rows, "measure_takers", measure, measure_id="'m' || i")
        multiply(rows, "measure_takers", measure, actor_id="'a' || i")
        multiply(rows, "codebook", "codelist = 'measure'", code="'u' || i", label=LONG)
        multiply(rows, "codebook", "codelist = 'anonymity'", code="'y' || i", label=LONG)
        multiply(
            rows,
            "claims",
            first,
            claim_id="'C900-' || i",
            source_id="'W' || i",
            origin_id="'W' || i",
            incident_id="'lost-chart'",
            measure_id="'m' || i",
            measure="'k' || i",
            anonymity="'y' || i",
            side="'s' || i",
        )
        rows.execute(f"update incidents set articles = {MANY}, claims = {MANY} where {incident}")
        multiply(rows, "batches", "number = 1", number="1000 + i", title=LONG)
        rows.execute("analyze")
        rows.commit()
    return asking(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/", "of 3,0"),
        ("/measures", "of 3,0"),
        ("/measures", "more kinds are not shown"),
        ("/origins", "of 3,0"),
        ("/incidents/lost-chart", "of 3,0"),
        ("/actors/nor", "of 3,0"),
        ("/actors", "types are not listed"),
        ("/sources", "and more, on its own page"),
        ("/as-of", "of 3,0"),
        ("/voices", "of 3,0"),
        ("/voices", "Columns are the first 40 of 3,0"),
    ],
)
def test_a_page_lists_some_of_thousands_and_says_how_many_there_are(
    path: str, sentence: str, crowded: Get
) -> None:
    page, data = crowded(path), crowded(f"{path.rstrip('/') or '/index'}.json")
    assert page.status_code == data.status_code == 200
    assert len(page.content) < reader_limits.CACHED_ANSWER_BYTES
    assert len(data.content) < reader_limits.CACHED_ANSWER_BYTES
    assert sentence in page.text
