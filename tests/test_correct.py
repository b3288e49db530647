"""Correcting a source's text: passages are carried over with the same words, or decided on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claimlog.edit.correct import Correction, Decisions, UndecidedError, correct
from claimlog.edit.drop import drop
from claimlog.edit.open_batch import read_with_open
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.log.read_log import read
from claimlog.sources.anchor import anchor
from claimlog.sources.carried_spans import carry_passages
from claimlog.sources.text import Text
from claimlog.sources.words import words
from claimlog.validate import validate
from conftest import CLAIMS, LINKS, TEXT, World, copied, source

WHY = "The paper corrected it."
INSERTED = "The port is closed at night. "
LATER = TEXT.replace("A Sudland\nofficial", f"{INSERTED}A Sudland\nofficial").replace("—", "-")
"""A sentence came in and a dash is another: all words of the passages are as they were."""

EDITED = LATER.replace("About forty pilots signed a letter", "Nearly fifty pilots signed a letter")
SHORTER = EDITED.replace("Read also: Ten quiet beaches\n", "").replace(
    "“We may review the pact,” ", ""
)
ONCE = TEXT[: TEXT.rindex("The harbour ministry")] + TEXT[TEXT.index("In 2019") :]
NO_DECISIONS = Decisions()


@pytest.fixture(scope="module")
def coded(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package with codings of a passage by two coders."""
    world = copied(made, tmp_path_factory.mktemp("coded"))
    passage = "never liked the pact"
    for name in ("coder-1", "coder-2"):
        keys = ("content", "voice", "modality", "topic", "time_frame", "sharing_effect")
        given = {key: CLAIMS[1][key] for key in keys}
        row = {"source_id": "S001", "quote": passage, "coder": name, "pass": 1, **given}
        world.add("codings", [row], by=name)
    world.seal("codings")
    return world


@pytest.fixture
def world(coded: World, tmp_path: Path) -> World:
    return copied(coded, tmp_path)


def corrected(
    world: World, text: str, decisions: Decisions = NO_DECISIONS, reason: str = WHY
) -> Correction:
    path = world.texts / "later.txt"
    path.write_text(text, "utf-8")
    return correct(world.package, "S001", path, world.supplied, decisions, reason, "coder-1")


def passages(world: World, text: str) -> dict[str, str]:
    """Return the words of every live passage in a text, by identifier."""
    log = read_with_open(world.package)
    return {
        row[key]: text[row["start"] : row["end"]]
        for stream, key in (("claims", "claim_id"), ("codings", "coding_id"))
        for row in log.live(stream).iter_rows(named=True)
    }


@pytest.mark.slow
def test_after_a_correction_every_passage_has_its_words_and_the_log_is_clean(world: World) -> None:
    before = passages(world, TEXT)
    done = corrected(world, LATER)
    assert all(one.is_carried for one in done.passages)
    after = passages(world, LATER)
    assert {name: words(text) for name, text in after.items()} == {
        name: words(text) for name, text in before.items()
    }
    report = validate(read_with_open(world.package), world.supplied, frictionless=False)
    assert (report.error_count, report.anchors_unchecked) == (0, 0)
    world.seal("corrected")


def test_one_batch_amends_the_source_its_furniture_and_what_moved_alone(world: World) -> None:
    done = corrected(world, LATER)
    [source] = done.rows["sources"]
    assert source["text_sha256"] == Text(LATER).sha256
    for part in source["furniture"]:
        assert LATER[part["start"] : part["end"]] in ("Home | World | Harbours", "Read also: Ten")
    assert {row["claim_id"] for row in done.rows["claims"]} == {
        *("C001-002", "C001-003", "C001-005", "C001-006"),
        "C001-001",  # which has other words after it
    } - {row["claim_id"] for row in done.rows["claims"] if row["action"] != "amend"}
    assert len(done.rows["codings"]) == 2
    assert {row["reason"] for rows in done.rows.values() for row in rows} == {WHY}


def test_a_passage_that_stands_where_it_stood_gets_no_version(world: World) -> None:
    done = corrected(world, TEXT.replace("Ten quiet beaches", "Ten quiet beaches."))
    assert {name: len(rows) for name, rows in done.rows.items()} == {"sources": 1}


