"""Reading JSON strictly: I-JSON (RFC 7493), because readers disagree about anything else."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

LARGEST_INTEGER = 2**53 - 1
"""Beyond it a reader may round (RFC 7493, section 2.2)."""

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""JSON escape of a surrogate, of which a character beyond U+FFFF has two."""

ESCAPE = re.compile(
    r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>\\u[dD][89a-fA-F])|\\.", re.DOTALL
)
"""A pair of such escapes, one that has no other, or another escape, which may be a backslash."""

LONE_SURROGATE = "holds a lone surrogate, which is no character"


def decode_object(text: str) -> dict[str, Any]:
    """Read one object strictly.

    Raises
    ------
    ValueError
        If the text is not one I-JSON object.
    """
    value = decode_value(text)
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, found {type(value).__name__}")
    return value


def decode_value(text: str) -> Any:
    """Read any JSON value strictly.

    Raises
    ------
    ValueError
        If the text is not one I-JSON value.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise ValueError(f"key {json.dumps(twice)[:60]} occurs twice")
        return value

    def refuse(token: str) -> float:
        raise ValueError(f"{token} is not a JSON number")

    def number(token: str) -> float:
        value = float(token)
        if math.isinf(value):
            raise ValueError(f"number {token[:24]} is out of range")
        return value

    def integer(token: str) -> int:
        if len(token) > 17 or abs(int(token)) > LARGEST_INTEGER:
            raise ValueError(f"integer {token[:24]} is beyond 2**53")
        return int(token)

    try:
        value = json.loads(
            text,
            object_pairs_hook=unique,
            parse_constant=refuse,
            parse_float=number,
            parse_int=integer,
        )
        if not text.isascii():
            text.encode("utf-8")
    except json.JSONDecodeError as error:
        raise ValueError(_syntax_flaw(text, error)) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError(LONE_SURROGATE) from error
    # looked for in the text: written again, the value would take its memory once more
    if SURROGATE.search(text) and any(found["lone"] for found in ESCAPE.finditer(text)):
        raise ValueError(LONE_SURROGATE)
    return value


def is_same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal and of the same types: 1, 1.0 and true all differ.

    >>> is_same_json({"a": 1, "b": []}, {"b": [], "a": 1}), is_same_json([1], [True])
    (True, False)
    """
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _syntax_flaw(text: str, error: json.JSONDecodeError) -> str:
    """Return what is wrong with a text that is no JSON, and where; of a line its character."""
    place, what = error.pos, error.msg.removesuffix(" at")
    # the place is that of the comma or of what follows it, as the version of Python has it
    before = text[: place + 1 if text[place : place + 1] == "," else place].rstrip()
    after = text[len(before) :].lstrip()
    if before.endswith(",") and after[:1] in ("}", "]") and after:
        place, what = len(before) - 1, f"a comma before {after[0]}"
    if "\n" not in text:
        return f"{what} at character {place}"
    start = text.rfind("\n", 0, place) + 1
    line = text.count("\n", 0, place) + 1
    return f"{what} at line {line}, column {place - start + 1}"
