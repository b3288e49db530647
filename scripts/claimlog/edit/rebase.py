"""Rebasing: giving batches that lost a race the numbers, times and identifiers that come next."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path

from claimlog.checkout import Checkout
from claimlog.edit.batch_files import (
    end_rebase,
    leave_out_known,
    replace,
    staging,
    sync_descriptor,
)
from claimlog.edit.clock import last_seal, refuse_doubtful_clock
from claimlog.edit.missing_predecessor import refuse_doubtful_names, renames_below
from claimlog.edit.open_batch import open_batch
from claimlog.edit.open_rows_follow import OpenRows, meant_renames, write_moved_open_batch
from claimlog.edit.open_upcast import refuse_outdated
from claimlog.edit.rebase_open_batch import COMPARE as COMPARE_OPEN
from claimlog.edit.rebase_places import (
    find_places,
    lost_line,
    refuse_gap,
    refuse_other_races,
    staying_batches,
)
from claimlog.edit.renumbered_rows import Renames, log_of, refuse_unsound, write_moved_rows
from claimlog.edit.seal import make_manifest
from claimlog.errors import ClaimlogError, Finding, FindingsError, UsageError
from claimlog.git import CheckoutError, NoCheckoutError, NoCommitError
from claimlog.interrupt_handler import hold_interrupts
from claimlog.log.batch import (
    MANIFEST,
    RACED,
    RESTORE,
    Batch,
    batches_to_read,
    dump_manifest,
)
from claimlog.log.batch_lines import BatchLines
from claimlog.log.event_log import Log
from claimlog.log.read_file import read_bytes
from claimlog.log.read_log import read
from claimlog.log.release_index import read_index
from claimlog.log.signed_trees import read_signed_trees
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.validate import Report, validate
from claimlog.validate.batch_integrity import compare_released

COMPARE = "compare the two, remove this batch, and amend from the last version"


def rebase(
    package: Package,
    names: Sequence[str],
    today: date | None = None,
    open_rows: OpenRows | None = None,
    say: Callable[[Sequence[str]], None] = lambda _: None,
    names_stay: bool = False,
) -> list[str]:
    """Put sealed batches after those they raced, by their numbers. The caller holds the lock.

    Each gets the next number and a new manifest; times earlier than the log's last are raised to
    it; numbered identifiers (C001-002, L0001, S001) that another batch has used meanwhile are
    replaced by the next free ones, and with them the references of this batch and of those that
    were sealed on top of it. Rows of an earlier schema version become rows of the present one,
    because the batches before them may be of it already. Batches that raced others stay as they
    are.

    Parameters
    ----------
    today
        The day (UTC), which a clock far ahead of the log's last time must be confirmed by.
    open_rows
        Whether rows of the open batch that name what gets another identifier mean that (``follow``)
        or what keeps it.
    say
        Takes what was renamed, and before that what ends a run that was cut off, before an
        interrupt can be heard: nothing tells it again.
    names_stay
        Whether rows of a batch that was sealed on top of one that is not there, of which git does
        not say either what became of it, mean what has the numbers now that they name.

    Returns
    -------
    list of str
        What was renamed, a line each; what ended a run that was cut off, if that was all.

    Raises
    ------
    ClaimlogError
        If a batch lost no race or was released, if what it was sealed on top of lost another race,
        if open rows name what gets another identifier, or rows what may have got another, and
        nobody said what they mean, if an entity was changed on both sides, so that somebody must
        decide, or if the clock is in doubt.
    """
    done = end_rebase(package, say)
    sync_descriptor(package)  # as after each merge: nothing that somebody has to know
    if open_batch(package) is not None:
        done += leave_out_known(read(package), say)
    findings: list[Finding] = []
    batches = batches_to_read(package, findings)
    _refuse_misplaced(findings)
    if done and not {Path(name).name for name in names} & {batch.path.name for batch in batches}:
        return done  # this finished the rebase that was cut off
    named = {_named(batches, name).path for name in names}
    lost = [batch for batch in batches if batch.path in named]
    lines = BatchLines(batches)
    public = _public_batches(package, batches, lines)
    _refuse_released(public, batches, lost)
    if unraced := _first_unraced(batches, lost):
        if done:
            return done  # this undid the rebase that was cut off, and nothing is to be rebased
        raise UsageError(
            f"{unraced.path.name} lost no race: no other batch has its number, and the one "
            "before it is there; nothing was rebased"
        )
    _refuse_taken_down(batches, lost)
    refuse_doubtful_clock(last_seal(package), today)
    _refuse_missing_files(lost)
    refuse_unsound(package, lost)
    refuse_gap(lines, lost)
    fixed = [batch for batch in batches if batch.taken or batch.path in public]
    trunk, places = find_places(lines, batches, lost, fixed)
    unsealed = open_batch(package)
    if unsealed is not None:
        refuse_outdated(unsealed.path, unsealed.shown, read_definition(package))
    said: list[str] = []
    renames: dict[Path, Renames] = {}  # of each batch and of those below it, but of no other line
    with staging(package) as folder:
        placed: list[Batch] = []
        for batch, (number, name) in zip(lost, places, strict=True):
            log = log_of(package, [*trunk, *placed])
            place = folder / name
            place.mkdir()
            below = renames_below(log, lines, batches, batch, renames, folder / "past")
            if below is None:
                refuse_other_races(lines, batches, lost, trunk, batch)
                if not names_stay:
                    refuse_doubtful_names(log, batch, [unsealed] if unsealed else [])
            renames[batch.path] = below or {}
            fresh = write_moved_rows(log, batch, place, renames[batch.path], COMPARE)
            new = Batch(place, f"events/{place.name}", number, batch.slug, len(log.batches))
            log = log_of(package, [*trunk, *placed, new])
            told = {key: batch.manifest[key] for key in ("title", "method", "recorded_by")}
            manifest = make_manifest(log, new, batch.slug, **told)
            (place / MANIFEST).write_bytes(dump_manifest(manifest))
            placed.append(Batch(place, new.shown, number, batch.slug, new.index, manifest))
            said.append(f"{batch.path.name} is now {place.name}{_altered(batch)}")
            said += [f"  {old} is now {renamed}" for old, renamed in fresh]
        after = [*trunk, *placed]
        _check(package, after)
        moved = None
        if unsealed is not None:
            by_line = {
                lost_line(lines, batch, named): renames[batch.path]
                for batch in lost
                if not lines.followers(batch)
            }
            if meant := meant_renames(package, unsealed, by_line, open_rows):
                moved = folder / "open"
                rows = write_moved_open_batch(package, after, unsealed, moved, meant, COMPARE_OPEN)
                _check(package, [*after, rows])
                said.append(f"{unsealed.shown} names by their new numbers what was renumbered")
        is_whole = len(after) == len(batches)
        whole = log if is_whole else log_of(package, [*staying_batches(batches, lost), *placed])
        with hold_interrupts():
            replace(package, lost, placed, lambda: _refuse_tagged(whole), moved)
            say(said)
    return said


def _refuse_misplaced(findings: Sequence[Finding]) -> None:
    """Refuse to move anything while events/ holds what is no batch as it was sealed."""
    if wrong := [finding for finding in findings if finding.rule != RACED]:
        raise FindingsError(wrong, "nothing was rebased")


def _refuse_missing_files(lost: Sequence[Batch]) -> None:
    """Refuse batches that lack a file which they were sealed with: its rows would be lost."""
    findings = [
        Finding("file-hash", f"{batch.shown}/{name}", "is missing", remedy=RESTORE)
        for batch in lost
        for name in sorted({*batch.manifest["files"]} - {*map(batch.name, batch.streams)})
    ]
    if findings:
        raise FindingsError(findings, "nothing was rebased")


def _altered(batch: Batch) -> str:
    """Return a note if files of a batch are not as it was sealed: somebody mended its rows."""
    names = [
        batch.name(stream)
        for stream in batch.streams
        if sha256(read_bytes(batch.file(stream), batch.shown_file(stream))).hexdigest()
        != batch.file_entry(stream).get("sha256")
    ]
    return f", with changed rows: {', '.join(names)} was not as sealed" if names else ""


def _named(batches: list[Batch], name: str) -> Batch:
    wanted = Path(name).name
    for batch in batches:
        if batch.path.name == wanted:
            return batch
    listed = ", ".join(batch.path.name for batch in batches[-4:])
    raise UsageError(f'there is no batch "{wanted}" in events/ (the last ones: {listed})')


def _check(package: Package, batches: list[Batch]) -> None:
    report = validate(log_of(package, batches), frictionless=False)
    if report.error_count:
        raise FindingsError(
            report.findings, "nothing was rebased; mend the rows, or decide by hand"
        )


def _public_batches(package: Package, batches: list[Batch], lines: BatchLines) -> dict[Path, str]:
    """Return the batches that a release or a signed checkpoint holds, and which of them does."""
    holding: dict[Path, str] = {}
    public = [(e.size, e.root, f"in release {e.version}") for e in read_index(package)]
    signed = read_signed_trees(package).values()
    public += [(one.size, one.root, "under a signed checkpoint") for one in signed]
    for size, root, holder in public:
        for end in batches:
            tree = end.manifest["tree"]
            batch = end if (tree["size"], tree["root"]) == (size, root) else None
            while batch is not None and batch.path not in holding:
                holding[batch.path] = holder
                batch = lines.before(batch)
    return holding


def _refuse_released(public: Mapping[Path, str], batches: list[Batch], lost: list[Batch]) -> None:
    """Refuse batches that a release or a signed checkpoint holds: they never change."""
    for batch in lost:
        if holder := public.get(batch.path):
            raise UsageError(
                f"{batch.path.name} is {holder} and never changes{_instead(batch, batches)}"
            )


def _instead(batch: Batch, batches: list[Batch]) -> str:
    """Say which batch may be meant: another one of the same number."""
    others = [other for other in batches if other.number == batch.number and other is not batch]
    return "".join(
        f"; did you mean claimlog rebase {shlex.quote(other.path.name)}?" for other in others[:1]
    )


def _first_unraced(batches: list[Batch], lost: list[Batch]) -> Batch | None:
    """Return the first batch that lost no race, nor was sealed on top of one that did.

    A batch lost one if another has its number or its predecessor, or if that is not there.
    """
    numbers = Counter(batch.number for batch in batches)
    predecessors = Counter(batch.manifest["previous_sha256"] for batch in batches)
    digests = {None, *(batch.manifest_sha256 for batch in batches)}
    moved: set[str] = set()
    for batch in lost:
        before = batch.manifest["previous_sha256"]
        raced = numbers[batch.number] > 1 or predecessors[before] > 1
        raced = raced or before not in digests
        if not raced and before not in moved:
            return batch
        moved.add(batch.manifest_sha256)
    return None


def _refuse_taken_down(batches: list[Batch], lost: list[Batch]) -> None:
    """Refuse batches that lack rows: a row of which the hash alone is left gets no other hash."""
    for batch in lost:
        if batch.taken:
            raise UsageError(
                f"{batch.path.name} had rows that were taken down, and the hashes that are left of "
                "them stand for other times and numbers than they would get; rebase the other "
                f"batch{_instead(batch, batches)} (if that is released: take this one out, restore "
                "takedowns.json from before that takedown, and enter the rows that are left anew)"
            )


def _refuse_tagged(log: Log) -> None:
    """Refuse to go on without a batch that the last release tag holds, or if git does not say."""
    try:
        checkout = Checkout.of(log.package)
    except NoCheckoutError:
        return
    report = Report(log)
    try:
        compare_released(log, report, checkout)
    except NoCommitError:
        return  # and so no tag
    except CheckoutError as error:
        raise ClaimlogError(
            f"git does not say whether a release tag holds the batches ({error}); run this again "
            "once git answers here; nothing was rebased"
        ) from error
    if report.error_count:
        raise FindingsError(report.findings, "nothing was rebased")
