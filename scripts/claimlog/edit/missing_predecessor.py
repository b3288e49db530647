"""Batches that were sealed on top of one that is not there: what their rows name now.

Whoever sealed that one may have rebased it since, and another batch may have its numbers.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from hashlib import sha256
from pathlib import Path

import polars as pl

from claimlog.checkout import Checkout
from claimlog.edit.identifier_numbers import form_and_number
from claimlog.edit.renumbered_rows import Renames, merges_of, moved_row, rows_by_stream
from claimlog.edit.replace_references import references
from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.batch import MANIFEST, SLUG, Batch, manifest_flaw
from claimlog.log.batch_lines import BatchLines
from claimlog.log.event_log import Log
from claimlog.package import Package
from claimlog.untrusted_files import parse_json

NAMED = 5
"""Identifiers that a message names."""

MISSING, COMMITS = 20, 1000
"""Batches on top of each other that are looked for in git, and commits, or contents of a manifest,
among which each is: git is asked about every one of them."""


def renames_below(
    log: Log,
    lines: BatchLines,
    batches: Collection[Batch],
    batch: Batch,
    renames: Mapping[Path, Renames],
    folder: Path,
) -> Renames | None:
    """Return the new identifiers of all that is below a batch; None if nobody can know them.

    A batch that was sealed anew with the same rows is as good as the one that is not there. Another
    one is looked for in git, and the log for what became of its rows.

    Parameters
    ----------
    log
        What the batch comes after.
    batches
        Those of events/.
    renames
        Those of batches that were moved before it, and of those below these.
    folder
        Where batches that git holds are written.
    """
    try:
        missing = _missing_below(log.package, lines, batches, batch, folder)
        below = _below(missing[0] if missing else batch, lines, batches)
        if below is not None and below.path not in {*renames, *(one.path for one in log.batches)}:
            return None
        found = deepcopy(renames.get(below.path, {})) if below else {}
        for past in missing:
            like = [one for one in log.batches if one.slug == past.slug]
            tried = [_renames_between(log, past, one, found) for one in like]
            renamed = [one for one in tried if one is not None]
            if len(renamed) != 1:
                return None
            [found] = renamed
    except ClaimlogError:  # git does not answer, or lacks the batch or its rows
        return None
    return found


def _below(batch: Batch, lines: BatchLines, batches: Collection[Batch]) -> Batch | None:
    """Return the batch that one was sealed on top of, or the only one with the rows of that."""
    if before := lines.before(batch):
        return before
    rows = batch.manifest["tree"]["size_before"], batch.manifest["tree"]["root_before"]
    trees = [(one, one.manifest["tree"]) for one in batches]
    same = [one for one, tree in trees if (tree["size"], tree["root"]) == rows]
    return same[0] if len(same) == 1 else None


def _missing_below(
    package: Package, lines: BatchLines, batches: Collection[Batch], batch: Batch, folder: Path
) -> Sequence[Batch]:
    """Write the batches below one that are not there; return them, the lowest first.

    Raises
    ------
    ClaimlogError
        If git does not hold one as it was sealed, or they are more than `MISSING`.
    """
    missing: deque[Batch] = deque()
    lowest = batch
    while not _below(lowest, lines, batches) and lowest.manifest["previous_sha256"] is not None:
        if len(missing) == MISSING:
            raise ClaimlogError(f"{batch.shown}: more than {MISSING} batches below it are missing")
        lowest = _write_past(package, lowest, folder)
        missing.appendleft(lowest)
    return missing


def _write_past(package: Package, above: Batch, folder: Path) -> Batch:
    """Write the batch that another one was sealed on top of as some commit holds it; return it.

    Raises
    ------
    ClaimlogError
        If git does not answer, or holds no such batch in the last `COMMITS`, or not with the rows
        that it was sealed with.
    """
    digest, number = above.manifest["previous_sha256"], above.number - 1
    beginning = f"events/{number:04d}-"
    manifest_path = re.compile(f"(?P<place>{beginning}(?P<slug>{SLUG}))/{re.escape(MANIFEST)}")
    checkout = Checkout.of(package)
    seen: set[str] = set()
    for commit in checkout.commits_changing(f"{beginning}*/{MANIFEST}")[:COMMITS]:
        held = {name: blob for name, (_, blob) in checkout.blobs(commit, "events/").items()}
        for name, blob in held.items():
            match = manifest_path.fullmatch(name)
            if match is None or blob in seen or len(seen) == COMMITS:
                continue
            seen.add(blob)
            data = checkout.content(blob)
            if sha256(data).hexdigest() == digest:
                manifest = parse_json(data, name)
                if flaw := manifest_flaw(manifest):
                    raise ClaimlogError(f"{name}: {flaw}")
                past = Batch(folder / digest, match["place"], number, match["slug"], 0, manifest)
                _write_files(checkout, held, past)
                return past
    raise ClaimlogError(f"{beginning}*/{MANIFEST}: no commit has what {above.shown} is on top of")


def _write_files(checkout: Checkout, held: Mapping[str, str], past: Batch) -> None:
    past.path.mkdir(parents=True, exist_ok=True)
    for name, entry in past.manifest["files"].items():
        blob = held.get(f"{past.shown}/{name}")
        rows = None if blob is None else checkout.content(blob)
        if rows is None or sha256(rows).hexdigest() != entry["sha256"]:
            raise ClaimlogError(f"{past.shown}/{name}: is not as it was sealed")
        (past.path / name).write_bytes(rows)


def _renames_between(log: Log, past: Batch, now: Batch, below: Renames) -> Renames | None:
    """Return the new identifiers if a batch of the log is what rebasing made of a past one.

    Parameters
    ----------
    below
        Those of what the past batch was sealed on top of, which are returned with its own.
    """
    old, new = rows_by_stream(log.package, past), rows_by_stream(log.package, now)
    counts, new_counts = ([(name, len(rows)) for name, rows in of.items()] for of in (old, new))
    if counts != new_counts:
        return None
    renames = deepcopy(below)
    tables = log.definition.streams
    pairs = [
        (tables[stream], one, other)
        for stream, listed in old.items()
        for one, other in zip(listed, new[stream], strict=True)
    ]
    for table, one, other in pairs:
        if one["version"] == 1 and one[table.id] != other[table.id]:
            renames.setdefault(table.name, {})[one[table.id]] = other[table.id]
    merges = merges_of(old, tables)
    is_moved = all(
        moved_row(one, table, renames, merges, other["recorded_at"]) == other
        for table, one, other in pairs
    )
    return renames if is_moved else None


def refuse_doubtful_names(log: Log, batch: Batch, unsealed: Sequence[Batch]) -> None:
    """Refuse to move a batch if rows name by their numbers what others may have asserted.

    Parameters
    ----------
    unsealed
        The open batch, whose rows may have been added on top of it.

    Raises
    ------
    UsageError
        If there is such a name.
    """
    found = [(one.shown, [*_foreign_names(log, one)]) for one in (batch, *unsealed)]
    named = [
        f"{shown} names {', '.join(names[:NAMED])}{' and others' if names[NAMED:] else ''}"
        for shown, names in found
        if names
    ]
    if named:
        raise UsageError(
            f"{batch.path.name} was sealed on top of a batch that is not there, and git does not "
            f"say what became of it; {' and '.join(named)}, which may be another's by now: look "
            "there, put right what names the wrong one, and add --names-stay; nothing was rebased"
        )


def _foreign_names(log: Log, batch: Batch) -> Iterator[str]:
    """Yield the numbered identifiers that a batch names and does not assert, the newest first.

    Each comes with the file that asserts it.
    """
    tables = log.definition.streams
    own: set[tuple[str, str]] = set()
    named: set[tuple[str, str]] = set()
    for stream, rows in rows_by_stream(log.package, batch).items():
        for row in rows:
            (own if row["version"] == 1 else named).add((stream, row[tables[stream].id]))
            named |= {
                (one.stream, one.identifier) for one in references(row, tables[stream], tables)
            }
    asserted: dict[tuple[str, str], int] = {}
    for stream in {stream for stream, _ in named}:
        key = tables[stream].id
        ids = [one for of, one in named - own if of == stream and form_and_number(tables[of], one)]
        known = log.rows_of(stream, pl.Series(ids, dtype=pl.String), (key, "batch"))
        for identifier, number in known.iter_rows():
            name = stream, identifier
            asserted[name] = min(number, asserted.get(name, number))
    places = {one.number: one for one in log.batches}
    for stream, identifier in sorted(asserted, key=lambda name: (-asserted[name], name)):
        yield f"{identifier} ({places[asserted[stream, identifier]].shown_file(stream)})"
