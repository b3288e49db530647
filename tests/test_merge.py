"""Merging: two entities that are one become one in every row, and the old address leads on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claimlog.build import build
from claimlog.edit.merge import merge
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.log.event_log import Log
from claimlog.log.merged_entities import (
    amend_reason,
    merge_reason,
    named_merge,
    rename_merged,
)
from claimlog.log.read_log import read
from conftest import STOPPED, Get, World, actor, asking, claim, copied, hop, measure

WHY = "One state under two names."


@pytest.fixture(scope="module")
def with_doubles(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Sealed: a state, an incident and a measure under a second name, each named by rows."""
    world = copied(made, tmp_path_factory.mktemp("doubles"))
    world.add("actors", [actor("norland", "territory", memberships=[{"alliance_id": "pact"}])])
    world.add("actors", [actor("port", "agency", part_of="norland")])
    lost = {"title": "Chart mislaid", "description": "A chart went missing.", "occurred": "2019"}
    kind = {"incident_id": "chart-2019", "incident_type": "mishandling"}
    world.add("incidents", [{**lost, **kind, "actors": ["norland", "nor"]}])
    stopped = measure("tables-stopped", "stop_subject", "tables", takers=["norland"])
    world.add("measures", [stopped])
    told = claim(
        STOPPED,
        "The end of the tables is told by one in the port.",
        occurrence=1,
        voice="paraphrased",
        dyad_from=["norland"],
        incident_id="chart-2019",
        attributions=[hop(actor_id="norland"), hop(actor_id="port")],
        measure_id="tables-stopped",
        measure_status="taken",
        measure_account="third_party",
    )
    assert world.add("claims", [told]) == ["C001-007"]
    world.seal("doubles")
    return world


@pytest.fixture
def doubles(with_doubles: World, tmp_path: Any) -> World:
    return copied(with_doubles, tmp_path)


@pytest.fixture(scope="module")
def merged(with_doubles: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """All three merged and sealed as one batch, with its build."""
    world = copied(with_doubles, tmp_path_factory.mktemp("merged"))
    merge(world.package, "actors", "norland", "nor", WHY, "coder-1")
    merge(world.package, "incidents", "chart-2019", "lost-chart", WHY, "coder-1")
    merge(world.package, "measures", "tables-stopped", "tide-tables-stopped", WHY, "coder-1")
    world.seal("merged")
    build(world.package, world.package.build)
    return world


@pytest.fixture(scope="module")
def get(merged: World) -> Get:
    return asking(merged.package.build)


def log_of(world: World) -> Log:
    return read(world.package)


def row(world: World, stream: str, identifier: str) -> dict[str, Any]:
    return log_of(world).history(stream, identifier).to_dicts()[-1]


@pytest.mark.slow
def test_every_row_that_named_the_one_names_the_other(merged: World) -> None:
    told = row(merged, "claims", "C001-007")
    assert told["dyad_from"] == ["nor"]
    assert [one["actor_id"] for one in told["attributions"]] == ["nor", "port"]
    assert (told["incident_id"], told["measure_id"]) == ("lost-chart", "tide-tables-stopped")
    assert row(merged, "actors", "port")["part_of"] == "nor"
    assert told["reason"] == f"tables-stopped is merged into tide-tables-stopped: {WHY}"


@pytest.mark.slow
def test_a_list_that_named_both_names_the_one_that_is_left_once(doubles: World) -> None:
    merge(doubles.package, "actors", "norland", "nor", WHY, "coder-1")
    doubles.seal("merged")
    assert row(doubles, "incidents", "chart-2019")["actors"] == ["nor"]
    assert row(doubles, "measures", "tables-stopped")["takers"] == ["nor"]


@pytest.mark.slow
def test_the_other_row_stays_as_it_was_and_the_one_keeps_a_tombstone(
    merged: World, with_doubles: World
) -> None:
    for stream, identifier in (("actors", "nor"), ("incidents", "lost-chart")):
        assert row(merged, stream, identifier) == row(with_doubles, stream, identifier)
    gone = row(merged, "actors", "norland")
    assert (gone["action"], gone["reason"]) == ("retract", f"merged into nor: {WHY}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/actors/norland", "/actors/nor"),
        ("/incidents/chart-2019", "/incidents/lost-chart"),
        ("/measures/tables-stopped", "/measures/tide-tables-stopped"),
    ],
)
def test_the_old_address_and_its_json_lead_on(get: Get, old: str, new: str) -> None:
    for twin in ("", ".json"):
        answer = get(f"{old}{twin}")
        assert (answer.status_code, answer.headers["location"]) == (302, f"{new}{twin}")
    assert get(new).status_code == 200


@pytest.mark.slow
def test_a_retraction_that_names_nothing_that_exists_leads_nowhere(doubles: World) -> None:
    doubles.retract("C001-007", "Said twice.")
    doubles.retract("actors/port", "merged into nowhere: A slip.")
    doubles.retract("incidents/chart-2019", "A slip.")
    doubles.seal("slips")
    build(doubles.package, doubles.package.build)
    ask = asking(doubles.package.build)
    assert ask("/actors/port").status_code == ask("/incidents/chart-2019").status_code == 404


