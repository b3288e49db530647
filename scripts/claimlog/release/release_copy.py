"""A copy of a release to verify: a directory, or an archive unpacked into one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.export.content_hash import Content
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.package import RELEASE, SUMS, Package, read_json
from claimlog.release import archive
from claimlog.release.checksums import sha256_of_files
from claimlog.release.release_file_names import inner_package
from claimlog.release.tool_wheel import TOOL_VERSION, has_code_bounds, has_null_text
from claimlog.validate import Report


class ReleaseCopy:
    """A release's directory from any source; nothing in it is trusted.

    Attributes
    ----------
    folder
        Where its files lie.
    target
        What the user named: that directory, or the archive that was unpacked into it.
    database_is_plain
        Whether a check showed that the SQLite file computes nothing when it is read.
    report
        The report on the log, once it was validated.
    contents
        The content of each table that was compared, by name.
    """

    def __init__(self, folder: Path, target: Path) -> None:
        self.folder = folder
        self.target = target
        self.database_is_plain = False
        self.report: Report | None = None
        self.contents: dict[str, Content] = {}

    @property
    def archive(self) -> Path | None:
        """The archive that was unpacked, if there was one."""
        return self.target if self.target.is_file() else None

    @cached_property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of every regular file, by name."""
        return sha256_of_files(self.folder)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What ``release.json`` says."""
        return read_json(self.folder / RELEASE, RELEASE)

    @property
    def tool_version(self) -> str | None:
        """The version of claimlog that lies in it; None in releases up to 0.2.0.

        Raises
        ------
        ClaimlogError
            If ``release.json`` states something else there.
        """
        version = self.summary.get("tool_version")
        if version is not None and not (
            isinstance(version, str) and TOOL_VERSION.fullmatch(version)
        ):
            raise ClaimlogError(f"{RELEASE}: tool_version is no version of claimlog")
        return version

    @property
    def has_null_text(self) -> bool:
        """Whether lists that are null are JSON's null in its database and CSV.

        So it is in releases up to 0.3.0. Raises as `tool_version` does.
        """
        return has_null_text(self.tool_version)

    @property
    def has_code_bounds(self) -> bool:
        """Whether its Parquet files may state bounds of coded columns, also of unused codes.

        So it is in releases up to 0.3.0. Raises as `tool_version` does.
        """
        return has_code_bounds(self.tool_version)

    @cached_property
    def package(self) -> Package:
        """The package inside."""
        return inner_package(self.folder)

    @cached_property
    def log(self) -> Log:
        """The log inside; lines that cannot be read are among its findings."""
        return read(self.package)

    def readable_log(self) -> Log:
        """Return the log.

        Raises
        ------
        FindingsError
            If it cannot be read.
        """
        self.log.require_readable()
        return self.log

    @property
    def name(self) -> str:
        """Name of the directory or archive, without ``.zip``."""
        return self._named_path.name.removesuffix(".zip")

    def beside(self, suffix: str) -> Path:
        """Return the path of a file that lies beside the release, as a signature."""
        return self._named_path.with_name(f"{self.name}{suffix}")

    @property
    def _named_path(self) -> Path:
        return Path(os.path.normpath(self.target.absolute()))  # a name, also for "." and ".."


@contextmanager
def open_copy(target: Path, scratch: Path | None = None) -> Iterator[ReleaseCopy]:
    """Open the release in a directory or an archive.

    Parameters
    ----------
    scratch
        Directory in which an archive is unpacked; that of the system by default.

    Raises
    ------
    ClaimlogError
        If there is neither, the archive is refused, or what it holds is no release.
    """
    require_place(target)
    if target.is_dir():
        yield _require_release(ReleaseCopy(target, target))
        return
    if not target.is_file():
        raise ClaimlogError(f"{target}: is neither the directory nor the zip of a release")
    with tempfile.TemporaryDirectory(prefix="claimlog-", dir=scratch) as unpacked:
        yield _require_release(ReleaseCopy(archive.extract_archive(target, Path(unpacked)), target))


def require_place(target: Path) -> None:
    """Refuse a release of which there is nothing at all.

    Raises
    ------
    ClaimlogError
        If there is no file and no directory of this name.
    """
    if not target.exists():
        raise ClaimlogError(
            f"{target}: there is no such file or directory; name the directory or the zip of a "
            "release"
        )


def _require_release(copy: ReleaseCopy) -> ReleaseCopy:
    if not (copy.folder / RELEASE).is_file() and not (copy.folder / SUMS).is_file():
        raise ClaimlogError(
            f"{copy.target.name}: holds neither {RELEASE} nor {SUMS}; name the directory or the "
            "zip of a release"
        )
    return copy
