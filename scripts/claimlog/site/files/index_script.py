"""Parts of the index as classic scripts, because pages that are opened from a disk may fetch none.

Each script adds one value to the global object ``claimlogIndex``. What is looked up by key is
divided into parts of some size, so that a page loads the part that a key is in and no other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

FOLDER = "lookup"
"""The folder of the index below the root of the site."""

PART_CHARACTERS = 60_000
"""Of the entries of a part: small enough to come quickly, large enough for few files."""

PROTOTYPE_KEY = re.compile('(?<=[{,])"__proto__":')
"""A key that sets the prototype of an object where JSON is run as a script. It is not found within
a text, where quotation marks are escaped."""

File = tuple[str, bytes]
"""A path below the root of the site, and what the file holds."""

FileOf = Callable[[str], str]
"""Gives, for an address of the site, the file that it leads to, seen from the root."""


def index_script(name: str, value: Any) -> File:
    """Return the script that gives a part of the index."""
    text = PROTOTYPE_KEY.sub('["__proto__"]:', json_line(value))
    return f"{FOLDER}/{name}.js", f"claimlogIndex[{json.dumps(name)}]={text};\n".encode()


def json_line(value: Any) -> str:
    """Return JSON in its shortest form."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def script_order(text: str) -> bytes:
    """Return what texts are ordered by as scripts compare them, by UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")


class KeyedParts:
    """A mapping by texts, divided into scripts; ``first`` holds the first key of each of them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.first: list[str] = []

    def files(self, items: Iterable[tuple[str, Any]]) -> Iterator[File]:
        """Yield the scripts of items that come in the order of `script_order`, each key once."""
        keys: list[str] = []
        values: list[Any] = []
        characters = 0
        for key, value in items:
            keys.append(key)
            values.append(value)
            characters += len(key) + (len(value) if isinstance(value, str) else 8)
            if characters >= PART_CHARACTERS:
                yield self._file(keys, values)
                keys, values, characters = [], [], 0
        if keys:
            yield self._file(keys, values)

    def _file(self, keys: list[str], values: list[Any]) -> File:
        number = len(self.first)
        self.first.append(keys[0])
        return index_script(f"{self.name}-{number}", {"keys": keys, "values": values})
