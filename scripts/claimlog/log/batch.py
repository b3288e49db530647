"""Batches: one directory each, sealed once, never changed again; batch.json is its manifest."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, Finding
from claimlog.fingerprint import MANIFEST as MANIFEST
from claimlog.limits import FILE_BYTES, UNSEALED_BYTES
from claimlog.limits import NAME as STREAM_NAME
from claimlog.log.batch_lines import BatchLines
from claimlog.log.takedowns import RECORD, TakedownRecord, TakenRow, read_takedowns
from claimlog.media_types import NDJSON, PARQUET
from claimlog.package import DESCRIPTOR, STAMP, Package
from claimlog.package_state import is_readable, require_own_state
from claimlog.schema.definition import PAST
from claimlog.schema.flaws import instruction_flaw
from claimlog.schema.json_schemas import HEAD, MOST_SAID, own_shape, shape_error, shape_flaw
from claimlog.schema.table_schema import REQUIRED_STREAMS, in_log_order
from claimlog.untrusted_files import consists_of_holes, read_regular

RESTORE = "a sealed batch never changes: restore it from git, and amend in a new batch"
RACED = "batch-number"
"""The rule that batches break which were sealed beside each other; claimlog rebase mends it."""

IN_COLUMNS = "-in-columns"
"""What follows a stream's name in that of the resource that lists its Parquet files."""

NUMBER, SLUG = "[0-9]{4,15}", "[a-z0-9]+(?:-[a-z0-9]+)*"
NAME = re.compile(f"(?P<number>{NUMBER})-(?P<slug>{SLUG})")
LONG_NUMBER = re.compile("[0-9]{16,}-")
LINES, COLUMNS = ".ndjson", ".parquet"
STREAM_FILE = re.compile(rf"(?P<stream>{STREAM_NAME.strip('^$')})(?:{LINES}|{COLUMNS})", re.ASCII)
"""Name of a file of rows; which streams there are, the definition of a package says."""

NAMED_BATCHES = 20
"""Batches on top of one that lost a race up to which all are named: each may be below thousands."""

OUT, IN, DONE = "rebase-out", "rebase-in", "rebase-done"
"""Where a rebase keeps the batches it replaces, as OLD.NEW; the name says how far it got."""


KEPT = re.compile(rf"(?P<old>{NUMBER}-{SLUG})\.(?P<new>{NUMBER}-{SLUG})")


@dataclass(frozen=True)
class KeptBatch:
    """A batch that a rebase took out of events/, where it was called `old`, and keeps.

    ``new`` is the name of the one that takes its place.
    """

    path: Path
    old: str
    new: str


def kept_batches(folder: Path) -> list[KeptBatch]:
    """Return the batches in a directory of a rebase (`OUT`, `IN` or `DONE`), if it is there."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        KeptBatch(path, match["old"], match["new"])
        for path in entries
        if (match := KEPT.fullmatch(path.name)) and path.is_dir() and not path.is_symlink()
    ]


@dataclass(frozen=True)
class Batch:
    """One batch directory. ``index`` counts from 0 along the log; ``manifest`` is empty if open.

    ``undeclared`` are streams that it holds and the definition does not have: no stream of it.
    ``taken`` are the rows that were taken down, by stream.
    """

    path: Path
    shown: str
    number: int
    slug: str
    index: int
    manifest: dict[str, Any] = field(default_factory=dict)
    undeclared: frozenset[str] = frozenset()
    taken: Mapping[str, tuple[TakenRow, ...]] = field(default_factory=dict)

    @property
    def sealed(self) -> bool:
        return bool(self.manifest)

    @cached_property
    def _file_names(self) -> frozenset[str]:
        """Names of its regular files, looked up once; a link, which may lead anywhere, is none."""
        try:
            with os.scandir(self.path) as entries:
                return frozenset(e.name for e in entries if e.is_file(follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()

    @property
    def streams(self) -> list[str]:
        """Streams of which the batch holds a file, in log order.

        A sealed batch holds the registers that its manifest lists.
        """
        files = self.manifest["files"] if self.sealed else self._file_names
        named = {match["stream"] for name in files if (match := STREAM_FILE.fullmatch(name))}
        streams = {*REQUIRED_STREAMS, *named} - self.undeclared
        return [name for name in in_log_order(streams) if self.name(name) in self._file_names]

    def in_columns(self, stream: str) -> bool:
        """Whether a stream's rows are held as Parquet, as sealed bulk batches may hold them."""
        return f"{stream}{COLUMNS}" in self._file_names

    def name(self, stream: str) -> str:
        """Return the name of a stream's file."""
        return f"{stream}{COLUMNS if self.in_columns(stream) else LINES}"

    def file(self, stream: str) -> Path:
        return self.path / self.name(stream)

    def file_entry(self, stream: str) -> Mapping[str, Any]:
        """Return what the manifest says of a stream's file; nothing if the batch is open."""
        found: Mapping[str, Any] = self.manifest.get("files", {}).get(self.name(stream), {})
        return found

    def shown_file(self, stream: str) -> str:
        return f"{self.shown}/{self.name(stream)}"

    @cached_property
    def manifest_sha256(self) -> str:
        data = read_regular(self.path / MANIFEST, f"{self.shown}/{MANIFEST}", FILE_BYTES)
        return sha256(data).hexdigest()


