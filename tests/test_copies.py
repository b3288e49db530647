"""Claims in another copy of their text: an outcome for each, and never a guessed place."""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random

import pytest

from claimlog.sources.alignment import carry_spans
from claimlog.sources.anchor import anchor
from claimlog.sources.copy_repairs import repaired_copies, text_with_whole_words
from claimlog.sources.hash_evidence import Evidence
from claimlog.sources.hash_search import _without_taken_places, search_by_hashes
from claimlog.sources.neighbouring_claims import Landmark
from claimlog.sources.placement_outcome import (
    TAKEN,
    Outcome,
    Placement,
    Span,
    overlap,
    settle_shared_places,
)
from claimlog.sources.places_in_copy import Way, place_claims
from claimlog.sources.text import Text
from conftest import TEXT, World
from workshop.bench.copies.copy_kinds import KINDS
from workshop.bench.copies.edited_text import EditedText
from workshop.bench.copies.measure import place_in_copies

FERRY = "the ferry will not sail"
TWINS = (
    f"Skipper Oda wrote that {FERRY}. Her crew shrugged and went home.\n\n"
    f"Skipper Ben wrote that {FERRY}. Gulls took the bread from his table."
)
PIER = (
    "Rain fell on the long pier at noon. The warden closed the eastern gate and hung a lamp over "
    "it. Children counted the boats that were left in the basin."
)
GATE = "The warden closed the eastern gate and hung a lamp over it"


def spans_of(quote: str, text: str) -> list[tuple[int, int]]:
    """Return every place of a quote."""
    found, at = [], text.find(quote)
    while at >= 0:
        found.append((at, at + len(quote)))
        at = text.find(quote, at + 1)
    return found


def both_ways(
    text: str, copy: str, spans: list[tuple[int, int]]
) -> list[tuple[str, list[Placement]]]:
    source = Text(text)
    return [
        ("hashes", search_by_hashes(Text(copy), [anchor(source, *span) for span in spans])),
        ("text", carry_spans(source, Text(copy), spans)),
    ]


@pytest.mark.parametrize("lost", ["", f"Skipper Oda wrote that {FERRY[:9]} is late. "])
def test_a_passage_that_is_gone_does_not_take_the_place_of_one_like_it(lost: str) -> None:
    copy = lost + TWINS.partition("\n\n")[2]
    for way, (first, second) in both_ways(TWINS, copy, spans_of(FERRY, TWINS)):
        assert (way, first.span) == (way, None)
        assert first.outcome is Outcome.ORPHANED
        assert (second.outcome, second.span) == (Outcome.FOUND, spans_of(FERRY, copy)[-1])


def test_passages_alike_are_told_apart_by_what_stands_beside_them() -> None:
    copy = "\n\n".join(reversed(TWINS.split("\n\n")))
    for _, placed in both_ways(TWINS, copy, spans_of(FERRY, TWINS)):
        assert [one.outcome for one in placed] == [Outcome.FOUND, Outcome.FOUND]
        assert [one.span for one in placed] == spans_of(FERRY, copy)[::-1]


@pytest.mark.parametrize("seed", [3006, 3012, 3018, 3042])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("repeated")])
def test_a_quote_is_no_place_of_the_sentence_that_was_edited(kind: str, seed: int) -> None:
    tally = place_in_copies(kind, 1, seed, paragraphs=6, passages=18)["text"]
    assert tally["wrong"] == 0
    assert tally["right"] >= 14


def test_in_a_copy_with_the_hash_of_the_source_the_offsets_hold() -> None:
    text = Text("tar and rope by the mast. tar and rope by the mast.")
    spans = spans_of("rope by", text.content)
    anchors = [anchor(text, *spans[1])]
    placed = place_claims(Text(text.content), anchors, text.sha256)
    assert (placed.way, placed.placements[0].span) == (Way.OFFSETS, spans[1])
    assert placed.are_all_found


