"""Taking rows of the sealed log down for a legal reason: the one exception to permanence.

The record is written first, then each file without its rows. A run that is cut off between the two
leaves a log that validation refuses. The same takedown again finishes it: it is planned as if the
record did not name the rows that are still there, and has to give that very record. So nothing is
taken down but what the one who runs it asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from claimlog.edit.clock import now
from claimlog.edit.entity_history import find_entity
from claimlog.edit.open_batch import cut_off_lines, drop_known
from claimlog.edit.taken_words import SaidElsewhere, said_elsewhere, words_that_go
from claimlog.errors import ClaimlogError, UnconfirmedError, UsageError, write_remedy
from claimlog.errors import reason as system_reason
from claimlog.files import is_unfinished, remove_abandoned_in
from claimlog.interrupt_handler import hold_interrupts
from claimlog.limits import UNSEALED_BYTES
from claimlog.log.batch import Batch, sealed_batches
from claimlog.log.cache import empty_cache, held_parts
from claimlog.log.column_types import empty_frame
from claimlog.log.columnar import read_rows, write_readable_rows
from claimlog.log.event_log import Log
from claimlog.log.leaf_entries import iterate_lines
from claimlog.log.lines import without_lines
from claimlog.log.merkle import leaf_hash
from claimlog.log.read_file import read_bytes, written_as
from claimlog.log.read_log import read
from claimlog.log.takedowns import (
    RECORD,
    SHAPE,
    TakedownRecord,
    TakenRow,
    dump_takedowns,
    read_takedowns,
)
from claimlog.package import CHANGELOG, Package
from claimlog.package_state import SERVED, UNPACKED, require_own_state
from claimlog.schema.definition import Definition, read_definition
from claimlog.schema.json_schemas import shape_flaw
from claimlog.schema.table_schema import Table
from claimlog.untrusted_files import is_regular


@dataclass(frozen=True)
class TakedownPlan:
    """What a takedown would do.

    Attributes
    ----------
    rows
        The rows that it takes down, by their place in the tree.
    record
        The record as it would be then.
    files
        The files that lose rows, by path in the package, with the bytes that are left.
    releases
        Versions of the releases that hold the rows.
    repeated
        What versions that stay say in the same words, a line each.
    elsewhere
        What other files of the checkout say of the rows.
    is_resumed
        Whether it finishes a takedown that was cut off.
    """

    rows: dict[int, TakenRow]
    record: TakedownRecord
    files: dict[str, bytes]
    releases: tuple[str, ...]
    repeated: tuple[str, ...]
    elsewhere: SaidElsewhere
    is_resumed: bool = False


def plan_takedown(
    package: Package, identifier: str, versions: Sequence[int], reason: str, by: str
) -> TakedownPlan:
    """Return what taking versions of an entity down would do; nothing is written.

    Raises
    ------
    UsageError
        If there is no such version, it is the last one, or what is said of it cannot stand in the
        record.
    ClaimlogError
        If the log cannot be read or is not as it was sealed, or a takedown of other rows was cut
        off.
    """
    log, pending = _log_before(package)
    log.require_readable()
    log.require_sealed_trees()
    old = [row for row in read_takedowns(package).rows if row not in pending]
    stream, identifier, rows = find_entity(log, identifier)
    last = max(rows["version"].to_list())
    chosen = sorted({*versions})
    if last in chosen:
        raise UsageError(
            f"{identifier}: version {last} is its last one, which stays, so that the identifier is "
            "never given again; amend it first so that it no longer says what must go (and retract "
            "it if nothing of it may stand), seal that, and run this again"
        )
    if pending:  # files that it was done with lack their rows already
        chosen = [n for n in chosen if (stream, identifier, n) not in map(_entity_version, old)]
    known = set(rows["version"].to_list())
    if absent := [n for n in chosen if n not in known]:
        gone = (row for row in old if _entity_version(row) == (stream, identifier, absent[0]))
        why = next((f": {row.sentence}" for row in gone), "")
        raise UsageError(f"{identifier}: there is no version {absent[0]} to take down{why}")
    _refuse_retractions(rows, chosen, identifier)
    day = pending[0].taken_down if pending else max(now(), log.last_time or "")[:10]
    found = {}
    for row in rows.filter(pl.col("version").is_in(chosen)).iter_rows(named=True):
        found[int(row["seq"])] = TakenRow(
            **{name: row[name] for name in ("batch", "line", "version", "action")},
            stream=stream,
            leaf_hash=row["event_id"],
            id=identifier,
            taken_down=day,
            by=by,
            reason=reason,
        )
    if pending and {*found.values()} != {*pending}:
        raise ClaimlogError(
            f"{RECORD}: names rows that are still there ({_listed(pending)}): a takedown was cut "
            "off, or somebody else wrote that; if you want them gone run that takedown again, with "
            f"the same words, else restore {RECORD} from git; nothing was taken down"
        )
    table = log.definition.streams[stream]
    plan = _plan(log, old, found, tuple(_repeated(rows, chosen, table)), bool(pending))
    words = words_that_go(rows, chosen, table)
    said = said_elsewhere(package, words, [*found.values()], {RECORD, *plan.files})
    return replace(plan, elsewhere=said)


def _log_before(package: Package) -> tuple[Log, list[TakenRow]]:
    """Return the log with the rows that the record names and that are there all the same.

    Those are what a takedown that was cut off has not taken out yet. Also returned by themselves.
    """
    digests = read_takedowns(package).files
    definition = read_definition(package)
    batches, pending = [], []
    for batch in sealed_batches(package, []):
        taken = dict(batch.taken)
        for stream, rows in batch.taken.items():
            name = batch.shown_file(stream)
            path, sealed = batch.file(stream), batch.file_entry(stream)["bytes"]
            if not is_regular(path, max(sealed, UNSEALED_BYTES)):
                continue  # where the log is read it is named, and not read
            data = read_bytes(path, name)
            if sha256(data).hexdigest() == digests.get(name, {}).get("sha256"):
                continue
            lines = iterate_lines(definition, batch, stream)
            there = {leaf_hash(line).hex() for line in lines}
            pending += [row for row in rows if row.leaf_hash in there]
            taken[stream] = tuple(row for row in rows if row.leaf_hash not in there)
        batches.append(replace(batch, taken={name: rows for name, rows in taken.items() if rows}))
    if not pending:
        return read(package), []
    return read(package, batches, sealed=False), pending


def _entity_version(row: TakenRow) -> tuple[str, str, int]:
    return row.stream, row.id, row.version


def _listed(rows: Sequence[TakenRow]) -> str:
    named = [f"{row.id} version {row.version}, by {row.by}: {row.reason}" for row in rows[:3]]
    return "; ".join([*named, *([f"{len(rows) - 3} more"] if len(rows) > 3 else [])])


def _repeated(rows: pl.DataFrame, chosen: Sequence[int], table: Table) -> Iterator[str]:
    """Yield what versions that stay say in the same words as one that goes."""
    goes = pl.col("version").is_in(chosen)
    for column in (item.name for item in table.fields if item.own_words):
        said = rows.filter(goes)[column].drop_nulls().to_list()
        same = rows.filter(~goes & pl.col(column).is_in(said))["version"].to_list()
        if same:
            versions = ", ".join(map(str, same))
            yield f'version {versions} stays and says the same in "{column}"'


def _refuse_retractions(rows: pl.DataFrame, chosen: Sequence[int], identifier: str) -> None:
    retracted = rows.filter(pl.col("version").is_in(chosen) & (pl.col("action") == "retract"))
    if not retracted.is_empty():
        number = retracted["version"][0]
        raise UsageError(
            f"{identifier}: version {number} retracts it, and only what asserts or amends is taken "
            "down, so that the history says what became of it"
        )


def _plan(
    log: Log,
    old: Sequence[TakenRow],
    found: dict[int, TakenRow],
    repeated: tuple[str, ...],
    is_resumed: bool,
) -> TakedownPlan:
    """Return the plan of taking rows down beside those that went before."""
    record = read_takedowns(log.package)
    rows = (*old, *found.values())
    numbers = log.by_number
    files, digests = {}, dict(record.files)
    for batch, stream in dict.fromkeys((row.batch, row.stream) for row in found.values()):
        name = numbers[batch].shown_file(stream)
        taken = [row for row in rows if (row.batch, row.stream) == (batch, stream)]
        gone = {bytes.fromhex(row.leaf_hash) for row in taken}
        data = _without_rows(log.definition, numbers[batch], stream, gone)
        files[name] = data
        digests[name] = {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    planned = TakedownRecord(rows, digests)
    if flaw := shape_flaw(json.loads(dump_takedowns(planned)), SHAPE):
        raise UsageError(f"{RECORD} would not be valid: {flaw}; nothing was taken down")
    if is_resumed and dump_takedowns(planned) != dump_takedowns(record):
        raise ClaimlogError(
            f"{RECORD}: says other files than taking these rows down gives; restore it from git; "
            "nothing was taken down"
        )
    first = min(found)
    releases = [str(e.version) for e in log.releases if e.size > first]
    said = SaidElsewhere(None, ())
    return TakedownPlan(found, planned, files, tuple(releases), repeated, said, is_resumed)


def _without_rows(definition: Definition, batch: Batch, stream: str, gone: set[bytes]) -> bytes:
    """Return a file of a batch, in its format, without the rows that have these leaf hashes."""
    path, name = batch.file(stream), batch.shown_file(stream)
    if not batch.in_columns(stream):
        return without_lines(read_bytes(path, name), gone)[0]
    table = definition.schema_of(stream, written_as(batch, stream, definition))
    longest = definition.thresholds["line_bytes"]
    frames, excess = [empty_frame(table)], 0
    leaves: list[bytes] = []
    for lines in read_rows(path, table, name, longest=longest):
        if lines.frame is None:
            raise ClaimlogError(f"{name}: cannot be read; claimlog validate says why")
        stays = [leaf not in gone for leaf in lines.leaves]
        frames.append(lines.frame.filter(pl.Series(stays, dtype=pl.Boolean)))
        leaves += compress(lines.leaves, stays)
        excess = max(excess, lines.excess)
    try:
        with TemporaryDirectory(prefix="claimlog-takedown-") as folder:
            out = Path(folder, path.name)
            # no more of what all files of the log have together than it had
            write_readable_rows(pl.concat(frames), table, out, leaves, excess, longest)
            return out.read_bytes()
    except (ClaimlogError, OSError) as error:
        why = system_reason(error) if isinstance(error, OSError) else error
        raise ClaimlogError(
            f"{name}: cannot be written without them: {why}; nothing was taken down"
        ) from error


def take_down(
    package: Package, plan: TakedownPlan, say: Callable[[Sequence[str]], None] = lambda _: None
) -> list[str]:
    """Write the record, then every file without its rows, and remove what copies of ours hold them.

    The copies go first, too: should this be killed after the last file, nothing holds the rows. The
    cache may have got them anew from who reads meanwhile.

    The changelog comes before the files: a takedown that is finished later knows the words only
    from rows that are still there.

    The caller holds the lock. Returns the files that are in place without the disk confirming it.

    Parameters
    ----------
    say
        Called once it is done, before an interrupt can be heard, with the places of open rows that
        were cut off and may be a part of one.

    Raises
    ------
    ClaimlogError
        If something cannot be written, or a copy cannot be removed; the same takedown again
        finishes it.
    """
    remove_copies(package, plan.record)
    files = {RECORD: dump_takedowns(plan.record)}
    if plan.elsewhere.changelog is not None:
        files[CHANGELOG] = plan.elsewhere.changelog
    written, unconfirmed = False, []
    cut_off = cut_off_lines(package)  # what is read may take long, so it comes before
    with hold_interrupts():
        for name, data in {**files, **plan.files}.items():
            try:
                package.write(package.root / name, data)
            except UnconfirmedError:
                unconfirmed.append(name)
            except OSError as error:
                remedy = write_remedy(error)
                outcome = (
                    "the takedown is cut off, and the log is not valid until it is finished: "
                    f"{remedy}, and run the same command with the same words again"
                    if written
                    else f"nothing was taken down; {remedy}, and run this again"
                )
                raise ClaimlogError(
                    f"{name}: cannot be written ({system_reason(error)}); {outcome}"
                ) from error
            written = True
        _remove_unfinished(package)
        say(cut_off)
    return unconfirmed


def remove_copies(package: Package, record: TakedownRecord) -> None:
    """Remove what the cache and interrupted runs hold of the log, beside what the lock removes.

    Of the open batch, which a seal that was cut off leaves, rows of the record go and no others.

    Raises
    ------
    ClaimlogError
        If a copy cannot be removed.
    """
    drop_known(package, {bytes.fromhex(row.leaf_hash) for row in record.rows})
    _remove_unfinished(package)


def _remove_unfinished(package: Package) -> None:
    """Remove what those that read the log, built or released it hold of it, or left when killed."""
    empty_cache(package)
    # of a build or a release: tables, archives, reasons in the changelog
    for folder in _folders_written_in(package):
        remove_abandoned_in(folder)


def copies_in_use(package: Package) -> list[str]:
    """Return what may hold rows and is left by `remove_copies`, by path in the package.

    A process that runs writes or serves that, or it is somebody else's to remove.
    """
    unfinished = (
        path
        for folder in _folders_written_in(package)
        for path in sorted(folder.iterdir())
        if is_unfinished(path) and not path.is_symlink()
    )
    return [package.relative(path) for path in (*unfinished, *held_parts(package))]


def _folders_written_in(package: Package) -> Iterator[Path]:
    """Yield the directories in which builds, releases, and links to them are put together."""
    state = require_own_state(package)
    state_folders = (state.joinpath(*place).parent for place in (SERVED, UNPACKED))
    for folder in (package.root, package.dist, *state_folders):
        if folder.is_dir() and not folder.is_symlink():
            yield folder
