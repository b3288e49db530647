"""The codes that a filter knows, found by what a reader may have written for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from heapq import nlargest

from claimlog.site.lists.filters import ANY, NONE

NEAR = 5
"""Values that are proposed for one that does not exist."""

FEW = 20
"""Values of a filter that are all proposed where none is near."""

COMPARED = 2_000
"""Codes and labels whose letters are counted, to compare them with one that does not exist."""

CANDIDATES = 200
"""Of those, the ones with most letters in common, which are compared letter by letter."""

VALUE_CHARACTERS = 60
"""Characters of a value that are compared, and that a message repeats."""

LEAST_ALIKE = 0.6
"""Of two texts, by `difflib`."""


class CodeLabels(dict[str, str]):
    """Labels by code. How they are written in lower case is made once, since lists are long.

    Attributes
    ----------
    other_names
        The other names of some codes.
    """

    def __init__(
        self, labels: Mapping[str, str], other_names: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        super().__init__(labels)
        self.other_names = other_names or {}

    @cached_property
    def _codes(self) -> dict[str, str | None]:
        return _unambiguous((code.casefold(), code) for code in self)

    @cached_property
    def _labels(self) -> dict[str, str | None]:
        return _unambiguous((label.casefold(), code) for code, label in self.items())

    @cached_property
    def _others(self) -> dict[str, str | None]:
        return _unambiguous(
            (folded, code)
            for code, names in self.other_names.items()
            for folded in {name.casefold() for name in names}
        )

    @cached_property
    def _offered(self) -> list[str]:
        return [code for code in self if code not in (ANY, NONE)]

    @cached_property
    def _names(self) -> dict[str, str]:
        """Codes by what they and their names are in lower case; the first of equal ones."""
        names: dict[str, str] = {}
        for code in self._offered:
            names.setdefault(code.casefold(), code)
            names.setdefault(self[code].casefold()[:VALUE_CHARACTERS], code)
        for code, others in self.other_names.items():
            for name in others:
                names.setdefault(name.casefold()[:VALUE_CHARACTERS], code)
        return names

    def code_of(self, text: str) -> str | None:
        """Return the code that a text means: itself, or the one that it differs from by case.

        Its label counts as well, and after that its other names. None if there is none, or more
        than one.
        """
        if text in self:
            return text
        folded = text.casefold()
        return self._codes.get(folded) or self._labels.get(folded) or self._others.get(folded)

    def near(self, text: str) -> list[str]:
        """Return codes that are like one that does not exist, by code, label or other name."""
        folded = text.casefold()[:VALUE_CHARACTERS]
        holding = [code for name, code in self._names.items() if folded in name]
        alike = close_texts(folded, [*self._names][:COMPARED])
        called = [
            code
            for code, names in self.other_names.items()
            if any(name.casefold() == text.casefold() for name in names)
        ]
        near = [*dict.fromkeys([*called, *(self._names[one] for one in alike), *holding])][:NEAR]
        return near or (self._offered if len(self._offered) <= FEW else [])


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str | None]:
    """Return values by their keys; None for a key that several have."""
    found: dict[str, str | None] = {}
    for key, value in pairs:
        found[key] = None if key in found else value
    return found


def close_texts(text: str, others: Sequence[str]) -> list[str]:
    """Return the texts most like another one, as `difflib.get_close_matches` does.

    That compares each text letter by letter, which takes a tenth of a second for a thousand long
    ones. Here only those are that have most letters in common.

    >>> close_texts("gren", ["green", "great", "violet"])
    ['green', 'great']
    """
    letters = Counter(text)
    counted = []
    for other in others:
        # no two texts are more alike than their letters are
        whole = len(text) + len(other)
        if 2 * min(len(text), len(other)) < LEAST_ALIKE * whole:
            continue
        common = 2 * sum((letters & Counter(other)).values())
        if common >= LEAST_ALIKE * whole:
            counted.append((common / whole, other))
    compared = []
    matcher = SequenceMatcher()
    matcher.set_seq2(text)
    for _, other in nlargest(CANDIDATES, counted):
        matcher.set_seq1(other)
        ratio = matcher.ratio()
        if ratio >= LEAST_ALIKE:
            compared.append((ratio, other))
    return [other for _, other in nlargest(NEAR, compared)]
