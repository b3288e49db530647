"""Amending many entities at once from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from claimlog.cli import cli
from claimlog.edit.last_versions import LastVersions
from claimlog.edit.open_batch import open_folder
from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from conftest import World
from test_ledger import snapshot


def amended(world: World, *rows: dict[str, Any], reason: str | None = "A new codebook.") -> Any:
    """Amend claims from standard input by the command."""
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    words = ("--reason", reason) if reason else ()
    return world.run("amend", "claim", "--from", "-", *words, data=data)


def open_rows(world: World) -> list[dict[str, Any]]:
    path: Path = open_folder(world.package) / "claims.ndjson"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_many_claims_are_amended_at_once_each_with_a_reason_of_its_own_or_that_of_all(
    world: World,
) -> None:
    done = amended(
        world,
        {"claim_id": "C001-001", "topic": "partnership", "reason": "It is about the pact."},
        {"claim_id": "C001-003", "time_frame": "past"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "amended 2 claims in the open batch; claimlog seal makes it final\n"
    rows = open_rows(world)
    assert [(row["claim_id"], row["version"], row["reason"]) for row in rows] == [
        ("C001-001", 2, "It is about the pact."),
        ("C001-003", 3, "A new codebook."),
    ]
    assert rows[0]["topic"] == "partnership"
    world.seal("recoded")


def test_what_is_as_given_already_is_left_alone_and_said_so(world: World) -> None:
    change = {"claim_id": "C001-001", "topic": "partnership"}
    same = {"claim_id": "C001-002", "topic": "trust"}
    done = amended(world, change, same)
    assert done.stdout.splitlines() == [
        "amended 1 claim in the open batch; claimlog seal makes it final",
        "1 is as given already",
    ]
    before = snapshot(world)
    again = amended(world, change, same)
    assert again.returncode == 0
    assert again.stdout == "2 are as given already; nothing was amended\n"
    assert snapshot(world) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "reason", "message"),
    [
        (
            [{"claim_id": "C001-001", "topic": "law"}, {"claim_id": "C001-001", "note": "x"}],
            "Why.",
            "<stdin>:2: C001-001 is amended at <stdin>:1 already; make it one row",
        ),
        (
            [{"claim_id": "C001-002", "topic": "law"}, {"claim_id": "C001-001", "topic": "law"}],
            None,
            "<stdin>:1: C001-002 has no reason; give one in the row or --reason",
        ),
        ([{"topic": "law"}], "Why.", "<stdin>: the file has no column claim_id"),
        (
            [{"claim_id": "C001-001", "topic": "law"}, {"topic": "law"}],
            "Why.",
            '<stdin>:2: a row has no "claim_id"',
        ),
        (
            [{"claim_id": "C001-001", "topic": "law"}, {"claim_id": "C001-004", "topic": "law"}],
            "Why.",
            "<stdin>:2: C001-004 was retracted",
        ),
        ([{"claim_id": "C001-001", "topik": "law"}], "Why.", '<stdin>:1: unknown key "topik"'),
        (
            [{"claim_id": "C001-001", "topic": "lore"}],
            "Why.",
            '<stdin>:1: C001-001 "topic" is "lore"',
        ),
    ],
    ids=["twice", "no reason", "no column", "no identifier", "retracted", "unknown key", "finding"],
)
def test_all_are_amended_or_none(
    rows: list[dict[str, Any]], reason: str | None, message: str, world: World
) -> None:
    before = snapshot(world)
    done = amended(world, *rows, reason=reason)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.splitlines()[-1].endswith("nothing was amended")
    assert "Traceback" not in done.stderr
    assert snapshot(world) == before


@pytest.mark.parametrize("identifier", [["C001-001"], {"a": 1}, [], {}, 5, 0, True, False, 1e300])
def test_an_identifier_that_is_no_text_is_one_line(identifier: Any, made: World) -> None:
    before = snapshot(made)
    data = json.dumps({"claim_id": identifier, "topic": "law"}).encode()
    words = ("amend", "claim", "--from", "-", "--reason", "Why.", "--by", "coder-1")
    done = CliRunner().invoke(cli, ["--package", str(made.root), *words], input=data)
    assert isinstance(done.exception, ClaimlogError)
    assert done.exception.exit_status == 1
    assert str(done.exception) == (
        f'<stdin>:1: "claim_id" is {json.dumps(identifier)}, expected string '
        "(schemas/claims.json); nothing was amended"
    )
    assert snapshot(made) == before


@pytest.mark.parametrize("count", [2, 4])
def test_the_versions_that_rows_of_a_file_name_are_looked_for_once(
    count: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    originals = {name: getattr(Log, name) for name in ("rows_of", "history")}
    for name, original in originals.items():

        def heard(log: Log, stream: str, *words: Any, of: Any = original, by: str = name) -> Any:
            looked.append(f"{by} {stream}")
            return of(log, stream, *words)

        monkeypatch.setattr(Log, name, heard)
    last = LastVersions(read(world.package))
    names = ["C001-001", "C001-003", "C001-004", "C009-001"][:count]
    last.read("claims", [*names, None, 3])
    versions = [last.of("claims", name) for name in names]
    assert [version and version["version"] for version in versions] == [1, 2, 2, None][:count]
    assert looked == ["rows_of claims"]
    other = last.of("claims", "C001-006")
    assert other is not None
    assert "history claims" in looked