def test_marks_at_the_ends_of_a_passage_go_with_it() -> None:
    old, new = (
        Text("He said: “Never again.” Then he left."),
        Text("So he said: “Never again.” Then"),
    )
    start = old.content.index("“")
    placed = carry_passages(old, new, [(start, start + len("“Never again.”"))])
    [(begin, end)] = [one.span for one in placed.values() if one.span]
    assert new.content[begin:end] == "“Never again.”"


def test_a_passage_with_other_words_is_not_carried_unless_it_is_said(world: World) -> None:
    before = world.run("open").stdout
    with pytest.raises(UndecidedError) as caught:
        corrected(world, EDITED)
    assert [(one.identifier, one.placement.outcome) for one in caught.value.passages] == [
        ("C001-003", "changed")
    ]
    assert str(caught.value) == (
        "S001: 1 passage is not carried to the corrected text; say of each what becomes of it: "
        "--quote ID=WORDS, --drop ID, --drop all, or --changed for other words; "
        "nothing was corrected"
    )
    assert world.run("open").stdout == before
    corrected(world, EDITED, Decisions(takes_changed=True))
    assert passages(world, EDITED)["C001-003"] == "Nearly fifty pilots signed a letter"
    world.seal("corrected")


@pytest.mark.slow
def test_a_quote_says_where_a_passage_stands_now(world: World) -> None:
    corrected(world, EDITED, Decisions({"C001-003": "fifty pilots"}))
    assert passages(world, EDITED)["C001-003"] == "fifty pilots"
    world.seal("corrected")


def test_of_a_quote_that_stands_twice_it_is_said_which_place_is_meant(world: World) -> None:
    quote = {"C001-003": "The harbour ministry"}
    places = [EDITED.index(quote["C001-003"]), EDITED.rindex(quote["C001-003"])]
    assert places[0] < places[1]
    for number, start in enumerate(places, 1):
        chosen = Decisions(quote, occurrences={"C001-003": number})
        done = corrected(copied(world, world.root.parent / str(number)), EDITED, chosen)
        [row] = [row for row in done.rows["claims"] if row["claim_id"] == "C001-003"]
        assert row["start"] == start


@pytest.mark.parametrize(
    ("occurrences", "refusal"),
    [
        ({}, "occurs 2 times.*say which with --occurrence C001-003=N, or quote more of it"),
        ({"C001-003": 3}, "--occurrence 3 is none of them"),
    ],
)
def test_a_quote_without_a_place_of_its_own_corrects_nothing(
    world: World, occurrences: dict[str, int], refusal: str
) -> None:
    decisions = Decisions({"C001-003": "The harbour ministry"}, occurrences=occurrences)
    with pytest.raises(ClaimlogError, match=f"^--quote C001-003: .*{refusal}; nothing was"):
        corrected(world, EDITED, decisions)
    assert passages(world, TEXT)["C001-003"] == "About forty pilots signed a letter"


def test_what_is_dropped_is_retracted_and_furniture_that_is_gone_is_left_out(world: World) -> None:
    done = corrected(world, SHORTER, Decisions(drops_all=True))
    assert done.count("retract") == 2
    gone = {row["claim_id"] for row in done.rows["claims"] if row["action"] == "retract"}
    assert gone == {"C001-003", "C001-005"}
    [source] = done.rows["sources"]
    assert len(source["furniture"]) == 1
    world.seal("corrected")


def test_decisions_name_rows_by_their_stream_too(world: World) -> None:
    drop = frozenset({"claims/C001-006", "links/L0001"})
    done = corrected(world, ONCE, Decisions(drop=drop))
    assert {row["claim_id"] for row in done.rows["claims"] if row["action"] == "retract"} == {
        "C001-006"
    }
    assert [row["link_id"] for row in done.rows["links"]] == ["L0001"]


def test_a_correction_is_dropped_as_a_whole(world: World) -> None:
    """What it carried over is of the corrected text, and what it did not of the one before."""
    done = corrected(world, LATER)
    rows = [row for own in done.rows.values() for row in own]
    assert len(rows) > 2
    for name in ("claims:1", "codings:1", "S001"):
        with pytest.raises(FindingsError, match="nothing was dropped") as caught:
            drop(world.package, [name])
        assert {one.rule for one in caught.value.findings} == {"quote-hash"}
        assert all("by the same correction of S001" in str(one) for one in caught.value.findings)
        assert len(caught.value.findings) == len(rows) - 1
    assert len(drop(world.package, ["claims:1"], with_references=True).rows) == len(rows)
    assert not (world.package.state / "open").exists()