def altered_files(batches: Iterable[Batch]) -> set[str]:
    """Return the files of batches that rows were taken out of, by path in the package."""
    return {batch.shown_file(stream) for batch in batches for stream in batch.taken}


def dump_manifest(manifest: dict[str, Any]) -> bytes:
    """Return the bytes of batch.json: sorted keys, two spaces, UTF-8."""
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True)
    return (text + "\n").encode("utf-8")


def manifest_flaw(manifest: dict[str, Any]) -> str | None:
    """Say how a manifest misses what a batch.json is (``formats/batch.json``), or return None."""
    error = shape_error(manifest, own_shape("batch"))
    if error is not None:
        place = "/".join(map(str, error.path)) or "the manifest"
        return f"{place}: {error.message[:MOST_SAID]}"
    try:
        dump_manifest(manifest)
    except UnicodeEncodeError:
        return "a text holds a lone surrogate, which is no character"
    return None


def sealed_batches(package: Package, findings: list[Finding]) -> list[Batch]:
    """Return the sealed batches in order of number; what is out of place goes to `findings`."""
    batches: list[Batch] = []
    if package.events.is_symlink():
        findings.append(
            Finding("batch-files", "events", "is a symbolic link", remedy="use a directory")
        )
        return []
    if package.events.exists() and not package.events.is_dir():
        findings.append(
            Finding("batch-files", "events", "is no directory", remedy="restore it from git")
        )
        return []
    state = require_own_state(package)
    for folder in filter(is_readable, (state / OUT, state / IN)):
        if taken := [kept.old for kept in kept_batches(folder)]:
            message = f"holds {' '.join(taken)}, which an interrupted rebase took out of events/"
            remedy = f"run it again: claimlog rebase {shlex.join(taken)}"
            shown = package.relative(folder)
            findings.append(Finding("batch-files", shown, message, remedy=remedy))
    record = read_takedowns(package)
    entries = sorted(package.events.iterdir()) if package.events.is_dir() else []
    for path in entries:
        shown = package.relative(path)
        if path.name in (".gitkeep", ".gitattributes"):
            continue
        match = NAME.fullmatch(path.name)
        if path.is_symlink() or not path.is_dir() or match is None:
            kind = "a symbolic link" if path.is_symlink() else "no batch directory (NNNN-slug)"
            if LONG_NUMBER.match(path.name):
                kind = "no batch directory: the number of a batch has 4 to 15 digits"
            findings.append(
                Finding("batch-name", shown, f"is {kind}", remedy="move it out of events/")
            )
            continue
        flaws: list[Finding] = []
        manifest = _manifest(package, path, shown, flaws)
        findings += _stray(path, shown, manifest["files"] if manifest else {})
        findings += flaws
        if manifest is not None:
            number = int(match["number"])
            gone = record.rows_of(shown, number)
            batch = Batch(path, shown, number, match["slug"], len(batches), manifest, taken=gone)
            findings += _misplaced_takedowns(batch)
            batches.append(batch)
    findings += _numbering(batches)
    findings += _homeless(record, batches)
    return batches


