"""Requests and responses of the desk's HTTP interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from claimlog.desk.desk import Desk
from claimlog.desk.request_error import MALFORMED, RequestError
from claimlog.desk.roles import Role
from claimlog.limits import DEPTH
from claimlog.untrusted_files import is_deeper

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """A request of somebody whose token was checked.

    Attributes
    ----------
    path
        Below the address space of the role, without a slash at its beginning.
    parts
        What the pattern of the route found in the path.
    desk_mark
        What tells pages of this desk from those of others.
    definition
        Version of the definition by which the page was made, if a page asks.
    """

    role: Role
    desk_mark: str
    method: str
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""
    definition: str | None = None

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as an object.

        Raises
        ------
        RequestError
            If it is none, or nested deeper than anything that a page sends.
        """
        try:
            found = orjson.loads(self.body)
        except ValueError as error:
            raise RequestError(MALFORMED, f"the body is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise RequestError(MALFORMED, "the body is no JSON object")
        if is_deeper(found, DEPTH):
            raise RequestError(
                MALFORMED, f"the body is nested more than {DEPTH} levels deep; send it flatter"
            )
        return found

    def given(self, name: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        """Return a value of the body.

        Raises
        ------
        RequestError
            If it is missing and has no default, or is of another type.
        """
        value = self.json.get(name, default)
        if value is ...:
            raise RequestError(MALFORMED, f'the body has no "{name}"')
        wrong_bool = isinstance(value, bool) and kind is int
        if value is not default and (wrong_bool or not isinstance(value, kind)):
            raise RequestError(MALFORMED, f'"{name}" is of another type')
        return value


@dataclass(frozen=True)
class Answer:
    """What a request is answered."""

    body: bytes
    content_type: str = JSON
    status: int = 200
    headers: tuple[tuple[str, str], ...] = field(default=())


Handler = Callable[[Desk, Request], Answer | dict[str, Any]]


def json_answer(value: Mapping[str, Any], status: int = 200) -> Answer:
    return Answer(orjson.dumps(value), JSON, status)


def redirect(address: str, *headers: tuple[str, str]) -> Answer:
    return Answer(b"", HTML, 303, (("Location", address), *headers))
