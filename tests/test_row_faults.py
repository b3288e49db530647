"""What is wrong with a file of rows: said at once, each fault with its row; and actors in it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimlog.edit import row_writer
from claimlog.edit.add_amend_retract import Addition, Entries, add, amend_all
from claimlog.edit.row_faults import LISTED_FAULTS, ROWS_NAMED, FileFaultsError
from claimlog.edit.row_files import read_entries
from claimlog.errors import ClaimlogError
from claimlog.limits import ADDED_FAULTS, COLUMNS
from claimlog.log.read_log import read
from conftest import TEXT, World, claim, coder, hop

Faults = Callable[..., list[str]]
LETTER = "About forty pilots signed a letter"


@pytest.fixture
def written(tmp_path: Path) -> Callable[[list[dict[str, Any]]], str]:
    def write(rows: list[dict[str, Any]]) -> str:
        path = tmp_path / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            names = dict.fromkeys(name for row in rows for name in row)
            writer = csv.DictWriter(file, [*names])
            writer.writeheader()
            writer.writerows(rows)
        return str(path)

    return write


@pytest.fixture
def faults(world: World, written: Callable[..., str]) -> Faults:
    """Return what is said of rows: each line without its file, and the last line."""

    def found(stream: str, rows: list[dict[str, Any]]) -> list[str]:
        path = written(rows)
        table = read(world.package).definition.streams[stream]
        with pytest.raises(ClaimlogError) as caught:
            add(world.package, stream, read_entries(table, path, None), "coder-1", world.supplied)
        assert not (world.root / ".claimlog" / "open").exists()
        listed = getattr(caught.value, "findings", [])
        return [str(one).removeprefix(path) for one in (*listed, caught.value)]

    return found


def row(**given: Any) -> dict[str, Any]:
    return {**claim(LETTER, "They wrote."), **given}


def test_passages_of_a_file_that_are_given_by_offsets_have_bounded_length(
    faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of fifteen bytes can mark all of a text."""
    monkeypatch.setattr(row_writer, "PASSAGES_CHARACTERS", 2 * len(LETTER))
    start = TEXT.index(LETTER)
    span = {"quote": "", "start": start, "end": start + len(LETTER)}
    rows = [row(**span, statement=f"They wrote {number}.") for number in range(3)]
    assert faults("claims", rows)[0] == (
        ":4: S001: it and the passages before it that are given by start and end have more than "
        f"{2 * len(LETTER)} characters; make two files of this one, or mark less; "
        "nothing was added"
    )


def test_every_fault_of_a_file_is_said_at_once_with_its_row(faults: Faults) -> None:
    *listed, last = faults(
        "claims",
        [
            row(
                quote="About fifty pilots signed a letter",
                statement="This is row two.",
                topic="sharng",
            ),
            row(statement="This is row three.", dyad_from="Ada-Exampel", figure_value="4,5"),
            row(statement="This is row four.", figure_value="40", occurred="2025-13"),
            row(statement="This is row five.", voice="qouted", trust_sign="distrust"),
            row(statement="This is row six."),
        ],
    )
    for line, said in (
        (2, "the passage 'About fifty"),
        (2, '"topic" is "sharng"'),
        (3, 'names "Ada-Exampel", which is no actor; did you mean'),
        (3, '"figure_value" is "4,5"; write it with a point (4.5)'),
        (4, '"figure_unit" is empty while "figure_value" is 40'),
        (4, 'occurred is "2025-13"'),
        (5, '"voice" is "qouted"'),
        (5, '"trust_course" is empty while "trust_sign" is "distrust"'),
    ):
        assert any(one.startswith(f":{line}: ") and said in one for one in listed), (line, said)
    assert not any(one.startswith(":6:") for one in listed), listed
    assert last.endswith("nothing was added")
    assert f"{len(listed)} faults in" in last


def test_what_only_follows_from_a_fault_is_not_said_besides(faults: Faults) -> None:
    *listed, _ = faults(
        "claims",
        [
            row(quote="Nothing like this", source_id="S001"),
            row(voice="quotd", statement="They wrote it.", source_id="S001", speaker="Ada-Exampel",
                verb="say", anonymity="named", office="official", number="one", side="other"),
        ],
    )  # fmt: skip
    assert [one.partition(" ")[0] for one in listed] == [":2:", ":3:", ":3:"]


@pytest.mark.slow
def test_a_fault_of_many_rows_is_one_line_and_of_many_faults_the_first_are_listed(
    faults: Faults,
) -> None:
    rows = [row(statement=f"They wrote {number}.", topic="sharng") for number in range(15)]
    one, last = faults("claims", rows)
    assert one.startswith(':2: "topic" is "sharng"')
    assert "(and so in lines 3, 4, 5, 6, 7, 8, 9, 10 and 6 others)" in one
    assert "1 fault in" in last
    rows = [row(statement=f"They wrote {number}.", topic=f"t{number}") for number in range(130)]
    *listed, last = faults("claims", rows)
    assert len(listed) == LISTED_FAULTS
    assert f"130 faults in {last.split(' in ')[1].split(',')[0]}" in last
    assert f"of which the first {LISTED_FAULTS} are listed" in last