def _homeless(record: TakedownRecord, batches: list[Batch]) -> Iterator[Finding]:
    """Yield rows that were taken down of batches and files that are not there."""
    placed = {(batch.number, stream) for batch in batches for stream in batch.taken}
    numbers = {batch.number for batch in batches}
    for number, stream in sorted({(row.batch, row.stream) for row in record.rows} - placed):
        message = f"names a row of batch {number}, which is not there"
        if number in numbers:
            message = f"names a row of {stream} in batch {number}, and lists no file of it"
        yield Finding("batch-files", RECORD, message, remedy="restore it from git")


def _misplaced_takedowns(batch: Batch) -> Iterator[Finding]:
    """Yield rows that were taken down from places where the batch never had a row."""
    for stream, rows in batch.taken.items():
        listed = batch.manifest["files"].get(batch.name(stream), {}).get("rows", 0)
        for row in rows:
            if row.line > listed:
                message = f"names line {row.line} of {batch.shown_file(stream)}, which has {listed}"
                yield Finding("batch-files", RECORD, message, remedy="restore it from git")


def batches_to_read(package: Package, findings: list[Finding]) -> list[Batch]:
    """Return the sealed batches but those with a file far larger than it was when it was sealed.

    What is wrong goes to `findings`, as `sealed_batches` does it: reading such a file to find that
    its hash is another could take hours and all memory.
    """
    fit: list[Batch] = []
    for batch in sealed_batches(package, findings):
        larger = [*_larger(batch)]
        findings += larger
        if not larger:
            fit.append(replace(batch, index=len(fit)))
    return fit


def without_undeclared(batch: Batch, streams: Collection[str], findings: list[Finding]) -> Batch:
    """Return a batch without the files of streams that are not among `streams`.

    Each is a finding: its rows cannot be read, and have no number.
    """
    undeclared = frozenset(batch.streams).difference(streams)
    for stream in sorted(undeclared):
        message = f'is of the stream "{stream}", which schemas/ does not declare'
        remedy = f"restore schemas/{stream}.json from git, or move the file out"
        findings.append(Finding("batch-files", batch.shown_file(stream), message, remedy=remedy))
    return replace(batch, undeclared=undeclared) if undeclared else batch


def _larger(batch: Batch) -> Iterator[Finding]:
    for stream in batch.streams:
        path = batch.file(stream)
        state = path.stat()
        sealed = batch.manifest["files"].get(batch.name(stream), {}).get("bytes", 0)
        message = None
        if state.st_size > max(sealed, UNSEALED_BYTES):
            message = f"bytes is {state.st_size}, {MANIFEST} says {sealed}; it was not read"
        elif consists_of_holes(path, state):  # whoever made the hole may have stated it
            message = f"says {state.st_size} bytes and consists of holes; it was not read"
        if message:
            yield Finding("file-hash", batch.shown_file(stream), message, remedy=RESTORE)


def _stray(path: Path, shown: str, listed: Collection[str]) -> Iterator[Finding]:
    known = {MANIFEST, *listed}
    known |= {f"{name}{ending}" for name in REQUIRED_STREAMS for ending in (LINES, COLUMNS)}
    for entry in sorted(path.iterdir()):
        if entry.is_symlink():
            message, remedy = "is a symbolic link", "put the file itself there"
        elif entry.name not in known or not entry.is_file():
            message = "does not belong in a batch"
            streams = ", ".join(f"{stream}{LINES}" for stream in REQUIRED_STREAMS)
            remedy = f"a batch holds {MANIFEST} and {streams}, or {COLUMNS} of these; move it out"
        elif entry.suffix == LINES and entry.with_suffix(COLUMNS).exists():
            message = f"stands beside {entry.stem}{COLUMNS}"
            remedy = f"a stream has one file: the one that {MANIFEST} names; move the other out"
        else:
            continue
        yield Finding("batch-files", f"{shown}/{entry.name}", message, remedy=remedy)