def test_what_is_amended_after_a_correction_is_dropped_without_it(world: World) -> None:
    done = corrected(world, LATER)
    claim = done.rows["claims"][0]["claim_id"]
    world.amend("claims", claim, reason="Looked at again.", note="It stays.")
    assert [row.identifier for row in drop(world.package, [claim]).rows] == [claim]


def test_amendments_of_a_source_alone_are_dropped_one_by_one(world: World) -> None:
    """They may have been made in one second, for one reason."""
    for title in ("One", "Another"):
        world.amend("sources", "S001", reason="Looked at.", title=title)
    assert [row.version for row in drop(world.package, ["S001"]).rows] == [3]
    assert [row.version for row in drop(world.package, ["S001"]).rows] == [2]


@pytest.mark.slow
def test_another_source_is_retracted_beside_the_amendment_of_the_corrected_one(
    world: World,
) -> None:
    world.add("sources", [source("S002")])
    world.seal("another")
    done = corrected(world, LATER, Decisions(drop=frozenset({"S002"})))
    said = [(row["source_id"], row["action"]) for row in done.rows["sources"]]
    assert said == [("S001", "amend"), ("S002", "retract")]
    world.seal("corrected")
    [left] = [row for row in read(world.package).live("sources").to_dicts() if row["text_sha256"]]
    assert left["text_sha256"] == Text(LATER).sha256


def test_a_quote_of_a_row_that_is_named_by_its_stream_too_is_taken(world: World) -> None:
    done = corrected(world, EDITED, Decisions(quotes={"claims/C001-003": "fifty pilots"}))
    assert any(row["claim_id"] == "C001-003" for row in done.rows["claims"])


def test_a_row_that_refers_to_what_is_dropped_has_to_be_dropped_too(world: World) -> None:
    drop = frozenset({"C001-006"})
    with pytest.raises(FindingsError, match="nothing was corrected") as caught:
        corrected(world, ONCE, Decisions(drop=drop))
    assert [finding.rule for finding in caught.value.findings] == ["live-reference"]
    done = corrected(world, ONCE, Decisions(drop=drop | {"L0001"}))
    assert done.rows["links"][0]["action"] == "retract"
    assert LINKS[0]["from_claim_id"] == "C001-006"


def test_a_sentence_that_stands_once_now_is_given_to_neither_or_to_the_right_one(
    world: World,
) -> None:
    with pytest.raises(UndecidedError) as caught:
        corrected(world, ONCE)
    assert [one.identifier for one in caught.value.passages] == ["C001-006"]


@pytest.mark.parametrize(
    ("decisions", "said"),
    [
        (Decisions({"C009-001": "words"}), "C009-001: is no passage of S001"),
        (Decisions({"C001-003": "no such words"}), "does not occur"),
        (Decisions(drop=frozenset({"C009-001"})), 'nothing has the identifier "C009-001"'),
        (Decisions(drop=frozenset({"S001"})), "S001: is the source that is corrected"),
        (Decisions(drop=frozenset({"sources/S001"})), "S001: is the source that is corrected"),
        (
            Decisions({"C001-003": "fifty"}, frozenset({"claims/C001-003"})),
            "--drop C001-003: has a --quote too",
        ),
        (
            Decisions({"claims/C001-003": "fifty"}, frozenset({"C001-003"})),
            "--drop C001-003: has a --quote too",
        ),
        (
            Decisions({"claims/C001-003": "fifty", "C001-003": "pilots"}),
            "--quote C001-003: is given twice",
        ),
        (
            Decisions({"C001-003": "fifty"}, occurrences={"C001-003": 1, "claims/C001-003": 1}),
            "--occurrence C001-003: is given twice",
        ),
        (Decisions(occurrences={"C001-003": 1}), "--occurrence C001-003: has no --quote"),
    ],
)
def test_a_decision_about_what_is_not_there_or_that_contradicts_another_is_refused(
    world: World, decisions: Decisions, said: str
) -> None:
    with pytest.raises(ClaimlogError, match=said):
        corrected(world, LATER, decisions)


