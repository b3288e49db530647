"""Tables as text in columns and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MET_LABELS = {True: "met", False: "missed", None: ""}
GOALS_HEAD = ("measure", "value", "goal", "met?")
Cells = Sequence[str]


def text_table(head: Cells, rows: Iterable[Cells]) -> str:
    """Return a table as text: the first column to the left, the others to the right.

    >>> print(text_table(("what", "ms"), [("`home`", "9"), ("**all**", "12")]))
    what  ms
    home   9
    all   12
    """
    table = [[cell.replace("**", "").replace("`", "") for cell in row] for row in (head, *rows)]
    widths = [max(len(row[index]) for row in table) for index in range(len(head))]
    lines = []
    for name, *numbers in table:
        cells = (f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:], strict=True))
        lines.append(f"{name:<{widths[0]}}  {'  '.join(cells)}".rstrip())
    return "\n".join(lines)


def markdown_table(head: Cells, rows: Iterable[Cells]) -> str:
    """Return a table as Markdown, aligned likewise.

    >>> print(markdown_table(("what", "ms"), [("home", "9")]))
    | what | ms |
    |:--|--:|
    | home | 9 |
    """
    lines = [f"| {' | '.join(head)} |", "|:--" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def goal_cells(goals: Iterable[Mapping[str, Any]], digits: int = 2) -> list[list[str]]:
    """Return the rows of a table of goals: measure, value, goal, and if it is met.

    >>> goal_cells([{"what": "seconds", "value": 1.5, "goal": "at most 2", "met": True}], 1)
    [['seconds', '1.5', 'at most 2', 'met']]
    """
    return [
        [goal["what"], f"{goal['value']:,.{digits}f}", goal["goal"], MET_LABELS[goal["met"]]]
        for goal in goals
    ]