def test_a_row_that_cannot_be_read_does_not_hide_what_is_wrong_with_others(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text("{not json\n" + json.dumps(row(topic="sharng")) + "\n", "utf-8")
    table = read(world.package).definition.streams["claims"]
    with pytest.raises(FileFaultsError) as caught:
        add(world.package, "claims", read_entries(table, str(path), None), "c", world.supplied)
    assert [one.line for one in caught.value.findings] == [1, 2]


def test_amendments_of_a_file_are_judged_at_once_too(world: World, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("claim_id,topic\nC001-001,sharng\nC001-999,trust\nC001-002,tru\n", "utf-8")
    table = read(world.package).definition.streams["claims"]
    entries = read_entries(table, str(path), None, "nothing was amended")
    with pytest.raises(FileFaultsError, match=r"3 faults in .*; nothing was amended") as caught:
        amend_all(world.package, "claims", entries, "A slip.", "coder-1", world.supplied)
    assert [one.line for one in caught.value.findings] == [2, 3, 4]


@pytest.fixture
def said(world: World, written: Callable[..., str]) -> Callable[..., list[str]]:
    """Return the lines that a command says of a file with some columns taken out of its rows."""

    def run(*words: str, rows: int = 3, without: tuple[str, ...] = (), **given: Any) -> list[str]:
        made = [row(statement=f"They wrote {number}.", **given) for number in range(rows)]
        path = written([{k: v for k, v in one.items() if k not in without} for one in made])
        done = world.run(*words, "--from", path, "--texts", str(world.texts))
        assert done.returncode == 1
        assert done.stdout == ""
        assert not (world.root / ".claimlog" / "open").exists()
        return [one.removeprefix(path) for one in done.stderr.splitlines()]

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("without", "options"),
    [
        (["source_id"], ["--source-id"]),
        (["quote"], []),
        (["topic"], ["--topic"]),
        (["topic", "source_id"], ["--source-id", "--topic"]),
    ],
)
def test_a_required_column_that_a_file_lacks_is_said_once_and_nothing_that_follows_from_it(
    said: Callable[..., list[str]], without: list[str], options: list[str]
) -> None:
    lines = said("add", "claim", without=tuple(without))
    listed = lines[:-1] if len(without) > 1 else lines
    assert len(listed) == len(without)
    for name in without:
        (line,) = [one for one in listed if f"the file has no column {name}; add it" in one]
        assert (f"give --{name.replace('_', '-')} for all rows" in line) == bool(options)
    assert lines[-1].endswith("nothing was added")


def test_what_else_is_wrong_is_said_beside_a_column_that_is_not_there(
    said: Callable[..., list[str]],
) -> None:
    absent, code, last = said("add", "claim", without=("topic",), voice="qouted")
    assert absent.startswith(": the file has no column topic")
    assert code.startswith(':2: "voice" is "qouted"')
    assert "2 faults in" in last


def test_a_cell_without_a_source_is_named_as_empty(said: Callable[..., list[str]]) -> None:
    first, *_ = said("add", "claim", source_id="")
    assert first.startswith(':2: "source_id" is empty; name the source that the passage is in')


def test_amendments_without_identifiers_are_one_fault(said: Callable[..., list[str]]) -> None:
    (line,) = said("amend", "claim", "--reason", "A slip.")
    assert line.endswith(": the file has no column claim_id; add it; nothing was amended")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("measur_id", '; did you mean "measure_id"?'),
        ("messing_id", '; did you mean "measure_id"?'),
        ("zzz", "; claimlog add claim --help lists the columns"),
    ],
)
def test_an_unknown_column_is_named_with_one_that_is_near_or_where_they_are_listed(
    said: Callable[..., list[str]], name: str, near: str
) -> None:
    first, *_ = said("add", "claim", **{name: "x"})
    assert first.startswith(f':2: unknown key "{name}"{near} (schemas/claims.json)')


def test_one_fault_is_one_line(faults: Faults) -> None:
    (said,) = faults("claims", [row(dyad_from="Ada-Exampel")])
    assert said.startswith(':2: "dyad_from" names "Ada-Exampel"')
    assert said.endswith("nothing was added")


