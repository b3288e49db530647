"""Changes between two states of the dataset as JSON, as Markdown and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from claimlog.count_wording import number_and_noun
from claimlog.escaping import markdown, printable_line
from claimlog.log.column_beginnings import NO_COLUMN
from claimlog.log.version_changes import readable_value
from claimlog.release.diff import Diff, RowChange

FEW = 5
"""Up to so many rows are named before the reason; of more, the number first and the names last."""

SIGNS = {"added": "+", "amended": "~", "retracted": "-"}


def as_json(diff: Diff) -> dict[str, Any]:
    """Return a diff as a JSON object."""
    return {
        "old": diff.old,
        "new": diff.new,
        "level": diff.level,
        "must_act": diff.must_act,
        "counts": diff.counts,
        "rows": diff.rows,
        "schema": [
            {"table": change.table, "change": change.text, "breaks": change.breaks}
            for change in diff.schema
        ],
        "claims": [
            {
                "claim_id": claim.row_id,
                "change": claim.change,
                "source_id": claim.source_id,
                "version": claim.version,
                "statement": claim.statement,
                **_details_as_json(claim),
            }
            for claim in diff.claims
        ],
        "others": [
            {
                "stream": row.stream,
                "id": row.row_id,
                "change": row.change,
                "version": row.version,
                **_details_as_json(row),
            }
            for row in diff.others
        ],
    }


def _details_as_json(row: RowChange) -> dict[str, Any]:
    return {
        "reasons": list(row.reasons),
        "fields": {name: {"old": old, "new": new} for name, (old, new) in row.fields.items()},
        "new_columns": sorted(row.added),
        **({"taken_down": [asdict(gone) for gone in row.taken]} if row.taken else {}),
    }


def as_markdown(diff: Diff, title: str) -> str:
    """Return a diff as an entry of the changelog."""
    return "\n".join(_markdown(diff, title)).rstrip() + "\n"


def _markdown(diff: Diff, title: str) -> Iterator[str]:
    yield from (f"## {title}", "", f"**Do I need to do anything?** {markdown(diff.must_act)}", "")
    yield from (markdown(diff.counts), "")
    added = Counter(claim.source_id for claim in diff.of("added") if claim.source_id)
    others = {name: counts.get("assert", 0) for name, counts in diff.rows.items()}
    news = [
        f"{number_and_noun(count, 'claim')} of {source}" for source, count in sorted(added.items())
    ]
    news += [
        f"{name.replace('_', ' ').capitalize()}: {count:,}"
        for name, count in others.items()
        if count and name != "claims"
    ]
    unknown = [claim for claim in diff.of("added") if claim.taken]
    if news or unknown:
        yield from ("### Added", "", *(f"- {markdown(item)}." for item in news))
        yield from (f"- {markdown(claim.row_id)}: {_why(claim)}" for claim in unknown)
        yield ""
    rows = [*diff.claims, *diff.others]
    for heading, chosen in (
        ("Corrected", [row for row in rows if row.change == "amended" and not row.only_added]),
        ("Retracted", [row for row in rows if row.change == "retracted"]),
        ("Filled in columns that are new", [row for row in rows if row.only_added]),
    ):
        if chosen:
            yield from (f"### {heading}", "", *_grouped_lines(chosen), "")
    if diff.schema:
        yield from ("### Schema", "")
        for item in diff.schema:
            if not item.adds:
                yield f"- {markdown(f'{item.text[0].upper()}{item.text[1:]}')}."
                continue
            text = item.text if item.breaks else item.text.replace("the ", "", 1)
            yield f"- {'Breaking: ' if item.breaks else 'New or renamed: '}{markdown(text)}."
        yield ""


def _grouped_lines(rows: Sequence[RowChange]) -> Iterator[str]:
    """Yield a line for all rows of a stream that changed in the same columns for the same reasons.

    Columns that are new are named only for rows in which nothing else changed; those rows are
    taken together whichever columns it was.
    """
    groups: dict[tuple[str, bool, tuple[str, ...], str], list[RowChange]] = {}
    for row in rows:
        columns = () if row.only_added else tuple(row.changed_fields)
        groups.setdefault((row.stream, row.only_added, columns, _why(row)), []).append(row)
    for (stream, only_added, columns, why), group in groups.items():
        names = {name for row in group for name in row.fields} if only_added else columns
        columns_note = f" ({', '.join(sorted(names))})" if names else ""
        ids = ", ".join(row.row_id for row in group)
        if len(group) <= FEW:
            yield f"- {markdown(f'{ids}{columns_note}')}: {why}"
        else:
            yield f"- {markdown(f'{len(group):,} {stream}{columns_note}')}: {why} {markdown(ids)}."


def _why(row: RowChange) -> str:
    """Return the reasons of a change, and which of its versions were taken down."""
    return markdown(" ".join([*row.reasons, *(f"({gone.notice})" for gone in row.taken)]))


def as_text(diff: Diff) -> str:
    """Return a diff for a terminal."""
    lines = [f"{diff.old or 'nothing'} -> {diff.new}: {diff.level or 'no change'} ({diff.why})"]
    lines.append(f"Must a reader do anything? {diff.must_act}")
    lines.append(diff.counts)
    lines += [
        f"  {'!' if item.breaks else '+' if item.adds else '~'} {item.text}" for item in diff.schema
    ]
    for claim in diff.claims:
        lines.append(f"{SIGNS[claim.change]} {claim.row_id} v{claim.version}  {claim.statement}")
        lines += _details(claim)
    for row in diff.others:
        lines.append(f"{SIGNS[row.change]} {row.row_id} v{row.version}  ({row.stream})")
        lines += _details(row)
    return "".join(f"{printable_line(line)}\n" for line in lines)


def _details(row: RowChange) -> list[str]:
    return [
        *(
            f"    {name}: {NO_COLUMN if name in row.added else readable_value(old)} -> "
            f"{readable_value(new)}"
            for name, (old, new) in row.fields.items()
        ),
        *(f"    because: {reason}" for reason in row.reasons),
        *(f"    {gone.sentence}" for gone in row.taken),
    ]
