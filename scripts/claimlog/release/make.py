"""Making a release: what is demanded of log and checkout, what is written, the index entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimlog.build import Progress
from claimlog.checkout import LINK, Checkout
from claimlog.directory_swap import publish_directory, recover_directory
from claimlog.edit.log_lock import writing_lock
from claimlog.errors import ClaimlogError, FindingsError, UsageError, reason
from claimlog.export.descriptor import dump_json
from claimlog.files import (
    confirm_rename,
    remove,
    remove_abandoned,
    remove_if_abandoned,
    sync,
    temporary_file,
    write_durably,
)
from claimlog.fold import cutoff
from claimlog.git import CheckoutError
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import (
    FOLDER,
    ReleaseEntry,
    Version,
    read_index,
)
from claimlog.log.signed_trees import RECORD
from claimlog.log.takedowns import RECORD as TAKEDOWNS
from claimlog.log.takedowns import read_takedowns
from claimlog.package import CHANGELOG, DESCRIPTOR, RELEASE, SUMS, Package, read_json
from claimlog.release import archive
from claimlog.release.authenticity import CHECKPOINT_SUFFIX
from claimlog.release.changelog import add_entry, read_changelog, remove_entry
from claimlog.release.checkpoint import Checkpoint, log_origin
from claimlog.release.checkpoint_signing import (
    present_origin,
    require_signable,
    sign_checkpoint,
)
from claimlog.release.checksums import sha256_of_file
from claimlog.release.dataset_state import DatasetState
from claimlog.release.diff import Diff, compare_states
from claimlog.release.generated_package_files import refresh_generated_files
from claimlog.release.log_check import require_served_log
from claimlog.release.log_file_names import refuse_unnamed_schemas
from claimlog.release.published_archive import verify_published_archive
from claimlog.release.release_file_names import release_paths
from claimlog.release.release_place import require_own_release, require_same_issue
from claimlog.release.release_site import SiteDrawer, listed_files, site_size
from claimlog.release.release_statement import STATEMENT_SUFFIX, ReleaseStatement
from claimlog.release.signing_key import read_private_key
from claimlog.release.tool_wheel import running_tool
from claimlog.release.uncommitted_files import require_committed, uncommitted_advice
from claimlog.release.write_release_folder import ReleasePlan, write_release_folder
from claimlog.schema.stale_schemas import refuse_stale_schemas
from claimlog.validate import validate

FIRST_VERSIONS = ("0.1.0", "1.0.0")


@dataclass(frozen=True)
class ReleaseOutput:
    """A release that was written.

    Attributes
    ----------
    folder, archive
        Its directory and its zip.
    signatures
        Files beside the archive, where a key was given: outside, so that the archive can be made
        again without the key.
    entry
        Its entry in the index.
    diff
        What changed since the last release.
    refreshed_files
        The generated files of the checkout that say the new version, CITATION.cff above all.
    """

    folder: Path
    archive: Path
    signatures: tuple[Path, ...]
    entry: ReleaseEntry
    diff: Diff
    refreshed_files: tuple[str, ...] = ()


def make_release(
    package: Package,
    version: str,
    date: str,
    out: Path,
    as_of: str | None = None,
    key: Path | None = None,
    progress: Progress = lambda _: None,
    draw_site: SiteDrawer | None = None,
) -> ReleaseOutput:
    """Write a release to `out`, and its entry to the index and the changelog of the package.

    Parameters
    ----------
    date
        Day of the release (UTC, ISO 8601).
    as_of
        Batch up to which it goes; all of them by default.
    key
        PEM file of an Ed25519 private key that signs the release, and the checkpoint of its log.
    draw_site
        Draws its pages; without it they are not in the archive.

    Raises
    ------
    FindingsError
        If the log has findings.
    ClaimlogError
        If the checkout has uncommitted changes, the version is not the one that the changes
        demand, the rows that it would serve are not those of the log, or something cannot be
        written; nothing is left half made.
    """
    requested = Version.parse(version)
    name = str(package.descriptor["name"])
    folder, zip_path = release_paths(name, version, out)
    if key is not None:
        read_private_key(key)  # a wrong one is reported before anything is written
    changelog, entry_name = package.root / CHANGELOG, f"{FOLDER}/{version}.json"
    for path in (folder, package.root / entry_name):
        package.refuse_links(path)
    recover_directory(folder)
    beside_it = [out / f"{folder.name}{suffix}" for suffix in (STATEMENT_SUFFIX, CHECKPOINT_SUFFIX)]
    for path in beside_it:
        remove_abandoned(path)
    index = read_index(package)
    if any(entry.version == requested for entry in index):
        raise ClaimlogError(
            f"{entry_name}: {version} was released already and never changes; "
            f"to make it again and compare: claimlog release --rebuild {version}; to take back one "
            f"that has no tag and that nobody has: remove {entry_name} and what dist/ has of it, "
            "restore CHANGELOG.md and CITATION.cff from git, and commit"
        )
    remove_entry(package, version)
    commit = require_clean_commit(package)
    taken = read_takedowns(package)
    log = read(package, progress=progress)
    log.require_readable()
    diff, batches = plan_release(log, index, version, as_of)
    require_next_version(requested, index, diff)
    stated = log.definition.descriptor["version"]
    if stated != version:
        raise ClaimlogError(
            f'{DESCRIPTOR}: "version" is {stated}; set it to {version}, '
            "commit that, and run this again"
        )
    refuse_another_origin(index, log.definition.descriptor)
    refuse_stale_schemas(package, log.definition, "commit that, and run this again")
    refuse_unnamed_schemas(package, log.definition.streams)
    if key is not None:
        size, root = log.trees[batches - 1]
        require_signable(log, Checkpoint(present_origin(log), size, root), key)
    report = validate(log, None)
    if report.error_count:
        raise FindingsError(report.findings, "nothing was released")
    tool = running_tool()
    plan = ReleasePlan(*(requested, date, batches, diff, tuple(index), tool), draw_site=draw_site)
    write_release(package, log, plan, out, progress, require_served_log)
    try:
        entry = ReleaseEntry(entry_data(version, commit, folder, zip_path), entry_name)
        signatures = sign_release(log, entry, key, out) if key else ()
        with writing_lock(package):
            if read_takedowns(package) != taken:
                made = (folder, zip_path, *signatures)
                for path in made:
                    remove(path)
                stayed = [package.relative(path) for path in made if path.exists()]
                deletion = f"delete {', '.join(stayed)} that still hold them, " if stayed else ""
                raise ClaimlogError(
                    f"{TAKEDOWNS}: rows that {version} holds were taken down while it was made; "
                    f"nothing is released, {deletion}commit the takedown and run this again"
                )
            (package.root / FOLDER).mkdir(exist_ok=True)
            changes = add_entry(read_changelog(package), plan.changes)
            package.write(changelog, changes.encode("utf-8"))
            # from here on it is released
            package.write(package.root / entry_name, dump_json(entry.data))
            refreshed = refresh_generated_files(package, f"{version} is released")
    except OSError as error:
        remove_entry(package, version)
        raise ClaimlogError(
            f"{entry_name}: cannot be written, nor its entry in {CHANGELOG} ({reason(error)}); "
            f"{version} is not released, make room and run this again"
        ) from error
    return ReleaseOutput(folder, zip_path, signatures, entry, diff, tuple(refreshed))


def refuse_another_origin(index: Sequence[ReleaseEntry], descriptor: Mapping[str, Any]) -> None:
    """Refuse an origin of the log that is not that of the releases before.

    Raises
    ------
    ClaimlogError
        If a release named one and the descriptor names another, or none.
    """
    named = [entry for entry in index if "log_origin" in entry.data]
    if named and descriptor.get("logOrigin") != named[-1].data["log_origin"]:
        raise ClaimlogError(
            f'{DESCRIPTOR}: "logOrigin" is {descriptor.get("logOrigin", "not there")}; the log of '
            f"release {named[-1].version} is {named[-1].data['log_origin']} for whoever follows "
            "its checkpoints, and never changes: restore it"
        )


def entry_data(version: str, commit: str, folder: Path, zip_path: Path) -> dict[str, Any]:
    """Return the entry of the index for a release that is written."""
    summary = read_json(folder / RELEASE, RELEASE)
    return {
        "version": version,
        "date": summary["date"],
        "commit": commit,
        **{name: value for name, value in summary.items() if name not in ("version", "date")},
        "archive": archive_data(zip_path),
        **({"site": pages} if (pages := site_size(folder)) else {}),
        "files": listed_files(folder),
    }


def archive_data(path: Path) -> dict[str, Any]:
    """Return what an entry of the index says of an archive: name, bytes and SHA-256."""
    return {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_of_file(path)}


def sign_release(log: Log, entry: ReleaseEntry, key: Path, out: Path) -> tuple[Path, ...]:
    """Sign what an entry says of a release; return what was written.

    The statement is about every file of it; the checkpoint is about the log alone, in the form
    that other tools read. Both lie in `out`, beside the archive; the record of signed checkpoints
    lies in the package and is written before them.

    Parameters
    ----------
    key
        PEM file of an Ed25519 private key.

    Raises
    ------
    ClaimlogError
        If the file holds no such key, the checkpoint contradicts one that was signed, or a
        signature cannot be written or would replace another file; the checkpoint may be on record
        as signed all the same.
    OSError
        If the record cannot be written.
    """
    package = log.package
    name = str(package.descriptor["name"])
    origin = log_origin(entry.data, name)
    checkpoint = Checkpoint(origin, entry.size, bytes.fromhex(entry.root))
    package.refuse_links(out / name)
    statement = ReleaseStatement.of_entry(name, entry)
    require_same_issue(package, out, statement, [one["files"][SUMS] for one in entry.issues])
    out.mkdir(parents=True, exist_ok=True)
    notes = {
        STATEMENT_SUFFIX: statement.sign(key),
        CHECKPOINT_SUFFIX: sign_checkpoint(log, checkpoint, key),
    }
    written = []
    for suffix, note in notes.items():
        path = out / f"{name}-{entry.version}{suffix}"
        write_signature(path, note)
        written.append(path)
    return tuple(written)


def write_signature(path: Path, note: str, remedy: str = "make room and run this again") -> None:
    """Write a signed note beside an archive.

    Raises
    ------
    ClaimlogError
        If it cannot be written.
    """
    try:
        write_durably(path, note.encode("utf-8"))
    except OSError as error:
        raise ClaimlogError(f"{path}: cannot be written ({reason(error)}); {remedy}") from error


def sign_published(
    package: Package, index: list[ReleaseEntry], entry: ReleaseEntry, key: Path, out: Path
) -> tuple[Path, ...]:
    """Sign a release that was made before, after a look at the log and at its archive in `out`.

    Raises
    ------
    ClaimlogError
        If the archive is not there, not whole, or not the one that the index names, or the entry
        disagrees with the log.
    """
    read_private_key(key)
    log = read(package)
    log.require_readable()
    verify_published_archive(log, index, entry, out, None, "signed")
    return sign_release(log, entry, key, out)


def write_release(
    package: Package,
    log: Log,
    plan: ReleasePlan,
    out: Path,
    progress: Progress,
    check: Callable[[Path], None] = lambda _: None,
    earlier: Collection[str] = (),
) -> tuple[Path, Path]:
    """Write a release's directory and archive into `out`; each appears whole or not at all.

    Parameters
    ----------
    check
        Is called with the directory before anything of it appears in `out`, and may refuse it.
    earlier
        SHA-256 of ``SHA256SUMS`` of issues that it takes the place of.

    Raises
    ------
    ClaimlogError
        If something cannot be written, or `out` holds what is none of this release.
    """
    name, version = str(log.definition.descriptor["name"]), str(plan.version)
    folder, zip_path = release_paths(name, version, out)
    require_own_release(package, name, version, out, log.trees)
    remove_abandoned(zip_path)

    def require() -> None:
        require_own_release(package, name, version, out, log.trees)
        size, root = log.trees[plan.batches - 1]
        sums = sha256_of_file(staged / SUMS)
        made = ReleaseStatement(name, version, sums, size, root.hex())
        require_same_issue(package, out, made, earlier)

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClaimlogError(f"{out}: cannot be made ({error.strerror})") from error
    with publish_directory(folder, package.relative(folder), require) as staged:
        write_release_folder(package, log, plan, staged, progress)
        check(staged)
    try:
        with temporary_file(zip_path) as fresh:
            archive.write_archive(folder, fresh)
            fresh.chmod(0o644)
            sync(fresh)
            fresh.replace(zip_path)
    except OSError as error:
        raise ClaimlogError(
            f"{package.relative(zip_path)}: cannot be written ({error.strerror}); "
            f"{plan.version} is not released, make room and run this again"
        ) from error
    confirm_rename(out, package.relative(zip_path))
    return folder, zip_path


def plan_release(
    log: Log, index: list[ReleaseEntry], label: str, as_of: str | None
) -> tuple[Diff, int]:
    """Return what a release would bring since the last one, and how many batches it holds.

    Raises
    ------
    UsageError
        If `as_of` is no batch.
    ClaimlogError
        If the log is empty, or the batches do not extend those of the last release.
    """
    if not log.batches:
        raise ClaimlogError("events: the log is empty; there is nothing to release")
    cut = cutoff(log, as_of)
    size, root = log.trees[cut.batches - 1]
    if size != cut.size:
        raise UsageError(f"--as-of {as_of}: a release ends with a batch; give its number")
    for entry in index:
        tree = next((tree for tree in log.trees if tree[0] == entry.size), None)
        if entry.size > size or tree is None or tree[1].hex() != entry.root:
            raise ClaimlogError(
                f"{entry.display_path}: the log of {size} rows (root {root.hex()[:16]}…) does not "
                f"extend release {entry.version} of {entry.size} rows (root {entry.root[:16]}…); "
                "restore events/ from git"
            )
    old = DatasetState.of_entry(index[-1]) if index else None
    new = DatasetState.of_head(log, label, size)
    return compare_states(log, old, new, log.definition.deprecations), cut.batches


def require_next_version(requested: Version, index: list[ReleaseEntry], diff: Diff) -> None:
    """Refuse a version that is not the next one that the changes demand.

    Raises
    ------
    ClaimlogError
        Saying which version is demanded, and why.
    """
    if not index:
        if str(requested) not in FIRST_VERSIONS:
            raise ClaimlogError(
                f"{requested}: nothing was released before, so the first version is "
                f"{' or '.join(FIRST_VERSIONS)}"
            )
        return
    last = index[-1].version
    if diff.level is None:
        raise ClaimlogError(
            f"{requested}: nothing changed since {last}; there is nothing to release"
        )
    demanded = last.after(diff.level)
    if requested != demanded:
        raise ClaimlogError(
            f"{requested}: the changes since {last} demand a {diff.level} version, {demanded} "
            f"({diff.why})"
        )


def require_clean_commit(package: Package) -> str:
    """Return the commit of the checkout, once what killed runs left in it is removed.

    Raises
    ------
    ClaimlogError
        If it is no git checkout or something is not committed.
    """
    try:
        checkout = Checkout.of(package)
        head = checkout.head()
        for path in map(package.root.joinpath, checkout.untracked()):
            if path.is_symlink():
                continue  # to a directory of somebody else's, maybe
            for unfinished in (path, *path.glob(".*-new-*")):
                remove_if_abandoned(unfinished)
        # what was signed is written after the commit, and committed with the release; the state of
        # the package, where the lock of this release lies, is in no commit
        state = f"{package.relative(package.state)}/"
        changed = [
            name for name in checkout.changes() if name != RECORD and not name.startswith(state)
        ]
        committed = checkout.blobs(head)
    except CheckoutError as error:
        raise ClaimlogError(
            f"{package.root.name}: {error}; a release names the commit it was made from"
        ) from None
    links = [name for name, (mode, _) in committed.items() if mode == LINK]
    if links:
        raise ClaimlogError(
            f"{links[0]}: is a symbolic link in the commit, and may lead anywhere; a release is "
            "made of files, put the file itself there"
        )
    if changed:
        raise ClaimlogError(uncommitted_advice(package, changed, checkout.untracked()))
    require_committed(package, committed)
    return head
