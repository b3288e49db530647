"""Tables as text in columns and as Markdown, and their place in the README."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from claimlog.errors import ClaimlogError

MET = {True: "met", False: "missed", None: ""}
Cells = Sequence[str]


def columns(head: Cells, rows: Iterable[Cells]) -> str:
    """Return a table as text: the first column to the left, the others to the right.

    >>> print(columns(("what", "ms"), [("`home`", "9"), ("**all**", "12")]))
    what  ms
    home   9
    all   12
    """
    table = [[cell.replace("**", "").replace("`", "") for cell in row] for row in (head, *rows)]
    widths = [max(len(row[index]) for row in table) for index in range(len(head))]
    lines = []
    for name, *numbers in table:
        shown = (f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:], strict=True))
        lines.append(f"{name:<{widths[0]}}  {'  '.join(shown)}".rstrip())
    return "\n".join(lines)


def markdown(head: Cells, rows: Iterable[Cells]) -> str:
    """Return a table as Markdown, aligned likewise.

    >>> print(markdown(("what", "ms"), [("home", "9")]))
    | what | ms |
    |:--|--:|
    | home | 9 |
    """
    lines = [f"| {' | '.join(head)} |", "|:--" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def markers(suite: str) -> tuple[str, str]:
    """Return the lines of the README between which the table of a suite stands."""
    return f"<!-- bench:{suite}:start -->", f"<!-- bench:{suite}:end -->"


def replaced(page: str, suite: str, table: str) -> str:
    """Return a README with `table` between the markers of a suite and the rest as it was.

    Raises
    ------
    ClaimlogError
        If it does not hold each marker once, on a line of its own, in order.
    """
    start, end = markers(suite)
    lines = page.split("\n")
    places = [[at for at, line in enumerate(lines) if line.strip() == m] for m in (start, end)]
    if [len(found) for found in places] != [1, 1] or places[0] > places[1]:
        raise ClaimlogError(
            f"README.md: expected the lines {start} and {end}, once each and in this order; "
            "add them where the table should stand"
        )
    (first,), (last,) = places
    return "\n".join([*lines[: first + 1], *table.split("\n"), *lines[last:]])
