"""What readers of each release have to change: tables, columns, codes, and claims by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from claimlog.log.event_log import Log
from claimlog.log.release_index import Version, read_index
from claimlog.release.dataset_state import DatasetState
from claimlog.release.diff import Diff, compare_states
from workshop.docs.markdown_table import markdown_table

VERSIONS = ("claim_versions", "coding_versions", "incident_versions")
"""Tables that have the columns of another and are not listed beside it."""


def migration(log: Log) -> str:
    """Return what changed from each release to the next and to the log of today, last first."""
    entries = read_index(log.package)
    states = [DatasetState.of_entry(entry) for entry in entries]
    books = [Version.parse(entry.data["codebook_version"]) for entry in entries]
    if not states:
        return "Nothing was released yet.\n"
    if states[-1].size < log.size:
        states.append(DatasetState.of_head(log, "the log as it stands"))
        books.append(Version.parse(log.definition.codebook.version))
    found = [
        "".join(_section(log, old, new, before, after))
        for (old, new), (before, after) in zip(pairwise(states), pairwise(books), strict=True)
    ]
    return "\n".join(reversed(found)) or "There is one release, and nothing after it.\n"


def _section(
    log: Log, old: DatasetState, new: DatasetState, before: Version, after: Version
) -> Iterator[str]:
    diff = compare_states(log, old, new, log.definition.deprecations)
    yield f"### From {old.label} to {new.label}\n\n"
    yield f"Must you act? {diff.must_act} {diff.counts}\n\n"
    yield from _schema(diff)
    codes = list(_codes(log, before, after))
    if codes:
        yield f"Codes that are new, or defined anew, since codebook {before}:\n\n"
        yield markdown_table(("code list", "codes"), codes) + "\n"
    amended = Counter(name for claim in diff.of("amended") for name in claim.fields)
    filled = Counter(
        name
        for claim in diff.of("amended")
        for name, (was, _) in claim.fields.items()
        if was in (None, [])
    )
    if amended:
        yield "Claims that were there already, by the column that differs:\n\n"
        yield markdown_table(
            ("column", "claims that differ", "of them empty before"),
            ((f"`{name}`", n, filled[name]) for name, n in sorted(amended.items())),
        )


def _schema(diff: Diff) -> Iterator[str]:
    changes = [item for item in diff.schema if item.table not in VERSIONS]
    columns: dict[str, list[str]] = {}
    others = []
    for item in changes:
        if item.column:
            columns.setdefault(item.table, []).append(f"`{item.column}`")
        else:
            others.append(item)
    if others:
        yield "Tables, and what rows hold:\n\n"
        for item in others:
            kind = "breaks: " if item.breaks else "new: " if item.adds else ""
            yield f"- {kind}{item.text}\n"
        yield "\n"
    if columns:
        yield "Columns that came:\n\n"
        rows = ((f"`{table}`", ", ".join(names)) for table, names in columns.items())
        yield markdown_table(("table", "new columns"), rows) + "\n"


def _codes(log: Log, before: Version, after: Version) -> Iterator[tuple[str, str]]:
    """Yield the code lists with codes whose version is after `before`, up to `after`."""
    for name, entries in sorted(log.definition.codebook.codes.items()):
        new = [
            f"`{entry['code']}`"
            for entry in entries
            if before < Version.parse(entry["version"]) <= after
        ]
        if new:
            yield (
                f"`{name}`" + (" (every one)" if len(new) == len(entries) else ""),
                ", ".join(new),
            )
