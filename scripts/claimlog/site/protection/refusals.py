"""Why a request is refused before anything reads it: its method, its length, what it would cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson

from claimlog.site.protection import reader_limits
from claimlog.site.protection.failures import Failure
from claimlog.site.server_command import SETTINGS

Scope = Mapping[str, Any]

REFUSED_BYTES = re.compile(rb"^(?!/)|[^\x21-\x7e]|\\|%(?![0-9A-Fa-f]{2})")
"""What no browser sends in a path; a backslash is a slash to some. Of a whole address in its place
Datasette would cut a slash off the end and send readers there."""

FACET_SIZE = "_facet_size"
THROUGH, THROUGH_KEYS = "_through", ("table", "column", "value")
"""Datasette's parameter for a condition on rows of another table, and the keys of its JSON."""


def refusal(scope: Scope) -> Failure | None:
    """Return why a request is refused before anything reads it; None if it is not."""
    path = raw_path(scope)
    query = scope.get("query_string") or b""
    parameters = query.count(b"&") + 1
    cookies = sum(len(value) for name, value in scope["headers"] if name.lower() == b"cookie")
    if scope["method"] not in reader_limits.METHODS:
        allow = ", ".join(reader_limits.METHODS)
        return Failure(405, "Nothing can be written", f"Use {allow}.", (("Allow", allow),))
    if len(path) > reader_limits.PATH_BYTES:
        return _too_long("The address", len(path), reader_limits.PATH_BYTES, "bytes")
    if len(query) > reader_limits.QUERY_BYTES:
        return _too_long("The query of the address", len(query), reader_limits.QUERY_BYTES, "bytes")
    if parameters > reader_limits.PARAMETERS:
        what = "The query of the address"
        return _too_long(what, parameters, reader_limits.PARAMETERS, "parameters", 400)
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    if costly := _costly(pairs, query, path):
        return costly
    if not all(_is_condition(value) for name, value in pairs if name == THROUGH):
        return Failure(
            400, "", f"{THROUGH} is a JSON object of three texts: {', '.join(THROUGH_KEYS)}."
        )
    if cookies > reader_limits.COOKIE_BYTES:
        return _too_long("The cookie", cookies, reader_limits.COOKIE_BYTES, "bytes", 431)
    if path.startswith(b"//"):  # Datasette would cut slashes off its end and send readers there
        return Failure(404, "", "No address begins with two slashes.")
    if REFUSED_BYTES.search(path):
        message = "The path begins with no slash, or has characters that no address has."
        return Failure(400, "", message)
    return None


def _is_condition(value: str) -> bool:
    """Whether Datasette can read a value of `_through`; at a wrong one it fails."""
    try:
        given = orjson.loads(value)
    except ValueError:
        return False
    return isinstance(given, dict) and all(isinstance(given.get(key), str) for key in THROUGH_KEYS)


def _costly(pairs: Sequence[tuple[str, str]], query: bytes, path: bytes) -> Failure | None:
    """Return why a query is refused for what its parameters cost; None if it is not.

    Names are decoded before they are compared. A table has facets whether or not they are asked
    for.
    """
    costly = [
        name for name, _ in pairs if name.startswith(reader_limits.COSTLY) and name != FACET_SIZE
    ]
    if len(costly) > reader_limits.COSTLY_PARAMETERS:
        what, unit = "The query of the address", "facets or conditions"
        return _too_long(what, len(costly), reader_limits.COSTLY_PARAMETERS, unit, 400)
    size = dict(reversed(pairs)).get(FACET_SIZE)
    facets = sum(name.startswith("_facet") for name in costly)
    if size is None and not facets and path.strip(b"/").count(b"/") != 1:
        return None
    values = (reader_limits.FACETS + facets) * _values_of_facet(size)
    links = min(values, reader_limits.PAGE_FACET_VALUES)
    if links * len(query) <= reader_limits.FACET_BYTES:
        return None
    message = f"Each of {links:,} values of facets would repeat the query of {len(query):,} bytes; "
    return Failure(400, "Too long", f"{message}ask for fewer facets or values.")


def _values_of_facet(size: str | None) -> int:
    """Return how many values of a facet are asked for; what is no number stands for the most."""
    if size is None:
        return reader_limits.FACET_VALUES
    most = SETTINGS["max_returned_rows"]
    return min(int(size), most) if size.isdecimal() and len(size) < 5 else most


def _too_long(what: str, number: int, most: int, unit: str, status: int = 414) -> Failure:
    return Failure(status, "Too long", f"{what} has {number:,} {unit}; at most {most:,} are read.")


def raw_path(scope: Scope) -> bytes:
    raw = scope.get("raw_path") or str(scope["path"]).encode()
    return bytes(raw).partition(b"?")[0]
