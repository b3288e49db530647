"""What a reader typed into the search, read into terms, and the FTS5 query that they make."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from claimlog.sources.characters import stream_safe

MOST_CHARACTERS = 300
"""Of a search; what is beyond is not looked for."""

MOST_TERMS = 20
"""Words and phrases of a search that are looked for."""

NAME_WORDS = 5
"""Words of the longest name that is recognized within a search."""

STOP_WORDS = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "by", "did", "do", "does", "for", "from", "has"),
        *("have", "how", "in", "is", "of", "on", "or", "that", "the", "to", "was", "were", "what"),
        *("when", "where", "which", "who", "whom", "whose", "why", "with"),
    )
)
"""Words that a search holds in passing: they are looked for only where it holds no other."""

QUOTATION = re.compile("[“”„«»]")
PIECE = re.compile(r'"([^"]*)"|([^\s"]+)')
DIGIT = re.compile("[0-9]")
WORD = re.compile(r"[^\W_]+")

Alternatives = Callable[[str], Collection[str]]
"""Gives the names of what a name means, or nothing if it is no name."""


@dataclass(frozen=True)
class Term:
    """A word of a search, or a phrase in quotation marks."""

    text: str
    is_phrase: bool = False


def plain_letters(text: str) -> str:
    """Return a text in lower case without accents.

    >>> plain_letters("Zürich CAFÉ")
    'zurich cafe'
    """
    plain = stream_safe("NFKD", text)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()


def name_key(text: str) -> str:
    """Return what is compared of a name: its letters and digits, in lower case without accents.

    >>> name_key("T.P."), name_key("tide-pact"), name_key("Tide Pact")
    ('tp', 'tidepact', 'tidepact')
    """
    return "".join(WORD.findall(plain_letters(text)))


def identifier_shape(text: str) -> str:
    """Return an identifier in upper case with every digit as 0.

    >>> identifier_shape("c004-017")
    'C000-000'
    """
    return DIGIT.sub("0", text.upper())


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case without accents.

    >>> words_of("Harbour's “tide_table”")
    ['harbour', 's', 'tide', 'table']
    """
    return WORD.findall(plain_letters(text))


def search_terms(text: str) -> list[Term]:
    """Return the terms of a search; those without a letter or digit are left out.

    >>> [term.text for term in search_terms('boats in "the port" -x*')]
    ['boats', 'in', 'the port', '-x*']
    >>> search_terms("*** “”")
    []
    """
    plain = QUOTATION.sub('"', text[:MOST_CHARACTERS].replace("\0", " "))
    pieces = ((phrase, word) for phrase, word in PIECE.findall(plain) if WORD.search(phrase + word))
    terms = [*dict.fromkeys(Term(phrase or word, bool(phrase)) for phrase, word in pieces)]
    return terms[:MOST_TERMS]


def match_expression(
    terms: Sequence[Term],
    alternatives: Alternatives = lambda _: (),
    operator: str = "AND",
    prefixes: bool = False,
) -> str:
    """Return the FTS5 query of some terms, of which nothing is read as FTS5's syntax.

    A stop word is looked for within a phrase or a name, and where there are no other words.

    Parameters
    ----------
    alternatives
        Gives other names of what a run of words names; each of them is looked for beside it.
    operator
        ``AND`` if every term must occur, ``OR`` if one of them has to.
    prefixes
        Whether a word is also what longer words begin with.

    >>> match_expression(search_terms('nor "new boats"'), {"nor": ["Norland"]}.get)
    '("nor" OR "Norland") AND "new boats"'
    >>> match_expression(search_terms("withh boats"), prefixes=True)
    '"withh"* AND "boats"*'
    >>> match_expression(search_terms("boats of the port")), match_expression(search_terms("to be"))
    ('"boats" AND "port"', '"be"')
    """
    groups: list[str] = []
    passing: list[str] = []
    at = 0
    while at < len(terms):
        size, names = _longest_name(terms[at:], alternatives)
        own = " ".join(term.text for term in terms[at : at + size])
        is_prefix = prefixes and not terms[at].is_phrase and not names
        phrases = [f'"{own}"{"*" if is_prefix else ""}']
        phrases += [f'"{_unquoted(name)}"' for name in names if WORD.search(name)]
        distinct = [*dict.fromkeys(phrases)]
        group = f"({' OR '.join(distinct)})" if len(distinct) > 1 else distinct[0]
        is_passing = not (names or terms[at].is_phrase) and plain_letters(own) in STOP_WORDS
        (passing if is_passing else groups).append(group)
        at += size
    return f" {operator} ".join(groups or passing)


def _longest_name(terms: Sequence[Term], alternatives: Alternatives) -> tuple[int, Collection[str]]:
    """Return how many of the first terms are a name, and its alternatives; or one and none."""
    for size in range(min(NAME_WORDS, len(terms)), 0, -1):
        run = terms[:size]
        if size > 1 and any(term.is_phrase for term in run):
            continue
        if names := alternatives(" ".join(term.text for term in run)):
            return size, names
    return 1, ()


def _unquoted(name: str) -> str:
    return name.replace('"', " ").replace("\0", " ")
