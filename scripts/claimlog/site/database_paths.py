"""Paths of databases as Datasette writes them into addresses of SQLite.

Datasette 0.65 makes ``file:PATH?immutable=1`` of a path as it is, so that a ``#``, ``?`` or ``%``
in it ends the path or stands for another character. Once it quotes the path, this can go.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote


class AddressPath(str):
    """A path that is quoted where it is put into an address by an f-string.

    >>> path = AddressPath("/tmp/x#y/tiny.db")
    >>> str(path), f"file:{path}?mode=ro"
    ('/tmp/x#y/tiny.db', 'file:/tmp/x%23y/tiny.db?mode=ro')
    """

    __slots__ = ()

    def __str__(self) -> str:
        return "".join(self)

    def __format__(self, spec: str) -> str:
        return format(quote(os.fsencode(str(self))), spec)  # a path need not be UTF-8


def quote_database_paths(datasette: Any) -> None:
    """Have Datasette open its databases whatever the directories above them are called."""
    for database in datasette.databases.values():
        if database.path is not None:
            database.path = AddressPath(database.path)
