"""A passage that a copy repeats: its quote is no place of it, and nothing is hashed twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random

import pytest

from claimlog.limits import HASHED_BYTES, PAGE_HASHED_BYTES, PASSAGE_WORDS
from claimlog.site import source_texts
from claimlog.sources.alignment import carry_spans
from claimlog.sources.anchor import Anchor, anchor
from claimlog.sources.copy_repairs import repaired_copies
from claimlog.sources.hash_decision import APART, REPEATED, TOO_LONG
from claimlog.sources.hash_search import search_by_hashes
from claimlog.sources.hashed_words import HashedWords
from claimlog.sources.placement_outcome import Outcome
from claimlog.sources.places_in_copy import place_claims
from claimlog.sources.repetitions import Repetitions
from claimlog.sources.text import Text, digest
from workshop.bench.copies.copy_kinds import KINDS
from workshop.bench.copies.measure import place_in_copies

SENTENCE = "The old harbour master kept seven brass keys in a drawer under the tide clock"
ARTICLE = (
    f"Fog lay over the bay when the first boat came in. {SENTENCE}. Nobody had asked him why, and "
    "he never said.\n\nThe net menders sang until four. Two gulls fought over a herring."
)
EDITED = SENTENCE.replace("brass", "copper")
REPEATED_KINDS = [kind for kind in KINDS if kind.startswith("repeated")]


def place_of(quote: str, text: str) -> tuple[int, int]:
    at = text.index(quote)
    return at, at + len(quote)


@pytest.mark.parametrize("again", [SENTENCE, EDITED, f"He said it twice: {EDITED.lower()}!"])
def test_a_sentence_that_stands_again_with_a_word_changed_is_a_repetition(again: str) -> None:
    text = Text(f"{ARTICLE}\n\n{again}")
    [other] = Repetitions(text).of(place_of(SENTENCE, text.content))
    assert other[0] >= len(ARTICLE)
    assert text.content[slice(*other)].lower() in again.lower()


@pytest.mark.parametrize(
    "alike",
    [
        "The old harbour master sold his boat.",
        "They kept seven brass keys.",
        "A young lighthouse keeper lost nine iron rings in a box above the rain barrel.",
    ],
)
def test_words_that_are_only_alike_are_no_repetition(alike: str) -> None:
    text = Text(f"{ARTICLE}\n\n{alike}")
    assert Repetitions(text).of(place_of(SENTENCE, text.content)) == []


def test_few_words_are_repeated_only_with_those_around_them() -> None:
    text = Text(f"{ARTICLE}\n\nA clerk found seven brass keys on the stairs.\n\n{EDITED}")
    [other] = Repetitions(text).of(place_of("seven brass keys", text.content))
    assert text.content[slice(*other)] == "seven copper keys"


def test_a_quote_of_a_sentence_that_was_edited_is_not_its_place() -> None:
    edited = ARTICLE.replace(SENTENCE, EDITED).replace("boat came in", "boat came by")
    copy = f"{edited.replace('Nobody had', 'Nobody has')}\n\n{ARTICLE[: ARTICLE.index(' why')]}."
    [placed] = search_by_hashes(Text(copy), [anchor(Text(ARTICLE), *place_of(SENTENCE, ARTICLE))])
    assert (placed.outcome, placed.span, placed.reason) == (Outcome.AMBIGUOUS, None, REPEATED)


def test_claims_beside_a_sentence_say_which_of_two_it_is() -> None:
    copy = f"{SENTENCE}, we hear.\n\n{ARTICLE.replace('Fog', 'Mist')}"
    quotes = ("the first boat came in", SENTENCE, "The net menders sang until four")
    anchors = [anchor(Text(ARTICLE), *place_of(quote, ARTICLE)) for quote in quotes]
    for placed, quote in zip(search_by_hashes(Text(copy), anchors), quotes, strict=True):
        body = copy.index("Mist")
        start, end = place_of(quote, copy[body:])
        assert (placed.outcome, placed.span) == (Outcome.FOUND, (body + start, body + end))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "paragraphs", "passages"),
    [
        *((seed, 8, 20) for seed in (20019, 20020, 20021, 20029, 20055, 20071, 20081, 20083)),
        *((60130, 8, 20), (70149, 5, 16), (80034, 40, 60), (140001, 8, 20)),
    ],
)
def test_no_quote_beside_edited_sentences_is_taken_for_them(
    seed: int, paragraphs: int, passages: int
) -> None:
    """Articles in which quotes were once taken: they have the next paragraph after them."""
    for kind in REPEATED_KINDS:
        for way, tally in place_in_copies(kind, 1, seed, paragraphs, passages).items():
            assert (kind, way, tally["wrong"]) == (kind, way, 0)
            assert tally["right"] >= passages * (0.2 if way == "hashes" else 0.5)


def test_a_quote_that_has_the_text_of_both_sides_in_part_has_no_place_with_the_text() -> None:
    paragraphs = [f"{ARTICLE.split('. ')[0]}.", f"{SENTENCE}.", *ARTICLE.split("\n\n")[1:]]
    source = "\n\n".join(paragraphs)
    copy = "\n\n".join([paragraphs[0], f"{EDITED}.", paragraphs[0], *paragraphs[1:]])
    [placed] = carry_spans(Text(source), Text(copy), [place_of(SENTENCE, source)])
    assert placed.span is None


@pytest.mark.parametrize("kind", ["drop caps", "page headers of a PDF", "raw HTML", "mojibake"])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_later_reading_has_the_hashes_that_it_would_have_alone(kind: str, count: int) -> None:
    paragraphs = [ARTICLE, "A tide came in.", "A ½ of it", f"I say: {ARTICLE.lower()}"] * 30
    copy = Text(KINDS[kind](Random(5), "\n\n".join(paragraphs), []).content)
    readings = list(repaired_copies(copy))
    words = [[word for _, _, word in text.tokens] for text in readings]
    wanted = {
        digest(" ".join(some[at : at + count]))
        for some in words
        for at in range(0, len(some) - count, 2)
    }
    assert len(readings) > 1
    earlier: HashedWords | None = None
    for text in readings:
        later, alone = HashedWords(text, earlier), HashedWords(text)
        assert (later.cost(count) < alone.cost(count) / 2) is (earlier is not None)
        found, right = later.windows(count, wanted), alone.windows(count, wanted)
        assert {key: places.tolist() for key, places in found.items() if len(places)} == {
            key: places.tolist() for key, places in right.items()
        }
        earlier = later


def test_contexts_that_stand_everywhere_use_up_the_budget_and_give_no_place() -> None:
    source = Text(f"{'ho ' * 5}{SENTENCE} {'ho ' * 5}")
    copy = Text("ho " * 5000 + SENTENCE + " ho" * 5000)
    wanted = anchor(source, *place_of(SENTENCE, source.content))
    [placed] = search_by_hashes(copy, [wanted])
    assert (placed.span, placed.reason) == (None, APART)
    [placed] = search_by_hashes(copy, [wanted], 20_000_000)
    assert (placed.outcome, placed.span, placed.reason) == (Outcome.UNCHECKED, None, TOO_LONG)


class CountedHashing:
    """SHA-256 that counts the bytes which it was given."""

    def __init__(self) -> None:
        self.size = 0

    def __call__(self, data: bytes) -> hashlib._Hash:
        self.size += len(data)
        return hashlib.sha256(data)


@pytest.mark.parametrize("counts", [[2_000], range(1, 400, 7), [PASSAGE_WORDS + 1] * 5])
def test_what_is_hashed_is_bounded_however_long_the_passages_are(
    counts: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Text(" ".join(f"{number:x}" for number in range(30_000)))
    anchors = [Anchor(0, 9, *[digest("q"), count], *map(digest, "wba")) for count in counts]
    hashing, most = CountedHashing(), 100_000_000
    monkeypatch.setattr("claimlog.sources.hashed_words.sha256", hashing)
    placements = search_by_hashes(copy, anchors, most)
    assert hashing.size <= most
    assert {one.span for one in placements} == {None}
    assert placements[-1].outcome is Outcome.UNCHECKED
    assert placements[-1].reason


def test_a_passage_whose_repetitions_cannot_be_looked_for_is_unchecked() -> None:
    source, copy = Text(ARTICLE), Text(f"{ARTICLE} And so on.")
    wanted = anchor(source, *place_of(SENTENCE, ARTICLE))
    assert search_by_hashes(copy, [wanted])[0].outcome is Outcome.FOUND
    [placed] = search_by_hashes(copy, [wanted], 500_000)
    assert (placed.outcome, placed.span) == (Outcome.UNCHECKED, None)


def test_a_page_looks_for_claims_with_a_lower_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[int] = []
    monkeypatch.setattr(
        "claimlog.sources.places_in_copy.search_by_hashes",
        lambda *given: bounds.append(given[2]) or [],
    )
    source_texts._place_once.__wrapped__(Text(ARTICLE), ())
    place_claims(Text(ARTICLE), (), None)
    assert bounds == [PAGE_HASHED_BYTES, HASHED_BYTES]
    assert PAGE_HASHED_BYTES < HASHED_BYTES
