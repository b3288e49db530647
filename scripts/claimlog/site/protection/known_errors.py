"""Statements of readers that did not compile, so that asking again needs no process.

A database that is served cannot change, so that a statement which names no column of it, or is no
SQL, fails each time in the same way.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from claimlog.sql_process import Answer

STATEMENTS = 256
"""Statements that are kept for one database, those asked last; none is longer than an address."""

COMPILING = re.compile(
    r'no such (?:table|column|function): |near "|unrecognized token: |incomplete input|'
    r"ambiguous column name: |wrong number of arguments to function "
)
"""How SQLite begins what it says of a statement itself, however long it takes. FTS5 says the same
of a value, so that the statement has to fail in the same way when it is only compiled."""


class KnownErrors:
    """What SQLite said of the statements that did not compile, those asked last."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def find(self, sql: str) -> Answer | None:
        """Return the answer to a statement that is known not to compile."""
        if sql not in self._answers:
            return None
        self._answers.move_to_end(sql)
        return self._answers[sql]

    def note(self, sql: str, answer: Answer) -> None:
        """Keep an answer, if it is about the statement itself."""
        if COMPILING.match(answer.get("message", "")) and not answer.get("compiles", True):
            self._answers[sql] = answer
            if len(self._answers) > STATEMENTS:
                self._answers.popitem(last=False)
