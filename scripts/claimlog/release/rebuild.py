"""Making an earlier release again and comparing it: its tables by this code, or its very bytes."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimlog import __version__
from claimlog.build import Progress
from claimlog.checkout import Checkout
from claimlog.errors import OTHER_TMPDIR, ClaimlogError, reason, write_remedy
from claimlog.export.content_hash import parquet_content, sqlite_content
from claimlog.files import copy_durably, remove_abandoned, temporary_folder
from claimlog.git import CheckoutError
from claimlog.log.read_log import read
from claimlog.log.release_index import ReleaseEntry, require_agreement
from claimlog.package import (
    DESCRIPTOR,
    DIST,
    RELEASE,
    SUMS,
    Package,
    read_json,
    require_utf_8_path,
)
from claimlog.package_state import UNPACKED, state_folder
from claimlog.release.checksums import sha256_of_file
from claimlog.release.log_check import unstated_rules
from claimlog.release.make import plan_release, write_release
from claimlog.release.release_file_names import release_paths
from claimlog.release.release_place import require_own_archive, require_same_issue
from claimlog.release.release_site import listed_files
from claimlog.release.release_statement import ReleaseStatement
from claimlog.release.tool_wheel import BUILD_LOCK, LOCK
from claimlog.release.write_release_folder import ReleasePlan
from claimlog.schema.table_schema import Table
from claimlog.strict_json import is_same_json

PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[\w,]+\])?==(?P<version>\S+) ?(?P<marker>;)?", re.MULTILINE
)

TOOL = "scripts/claimlog/__init__.py"
"""The file by which a commit holds the code of claimlog, and not only a package of data."""

OF_THE_LOG = ("version", "date", "batches", "codebook_version", "log_origin", "tree")
"""What ``release.json`` says of a release, whichever code makes it again."""


@dataclass
class RebuildComparison:
    """What was compared, how much of it is the same, and what differs, a line each.

    Attributes
    ----------
    different
        Also what the entry of the index says otherwise, which is none of what was counted.
    archive
        The archive that was left, if any.
    """

    compared: int = 0
    same: int = 0
    different: list[str] = field(default_factory=list)
    archive: Path | None = None


def rebuild_tables(
    package: Package, index: list[ReleaseEntry], entry: ReleaseEntry, progress: Progress
) -> RebuildComparison:
    """Make a release again from the log's prefix with this code, and compare every table.

    Schemas and codebook are those of the release's commit, which tables such as ``codebook``
    repeat; rules are those that it stated, as today's code checks them. A table is compared in the
    columns that the release had.

    Raises
    ------
    FindingsError, ClaimlogError
        If it cannot be made any more.
    """
    with (
        package_at_release(package, entry) as then,
        tempfile.TemporaryDirectory(prefix="claimlog-") as out,
    ):
        require_utf_8_path(Path(out), OTHER_TMPDIR)
        earlier = [other for other in index if other.version < entry.version]
        log = read(then)
        log.require_readable()
        require_agreement(entry, log)
        diff, _ = plan_release(log, earlier, str(entry.version), str(entry.data["batches"]))
        plan = ReleasePlan(
            entry.version,
            entry.date,
            entry.data["batches"],
            diff,
            tuple(earlier),
            None,
            unstated_rules(log.definition, str(entry.version)),
        )
        folder, _ = write_release(then, log, plan, Path(out), progress)
        result = compare_tables(folder, log.definition.tables, entry)
        result.different += [
            f"{entry.display_path}: {name} is {stated}, not {made}"
            for name, stated, made in differing_statements(folder, entry)
        ]
        return result


def differing_statements(folder: Path, entry: ReleaseEntry) -> Iterator[tuple[str, Any, Any]]:
    """Yield what an entry says of the log otherwise than the ``release.json`` that was made.

    Each is the name of a property, what the entry says, and what was made.
    """
    summary = read_json(folder / RELEASE, RELEASE)
    for name in OF_THE_LOG:
        stated, made = entry.data.get(name), summary.get(name)
        if not is_same_json(stated, made):
            yield name, stated, made


def compare_tables(
    folder: Path, tables: Mapping[str, Table], entry: ReleaseEntry
) -> RebuildComparison:
    """Compare the logical hash of every table that a release had, in Parquet and in SQLite.

    `tables` are those of the definition at its commit, so that each must have been in it.
    """
    result = RebuildComparison()
    for name in sorted(tables.keys() - entry.data["tables"].keys()):
        result.different.append(f"{entry.display_path}: names no table {name}, which is made")
    [database] = folder.glob("*.db")
    for name, stated in entry.data["tables"].items():
        if name not in tables:
            result.different.append(f"{name}: is made no more")
            continue
        if flaw := _shape_flaw(tables[name], stated):
            result.different.append(f"{entry.display_path}: {flaw}")
        table = _select_columns(tables[name], set(stated["columns"]))
        parquet = parquet_content(folder / "parquet" / f"{name}.parquet", table)
        for kind, content in (("Parquet", parquet), ("SQLite", sqlite_content(database, table))):
            result.compared += 1
            if (content.root, content.rows) == (stated["hash"], stated["rows"]):
                result.same += 1
            else:
                result.different.append(
                    f"{name}: {kind} has the content {content.root[:16]}… in "
                    f"{content.rows} rows, the release had {stated['hash'][:16]}… in "
                    f"{stated['rows']}"
                )
    return result


def _shape_flaw(table: Table, stated: Mapping[str, Any]) -> str | None:
    """Say that an entry states other columns or another key of a table than its definition has.

    The hash is of the columns that are stated, so that fewer would leave the rest unseen.
    """
    columns = {item.name: item.type for item in table.fields}
    if stated["columns"] != columns:
        other = sorted({*columns.items()} ^ {*stated["columns"].items()})[0][0]
        return f"names other columns of {table.name} than its definition has, as {other}"
    if stated["key"] != [*table.primary_key]:
        return f"names another key of {table.name} than its definition has"
    return None


def _select_columns(table: Table, columns: set[str]) -> Table:
    fields = [spec for spec in table.spec["fields"] if spec["name"] in columns]
    return Table(table.name, {**table.spec, "fields": fields})


@contextmanager
def package_at_release(package: Package, entry: ReleaseEntry) -> Iterator[Package]:
    """Yield the package as it stood at a release's commit.

    It may hold rows that were taken down since. So it lies where the next command, or takedown,
    finds what one that was killed left.

    Raises
    ------
    ClaimlogError
        If git does not have the commit, or the state of the package cannot be written.
    """
    checkout = Checkout.of(package)
    commit = release_commit(checkout, entry)
    place = state_folder(package, *UNPACKED[:-1]) / UNPACKED[-1]
    remove_abandoned(place)
    with temporary_folder(place) as scratch:
        root = scratch / package.root.name
        try:
            checkout.unpack(commit, root)
        except OSError as error:
            raise ClaimlogError(
                f"{package.relative(place.parent)}: cannot be written ({reason(error)}); "
                f"{write_remedy(error)}, and run this again"
            ) from error
        yield Package(root, archived=True)


def release_commit(checkout: Checkout, entry: ReleaseEntry) -> str:
    """Return the commit that a release was made from.

    That is the one its entry names, if what is checked out goes on from it; where history was
    rewritten since, the one before the commit that added the entry.

    Raises
    ------
    ClaimlogError
        If git has neither.
    """
    commit = str(entry.data["commit"])
    if checkout.descends_from(commit):
        return commit
    try:
        return checkout.parent_of_addition(entry.display_path)
    except CheckoutError as error:
        raise ClaimlogError(
            f"{entry.display_path}: git does not have the commit {commit[:12]}; fetch the whole "
            f"history: git fetch --unshallow --tags ({error})"
        ) from None


def rebuild_archive(
    package: Package, entry: ReleaseEntry, say: Progress, out: Path | None = None
) -> RebuildComparison:
    """Make a release again with its own code and lock file, and compare every byte.

    The commit is checked out into a scratch directory and its code is run; where it holds none,
    this claimlog is run and no other code of the commit. Where this environment
    has what the commit's lock files pin, its libraries are used; else a new environment is made,
    which needs a package index.

    Parameters
    ----------
    out
        Where to leave the archive, if its bytes are those of the index; by default nothing is left.

    Raises
    ------
    ClaimlogError
        If the commit is absent, its code fails, or the archive cannot be left, or would replace
        something else.
    """
    if out is not None:
        package.refuse_links(out / "archive")
        _require_replaceable(package, entry, str(package.descriptor["name"]), out)
    with tempfile.TemporaryDirectory(prefix="claimlog-") as scratch:
        require_utf_8_path(Path(scratch), OTHER_TMPDIR)
        checkout = Checkout.of(package)
        top = Path(scratch) / checkout.top.name
        commit = release_commit(checkout, entry)
        if not checkout.holds_file(commit, DESCRIPTOR):
            # where a directory of the commit is a link, the package lies somewhere else
            raise ClaimlogError(
                f"{entry.display_path}: the commit {commit[:12]} holds no {DESCRIPTOR} in "
                f"{checkout.prefix or '.'}, so no package to make again"
            )
        checkout.copy(commit, top)
        root = top / checkout.prefix
        holds_tool = checkout.holds_file(commit, TOOL)
        python = _release_python(root, say) if holds_tool else sys.executable
        if not holds_tool:
            _require_same_tool(entry)
        say("make it again")
        target = Path(scratch) / DIST
        words = ["release", str(entry.version), "--date", entry.date, "--out", str(target)]
        words += ["--as-of", str(entry.data["batches"])]
        _run_release(
            [python, "-P", "-m", "claimlog", "--package", str(root), *words],
            entry,
            # what lies in scripts/ beside a package of data alone is no code of the tool
            **({"PYTHONPATH": str(root / "scripts")} if holds_tool else {}),
        )
        # what was made, by its own name: the entry chooses no path
        name = str(Package(root, archived=True).descriptor["name"])
        folder, archive = release_paths(name, str(entry.version), target)
        if not archive.is_file():
            raise ClaimlogError(f"{entry.display_path}: its commit makes no {archive.name}")
        result = compare_bytes(folder, archive, entry)
        if out is not None and not result.different:
            result.archive = out / archive.name
            _require_replaceable(package, entry, name, out)
            _copy_archive(archive, result.archive)
        return result


def _require_replaceable(package: Package, entry: ReleaseEntry, name: str, out: Path) -> None:
    """Refuse to put the first issue of a release where another one or something else lies."""
    version = str(entry.version)
    _, archive = release_paths(name, version, out)
    if archive.is_symlink() or not archive.exists():
        return
    sums, *later = (str(issue["files"][SUMS]) for issue in entry.issues)
    trees = [(entry.size, bytes.fromhex(entry.root))]
    require_own_archive(package, archive, name, version, trees, later)
    first = ReleaseStatement(name, version, sums, entry.size, entry.root)
    require_same_issue(package, out, first)


def _copy_archive(archive: Path, target: Path) -> None:
    """Copy an archive to `target`, whole or not at all."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_durably(archive, target)
    except OSError as error:
        raise ClaimlogError(f"{target}: cannot be written ({reason(error)})") from error