def _manifest(
    package: Package, path: Path, shown: str, findings: list[Finding]
) -> dict[str, Any] | None:
    """Read batch.json and check its shape and that it names what is there."""
    name = f"{shown}/{MANIFEST}"
    if not (path / MANIFEST).is_file():
        message = f"holds no {MANIFEST}, so it was never sealed"
        remedy = "restore it from git, or remove the directory"
        findings.append(Finding("manifest", shown, message, remedy=remedy))
        return None
    try:
        manifest = package.json(name)
    except ClaimlogError as error:
        findings.append(Finding("manifest", name, str(error).removeprefix(f"{name}: ")))
        return None
    if flaw := manifest_flaw(manifest):
        findings.append(Finding("manifest", name, flaw, remedy="restore it from git"))
        return None
    if dump_manifest(manifest) != read_regular(path / MANIFEST, name, FILE_BYTES):
        message = "is not as claimlog seal wrote it (sorted keys, two spaces, UTF-8)"
        findings.append(Finding("manifest", name, message, remedy="restore it from git"))
        return None
    if manifest["number"] != int(path.name.split("-")[0]) or not path.name.endswith(
        f"-{manifest['slug']}"
    ):
        message = f"says batch {manifest['number']}-{manifest['slug']}, the directory {path.name}"
        findings.append(Finding("manifest", name, message, remedy="restore the directory's name"))
    return manifest


def _numbering(batches: list[Batch]) -> Iterator[Finding]:
    """Yield batches with the number of another, and those that come after one that is missing."""
    winners = {batch.number: batch for batch in reversed(batches)}
    remedies: dict[Path, str] = {}
    if len(winners) < len(batches):
        lines = BatchLines(batches)
        # one that lacks rows is not written anew
        trunk = lines.trunk(batch for batch in batches if batch.taken)
        winners |= {batch.number: batch for batch in reversed(trunk)}
        for branch in lines.branches(trunk):
            remedies |= dict.fromkeys((batch.path for batch in branch), _renumber(branch))
    previous: Batch | None = None
    for batch in batches:
        expected = 1 if previous is None else previous.number + 1
        winner = winners[batch.number]
        if winner is not batch:
            message = f"has the number of {winner.shown}"
            remedy = remedies.get(batch.path)  # none on the trunk, which has a number twice then
            remedy = remedy or _renumber([batch, *islice(lines.above(batch), NAMED_BATCHES + 1)])
            yield Finding(RACED, batch.shown, message, remedy=remedy)
        elif batch.number > expected:
            message = f"is batch {batch.number}, expected {expected:04d}: a batch is missing"
            yield Finding(RACED, batch.shown, message, remedy="restore it from git")
        previous = batch


def _renumber(branch: Sequence[Batch]) -> str:
    """Say how to renumber a batch that lost a race and those that were sealed on top of it."""
    is_short = len(branch) <= NAMED_BATCHES + 1
    named = [batch.path.name for batch in (branch if is_short else branch[:1])]
    said = f"renumber the one that lost the race: claimlog rebase {shlex.join(named)}"
    return said if is_short else f"{said}, which names those to renumber with it"


def listing(batches: list[Batch]) -> dict[str, list[str]]:
    """Return the files of every resource of the descriptor: a stream, in one of its formats.

    Newest first, because then two branches that each add a line at the top merge without conflict.
    """
    paths: dict[str, list[str]] = {}
    for batch in reversed(batches):
        for stream in batch.streams:
            name = f"{stream}{IN_COLUMNS}" if batch.in_columns(stream) else stream
            paths.setdefault(name, []).append(batch.shown_file(stream))
    streams = in_log_order({name.removesuffix(IN_COLUMNS) for name in paths})
    order = [f"{stream}{ending}" for stream in streams for ending in ("", IN_COLUMNS)]
    return {name: paths[name] for name in order if name in paths}


def is_example_gone(package: Package) -> bool:
    """Whether the descriptor names the example of a new package, and no batch is there any more.

    That is what taking it out leaves, if it is cut off.
    """
    name = package.descriptor.get(STAMP, {}).get("example")
    if name is None:
        return False
    entries = package.events.iterdir() if package.events.is_dir() else ()
    return not any(NAME.fullmatch(path.name) for path in entries)


def absent_file_remedy(package: Package) -> str:
    """Say what to do about a file that the descriptor lists and no sealed batch has."""
    if is_example_gone(package):
        return "run claimlog drop --example, which ends one that was cut off"
    return _rebase_remedy(package) or (
        "restore it from git, or take it off the list if the batch was given up"
    )