def test_texts_that_are_not_at_hand_are_named(world: World, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.txt"
    path.write_text(LATER, "utf-8")

    def refusal(**given: Any) -> str:
        whole = {"source": "S001", "path": path, "texts": world.supplied, **given}
        with pytest.raises(ClaimlogError) as caught:
            correct(world.package, decisions=NO_DECISIONS, reason=WHY, recorded_by="c-1", **whole)
        return str(caught.value)

    assert "is not below" in refusal()
    assert "is the text of S001 already" in refusal(path=world.texts / "harbour.txt")
    assert "S101 has no text to correct" in refusal(source="S101")
    assert 'no source "S999"' in refusal(source="S999")
    (world.texts / "harbour.txt").unlink()
    (world.texts / "later.txt").write_text(LATER, "utf-8")
    assert "put the text that was coded there" in refusal(texts=world.supplied)


def test_the_command_lists_what_is_not_carried_and_takes_decisions(world: World) -> None:
    (world.texts / "later.txt").write_text(EDITED, "utf-8")
    rest = ("--text", str(world.texts / "later.txt"), "--texts", str(world.texts), "--reason", WHY)
    done = world.run("correct", "S001", *rest)
    at = TEXT.index("About forty")
    assert done.returncode == 1
    assert done.stdout.startswith(f"C001-003 at {at}-{at + 34}: changed (now ")
    assert done.stderr.startswith("claimlog: S001: 1 passage is not carried")
    [listed] = json.loads(world.run("correct", "S001", *rest, "--json").stdout)
    assert (listed["id"], listed["outcome"]) == ("C001-003", "changed")
    done = world.run("correct", "S001", *rest, "--quote", "C001-003=Nearly fifty pilots")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == (
        "S001 has its corrected text in the open batch: 8 rows amended, 0 retracted; "
        "claimlog seal makes it final"
    )


@pytest.mark.parametrize(
    "option",
    [
        ("--quote", "C001-003"),
        ("--drop", "C001-003", "--quote", "C001-003=fifty"),
        ("--occurrence", "C001-003=2"),
        ("--quote", "C001-003=fifty", "--occurrence", "C001-003"),
        ("--quote", "C001-003=fifty", "--occurrence", "C001-003=0"),
        ("--quote", "C001-003=fifty", "--quote", "C001-003=sixty"),
        ("--quote", "C001-003=fifty", "--occurrence", "C001-003=1", "--occurrence", "C001-003=2"),
    ],
)
def test_decisions_that_contradict_or_say_nothing_are_refused(
    world: World, option: tuple[str, ...]
) -> None:
    path = world.texts / "later.txt"
    path.write_text(EDITED, "utf-8")
    rest = ("--text", str(path), "--texts", str(world.texts), "--reason", WHY)
    done = world.run("correct", "S001", *rest, *option)
    assert (done.returncode, done.stdout) == (2, "")


def test_without_texts_nothing_is_aligned(world: World) -> None:
    done = world.run("correct", "S001", "--text", "x.txt", "--reason", WHY, CLAIMLOG_TEXTS="")
    assert done.returncode == 2
    assert "--texts DIR or CLAIMLOG_TEXTS" in done.stderr


def test_an_anchor_is_computed_anew_with_its_context(world: World) -> None:
    corrected(world, LATER)
    row = read_with_open(world.package).live("claims").filter(claim_id="C001-002").to_dicts()[0]
    right = anchor(Text(LATER), row["start"], row["end"]).as_row()
    assert {name: row[name] for name in right} == right


@pytest.mark.slow
def test_a_version_from_before_a_correction_is_judged_by_the_text_that_it_had(world: World) -> None:
    corrected(world, f"A new line.\n{TEXT}")
    world.seal("corrected")
    long = len(TEXT) + 2  # inside of the corrected text, and outside of the one before

    def spoil(rows: list[dict[str, Any]]) -> None:
        rows[0] |= {"start": long - 4, "end": long}

    world.rewrite("claims", spoil, batch=1)
    report = validate(read(world.package), frictionless=False)
    assert [(finding.rule, finding.entity) for finding in report.findings] == [
        ("span-inside", "C001-001")
    ]


def test_more_passages_than_are_looked_for_are_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr("claimlog.edit.correct.PASSAGES_CHARACTERS", 10)
    with pytest.raises(ClaimlogError, match=r"^S001: its passages have more than 10 characters"):
        corrected(world, LATER)
