"""Answers that are drawn once: those of databases that cannot change while they are served."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from claimlog.site.delivery.answer import Answer
from claimlog.site.delivery.preconditions import Headers
from claimlog.site.protection import reader_limits
from claimlog.site.protection.reader_request import ReaderRequest
from claimlog.site.source_texts import VARIABLE

STATIC = "/-/static"
"""Below paths that begin so lie style sheets and scripts, Datasette's and those of plugins."""

Key = tuple[bytes, ...]


class AnswerCache:
    """The answers that were asked for last, within a number of bytes."""

    def __init__(self, most: int = reader_limits.CACHED_BYTES) -> None:
        self.bytes = 0
        self._most = most
        self._answers: OrderedDict[Key, tuple[Answer, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, scope: Mapping[str, Any], host: bytes) -> Answer | None:
        """Return the answer to a request, if it is there."""
        page = page_key(scope)
        for key in (page, host_key(page, scope, host)):
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key][0]
        return None

    def put(self, key: Key, answer: Answer) -> None:
        """Add an answer that is not too long; those that were not used for longest make room."""
        size = answer.size + sum(map(len, key))
        if size > reader_limits.CACHED_ANSWER_BYTES:
            return
        _, before = self._answers.pop(key, (None, 0))
        self._answers[key] = answer, size
        self.bytes += size - before
        while self.bytes > self._most:
            _, (_, freed) = self._answers.popitem(last=False)
            self.bytes -= freed


ANSWERS: WeakKeyDictionary[Any, AnswerCache] = WeakKeyDictionary()
"""The answers of each Datasette; those that it was asked for when it warmed up are among them."""


def cache_key(
    datasette: Any, scope: Mapping[str, Any], headers: Headers, request: ReaderRequest
) -> Key | None:
    """Return the key of an answer that cannot change while the server runs; None for another.

    These are pages of ours that said so, files of the interface, and Datasette's pages about
    databases that cannot change, unless a reader chose the SQL or it was interrupted.
    """
    path = str(scope["path"])
    if request.is_unchanging or path.startswith(STATIC):
        return page_key(scope)
    name = path[1:].partition("/")[0].partition(".")[0]
    database = datasette.databases.get(name)
    if database is None or database.is_mutable or request.chosen or request.interrupted:
        return None
    return host_key(page_key(scope), scope, headers.get(b"host", b""))


def page_key(scope: Mapping[str, Any]) -> Key:
    """Return the key of a page of ours: what is asked for, and where the texts lie that it shows.

    It is the same whatever the server is called.
    """
    path = scope.get("raw_path") or str(scope["path"]).encode()
    return path, scope.get("query_string") or b"", os.environ.get(VARIABLE, "").encode()


def host_key(page: Key, scope: Mapping[str, Any], host: bytes) -> Key:
    """Return the key of a page of Datasette's: links in it name scheme and host."""
    return (*page, str(scope.get("scheme")).encode(), host)
