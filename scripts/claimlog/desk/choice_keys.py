"""Codes of a list, each with the key by which it is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from claimlog.schema.codebook import RETIRED, Codebook, Row
from claimlog.schema.table_schema import TRUTHS

KEYS = "123456789"
TRUTH_CODES = [
    {"code": truth, "label": word.capitalize(), "definition": "", "key": key}
    for key, (word, truth) in zip(KEYS, TRUTHS.items(), strict=False)
]
"""What a column of yes and no is answered with, as if these were its codes."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MORE_KEYS = LETTERS + KEYS + "0" + LETTERS.upper()


def codes_in_use(book: Codebook, name: str) -> list[Row]:
    """Return the codes of a list that new rows may have; none of a list that is not there."""
    return [code for code in book.codes.get(name, []) if not code.get(RETIRED)]


def coded_keys(codes: Sequence[Row]) -> list[dict[str, str]]:
    """Return the codes of a list, each with a key of its own.

    Up to nine codes have the digits in their order; others a letter of the label where one is left.
    """
    free = [*KEYS] if len(codes) <= len(KEYS) else [*MORE_KEYS]
    keyed = []
    for code in codes:
        label = [sign for sign in code["label"].lower() if sign in LETTERS]
        wanted = label if len(codes) > len(KEYS) else []
        key = next((sign for sign in wanted if sign in free), free[0] if free else "")
        if key:
            free.remove(key)
        names = ("code", "label", "definition", "include", "exclude", "example")
        keyed.append({**{name: code[name] for name in names}, "key": key})
    return keyed
