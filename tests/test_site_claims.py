"""The claim page, the frame around every page, and the headers sent with all of them."""

from __future__ import annotations

import html
import json
import re
from hashlib import sha256
from typing import Any

import pytest

from claimlog.build import build
from claimlog.schema.edtf_wording import date_in_words
from claimlog.site.pages import claim as claim_page
from claimlog.site.protection.security_headers import HEADERS
from claimlog.site.release_databases import place_releases
from claimlog.site.template_filters import number, when
from claimlog.sources.text import Text
from conftest import STOPPED, TEXT, Get, World, asking, claim, copied
from repositories import Repo

PORT_PILOTS = {
    "column": "note",
    "old": None,
    "new": "Port pilots.",
    "is_new": False,
    "is_retired": False,
}
"""What the amendment of a claim changed."""


@pytest.fixture(scope="module")
def served(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return copied(tiny_build, tmp_path_factory.mktemp("claims"))


@pytest.fixture(scope="module")
def get(served: World) -> Get:
    return asking(served.package.build)


def test_a_claim_shows_its_statement_codes_chain_and_place(get: Get) -> None:
    page = get("/claims/C001-005")
    assert page.status_code == 200
    data = get("/claims/C001-005.json").json()
    assert data["claim"]["statement"] in html.unescape(page.text)
    assert [hop["name"] for hop in data["chain"]] == ["Ada-Example", "Harbour-Ministry"]
    assert {item["column"] for item in data["codes"]} >= {"content", "voice", "measure_status"}
    for item in data["codes"]:
        assert item["label"]
        assert item["definition"] in html.unescape(page.text)
    assert 0 <= data["position"]["left"] <= 100
    assert data["position"]["width"] > 0
    assert f"Characters {data['claim']['start']}" in page.text


def test_a_column_that_refers_to_actors_or_a_register_leads_to_their_pages(get: Get) -> None:
    columns: dict[str, str] = {}
    for digit in range(1, 7):
        name = f"C001-00{digit}"
        data = get(f"/claims/{name}.json").json()
        assert not {item["column"] for item in data["registered"]} & {"dyad_from", "source_id"}
        page = get(f"/claims/{name}").text
        for item in data["registered"]:
            for link in item["links"]:
                assert f'<a href="{link["path"]}">{link["label"]}</a>' in html.unescape(page)
                assert get(link["path"]).status_code == 200
                columns[item["column"]] = link["path"]
            assert item["column"] not in {text["column"] for text in data["texts"]}
    assert columns["flow_from"] == "/actors/nor"
    assert columns["trust_holder"] == "/actors/harbour-ministry"
    assert columns["measure_id"].startswith("/measures/")


def test_a_retracted_claim_has_a_tombstone_with_the_reason(get: Get) -> None:
    page = get("/claims/C001-004")
    assert page.status_code == 200
    assert "Retracted." in page.text
    assert "The text does not say so." in page.text
    assert get("/claims/C001-004.json").json()["retracted"] is True


def test_a_version_says_what_it_changed_and_why(get: Get) -> None:
    versions = get("/claims/C001-003.json").json()["versions"]
    assert [version["action"] for version in versions] == ["assert", "amend"]
    assert versions[1]["changed"] == [PORT_PILOTS]
    assert "Port pilots." in get("/claims/C001-003").text


@pytest.mark.slow
def test_a_page_lists_the_latest_versions_and_leads_to_all(
    past: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.site.version_history.VERSIONS", 1)
    ask = asking(past.package.build)
    data = ask("/claims/C001-003.json").json()
    (version,) = data["versions"]
    assert (version["version"], version["action"]) == (2, "amend")
    assert version["changed"] == [PORT_PILOTS]
    page = ask("/claims/C001-003").text
    assert "The latest 1 of 2 versions:" in page
    link = re.search(r'href="(/tiny/claim_versions\?claim_id=C001-003)"', page)
    assert link
    assert ask(link[1]).status_code == 200
    # the version that was released is not among them, and is cited all the same
    assert data["cited"]["version"] == 1
    assert data["cited"]["note"] == CITED["amended since"][2]
    assert "The latest" not in ask("/claims/C001-001").text


def test_links_and_the_same_fact_are_shown_with_their_origins(get: Get) -> None:
    data = get("/claims/C001-001.json").json()
    assert data["facts"]["independent_origins"] == 1
    assert {member["claim_id"] for member in data["facts"]["members"]} == {"C001-001", "C001-006"}
    assert "1 independent origin" in re.sub(r"\s+", " ", get("/claims/C001-001").text)


def test_a_claim_of_many_links_shows_some_and_says_where_all_are(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_page, "MEMBERS", 1)
    monkeypatch.setattr(claim_page, "LISTED_LINKS", 0)
    ask = asking(served.package.build)
    data = ask("/claims/C001-006.json").json()
    assert [one["claim_id"] for one in data["facts"]["members"]] == ["C001-001"]
    assert data["links"] == []
    assert data["link_count"] == 1
    page = ask("/claims/C001-006").text
    assert "1 of the claims are listed: " in page
    assert "0 of 1 links were looked at" in page
    for column in ("from", "to"):
        address = f"/tiny/links?{column}_claim_id=C001-006"
        assert f'href="{address}"' in page
        assert ask(address).status_code == 200


def test_before_a_release_the_page_says_so_and_gives_the_event_to_cite(get: Get) -> None:
    data = get("/claims/C001-001.json").json()
    assert data["cited"]["citations"] == []
    assert data["cited"]["permalink"] is None
    page = get("/claims/C001-001").text
    assert "Nothing was released yet" in page
    assert f"event {data['versions'][-1]['event_id']}." in data["cited"]["instead"]
    assert data["cited"]["instead"] in html.unescape(page)


@pytest.fixture(scope="module")
def past(once_released: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A release of two batches; since then a claim was amended, one retracted and one added."""
    repo = once_released.copy(tmp_path_factory.mktemp("past"))
    repo.world.add("claims", [claim(LATE, "Someone let the loss go by.", topic="trust")])
    repo.world.seal("late")
    build(repo.package, repo.package.build)
    return repo


@pytest.fixture(scope="module")
def since(past: Repo) -> Get:
    return asking(past.package.build)


@pytest.fixture(scope="module")
def beside(past: Repo) -> Get:
    return asking(past.package.build, *place_releases(past.package, past.package.build, "all"))


LATE = "nobody noticed"
CITED = {
    "released and unchanged": ("C001-001", 1, None),
    "amended since": (
        "C001-003",
        1,
        "Release 0.1.0 holds version 1 of C001-003; version 2 is newer and not released yet.",
    ),
    "retracted since": (
        "C001-004",
        1,
        "Release 0.1.0 holds version 1 of C001-004; version 2 retracts it and is not released yet.",
    ),
    "new since": (
        "C001-007",
        None,
        "Release 0.1.0 does not hold C001-007, which is in no release yet.",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "version", "note"), CITED.values(), ids=CITED)
def test_a_claim_is_cited_in_the_version_that_the_release_holds(
    name: str, version: int | None, note: str | None, since: Get, beside: Get
) -> None:
    data = since(f"/claims/{name}.json").json()
    cited, page = data["cited"], html.unescape(since(f"/claims/{name}").text)
    assert (cited["version"], cited["note"]) == (version, note)
    assert (note or "Cite") in page
    if version is None:
        assert cited["citations"] == []
        assert cited["permalink"] is None
        assert f"event {data['versions'][-1]['event_id']}." in cited["instead"]
        assert cited["instead"] in page
        return
    held = data["versions"][version - 1]
    for item in cited["citations"]:
        text = item["csl"][0]["note"] if item["format"] == "csl-json" else item["text"]
        assert f"claim version {version}, event {held['event_id']}" in text
        assert "etracted" not in text
        assert data["versions"][-1]["event_id"] in text or note
    # the permalink leads to just that version, where the release is served
    permalink = f"/releases/0.1.0/claims/{name}"
    assert cited["permalink"] == permalink
    assert (cited["served"], f'href="{permalink}"' in page) == (False, False)
    frozen = beside(f"{permalink}.json").json()
    assert (frozen["claim"]["version"], frozen["cited"]["version"]) == (version, version)
    assert frozen["cited"]["note"] is None
    assert frozen["cited"]["citations"] == cited["citations"]
    assert f'href="{permalink}"' in beside(f"/claims/{name}").text


def test_the_command_cites_the_version_that_the_release_holds_and_tells_of_newer_ones(
    past: Repo, since: Get
) -> None:
    done = past.world.run("cite", "C001-001", "C001-003", "C001-004", "--format", "apa")
    assert done.returncode == 0
    cited = [
        next(item["text"] for item in data["cited"]["citations"] if item["format"] == "apa")
        for data in (since(f"/claims/C001-00{n}.json").json() for n in (1, 3, 4))
    ]
    assert done.stdout == "".join(cited)
    notes = [note for _, version, note in CITED.values() if version and note]
    assert done.stderr.splitlines() == [f"note: {note}" for note in notes]


def test_the_command_says_what_to_cite_where_no_release_holds_the_claim(past: Repo) -> None:
    done = past.world.run("cite", "C001-007")
    name, _, note = CITED["new since"]
    assert done.returncode == 2
    assert f"{name}: {note} cite its event by its hash (claimlog show {name})" in done.stderr
    assert done.stdout == ""


def test_structured_data_name_a_release_only_for_the_version_that_it_holds(since: Get) -> None:
    parts = {
        name: since(f"/claims/{name}.json").json()["jsonld"]["isPartOf"]
        for name, _, _ in CITED.values()
    }
    assert parts["C001-001"] == {"@type": "Dataset", "name": "A tiny package", "version": "0.1.0"}
    assert {name for name, part in parts.items() if "version" in part} == {"C001-001"}


def jsonld_of(page: Any) -> Any:
    script = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
    assert script is not None
    return json.loads(script[1])


def test_structured_data_describe_the_claim_and_the_passage_of_its_text(get: Get) -> None:
    jsonld = jsonld_of(get("/claims/C001-001"))
    assert jsonld == get("/claims/C001-001.json").json()["jsonld"]
    assert (jsonld["@type"], jsonld["@id"], jsonld["url"]) == ("Claim", *["/claims/C001-001"] * 2)
    assert get(jsonld["@id"]).status_code == 200
    annotation = jsonld["subjectOf"]
    assert annotation["oa:hasBody"] == {"@id": jsonld["@id"]}
    target = annotation["oa:hasTarget"]
    assert target["@type"] == "oa:SpecificResource"
    text = target["oa:hasSource"]
    assert text["sha256"] == Text(TEXT).sha256
    assert text["encodesCreativeWork"]["@id"] == jsonld["appearance"]["@id"] == "/sources/S001"
    place = target["oa:hasSelector"]
    assert TEXT[place["oa:start"] : place["oa:end"]] == STOPPED


def test_structured_data_of_a_release_have_its_addresses(beside: Get) -> None:
    jsonld = jsonld_of(beside("/releases/0.1.0/claims/C001-001"))
    assert jsonld["@id"] == jsonld["url"] == "/releases/0.1.0/claims/C001-001"
    assert jsonld["appearance"]["@id"] == "/releases/0.1.0/sources/S001"


def test_the_first_page_describes_the_dataset_and_its_files(get: Get) -> None:
    jsonld = jsonld_of(get("/"))
    assert (jsonld["@type"], jsonld["@id"], jsonld["url"]) == ("Dataset", "/", "/")
    assert jsonld["name"] == "A tiny package"
    for file in jsonld["distribution"]:
        answer = get(file["contentUrl"])
        assert answer.status_code == 200
        assert sha256(answer.content).hexdigest() == file["sha256"]


@pytest.mark.parametrize(
    "path",
    [
        "/claims/C999-001",
        "/claims/nonsense",
        "/claims/%3Cscript%3Ealert(1)%3C~2Fscript%3E",
        "/claims/C001-001'%20or%201=1",
        "/releases/9.9.9/claims/C001-001",
    ],
)
def test_what_does_not_exist_is_a_helpful_page_and_never_a_trace(path: str, get: Get) -> None:
    page = get(path)
    while page.status_code == 302:  # Datasette's own encoding of odd addresses
        page = get(page.headers["location"])
    assert page.status_code == 404
    assert "<script>alert" not in page.text
    assert "Traceback" not in page.text


def test_an_unknown_claim_is_told_how_claims_are_named(get: Get) -> None:
    assert "Identifiers look like C004-017" in get("/claims/C999-001").text
    assert get("/claims/C999-001.json").json()["title"] == "Not found"


@pytest.mark.parametrize("path", ["/claims/C001-001", "/tiny/claims", "/claims/none", "/tiny.json"])
def test_every_answer_carries_the_security_headers(path: str, get: Get) -> None:
    headers = get(path).headers
    for name, value in HEADERS.items():
        assert headers.get_list(name.decode()) == [value.decode()]
    assert "default-src 'none'" in headers["content-security-policy"]


def test_robots_are_kept_off_pages_with_queries(get: Get) -> None:
    answer = get("/robots.txt")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "Disallow: /*?" in answer.text


def test_statements_are_escaped(world: World) -> None:
    evil = "<script>alert('x')</script> & <img src=x onerror=alert(1)> said a clerk."
    world.rewrite("claims", lambda rows: rows[0].update(statement=evil, note=evil), 1)
    build(world.package, world.package.build)
    page = asking(world.package.build)("/claims/C001-001").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert" in page


def test_every_page_has_a_title_one_heading_and_its_json_twin(get: Get) -> None:
    page = get("/claims/C001-002").text
    assert page.count("<h1") == 1
    assert "<title>Claim C001-002 · A tiny package</title>" in page
    assert 'rel="alternate" type="application/json" href="/claims/C001-002.json"' in page


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2025-11~", "about November 2025"),
        ("2017-05-10", "10 May 2017"),
        ("../2017-05", "until May 2017"),
        ("2024/2025-03", "2024 to March 2025"),
        ("2024-22", "summer 2024"),
        (None, ""),
        ("194X", "194X"),
    ],
)
def test_dates_are_written_in_words(value: str | None, words: str) -> None:
    assert date_in_words(value) == words


def test_numbers_and_times_are_written_for_people() -> None:
    assert [number(value) for value in (20000.0, 0.75, 16, None)] == ["20,000", "0.75", "16", ""]
    assert when("2026-11-21T17:45:37Z") == "21 November 2026, 17:45 UTC"
