# ruff: noqa: RUF001
"""Kinds of copies: what happens to an article on its way to a reader."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import regex

from workshop.bench.copies.edited_text import EditedText, Piece, Span

Kind = Callable[[Random, str, list[Span]], EditedText]

OTHER_SPELLING = {
    "harbour": "harbor", "programme": "program", "defence": "defense", "centre": "center",
    "licence": "license", "criticised": "criticized", "organised": "organized",
    "recognised": "recognized", "authorised": "authorized", "grey": "gray",
    "catalogued": "cataloged",
}  # fmt: skip
EXPANSIONS = {
    "wasn't": "was not", "can't": "cannot", "doesn't": "does not", "hadn't": "had not",
    "didn't": "did not", "won't": "will not",
}  # fmt: skip
LIGATURES = {"ffi": "ﬃ", "ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ"}
ADVERT = (
    "\n\nADVERTISEMENT\nSave on boots and lanterns this weekend only\n\n",
    "\n\nSubscribe to the Example Gazette for a fair wind every morning\nSign up\n\n",
    "\n\nRead more: How to mend a net in an hour\n\n",
)


def paragraph_spans(text: str) -> list[Span]:
    spans, at = [], 0
    for paragraph in text.split("\n\n"):
        spans.append((at, at + len(paragraph)))
        at += len(paragraph) + 2
    return spans


def _quotes(_: Random, text: str, __: list[Span]) -> EditedText:
    return EditedText.of(text).replace("[“”]", '"').replace("’", "'")


def _dashes(_: Random, text: str, __: list[Span]) -> EditedText:
    return EditedText.of(text).replace(" — ", " -- ")


def _no_break_spaces(random: Random, text: str, _: list[Span]) -> EditedText:
    return EditedText.of(text).replace(" ", lambda _: "\u00a0" if random.random() < 0.4 else None)


def _wrapping(_: Random, text: str, __: list[Span]) -> EditedText:
    return _broken_lines(text, hyphenate=None)


def _hyphenation(random: Random, text: str, _: list[Span]) -> EditedText:
    return _broken_lines(text, random)


def _broken_lines(text: str, hyphenate: Random | None) -> EditedText:
    """Break lines at 60 characters, within words where a generator of chances is given."""
    inserted: dict[int, str] = {}
    broken: set[int] = set()
    for start, end in paragraph_spans(text):
        line = start
        while end - line > 60:
            space = text.rfind(" ", line, line + 60)
            word = regex.compile(r"\p{L}+").match(text, space + 1)
            if hyphenate and word and len(word[0]) > 6 and hyphenate.random() < 0.7:
                at = word.start() + hyphenate.randint(3, len(word[0]) - 3)
                inserted[at] = "-\n"
                line = at
            else:
                broken.add(space)
                line = space + 1
    edited = EditedText.of(text).insert(inserted)
    return edited.replace(" ", lambda _: None) if not broken else _with_breaks(edited, broken)


def _with_breaks(edited: EditedText, broken: set[int]) -> EditedText:
    pieces: list[Piece] = []
    for piece in edited.pieces:
        if piece.span is None:
            pieces.append(piece)
            continue
        start = piece.span[0]
        text = "".join(
            "\n" if sign == " " and start + at in broken else sign
            for at, sign in enumerate(piece.text)
        )
        pieces.append(Piece(text, piece.span))
    return EditedText(pieces)


def _ligatures(_: Random, text: str, __: list[Span]) -> EditedText:
    return EditedText.of(text).replace("ffi|ff|fi|fl", lambda match: LIGATURES[match[0]])


def _page_headers(random: Random, text: str, _: list[Span]) -> EditedText:
    places = {}
    spaces = [match.start() + 1 for match in regex.finditer(r"\s(?=\S)", text)]
    for number, at in enumerate(range(90, len(spaces), random.randint(90, 140)), 1):
        places[spaces[at]] = f"\n{number}\n\fThe Example Gazette, 3 May, page {number + 1}\n"
    return EditedText.of(text).insert(places)


def _adverts(random: Random, text: str, _: list[Span]) -> EditedText:
    spans = paragraph_spans(text)
    places = {start: random.choice(ADVERT) for start, _ in spans[1:] if random.random() < 0.5}
    places[0] = "Home\nNews\nOpinion\nSport\nSign in\nSearch\n\n"
    edited = EditedText.of(text).insert(places)
    return EditedText([*edited.pieces, Piece("\n\nAbout us\nContact\nPrivacy\nMore news\n", None)])


PAGE = (
    "<!doctype html><html><head><title>News</title><script>let a = 'b < c';</script></head>"
    '<body><nav><a href="/">Home</a></nav><p>'
)
ENTITIES = {"“": "&ldquo;", "”": "&rdquo;", "’": "&rsquo;", "—": "&mdash;"}


def _html(random: Random, text: str, _: list[Span]) -> EditedText:
    starts = {start for start, _ in paragraph_spans(text)}
    places = {start: '</p>\n<p class="body">' for start in starts if start}
    places[0] = PAGE
    edited = EditedText.of(text).replace("[“”’—]", lambda match: ENTITIES[match[0]])
    edited = edited.replace(
        r"\b[A-Z]\w{4,}\b",
        lambda m: f'<a href="/topics/{m[0].lower()}">{m[0]}</a>' if random.random() < 0.3 else None,
    )
    edited = edited.insert(places)
    return EditedText(
        [*edited.pieces, Piece("</p><footer>The end of it</footer></body></html>", None)]
    )


def _note_marks(random: Random, text: str, _: list[Span]) -> EditedText:
    count = iter(range(1, len(text)))
    places = {
        match.end(): f"[{next(count)}]"
        for match in regex.finditer(r"\w+(?=[.,;]? )", text)
        if random.random() < 0.08
    }
    return EditedText.of(text).insert(places)


def _mojibake(_: Random, text: str, __: list[Span]) -> EditedText:
    def broken(match: regex.Match[str]) -> str:
        return "".join(
            bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in match[0].encode()
        )

    return EditedText.of(text).replace(r"[^\x00-\x7f]", broken)


def _drop_caps(_: Random, text: str, __: list[Span]) -> EditedText:
    return EditedText.of(text).insert(
        {start + 1: " " for start, _ in paragraph_spans(text) if text[start].isalpha()}
    )


def _contractions(_: Random, text: str, __: list[Span]) -> EditedText:
    return EditedText.of(text).replace(r"\b\w+'t\b", lambda m: EXPANSIONS.get(m[0]))


def _other_spelling(_: Random, text: str, __: list[Span]) -> EditedText:
    return EditedText.of(text).replace(r"\b\w+\b", lambda m: OTHER_SPELLING.get(m[0]))


def _one_word(random: Random, text: str, spans: list[Span]) -> EditedText:
    edits = {_inner_word(random, text, span) for span in spans[::3]}
    return EditedText.of(text).replace(
        r"\b\w+\b", lambda m: "altogether" if m.span() in edits else None
    )


def _inner_word(random: Random, text: str, span: Span) -> Span:
    words = [
        match.span()
        for match in regex.finditer(r"\b\w+\b", text)
        if span[0] <= match.start() < span[1]
    ]
    chosen: Span = random.choice(words)
    return chosen


def _repeat_sentences(random: Random, text: str, spans: list[Span], pull: bool) -> EditedText:
    """Repeat the sentence of every third span elsewhere, and edit it where it stands."""
    chosen = [span for at, span in enumerate(spans) if at % 3 == 0]
    edits = {_inner_word(random, text, span) for span in chosen}
    edited = EditedText.of(text).replace(
        r"\b\w+\b", lambda m: "altogether" if m.span() in edits else None
    )
    paragraphs = paragraph_spans(text)
    places: dict[int, str] = {}
    for start, end in chosen:
        first = max(text.rfind(". ", 0, start) + 2, text.rfind("\n\n", 0, start) + 2, 0)
        stop = text.find(".", end - 1)
        sentence = text[first if first > 1 else 0 : stop + 1]
        later = [begin for begin, _ in paragraphs if begin > end] if pull else [0]
        if later:
            at = later[min(1, len(later) - 1)]
            places[at] = places.get(at, "") + sentence + "\n\n"
    return edited.insert(places)


def _teaser(random: Random, text: str, spans: list[Span]) -> EditedText:
    return _repeat_sentences(random, text, spans, pull=False)


def _pull_quotes(random: Random, text: str, spans: list[Span]) -> EditedText:
    return _repeat_sentences(random, text, spans, pull=True)


def _reorder_paragraphs(random: Random, text: str, _: list[Span]) -> EditedText:
    spans = paragraph_spans(text)
    random.shuffle(spans)
    return EditedText.of(text).parts(spans)


def _missing(random: Random, text: str, _: list[Span]) -> EditedText:
    return EditedText.of(text).parts([s for s in paragraph_spans(text) if random.random() < 0.75])


def _half(_: Random, text: str, __: list[Span]) -> EditedText:
    spans = paragraph_spans(text)
    return EditedText.of(text).parts(spans[: len(spans) // 2])


KINDS: dict[str, Kind] = {
    "straight quotes": _quotes,
    "other dashes": _dashes,
    "no-break spaces": _no_break_spaces,
    "wrapped lines": _wrapping,
    "hyphens at line ends": _hyphenation,
    "ligatures": _ligatures,
    "page headers of a PDF": _page_headers,
    "navigation and adverts": _adverts,
    "raw HTML": _html,
    "note marks": _note_marks,
    "mojibake": _mojibake,
    "drop caps": _drop_caps,
    "contractions written out": _contractions,
    "spelling of another country": _other_spelling,
    "a word changed in every third span": _one_word,
    "repeated in a teaser, edited in the body": _teaser,
    "repeated in pull quotes, edited in the body": _pull_quotes,
    "paragraphs in another order": _reorder_paragraphs,
    "paragraphs missing": _missing,
    "half the text": _half,
}  # fmt: skip
"""What makes each kind of copy, by its name in the table."""
