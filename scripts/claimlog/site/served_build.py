"""The build that a server reads, which stays what it is while another one takes its place.

A build replaces its directory, and removes the old one. A server that opened files by their paths
would answer with pages of one build and files of the next; so it reads its own directory of links.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from claimlog.build_notes import FINGERPRINT_FILE
from claimlog.command_limits import allow_writing
from claimlog.errors import ClaimlogError
from claimlog.files import remove, remove_abandoned, temporary_folder
from claimlog.limits import DOCUMENT_BYTES, FILE_BYTES
from claimlog.log.batch import sealed_batches
from claimlog.package import DESCRIPTOR, Package
from claimlog.package_state import SERVED as PLACE
from claimlog.package_state import require_own_state
from claimlog.untrusted_files import parse_json, read_regular, stated_bytes_together

PIN_ATTEMPTS = 5
"""Times that a build is linked which another one replaces meanwhile."""

REPLACED = "another build has taken the place of the one that is served; start the server again"


@dataclass(frozen=True)
class ServedBuild:
    """A build that is served: the directory that is read, and the one that it was made from.

    Attributes
    ----------
    links
        Keeps a directory of links, locked; empty where another process made it.
    """

    folder: Path
    origin: Path
    links: ExitStack = field(default_factory=ExitStack, compare=False, repr=False)

    @cached_property
    def descriptor(self) -> dict[str, Any]:
        """The descriptor of the build; empty without one."""
        with suppress(ClaimlogError):
            data = read_regular(self.folder / DESCRIPTOR, DESCRIPTOR, DOCUMENT_BYTES)
            return parse_json(data, DESCRIPTOR)
        return {}

    @property
    def stated_log(self) -> dict[str, Any]:
        """What the descriptor says of the log that was built; empty without that."""
        log = self.descriptor.get("log")
        return log if isinstance(log, dict) else {}

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of what it was built from; empty without one."""
        return read_fingerprint(self.folder)

    @property
    def is_replaced(self) -> bool:
        """Whether another build lies where this one was."""
        return read_fingerprint(self.origin) not in ("", self.fingerprint)

    def release(self) -> None:
        """Remove the directory of links, if it is one."""
        if self.folder != self.origin:
            remove(self.folder)
        self.links.close()


SERVED: WeakKeyDictionary[Any, ServedBuild] = WeakKeyDictionary()
"""The build of each Datasette that was started as a server."""


def served_build(datasette: Any, database: str | None) -> ServedBuild | None:
    """Return the build that a Datasette serves; where it was not said, that of its database."""
    if datasette in SERVED or database is None:
        return SERVED.get(datasette)
    folder = Path(database).resolve().parent
    return ServedBuild(folder, folder)


def database_of(package: Package, folder: Path) -> Path:
    """Return the path of the database of a build.

    Raises
    ------
    ClaimlogError
        If there is no build, or its database is a link: a clone may bring a build.
    """
    database = folder / f"{package.descriptor['name']}.db"
    if database.is_symlink():
        raise ClaimlogError(
            f"{package.relative(database)}: is a link; remove the build and run make build"
        )
    if not database.is_file():
        raise ClaimlogError(f"{package.relative(database)}: there is no build; run make build")
    return database


def pin_build(package: Package, origin: Path) -> ServedBuild:
    """Return a build as it is now: its files by hard links, or copies where there can be none.

    They lie in the package's state, locked, under a name that `claimlog.files.remove_abandoned`
    knows: what a server that was killed leaves there goes with the next one, or a takedown.

    Raises
    ------
    ClaimlogError
        If the package's state is not claimlog's own.
    OSError
        If they cannot be put there.
    """
    target = require_own_state(package).joinpath(*PLACE)
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(target)
    for left in reversed(range(PIN_ATTEMPTS)):
        # as long as it is open, no other directory has its number
        opened = os.open(origin, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with ExitStack() as links:
                # the server takes the place of the process that began it
                folder = links.enter_context(temporary_folder(target, outlasts_exec=True))
                _link_files(origin, folder)
                if _is_there(origin, opened):
                    return ServedBuild(folder, origin, links.pop_all())
            # it may have files of two builds
        except OSError:
            if _is_there(origin, opened) or not left:
                raise
        finally:
            os.close(opened)
    raise OSError(errno.EBUSY, "another build takes its place again and again")


def _is_there(origin: Path, opened: int) -> bool:
    """Return whether a directory that was opened still has its name."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(opened), origin.stat())
    return False


def _link_files(origin: Path, folder: Path) -> None:
    try:
        shutil.copytree(
            origin, folder, copy_function=_link_or_copy, symlinks=True, dirs_exist_ok=True
        )
    except shutil.Error as error:  # of several files, each with its reason
        raise OSError(str(error.args[0][0][2])) from error


def _link_or_copy(source: str, target: str) -> None:
    if not stat.S_ISREG(os.lstat(source).st_mode):
        return  # a pipe, which a reader would wait at
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        allow_writing(source, stated_bytes_together([Path(source)]))
        shutil.copy2(source, target)


def log_behind(package: Package, build: ServedBuild) -> str | None:
    """Return a sentence if a build is older than the log of its package; None if it is not."""
    stated = build.stated_log
    try:
        batches = sealed_batches(package, [])
        tree = batches[-1].manifest["tree"]
        size, built = int(tree["size"]), int(stated["tree_size"])
    except (ClaimlogError, OSError, LookupError, TypeError, ValueError):
        return None  # a build that was put elsewhere has no log around it
    if built == size and stated.get("root") == tree["root"]:
        return None
    return (
        f"{package.relative(build.origin)}: is of {built:,} rows, and the log has {size:,} now; "
        "run make build to serve them"
    )


def read_fingerprint(folder: Path) -> str:
    """Return the fingerprint of what a build was made from; empty without one."""
    try:
        data = read_regular(folder / FINGERPRINT_FILE, FINGERPRINT_FILE, FILE_BYTES)
        return data.decode("utf-8").partition("\n")[0]
    except (ClaimlogError, ValueError):
        return ""
