"""Publishing a release in a directory: of a web server, a shared disk, a checkout of pages.

Each file appears whole or not at all, and the entry of the index comes last: who sees it has all
that it names. A file that is there with other content is never replaced.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from claimlog.directory_swap import publish_directory
from claimlog.errors import ClaimlogError, reason
from claimlog.files import copy_durably, remove_abandoned_in, write_durably
from claimlog.limits import FILE_BYTES
from claimlog.log.release_index import Version
from claimlog.log.tiles import TILES
from claimlog.release.checkpoint_signing import present_origin
from claimlog.release.checksums import sha256_of_file
from claimlog.release.published_checkpoint import CHECKPOINT_FILE, require_continuation
from claimlog.release.publishing.note_check import require_checkpoint_of_log
from claimlog.release.publishing.published_files import PublishedFile, ReleaseFiles, Say
from claimlog.release.release_limits import SITE_FILES
from claimlog.release.signed_note import NOTE_BYTES
from claimlog.release.site_mark import SITE_OF, require_own_site
from claimlog.release.tile_log import write_tiles
from claimlog.release.walk_release import require_copy_of_own_size, walk_files
from claimlog.untrusted_files import read_regular

SITE, VERSIONS = "site", "versions.js"
"""Pages and the list of releases, which lie beside an archive as the log's tiles do."""

VERSIONS_SCRIPT = re.compile(rb"window\.claimlogVersions = (\[.*\]);\n", re.DOTALL)
"""The list of releases as pages read it: a script that holds JSON and nothing else."""

MOVE_AWAY = "take another directory, or move it away"
WRITE_AGAIN = "write it again: claimlog site"


@dataclass(frozen=True)
class DirectoryPlan:
    """What is to be copied where.

    Attributes
    ----------
    files
        Files of the release that the directory lacks.
    site, versions
        The site that lies beside the archive, and the bytes of the list of releases there.
    checkpoint
        The signed checkpoint of the log as tiles that lies there, if it does.
    """

    target: Path
    files: tuple[PublishedFile, ...]
    site: Path | None
    versions: bytes | None
    checkpoint: str | None

    @property
    def names(self) -> list[str]:
        """What is copied, as messages name it."""
        return [
            *([f"{SITE}/"] if self.site else []),
            *([f"{TILES}/", CHECKPOINT_FILE] if self.checkpoint else []),
            *([VERSIONS] if self.versions is not None else []),
            *(file.name for file in self.files),
        ]


def plan_directory(release: ReleaseFiles, target: Path) -> DirectoryPlan:
    """Return what a directory lacks of a release.

    Raises
    ------
    ClaimlogError
        If a file of the release is there with other content, or what would be replaced is none
        that claimlog wrote: another directory ``site``, another log as tiles.
    """
    missing = []
    for file in release.files:
        path = target / file.name
        if not path.exists() and not path.is_symlink():
            missing.append(file)
        elif not path.is_file() or path.is_symlink() or sha256_of_file(path) != file.sha256:
            raise ClaimlogError(
                f"{path}: is there and is not the file of this release; what was published never "
                "changes, so take another directory, or move it away"
            )
    beside = release.files[0].path.parent
    site = beside / SITE
    plan = DirectoryPlan(
        target,
        tuple(missing),
        site if os.path.lexists(site) else None,
        _list_of_releases(beside / VERSIONS, WRITE_AGAIN),
        _checkpoint_beside(beside),
    )
    if plan.site:
        if plan.site.is_symlink():
            raise ClaimlogError(f"{plan.site}: is a link; {WRITE_AGAIN}")
        require_own_site(plan.site, str(plan.site), WRITE_AGAIN, _subject(release))
        require_copy_of_own_size(plan.site, str(plan.site), WRITE_AGAIN, SITE_FILES, "site")
        _require_replaceable_site(target / SITE, _subject(release))
    if plan.versions is not None:
        lost = _versions(_list_of_releases(target / VERSIONS, MOVE_AWAY)) - _versions(plan.versions)
        if lost:
            raise ClaimlogError(
                f"{target / VERSIONS}: names {min(lost)}, which {beside / VERSIONS} does not; "
                "fetch that release into this checkout, and draw the site again"
            )
    if plan.checkpoint:
        data = plan.checkpoint.encode("utf-8")
        shown = str(beside / CHECKPOINT_FILE)
        log = release.log
        checkpoint = require_checkpoint_of_log(data, shown, log, present_origin(log), release.key)
        require_continuation(log, checkpoint, target, str(target))
    return plan


def _subject(release: ReleaseFiles) -> dict[str, object]:
    """Return what the mark of a site of a release says that it is of."""
    return {SITE_OF: release.log.definition.descriptor["name"]}


