"""Files of many rows, which may be a stranger's: none takes the square of their number."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from claimlog.edit import identifier_numbers
from claimlog.edit.add_amend_retract import Entries, add
from claimlog.edit.find_quote import find_quote
from claimlog.edit.identifier_numbers import NumberedIdentifiers, UsedNumbers, next_identifier
from claimlog.edit.row_files import read_entries
from claimlog.errors import (
    COMPARED_LENGTH,
    COMPARED_WORDS,
    COMPARISONS,
    ClaimlogError,
    Suggestions,
    suggest,
)
from claimlog.interchange.import_mapping import ImportMapping, mapping_flaws
from claimlog.log.lines import read_lines
from claimlog.log.read_log import read
from claimlog.schema.table_schema import Table
from claimlog.sources.text import Text
from claimlog.validate import reference_rules, validate
from claimlog.validate.report import Report
from conftest import World

SOURCES = NumberedIdentifiers("S", 3)


def test_a_word_that_is_long_is_compared_with_none() -> None:
    long = "ab" * COMPARED_LENGTH
    assert suggest(long[:COMPARED_LENGTH], [long[: COMPARED_LENGTH - 1]])
    assert not suggest(long, [long])


@pytest.mark.slow
def test_a_word_is_compared_with_those_near_it_in_the_alphabet_where_there_are_many() -> None:
    known = [f"C001-{number:06}" for number in range(10 * COMPARED_WORDS)]
    start = time.process_time()
    assert suggest("C001-0199990", known) == '; did you mean "C001-019999"?'
    assert suggest("c001-019999", known) == '; did you mean "C001-019999"?'
    assert suggest("zebra", known) == ""
    assert time.process_time() - start < 20  # each with all of them would take minutes
    anagrams = ("ab" * 25 + "ba" * 25 + str(number % 10) for number in range(COMPARED_WORDS))
    assert suggest("b" * 50 + "a" * 50, anagrams) == ""


@pytest.mark.parametrize("command", ["show", "retract"])
def test_an_identifier_of_thousands_of_characters_is_not_repeated(
    world: World, command: str
) -> None:
    reason = ("--reason", "Why.") if command == "retract" else ()
    done = world.run(command, "C" * 50_000, *reason)
    assert done.returncode == 1
    assert len(done.stderr) < 300


def test_near_words_are_offered_until_so_many_were_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    suggestions = Suggestions()
    known = ["green", *map(str, range(COMPARISONS // 2))]
    monkeypatch.setattr("claimlog.errors.COMPARED_WORDS", len(known))
    assert suggestions.nearest("gren", lambda: known) == '; did you mean "green"?'
    assert suggestions.nearest("gren", lambda: known) == '; did you mean "green"?'

    def refuse() -> list[str]:
        raise AssertionError("was asked for the known words")

    assert suggestions.nearest("gren", refuse) == ""


def test_rows_that_each_name_what_is_not_there_are_compared_with_few(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0

    def counted(_: str, known: list[str], __: float = 0.6) -> str:
        nonlocal compared
        compared += len(known)
        return ""

    monkeypatch.setattr("claimlog.errors.suggest", counted)
    rows = [
        {"actor_id": f"actor-{n}", "actor_type": "person", "name": f"Some Name {n}"}
        | {"part_of": f"Another One {n}"}
        for n in range(500)
    ]
    path = tmp_path / "rows.ndjson"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    table = read(world.package).definition.streams["actors"]
    with pytest.raises(ClaimlogError, match="500 faults"):
        add(world.package, "actors", read_entries(table, str(path), None), "coder-1", None)
    assert 0 < compared <= COMPARISONS


def test_what_quotes_nearly_are_is_said_until_so_much_text_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = Text("The quay was shut on Monday. The office said no to the plan.")
    monkeypatch.setattr("claimlog.errors.READ_CHARACTERS", 2 * len(text.content))
    suggestions, said = Suggestions(), []
    for number in range(4):
        with pytest.raises(ClaimlogError) as caught:
            find_quote(text, f"quay was shut on a {number}", None, "S001", False, suggestions)
        said.append(str(caught.value))
    assert all("the text has 'The quay was shut on" in one for one in said[:2])
    assert all(one.endswith("does not occur; copy it from the text") for one in said[2:])
    # whether a quote is taken by its words never depends on the rows before it
    assert find_quote(text, "quay, was shut", None, "S001", True, suggestions).start == 4


def test_quotes_of_a_file_that_do_not_occur_share_what_is_said_of_them(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_again: list[str] = []

    def counted(_: Text, quote: str) -> None:
        read_again.append(quote)

    monkeypatch.setattr("claimlog.errors.READ_CHARACTERS", 1)
    monkeypatch.setattr("claimlog.edit.find_quote._nearest_span", counted)
    rows = [{"source_id": "S001", "quote": f"Zebras {n} were seen"} for n in range(200)]
    path = tmp_path / "rows.ndjson"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    table = read(world.package).definition.streams["claims"]
    with pytest.raises(ClaimlogError) as caught:
        add(
            world.package, "claims", read_entries(table, str(path), None), "coder-1", world.supplied
        )
    assert "does not occur" in " ".join(map(str, getattr(caught.value, "findings", ())))
    assert read_again == ["Zebras 0 were seen"]


@pytest.mark.parametrize(("word", "sign"), [("a", ","), ("a b", "-"), ("ha", ", ")])
def test_a_quote_with_other_signs_between_words_that_repeat_is_compared_in_linear_time(
    word: str, sign: str
) -> None:
    text = Text("It said: " + f"{word} " * 20_000)
    start = time.process_time()
    with pytest.raises(ClaimlogError, match=r"what differs is .* in the text for"):
        find_quote(text, f"{word}{sign}" * 10_000 + word, None, "S001")
    assert time.process_time() - start < 10  # 2,000 characters took 20 seconds, by their cube


def test_an_alias_of_somebody_who_has_no_name_is_named_by_the_identifier(world: World) -> None:
    rows = [
        {"actor_id": "nameless", "actor_type": "person", "aliases": ["Big Cheese"]},
        {"actor_id": "other", "actor_type": "person", "name": "Other", "part_of": "Big Cheese"},
    ]
    with pytest.raises(ClaimlogError) as caught:
        add(world.package, "actors", Entries(rows), "coder-1", None)
    said = [str(one) for one in (*getattr(caught.value, "findings", ()), caught.value)]
    assert any('"Big Cheese", which is an alias of nameless; give nameless' in one for one in said)


def test_a_name_of_thousands_lists_some_of_them(world: World) -> None:
    rows = [
        {"actor_id": f"actor-{n}", "actor_type": "person", "name": "Some One"} for n in range(2_000)
    ]
    asking = {"actor_id": "other", "actor_type": "person", "name": "Other", "part_of": "Some One"}
    with pytest.raises(ClaimlogError) as caught:
        add(world.package, "actors", Entries([*rows, asking]), "coder-1", None)
    said = [str(one) for one in (*getattr(caught.value, "findings", ()), caught.value)]
    [named] = [one for one in said if 'names "Some One"' in one]
    assert ", … are called" in named
    assert len(named) < 500


def test_the_next_number_is_found_without_reading_all_anew() -> None:
    asked = []

    def known() -> list[str]:
        asked.append(1)
        return ["S001", "S007", "C001-002", "harbour"]

    used = UsedNumbers(known)
    used.take("S008")
    assert used.next_in(SOURCES) == "S009"
    used.take("S1000")
    assert used.next_in(SOURCES) == "S1001"
    assert used.next_in(NumberedIdentifiers("C001-", 3)) == "C001-003"
    assert used.next_in(NumberedIdentifiers("S00", 3)) == "S00009"  # a text that ends in digits
    assert used.next_in(NumberedIdentifiers("C002-", 3)) == "C002-001"
    assert asked == [1]


@pytest.mark.parametrize(
    ("pattern", "used", "following"),
    [
        ("^S[0-9]{3,}$", ["S009", "T0044"], "S010"),
        ("^T[0-9]{4}$", ["S009", "T0044"], "T0045"),
        ("^doc-[0-9]{2,}$", [], "doc-01"),
        ("^[a-z][a-z0-9-]*$", ["harbours-2"], None),
    ],
)
def test_the_next_identifier_is_made_by_the_pattern_of_its_stream(
    pattern: str, used: list[str], following: str | None
) -> None:
    column = {"name": "source_id", "type": "string", "constraints": {"pattern": pattern}}
    sources = Table("sources", {"entity": "source", "fields": [column]})
    assert next_identifier(sources, used) == following


def test_numbering_rows_takes_a_time_that_grows_with_their_number() -> None:
    used = UsedNumbers(lambda: [f"S{n}" for n in range(100_000)])
    start = time.process_time()
    for _ in range(100_000):
        used.take(used.next_in(SOURCES))
    assert used.next_in(SOURCES) == "S200000"
    assert time.process_time() - start < 20  # reading all anew takes hours


@pytest.mark.parametrize("digits", [identifier_numbers.DIGITS + 1, 5_000])
def test_a_number_beyond_counting_is_not_counted_on_from(digits: int) -> None:
    long = "S" + "9" * digits
    assert UsedNumbers(lambda: [long, "S004"]).next_in(SOURCES) == "S005"
    assert SOURCES.next_after([long, "S004"]) == 5


def test_numbers_go_on_after_the_longest_that_is_counted() -> None:
    longest = "S" + "9" * identifier_numbers.DIGITS
    used = UsedNumbers(lambda: [longest])
    for more in range(3):
        name = used.next_in(SOURCES)
        assert name == f"S{10**identifier_numbers.DIGITS + more}"
        used.take(name)


def test_wrong_codes_and_unknown_keys_of_many_rows_are_compared_with_few(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = Counter[str]()

    def counted(word: str, known: list[str], _: float = 0.6) -> str:
        compared["topik" if word.startswith("topik") else "code"] += len(known)
        return ""

    monkeypatch.setattr("claimlog.errors.suggest", counted)
    monkeypatch.setattr("claimlog.log.lines.COMPARED_KEYS", 300)
    monkeypatch.setattr("claimlog.validate.report.Suggestions", lambda: Suggestions(50))
    world.rewrite("claims", lambda rows: [row.update(topic="sharring") for row in rows], 1)
    validate(read(world.package), None, frictionless=False)
    assert 0 < compared["code"] <= 50
    line = json.dumps({"topik": 1}).encode() + b"\n"
    table = read(world.package).definition.streams["claims"]
    read_lines(line * 500, table, "claims.ndjson", 65_535)
    assert 0 < compared["topik"] <= 300


def test_codes_of_a_mapping_that_are_not_there_are_compared_with_few(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []

    def counted(_: str, known: list[str], __: float = 0.6) -> str:
        compared.append(len(known))
        return ""

    monkeypatch.setattr("claimlog.errors.suggest", counted)
    monkeypatch.setattr("claimlog.interchange.import_mapping.Suggestions", lambda: Suggestions(50))
    labels = {f"label {n}": {"topic": f"sharring-{n}"} for n in range(300)}
    mapping = ImportMapping("claims", "code points", labels=labels)
    table = read(world.package).definition.streams["claims"]
    assert len([*mapping_flaws(mapping, table)]) == 300
    assert 0 < sum(compared) <= 50


def states_with(*furniture: list[tuple[int, int]]) -> pl.DataFrame:
    """Return states of sources, numbered from 0, with these ranges of page furniture."""
    ranges = [
        [{"start": start, "end": end, "kind": "related"} for start, end in one] for one in furniture
    ]
    part = pl.Struct({"start": pl.Int64, "end": pl.Int64, "kind": pl.String})
    given = {"seq": list(range(len(ranges))), "furniture": ranges}
    return pl.DataFrame(given, schema_overrides={"furniture": pl.List(part)})


def overlaps(report: Report, states: pl.DataFrame, spans: list[tuple[int, int, int]]) -> set[int]:
    """Return which spans, each with its state, are found to overlap furniture."""
    wrong: set[int] = set()

    def kept(rule: str, stream: str, rows: pl.DataFrame, *_: object) -> None:
        assert (rule, stream) == ("span-furniture", "claims")
        assert rows["seq"].is_sorted()
        wrong.update(rows["seq"])

    report.fail_rows = kept  # type: ignore[method-assign, assignment]
    columns = dict(zip(("start", "end", "state"), zip(*spans, strict=True), strict=True))
    rows = pl.DataFrame(columns).with_row_index("seq")
    rows = rows.with_columns(batch=0, line=0, claim_id=pl.lit("C"), kind=pl.lit("own"))
    ranges = reference_rules._furniture_ranges(states)
    reference_rules._check_furniture_overlap(report, "claims", rows, ranges)
    return wrong


@pytest.mark.parametrize("seed", range(20))
def test_spans_over_furniture_are_those_that_comparing_each_with_each_finds(
    made: World, seed: int
) -> None:
    chance = random.Random(seed)

    def span() -> tuple[int, int]:
        start = chance.randrange(40)
        return start, start + chance.randint(1, 6)

    furniture = [[span() for _ in range(chance.randrange(5))] for _ in range(4)]
    spans = [(*span(), chance.randrange(4)) for _ in range(200)]
    naive = {
        number
        for number, (start, end, state) in enumerate(spans)
        if any(start < to and end > begin for begin, to in furniture[state])
    }
    assert 0 < len(naive) < len(spans)
    report = Report(read(made.package))
    assert overlaps(report, states_with(*furniture), spans) == naive


def test_spans_beside_tens_of_thousands_of_ranges_of_furniture_are_no_pairs(made: World) -> None:
    ranges = [(10 * number, 10 * number + 5) for number in range(30_000)]
    spans = [(10 * number + 5, 10 * number + 10, 0) for number in range(30_000)]
    start = time.process_time()
    found = overlaps(Report(read(made.package)), states_with(ranges), [*spans, (7, 11, 0)])
    assert found == {30_000}
    assert time.process_time() - start < 20  # pairs are 900,000,000