@pytest.mark.parametrize(
    "identifier",
    [
        "nor",
        "who:uk",
        "who: uk",
        "a b",
        '"a"',
        '"a',
        'a"b',
        "a\\b",
        "a\nb",
        "x is merged into y: z",
    ],
)
def test_a_reason_names_the_entities_of_a_merge_whatever_they_are_called(identifier: str) -> None:
    retraction, amendment = merge_reason(identifier, WHY), amend_reason(identifier, "gbr", WHY)
    assert named_merge(retraction) == (None, identifier)
    assert named_merge(amendment) == (identifier, "gbr")
    names = {identifier: "new: one"}
    assert named_merge(rename_merged(retraction, names)) == (None, "new: one")
    assert named_merge(rename_merged(amendment, names)) == ("new: one", "gbr")


@pytest.mark.parametrize(
    ("reason", "read_as"),
    [
        ('merged into "gbr": One.', (None, '"gbr"')),
        ("who:uk is merged into gbr: One.", ("who:uk", "gbr")),
        ("merged into who: uk: One.", (None, "who")),
        ("merged into who:uk: One.", None),
        ('merged into "a b: One.', None),
    ],
)
def test_reasons_that_logs_hold_already_read_as_they_did(
    reason: str, read_as: tuple[str | None, str] | None
) -> None:
    assert named_merge(reason) == read_as
    assert rename_merged(reason, {"other": "another"}) == reason


def test_a_row_that_names_both_as_different_things_is_refused_by_name(doubles: World) -> None:
    doubles.amend("claims", "C001-007", dyad_to=["nor"])
    before = doubles.run("open").stdout
    with pytest.raises(ClaimlogError) as caught:
        merge(doubles.package, "actors", "norland", "nor", WHY, "coder-1")
    assert str(caught.value) == (
        "norland and nor collide in C001-007 (attributions, dyad_from, dyad_to): amend or retract "
        "these first, so that none names both; nothing was merged"
    )
    assert doubles.run("open").stdout == before


def test_a_row_that_would_refer_to_itself_is_refused(doubles: World) -> None:
    with pytest.raises(ClaimlogError, match=r"collide in port \(part_of\)"):
        merge(doubles.package, "actors", "norland", "port", WHY, "coder-1")


def test_a_chain_that_would_close_is_refused_with_its_rows(doubles: World) -> None:
    doubles.add("actors", [actor("quay", "agency", part_of="port")])
    doubles.amend("actors", "nor", part_of="quay")
    with pytest.raises(FindingsError) as caught:
        merge(doubles.package, "actors", "norland", "quay", WHY, "coder-1")
    assert any("port" in str(finding) for finding in caught.value.findings)
    assert "nothing was merged" in str(caught.value)


@pytest.mark.parametrize(
    ("gone", "into", "said"),
    [
        ("nor", "nor", "nor and nor are one already"),
        ("nowhere", "nor", 'no actor "nowhere"'),
        ("norland", "nowhere", 'no actor "nowhere"'),
    ],
)
def test_what_cannot_be_merged_is_named(doubles: World, gone: str, into: str, said: str) -> None:
    with pytest.raises(ClaimlogError, match=said):
        merge(doubles.package, "actors", gone, into, WHY, "coder-1")


def test_what_was_merged_cannot_be_merged_again(doubles: World) -> None:
    merge(doubles.package, "actors", "norland", "nor", WHY, "coder-1")
    for gone, into in (("norland", "nor"), ("sud", "norland")):
        with pytest.raises(ClaimlogError, match=r"norland was retracted \(version 2: merged into"):
            merge(doubles.package, "actors", gone, into, WHY, "coder-1")


def test_the_command_says_what_it_amended(doubles: World) -> None:
    done = doubles.run("merge", "measure", "tables-stopped", "pact-review", "--reason", WHY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "merged tables-stopped into pact-review in the open batch: 1 of claims amended\n"
    )
    assert [one["id"] for one in json.loads(doubles.run("open", "--json").stdout)] == [
        "C001-007",
        "tables-stopped",
    ]


def test_the_command_names_the_kinds_that_there_are(doubles: World) -> None:
    done = doubles.run("merge", "acter", "norland", "nor", "--reason", WHY)
    assert done.returncode == 2
    assert 'ENTITY is "acter", expected one of source, actor, incident' in done.stderr
    assert done.stderr.endswith('; did you mean "actor"?\n')
    done = doubles.run("merge", "claim", "C001-001", "C001-002", "--reason", WHY)
    assert "claimlog retract C001-001" in done.stderr


def test_the_last_versions_of_all_rows_that_change_are_read_at_once(
    doubles: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    original = Log.history

    def heard(log: Log, stream: str, identifier: str) -> Any:
        looked.append(identifier)
        return original(log, stream, identifier)

    monkeypatch.setattr(Log, "history", heard)
    done = merge(doubles.package, "actors", "norland", "nor", WHY, "coder-1")
    assert sum(done.amended.values()) >= 3
    assert {*looked} <= {"norland", "nor"}  # the time would grow with the square of the log