def _checkpoint_beside(folder: Path) -> str | None:
    """Return the signed checkpoint of a directory that holds a log as tiles."""
    path = folder / CHECKPOINT_FILE
    if not os.path.lexists(path) and not (folder / TILES).is_dir():
        return None
    remedy = f"write it again: claimlog tiles --out {shlex.quote(str(folder))}"
    data = read_regular(path, str(path), NOTE_BYTES, folder, remedy)
    return data.decode("utf-8", "replace")


def _require_replaceable_site(target: Path, about: Mapping[str, object]) -> None:
    """Refuse what lies in the place of the site and is no earlier one of the same dataset."""
    if target.is_symlink():
        raise ClaimlogError(f"{target}: is a link; {MOVE_AWAY}")
    if target.exists():
        require_own_site(target, str(target), MOVE_AWAY, about)


def _list_of_releases(path: Path, remedy: str) -> bytes | None:
    """Return the script with the list of releases at a place; None where there is nothing.

    Raises
    ------
    ClaimlogError
        If it is anything else: a link that leads elsewhere, or a script that does something.
    """
    if not os.path.lexists(path):
        return None
    data = read_regular(path, str(path), FILE_BYTES, path.parent, remedy)
    try:
        match = VERSIONS_SCRIPT.fullmatch(data)
        if match is None:
            raise ValueError("no list")
        for entry in json.loads(match[1]):
            Version.parse(entry["version"])  # pages make links of it
    except (ClaimlogError, KeyError, RecursionError, TypeError, ValueError):
        raise ClaimlogError(f"{path}: is no list of releases; {remedy}") from None
    return data


def _versions(script: bytes | None) -> set[str]:
    """Return the versions that the script with the list of releases names."""
    match = VERSIONS_SCRIPT.fullmatch(script or b"")
    return {entry["version"] for entry in json.loads(match[1])} if match else set()


def copy_release(plan: DirectoryPlan, release: ReleaseFiles, say: Say) -> None:
    """Copy what a plan names, and check afterwards that all of it is there.

    Raises
    ------
    ClaimlogError
        If something cannot be written, or is another file afterwards.
    """
    target = plan.target
    try:
        target.mkdir(parents=True, exist_ok=True)
        remove_abandoned_in(target)  # a killed copy may hold rows that were taken down since
        if plan.site:
            _copy_site(plan.site, target / SITE, _subject(release), say)
        if plan.checkpoint:
            _write_tiles(plan.checkpoint, release, target, say)
        if plan.versions is not None:
            write_durably(target / VERSIONS, plan.versions)
            say(f"copied {VERSIONS}")
        for file in release.files:
            if file not in plan.files:
                say(f"{file.name} is there already")
                continue
            copy_durably(file.path, target / file.name)
            say(f"copied {file.name}, {file.size:,} bytes")
    except OSError as error:
        raise ClaimlogError(
            f"{target}: cannot be written ({reason(error)}); make room or give the right to, and "
            "run this again"
        ) from error
    for file in release.files:
        if sha256_of_file(target / file.name) != file.sha256:
            raise ClaimlogError(
                f"{target / file.name}: is not the file that was copied; look after the disk, "
                "remove it, and run this again"
            )


def _copy_site(source: Path, target: Path, about: Mapping[str, object], say: Say) -> None:
    """Replace a site by a copy of another one, unless it holds the same."""
    if target.is_dir() and _digest(source) == _digest(target):
        say(f"{SITE}/ is there already")
        return
    with publish_directory(
        target, str(target), partial(_require_replaceable_site, target, about)
    ) as fresh:
        shutil.copytree(source, fresh, dirs_exist_ok=True, symlinks=True)
        require_own_site(fresh, str(source), WRITE_AGAIN)
    say(f"copied {SITE}/")


def _write_tiles(note: str, release: ReleaseFiles, target: Path, say: Say) -> None:
    """Bring the log as tiles up to a checkpoint: tiles of earlier states stay for who follows."""
    output = write_tiles(release.log, release.log.releases, note, target, str(target))
    if output.new_files:
        say(f"copied {CHECKPOINT_FILE} and {output.new_files:,} new files of {TILES}/")
    else:
        say(f"{TILES}/ is there already")


def _digest(folder: Path) -> str:
    """Return a hash of all names and contents below a directory."""
    whole = sha256()
    for line in sorted(_lines(folder)):
        whole.update(line.encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _lines(folder: Path) -> Iterator[str]:
    for entry in walk_files(folder, SITE_FILES, "site"):
        path = Path(entry.path)
        kind = "link" if entry.is_symlink() else sha256_of_file(path)
        yield f"{path.relative_to(folder).as_posix()}\0{kind}\n"