def unlisted_file_remedy(package: Package) -> str:
    """Say what to do about a file of a sealed batch that the descriptor does not list."""
    return _rebase_remedy(package) or "run claimlog seal, which finishes an interrupted seal"


def _rebase_remedy(package: Package) -> str | None:
    if any(is_readable(package.state / folder) for folder in (OUT, IN, DONE)):
        return "run claimlog rebase, which ends a rebase that was cut off"
    return None


def descriptor_findings(package: Package) -> Iterator[Finding]:
    """Check that the descriptor can be read at all; validation does the rest."""
    if flaw := shape_flaw(package.descriptor, HEAD) or instruction_flaw(package.descriptor):
        yield Finding("descriptor", DESCRIPTOR, flaw, remedy="mend it, or restore it from git")
        return
    remedy = "restore it from git; claimlog seal lists what is missing"
    found = package.descriptor.get("resources", [])
    if not isinstance(found, list):
        yield Finding("descriptor", DESCRIPTOR, '"resources" is no list', remedy=remedy)
        return
    for number, resource in enumerate(found, 1):
        given = resource if isinstance(resource, dict) else {}
        path = given.get("path")
        is_empty = "path" not in given and "data" in given
        texts = [given.get("name"), *(path if isinstance(path, list) else [path] * (not is_empty))]
        if not all(isinstance(text, str) for text in texts):
            message = f"resource {number} has no name or no path"
            yield Finding("descriptor", DESCRIPTOR, message, remedy=remedy)


OURS = ("data", "schema")
"""Properties of a resource that are never taken over from a descriptor."""


def resources(package: Package, batches: list[Batch]) -> list[dict[str, Any]]:
    """Return the descriptor's resources as they should be for these batches.

    A stream that has no row, and that another refers to, stands there with its header alone: other
    tools look the reference up by the resource's name.
    """
    found = package.descriptor.get("resources")
    listed = {
        resource["name"]: resource
        for resource in (found if isinstance(found, list) else [])
        if isinstance(resource, dict) and isinstance(resource.get("name"), str)
    }
    formats = {
        LINES: {"format": "ndjson", "mediatype": NDJSON, "encoding": "utf-8"},
        COLUMNS: {"format": "parquet", "mediatype": PARQUET},
    }
    paths = listing(batches)
    filled = [
        {
            "name": name,
            "type": "table",
            **formats[Path(files[0]).suffix],
            "schema": _schema_path(package, name.removesuffix(IN_COLUMNS), batches),
            **{key: value for key, value in listed.get(name, {}).items() if key not in OURS},
            "path": files,
        }
        for name, files in paths.items()
    ]
    present = {name.removesuffix(IN_COLUMNS) for name in paths}
    specs = [package.json(f"schemas/{name}.json") for name in in_log_order(present)]
    return [*filled, *_empty_resources(package, specs, present)]


def _schema_path(package: Package, stream: str, batches: list[Batch]) -> str:
    """Return the path of a schema that has the columns of a stream's newest rows.

    That of the next version is none, if it has more, until there is a row of it: other tools read
    the header off the newest file, and would miss columns.
    """
    path = f"schemas/{stream}.json"
    spec = package.json(path)
    current = spec.get("schemaVersion", 1)
    newest = next(batch for batch in reversed(batches) if stream in batch.streams)
    version = newest.file_entry(stream).get("schema_version")
    past = f"{PAST}/{stream}.{version}.json"
    if version in (None, current) or not (package.root / past).is_file():
        return path
    here, then = ({item["name"] for item in one["fields"]} for one in (spec, package.json(past)))
    return path if here == then else past


def _empty_resources(
    package: Package, specs: list[dict[str, Any]], present: set[str]
) -> Iterator[dict[str, Any]]:
    """Yield a resource for every stream that one of `specs` refers to and that has no row."""
    keys = [key for spec in specs for key in spec.get("foreignKeys", ())]
    for name in in_log_order({key["reference"]["resource"] for key in keys} - present):
        schema = f"schemas/{name}.json"
        header = [item["name"] for item in package.json(schema)["fields"]]
        yield {"name": name, "type": "table", "schema": schema, "data": [header]}
