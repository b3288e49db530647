"""Passages of thousands of words in another text: found, and in a time that grows with them."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest

from claimlog.limits import PASSAGE_WORDS
from claimlog.sources import alignment, word_index
from claimlog.sources.alignment import carry_spans
from claimlog.sources.carried_spans import carry_passages
from claimlog.sources.placement_outcome import Outcome
from claimlog.sources.text import Text
from claimlog.sources.word_index import Seed, chains


def text_of(words: list[str]) -> Text:
    return Text(" ".join(words))


def words_of(count: int, vocabulary: int, seed: int = 1) -> list[str]:
    chosen = random.Random(seed)
    return [f"w{chosen.randrange(vocabulary)}x" for _ in range(count)]


def in_another_order(words: list[str]) -> list[str]:
    return random.Random(2).sample(words, len(words))


@pytest.mark.parametrize("vocabulary", [2, 20, 45])
def test_a_passage_of_few_different_words_in_another_order_is_compared_in_linear_time(
    vocabulary: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each seed is compared with those near it: the pairs are counted, not the seconds."""
    monkeypatch.setattr(word_index, "PAIRS_PER_WORD", 100)
    pairs: list[int] = []

    def count(seeds: list[Seed], gap: int, _: int) -> list[list[Seed]]:
        for at, seed in enumerate(seeds):
            pairs[-1] += sum(seed.there - other.there <= gap for other in seeds[:at])
        return []

    monkeypatch.setattr("claimlog.sources.span_candidates.chains", count)
    for number in (500, 1_000):
        own = words_of(number, vocabulary)
        other = in_another_order(own)
        text = text_of(own)
        pairs.append(0)
        carry_spans(text, text_of(other), [(0, len(text.content))])
    for number, found in zip((500, 1_000), pairs, strict=True):
        assert found <= 20_000 + 101 * number


@pytest.mark.slow
def test_thousands_of_words_in_another_order_are_looked_for_in_seconds() -> None:
    own = words_of(2_000, 20)
    text = text_of(own)
    started = time.process_time()
    [placed] = carry_spans(text, text_of(in_another_order(own)), [(0, len(text.content))])
    assert time.process_time() - started < 10
    assert placed.outcome is Outcome.ORPHANED


@pytest.mark.parametrize("vocabulary", [20, 5_000])
def test_a_long_passage_is_found_again_with_words_changed_and_put_before(vocabulary: int) -> None:
    own = words_of(3_000, vocabulary)
    edited = [f"new{at}" if at % 50 == 7 else word for at, word in enumerate(own)]
    text, copy = text_of(own), text_of(["Before", "it.", *edited])
    [placed] = carry_spans(text, copy, [(0, len(text.content))])
    assert placed.outcome is Outcome.CHANGED
    assert placed.span is not None
    assert copy.content[slice(*placed.span)] == " ".join(edited)


def test_chains_are_the_same_however_their_seeds_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = random.Random(3)
    for _ in range(20):
        seeds = sorted({Seed(chosen.randrange(60), chosen.randrange(60)) for _ in range(200)})
        found = []
        for wide in (0, 10**9):
            monkeypatch.setattr(word_index, "WIDE", wide)
            found.append(chains(seeds, 20, 4))
        assert found[0] == found[1]
        assert all(
            a.there < b.there and a.here < b.here for one in found[0] for a, b in pairwise(one)
        )


@pytest.mark.parametrize(
    ("before", "times", "outcome"),
    [(["Before"], 1, Outcome.FOUND), ([], 2, Outcome.ORPHANED), ([], 0, Outcome.ORPHANED)],
)
def test_a_passage_that_is_too_long_to_be_aligned_is_carried_where_it_stands_once_as_it_was(
    before: list[str], times: int, outcome: Outcome
) -> None:
    own = words_of(PASSAGE_WORDS + 1, 5_000)
    text, copy = text_of(own), text_of([*before, *own * times, "After"])
    span = (0, len(text.content))
    placed = carry_passages(text, copy, [span])[span]
    assert placed.outcome is outcome
    if placed.span is not None:
        assert copy.content[slice(*placed.span)] == text.content
    else:
        assert "more than 10,000 words" in placed.reason


def test_passages_beyond_a_number_of_characters_are_not_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alignment, "PASSAGES_CHARACTERS", 1_200)
    own = words_of(1_000, 500)
    text, copy = text_of(own), text_of([*own, "more"])
    spans = [(text.tokens[at][0], text.tokens[at + 99][1]) for at in range(0, 400, 100)]
    assert sum(end - start for start, end in spans[:2]) <= 1_200 < spans[2][1]
    placed = carry_spans(text, copy, spans)
    assert [one.outcome for one in placed] == [Outcome.FOUND] * 2 + [Outcome.UNCHECKED] * 2