def test_a_passage_that_stands_twice_in_the_same_words_has_no_place_by_hashes() -> None:
    text = Text(
        "one two three the same buoy four five six. one two three the same buoy four five six."
    )
    [placed] = search_by_hashes(
        Text(text.content.replace(" ", "\n")),
        [anchor(text, *spans_of("the same buoy", text.content)[0])],
    )
    assert (placed.outcome, placed.span) == (Outcome.AMBIGUOUS, None)


def test_words_in_other_surroundings_have_moved() -> None:
    copy = f"Nobody had expected any of this. {GATE}. Years later somebody wrote it all down."
    [placed] = search_by_hashes(Text(copy), [anchor(Text(PIER), *spans_of(GATE, PIER)[0])])
    assert (placed.outcome, placed.span) == (Outcome.MOVED, spans_of(GATE, copy)[0])


def test_words_repeated_away_from_their_context_are_not_the_passage() -> None:
    copy = f"{GATE}.\n\n" + PIER.replace("eastern gate and", "western gate but then")
    for _, [placed] in both_ways(PIER, copy, spans_of(GATE, PIER)):
        assert placed.span != spans_of(GATE, copy)[0]


def test_as_many_other_words_between_both_contexts_are_the_passage_changed() -> None:
    copy = PIER.replace("eastern", "western")
    for _, [placed] in both_ways(PIER, copy, spans_of(GATE, PIER)):
        where = spans_of(GATE.replace("eastern", "western"), copy)[0]
        assert (placed.outcome, placed.span) == (Outcome.CHANGED, where)


@pytest.mark.parametrize(
    "copy", ["", "\n", "Salt.", "Something else was written by somebody else."]
)
def test_a_copy_without_the_passage_leaves_it_an_orphan(copy: str) -> None:
    for _, [placed] in both_ways(PIER, copy, spans_of(GATE, PIER)):
        assert (placed.outcome, placed.span) == (Outcome.ORPHANED, None)
        assert placed.reason


def test_claims_share_a_place_only_if_they_share_it_in_the_source() -> None:
    found = Placement(Outcome.FOUND, (5, 9), "", 2.0)
    weaker = Placement(Outcome.MOVED, (5, 9), "", 1.0)
    assert settle_shared_places([found, weaker], [(0, 4), (2, 6)]) == [found, weaker]
    first, second = settle_shared_places([found, weaker], [(0, 4), (4, 8)])
    assert (first, second.outcome, second.span) == (found, Outcome.ORPHANED, None)
    tied = settle_shared_places([found, found], [(0, 4), (4, 8)])
    assert [(one.outcome, one.span) for one in tied] == [(Outcome.AMBIGUOUS, None)] * 2


@pytest.mark.parametrize("seed", range(50))
def test_of_places_that_several_claims_want_those_are_left_that_comparing_all_pairs_leaves(
    seed: int,
) -> None:
    chance = Random(seed)

    def span() -> Span:
        start = chance.randrange(20)
        return start, start + chance.randint(1, 5)

    number = chance.randrange(2, 14)
    own = [span() for _ in range(number)]
    given = [
        Placement(Outcome.FOUND, chance.choice([None, span(), span()]), "", chance.randrange(3))
        for _ in range(number)
    ]

    def expected(at: int) -> Placement:
        one = given[at]
        stronger = [
            other.strength
            for home, other in zip(own, given, strict=True)
            if one.span and other.span and overlap(one.span, other.span)
            if not overlap(own[at], home) and other.strength >= one.strength
        ]
        if not stronger:
            return one
        lost = Outcome.AMBIGUOUS if one.strength in stronger else Outcome.ORPHANED
        return Placement(lost, None, TAKEN, one.strength)

    assert settle_shared_places(given, own) == [expected(at) for at in range(number)]


@pytest.mark.slow
def test_thousands_of_claims_that_want_one_place_are_no_pairs() -> None:
    number = 20_000
    given = [Placement(Outcome.FOUND, (0, 9), "", at) for at in range(number)]
    start = time.process_time()
    settled = settle_shared_places(given, [(at, 2 * number) for at in range(number)])
    assert settled == given  # their passages share words, so that they may share the place
    settled = settle_shared_places(given, [(2 * at, 2 * at + 1) for at in range(number)])
    assert [one.span for one in settled[-2:]] == [None, (0, 9)]
    assert time.process_time() - start < 30  # one by one they take minutes