def compare_bytes(folder: Path, archive: Path, entry: ReleaseEntry) -> RebuildComparison:
    """Compare the SHA-256 of every file, and of the archive, with the index.

    The entry must also say of the release what the ``release.json`` that was made says.
    """
    files = listed_files(folder)
    digests = {**files, archive.name: sha256_of_file(archive)}
    stated = {**entry.data["files"], entry.data["archive"]["path"]: entry.data["archive"]["sha256"]}
    names = sorted(set(digests) | set(stated))
    different = [
        f"{name}: {'is not the same' if name in digests and name in stated else 'is only in one'}"
        for name in names
        if digests.get(name) != stated.get(name)
    ]
    result = RebuildComparison(len(names), len(names) - len(different), different)
    if flaw := entry.summary_flaw(read_json(folder / RELEASE, RELEASE)):
        result.different.append(f"{entry.display_path}: {flaw}")
    return result


def _release_python(root: Path, say: Progress) -> str:
    """Return a Python that has what the lock files in `root` pin."""
    # what a release is made with is pinned apart, and older commits have no such file
    locks = [root / name for name in (LOCK, BUILD_LOCK) if name == LOCK or (root / name).is_file()]
    if all(map(_is_installed, locks)):
        return sys.executable
    say("set up the libraries of the release")
    folder = root / ".venv"
    _run_setup([sys.executable, "-m", "venv", str(folder)])
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for lock in locks:
        # the lock file names everything; what a library asks for beside it, nothing of it imports
        _run_setup([*pip, "--no-deps", "--require-hashes", "-r", str(lock)])
    return python


