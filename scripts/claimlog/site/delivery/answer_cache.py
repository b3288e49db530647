"""Answers that are drawn once: those of databases that cannot change while they are served."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from claimlog.site.delivery.answer import Answer
from claimlog.site.delivery.preconditions import Headers
from claimlog.site.protection import reader_limits
from claimlog.site.protection.reader_request import ReaderRequest
from claimlog.site.source_texts import VARIABLE

STATIC = "/-/static"
"""Below paths that begin so lie style sheets and scripts, Datasette's and those of plugins."""

Key = tuple[bytes, ...]


class CachedAnswer(NamedTuple):
    """An answer, the bytes that it takes with its key, and whether it still holds."""

    answer: Answer
    size: int
    is_current: Callable[[], bool] | None


class AnswerCache:
    """The answers that were asked for last, within a number of bytes."""

    def __init__(self, most: int = reader_limits.CACHED_BYTES) -> None:
        self.bytes = 0
        self._most = most
        self._answers: OrderedDict[Key, CachedAnswer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, scope: Mapping[str, Any], host: bytes) -> Answer | None:
        """Return the answer to a request, if it is there and holds."""
        page = page_key(scope)
        for key in (page, path_key(page), host_key(page, scope, host)):
            cached = self._answers.get(key)
            if cached is None:
                continue
            if cached.is_current is None or cached.is_current():
                self._answers.move_to_end(key)
                return cached.answer
            self._remove(key)
        return None

    def put(self, key: Key, answer: Answer, is_current: Callable[[], bool] | None = None) -> None:
        """Add an answer that is not too long; those that were not used for longest make room.

        Parameters
        ----------
        is_current
            Whether it still holds, if it may cease to.
        """
        if len(answer.body) > reader_limits.CACHED_ANSWER_BYTES:
            return
        size = answer.size + sum(map(len, key))
        self._remove(key)
        self._answers[key] = CachedAnswer(answer, size, is_current)
        self.bytes += size
        while self.bytes > self._most:
            self._remove(next(iter(self._answers)))

    def _remove(self, key: Key) -> None:
        if (cached := self._answers.pop(key, None)) is not None:
            self.bytes -= cached.size


ANSWERS: WeakKeyDictionary[Any, AnswerCache] = WeakKeyDictionary()
"""The answers of each Datasette; those that it was asked for when it warmed up are among them."""


def cache_key(
    datasette: Any, scope: Mapping[str, Any], headers: Headers, request: ReaderRequest
) -> Key | None:
    """Return the key of an answer that cannot change while the server runs; None for another.

    These are pages of ours that said so (one that is made of files holds for as long as these stay
    as they are), files of the interface, and Datasette's pages about databases that cannot change,
    canned queries among them, unless a reader chose the SQL or it was interrupted.
    """
    path = str(scope["path"])
    if request.is_unchanging or path.startswith(STATIC):
        page = page_key(scope)
        return path_key(page) if request.ignores_query else page
    name = path[1:].partition("/")[0].partition(".")[0]
    database = datasette.databases.get(name)
    if database is None or database.is_mutable or request.interrupted:
        return None
    if request.chosen and not request.prepared:
        return None
    return host_key(page_key(scope), scope, headers.get(b"host", b""))


def page_key(scope: Mapping[str, Any]) -> Key:
    """Return the key of a page of ours: what is asked for, and where the texts lie that it shows.

    It is the same whatever the server is called.
    """
    path = scope.get("raw_path") or str(scope["path"]).encode()
    return path, scope.get("query_string") or b"", os.environ.get(VARIABLE, "").encode()


def path_key(page: Key) -> Key:
    """Return the key of a page of ours that looks at no parameter, of the key with its query."""
    path, _, texts = page
    return path, texts


def host_key(page: Key, scope: Mapping[str, Any], host: bytes) -> Key:
    """Return the key of a page of Datasette's: links in it name scheme and host."""
    return (*page, str(scope.get("scheme")).encode(), host)