@pytest.mark.parametrize(
    "content",
    [
        "<html><p>T<b>id</b>e&nbsp;tables</p><script>let x = '<p>';</script><!-- no --></html>",
        "the pilotâ€™s cafÃ© â€” â€œopenâ€\u009d",
        "<!-- never ended <p> <p> <p> <p>",
        "T he tide\n\nW as out",
        "Page 1\nthe tide\nPage 2\nwas out",
    ],
)
def test_a_repaired_copy_keeps_every_offset(content: str) -> None:
    copy = Text(content)
    for repaired in (text_with_whole_words(copy), *repaired_copies(copy)):
        assert len(repaired.content) == len(content)
        assert all(0 <= start < end <= len(content) for start, end, _ in repaired.tokens)


def test_tags_and_broken_characters_are_no_words() -> None:
    page = (
        "<div><p class='x'>The <b>pi</b>lot&rsquo;s caf&eacute;</p><p>was â€œopenâ€\u009d</p></div>"
    )
    assert [word for _, _, word in text_with_whole_words(Text(page)).tokens] == [
        *("the", "pilot", "s", "café", "was", "open")
    ]


def test_an_edited_text_knows_where_its_parts_stand() -> None:
    edited = EditedText.of("one two three").replace("two", "another").insert({8: "XX"})
    assert edited.content == "one another XXthree"
    assert [edited.place(span) for span in ((0, 3), (4, 7), (8, 13))] == [(0, 3), (4, 11), (14, 19)]
    assert EditedText.of("ab cd").parts([(3, 5)]).place((0, 2)) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_place_in_a_copy_of_any_kind_is_wrong(kind: str) -> None:
    tallies = place_in_copies(kind, 1, seed=7, paragraphs=8, passages=12)
    for way, tally in tallies.items():
        assert (way, tally["wrong"]) == (way, 0)
        assert sum(tally[verdict] for verdict in ("right", "missed", "wrong", "gone")) == 12
    assert tallies["text"]["missed"] <= 2


def test_verify_prints_each_outcome_as_json_and_uses_the_coded_text(
    world: World, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.txt"
    copy.write_text(" ".join(TEXT.split()).replace("never liked", "always liked"), "utf-8")
    done = world.run("verify", "--json", "--texts", str(world.texts), "--copy", f"S001={copy}")
    assert (done.returncode, done.stderr) == (1, "")
    [report] = json.loads(done.stdout)
    assert (report["way"], report["outcomes"]) == ("alignment", {"found": 4, "changed": 1})
    [changed] = [one for one in report["claims"] if one["outcome"] == "changed"]
    text = copy.read_text("utf-8")
    assert text[changed["start"] : changed["end"]] == "always liked the pact"


def test_a_place_is_left_to_the_claim_that_surely_stands_there_but_to_those_it_overlaps() -> None:
    draw = Random(1)

    def span() -> Span:
        start = draw.randrange(60)
        return start, start + draw.randrange(1, 12)

    for _ in range(300):
        own, marks = span(), [Landmark(span(), span()) for _ in range(draw.randrange(6))]
        places = {span(): (draw.random() < 0.3, False) for _ in range(draw.randrange(6))}
        left = {
            place: sides
            for place, sides in places.items()
            if any(sides)
            or not any(overlap(it.place, place) and not overlap(it.own, own) for it in marks)
        }
        marks.sort(key=lambda mark: mark.place)
        found = _without_taken_places(Evidence(places=places), own, marks)
        assert found.places == left
        assert found.is_taken == (bool(places) and not left)


def test_many_places_beside_many_sure_ones_take_a_time_that_grows_with_both() -> None:
    """A hundred million pairs would take minutes."""
    marks = [Landmark((at, at + 1), (3 * at, 3 * at + 2)) for at in range(10_000)]
    places = {(3 * at + 2, 3 * at + 3): (False, False) for at in range(10_000)}
    found = _without_taken_places(Evidence(places=places), (20_000, 20_001), marks)
    assert found.places == places
