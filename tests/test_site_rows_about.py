"""Pages say what registers say about their rows, as the findings of readers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimlog.build import build
from claimlog.package import Package
from conftest import Get, World, asking, copied

READING = {
    "reading_id": "first-look",
    "title": "A first look",
    "claims_read": 6,
    "method": "By a test.",
    "readers": ["coder-1"],
}
WHY = "The reader expects security: tables of tides guard ships."


def finding(target: str, variable: str, **given: str) -> dict[str, str]:
    told = {"reading_id": "first-look", "weight": "arguable", "variable": variable}
    return {**told, "target_id": target, **given}


@pytest.fixture(scope="module")
def read_world(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package after somebody read it and found something in rows of several streams."""
    world = copied(made, tmp_path_factory.mktemp("findings"))
    world.add("readings", [READING])
    world.add(
        "findings",
        [
            finding("C001-001", "topic", note=WHY),
            finding("C001-003", "relation", second_id="C001-001", weight="definite"),
            finding("lost-chart", "description", outcome="declined", answer="It is a chart."),
            finding("pact-review", "kind"),
            finding("gazette", "name"),
            finding("S001", "published"),
            finding("not-there", "incident_id"),
        ],
    )
    world.seal("findings")
    build(world.package, world.package.build)
    return world


@pytest.fixture(scope="module")
def get(read_world: World) -> Get:
    return asking(read_world.package.build)


@pytest.mark.slow
def test_the_page_of_a_claim_says_what_was_found_about_it_and_leads_there(get: Get) -> None:
    [findings] = get("/claims/C001-001.json").json()["rows_about"]
    assert (findings["title"], findings["total"]) == ("Findings", 2)
    first, second = findings["rows"]
    assert first["said"] == ["topic", "Arguable"]
    assert (first["path"], first["note"]) == ("/findings/F0001", WHY)
    assert [link["path"] for link in first["links"]] == ["/readings/first-look"]
    # the other claim of a missing link is told in either's page
    assert second["said"] == ["relation", "Definite"]
    assert [link["path"] for link in second["links"]] == [
        *("/readings/first-look", "/claims/C001-003")
    ]
    page = get("/claims/C001-001").text
    assert '<a href="/findings/F0001">F0001</a>' in page
    assert WHY in page
    assert "Findings</h2>" not in get("/claims/C001-002").text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("/incidents/lost-chart", "F0003"),
        ("/measures/pact-review", "F0004"),
        ("/actors/gazette", "F0005"),
        ("/sources/S001", "F0006"),
    ],
)
def test_pages_of_other_rows_say_it_too(page: str, name: str, get: Get) -> None:
    assert f'<a href="/findings/{name}">{name}</a>' in get(page).text


def test_pages_say_what_became_of_a_finding(get: Get) -> None:
    [findings] = get("/incidents/lost-chart.json").json()["rows_about"]
    [row] = findings["rows"]
    said = ["description", "Arguable", "Declined"]
    assert (row["said"], row["answer"]) == (said, "It is a chart.")
    assert "<b>Answer:</b> It is a chart." in get("/incidents/lost-chart").text


def test_the_page_of_a_finding_leads_to_the_row_that_it_is_about(get: Get) -> None:
    def target(name: str) -> list[tuple[str, str | None]]:
        columns = get(f"/findings/{name}.json").json()["columns"]
        [links] = [item["links"] for item in columns if item["column"] == "target_id"]
        return [(link["id"], link["path"]) for link in links]

    assert target("F0002") == [("C001-003", "/claims/C001-003")]
    assert target("F0004") == [("pact-review", "/measures/pact-review")]
    assert target("F0007") == [("not-there", None)]  # a row that was found missing


@pytest.mark.slow
def test_yes_and_no_are_said_with_what_was_asked(made: World, tmp_path: Path) -> None:
    copy = copied(made, tmp_path)
    path = copy.root / "schemas" / "findings.json"
    schema = json.loads(path.read_text("utf-8"))
    schema["fields"].append({"name": "seen_twice", "type": "boolean", "description": "Whether."})
    path.write_text(json.dumps(schema), "utf-8")
    with (copy.root / "schemas" / "upcasts.csv").open("a", encoding="utf-8") as file:
        file.write("findings,2,add,seen_twice,false\n")
    world = World(Package(copy.root), copy.texts)
    assert world.run("schemas", "--write").returncode == 0
    world.add("readings", [READING])
    world.add("findings", [{**finding("C001-001", "topic"), "seen_twice": False}])
    world.seal("findings")
    build(world.package, world.package.build)
    [findings] = asking(world.package.build)("/claims/C001-001.json").json()["rows_about"]
    assert "seen twice: no" in findings["rows"][0]["said"]