ORGANS = [
    {"actor_id": "harbour-guard", "name": "Harbour Guard", "actor_type": "agency"},
    {"actor_id": "harbour-gard", "name": "A gard", "actor_type": "agency"},
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("harbour-gard", "harbour-gard"),
        ("A gard", "harbour-gard"),
        ("Harbour Guard", "harbour-guard"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_an_actor_may_belong_to_one_of_the_same_file(
    world: World, written: Callable[..., str], named: str, meant: str, turned: bool
) -> None:
    rows = [*ORGANS, {"actor_id": "pilots", "name": "Pilots", "actor_type": "group"}]
    rows[-1] = {**rows[-1], "part_of": named}
    path = written([{"part_of": "", **one} for one in (rows[::-1] if turned else rows)])
    table = read(world.package).definition.streams["actors"]
    entries = read_entries(table, path, None)
    addition = add(world.package, "actors", entries, "coder-1", world.supplied)
    (pilots,) = [one for one in addition.rows if one["actor_id"] == "pilots"]
    assert pilots["part_of"] == meant


def test_an_alias_is_named_as_that_of_its_actor(faults: Faults) -> None:
    (said,) = faults("claims", [row(dyad_from="Norland")])
    assert '"dyad_from" names "Norland", which is an alias of nor (Nor); give nor' in said


@pytest.mark.slow
def test_what_is_missing_of_a_row_of_options_is_named_by_its_options(world: World) -> None:
    done = world.run("add", "source", "--kind", "work", "--title", "A work", "--language", "en")
    assert done.returncode == 2
    assert (
        "a source needs --publisher, --reliability, --reliability-rationale, --rights;"
        in done.stderr
    )
    assert ".claimlog" not in done.stderr
    done = world.run("add", "actor", "--actor-id", "x", "--name", "Ex", "--actor-type", "stat")
    assert done.stderr.startswith('the new actor: x "actor_type" is "stat", expected a code')
    done = world.run("amend", "actor", "nor", "--actor-type", "stat", "--reason", "A slip.")
    assert done.stderr.startswith('the new version of nor: nor "actor_type" is "stat"')


@pytest.mark.slow
def test_claims_whose_origin_is_the_article_by_default_are_named_when_they_are_added(
    world: World,
) -> None:
    world.amend("sources", "S001", lineage=[])
    plain = [claim(LETTER, f"They wrote letter {number}.") for number in (1, 2)]
    (note,) = added(world, *plain).notes
    assert note.startswith("2 claims (C001-007, C001-008) with origin_basis taken and no work")
    assert "claimlog add source --kind work" in note
    named = claim(LETTER, "They wrote letter 3.", voice="quoted", attributions=[hop()])
    named["attributions"][0] |= {"actor_id": "gazette", "source_id": "S101"}
    assert added(world, named).notes == []
    named["attributions"][0]["source_id"] = "S001"
    (note,) = added(world, {**named, "statement": "They wrote letter 4."}).notes
    assert "the article itself as speaker_source" in note


def added(world: World, *rows: dict[str, Any]) -> Addition:
    return add(world.package, "claims", Entries([*rows]), "coder-1", world.supplied)


def test_a_code_whose_zero_a_spreadsheet_dropped_is_named(faults: Faults) -> None:
    event = {"event_type": "CONSULT", "event_code": "36"}
    *_, said, _ = ["", *faults("claims", [row(**event)])]
    assert '"036" is one, of which a spreadsheet drops the zero: type it as text' in said


def test_rows_of_the_open_batch_say_something_of_every_stream(world: World) -> None:
    world.add("coders", [coder("coder-9")])
    assert "by coder-1  Invented as coder-9." in world.run("open").stdout


def test_rows_after_the_faults_that_are_gathered_are_not_looked_at(
    world: World, tmp_path: Path
) -> None:
    path, per_row = tmp_path / "rows.ndjson", COLUMNS - 1
    table = read(world.package).definition.streams["claims"]
    unknown = {f"k{number}": 1 for number in range(per_row)}
    rows = [unknown] * 50 + [{f"k{number}": 1 for number in range(COLUMNS + 1)}]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in reversed(rows)), "utf-8")
    entries = read_entries(table, str(path), None)
    with pytest.raises(FileFaultsError) as caught:
        add(world.package, "claims", entries, "coder-1", world.supplied)
    first, second, *_ = caught.value.findings
    assert str(first).endswith(f"{path}:1: has {COLUMNS + 1} keys, more than {COLUMNS}")
    assert "lines 3, 4" in str(second)
    assert f"and {ADDED_FAULTS // per_row - ROWS_NAMED} others" in str(second)
    assert "and the rows after these were not looked at" in str(caught.value)


def test_lines_that_hold_no_row_are_gathered_no_further_either(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text("{no\n" * (ADDED_FAULTS + 5), "utf-8")
    table = read(world.package).definition.streams["claims"]
    with pytest.raises(FileFaultsError, match="the rows after these were not looked at"):
        read_entries(table, str(path), None)