def _require_same_tool(entry: ReleaseEntry) -> None:
    """Refuse to make a release again by another claimlog, where its commit does not hold its code.

    Raises
    ------
    ClaimlogError
        Naming the version that made it.
    """
    version = entry.data.get("tool_version")
    if version != __version__:
        raise ClaimlogError(
            f"{entry.display_path}: was made by claimlog {version or 'of another version'}, this "
            f"is {__version__}; install the wheel that lies in the release, and run this again"
        )


def _is_installed(lock: Path) -> bool:
    """Whether this environment has the very versions of a lock file."""
    pins: dict[str, set[str]] = {}
    optional = set()
    for match in PIN.finditer(lock.read_text(encoding="utf-8")):
        pins.setdefault(match["name"], set()).add(match["version"])
        if match["marker"]:
            optional.add(match["name"])  # for some platforms or versions of Python only
    for name, versions in pins.items():
        try:
            if importlib.metadata.version(name) not in versions:
                return False
        except importlib.metadata.PackageNotFoundError:
            if name not in optional:
                return False
    return bool(pins)


def _run_setup(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        output = (done.stderr or done.stdout).strip().splitlines()
        raise ClaimlogError(
            f"the libraries of the release cannot be set up: {output[-1] if output else 'unknown'}"
        )


def _run_release(command: list[str], entry: ReleaseEntry, **env: str) -> None:
    # was said when the release was made; a variable, because earlier code has no such option
    env = {**os.environ, "CLAIMLOG_DEVELOPMENT_TOOL": "1", **env}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode:
        output = (done.stderr or done.stdout).strip().splitlines()
        raise ClaimlogError(
            f"{entry.display_path}: {command[0].rpartition('/')[2]} failed: "
            f"{output[-1] if output else 'unknown'}"
        )
