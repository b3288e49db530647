"""The wheel of claimlog that lies in every release, made from the very code that runs.

From a checkout the pinned build backend makes it of the files that the commit names; from an
installed wheel it is put together again from the installed files. Either way its members are
written anew, uncompressed and with a fixed date, so that its bytes depend on the code and no
compression library.
"""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import claimlog
from claimlog.checkout import Checkout
from claimlog.errors import ClaimlogError
from claimlog.limits import DOCUMENT_BYTES
from claimlog.package import Package
from claimlog.release.archive import DATE, MODE
from claimlog.untrusted_files import read_regular

NAME = "claimlog"
LOCK = "requirements.txt"
"""The lock file of claimlog's libraries: in its checkout, in its wheel, and beside it."""

MODULES = "scripts/claimlog"
WHEEL_SOURCES = (".gitignore", "LICENSE", "README.md", "pyproject.toml", LOCK, MODULES)
"""Files and directories of the checkout that the build backend reads."""

BUILD_LOCK = "requirements-build.txt"
TOOL_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){1,3}(?:(?:a|b|rc|\.dev|\.post)[0-9]{1,6})?")
DEVELOPMENT = ".dev"
NO_NULL_TEXT = NO_CODE_BOUNDS = TRUTH_CHECKS = (0, 4)
"""The first version that leaves a list which is null empty in databases and CSV, the first that
states no bounds of coded columns in Parquet, and the first whose databases check yes and no."""

INSTALLER_FILES = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json")
"""Files of an installation's metadata that the installer writes, and no wheel holds."""

Members = Mapping[str, bytes]


def has_null_text(version: str | None) -> bool:
    """Whether a version of the tool writes a list that is null as JSON's null.

    >>> has_null_text(None), has_null_text("0.3.0"), has_null_text("0.4.0.dev0")
    (True, True, False)
    """
    return _is_before(version, NO_NULL_TEXT)


def has_code_bounds(version: str | None) -> bool:
    """Whether a version of the tool states bounds of coded columns, also of unused codes.

    >>> has_code_bounds(None), has_code_bounds("0.3.0"), has_code_bounds("0.4.0.dev0")
    (True, True, False)
    """
    return _is_before(version, NO_CODE_BOUNDS)


def has_truth_checks(version: str) -> bool:
    """Whether a version of the tool lets columns of yes and no in databases take only 1 and 0.

    >>> has_truth_checks("0.3.0"), has_truth_checks("0.4.0.dev0")
    (False, True)
    """
    return not _is_before(version, TRUTH_CHECKS)


def _is_before(version: str | None, first: tuple[int, int]) -> bool:
    """Whether a version is before another; so is that of a release which names none."""
    return version is None or tuple(map(int, re.findall("[0-9]+", version)[:2])) < first


@dataclass(frozen=True)
class ToolWheel:
    """claimlog as a release carries it.

    Attributes
    ----------
    data
        The bytes of the wheel.
    lock
        The lock file of the libraries that this version was tested with.
    """

    version: str
    data: bytes
    lock: bytes

    @property
    def file_name(self) -> str:
        return wheel_name(self.version)


def wheel_name(version: str) -> str:
    """Return the file name of the wheel of a version of claimlog."""
    return f"{NAME}-{version}-py3-none-any.whl"


def refuse_development_tool(version: str) -> None:
    """Refuse to release by a claimlog between two of its versions, of which no other copy is known.

    Raises
    ------
    ClaimlogError
        If the version is a development version (PEP 440, ``.devN``).
    """
    if DEVELOPMENT in version:
        raise ClaimlogError(
            f"{NAME} {version} is a development version, and a release carries the claimlog that "
            "made it: say --development-tool if it is meant so, or release with a claimlog that "
            "has a version of its own (docs/releases.md says how one is made)"
        )


@cache  # a process runs one code
def running_tool() -> ToolWheel:
    """Return the claimlog that runs now as a wheel.

    Raises
    ------
    ClaimlogError
        If it comes from a checkout and the build backend is not installed or fails, git does not
        know the checkout's files, or one of them is none; or if it comes from neither a checkout
        nor an unaltered installation.
    """
    package = Path(claimlog.__file__).resolve().parent
    root = package.parents[1]
    is_checkout = _project_name(root / "pyproject.toml") == NAME
    members = _build_members(root) if is_checkout else _installed_members(package)
    version = claimlog.__version__
    metadata = f"{NAME}-{version}.dist-info"
    lock = members.get(f"{metadata}/extra_metadata/{LOCK}")
    if lock is None:
        raise ClaimlogError(
            f"{NAME}: its wheel holds no {metadata}/extra_metadata/{LOCK}; install {NAME} again, "
            f"or restore pyproject.toml and {LOCK} from git"
        )
    return ToolWheel(version, wheel_bytes(members, f"{metadata}/RECORD"), lock)


def wheel_bytes(members: Members, record: str) -> bytes:
    """Return a wheel whose bytes depend on nothing but the names and bytes of its members.

    Parameters
    ----------
    record
        Name of the list of members, which is written here (PEP 427) and comes last.
    """
    listed = {name: data for name, data in sorted(members.items()) if name != record}
    lines = [f"{name},sha256={_record_hash(data)},{len(data)}\n" for name, data in listed.items()]
    listed[record] = "".join([*lines, f"{record},,\n"]).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in listed.items():
            info = zipfile.ZipInfo(name, DATE)
            info.create_system = 3
            info.external_attr = MODE
            archive.writestr(info, data)
    return target.getvalue()


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()


def _project_name(path: Path) -> str | None:
    """Return the name of the project that a ``pyproject.toml`` describes, None if it is none."""
    try:
        name = tomllib.loads(path.read_text("utf-8"))["project"]["name"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return str(name)


def _build_members(root: Path) -> Members:
    """Return the members of the wheel that the build backend makes of a checkout."""
    if find_spec("hatchling") is None:
        raise ClaimlogError(
            f"hatchling: is not installed, and builds the wheel of {NAME} that lies in a release; "
            f"install it: {sys.executable} -m pip install --no-deps -r {root / BUILD_LOCK}"
        )
    with tempfile.TemporaryDirectory(prefix="claimlog-") as scratch:
        source, folder = Path(scratch, "source"), Path(scratch, "wheel")
        _copy_committed(root, source)
        command = [sys.executable, "-P", "-m", "hatchling", "build", "--target", "wheel"]
        done = subprocess.run(
            [*command, "--directory", str(folder)], cwd=source, capture_output=True, text=True
        )
        wheels = sorted(folder.glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            output = (done.stderr or done.stdout).strip().splitlines()
            raise ClaimlogError(
                f"{root / 'pyproject.toml'}: hatchling builds no wheel of it "
                f"({output[-1] if output else 'it says nothing'}); mend that and run this again"
            )
        with zipfile.ZipFile(wheels[0]) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def _copy_committed(root: Path, target: Path) -> None:
    """Copy those files of a checkout that its wheel is made of and that its commit names.

    Their bytes are those that run here. What git ignores, or does not know, stays behind.

    Raises
    ------
    ClaimlogError
        If git cannot answer, or something is no regular file in its place.
    """
    checkout = Checkout.of(Package(root))
    names = [name for path in WHEEL_SOURCES for name in checkout.blobs("HEAD", path)]
    if MODULES not in {name.rpartition("/")[0] for name in names}:
        raise ClaimlogError(
            f"{root / MODULES}: is in no commit, and a release holds no other code; commit it, or "
            f"install a wheel of {NAME}, and run this again"
        )
    for name in names:
        path = root / name
        above = [root / parent for parent in PurePosixPath(name).parents]
        if any(it.is_symlink() for it in (path, *above[:-1])):
            raise ClaimlogError(f"{path}: is, or lies behind, a symbolic link; restore it from git")
        copied = target / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(read_regular(path, str(path), DOCUMENT_BYTES, root))
    (target / ".gitignore").touch()  # else the backend looks for one in the directories above


def _installed_members(package: Path) -> Members:
    """Return the members of the wheel that claimlog was installed from."""
    try:
        installed = distribution(NAME)
    except PackageNotFoundError:
        installed = None
    if installed is None or package != Path(str(installed.locate_file(NAME))).resolve():
        raise ClaimlogError(
            f"{package}: is neither a checkout of {NAME} nor installed from its wheel, which a "
            f"release holds; install a wheel of {NAME} and run this again"
        )
    return dict(_read_installed(installed))


def _read_installed(installed: Distribution) -> Members:
    members = {}
    for path in installed.files or ():
        name = path.as_posix()
        folder = path.parts[0]
        is_metadata = folder.endswith(".dist-info") and name.split("/", 1)[1] not in INSTALLER_FILES
        if "__pycache__" in path.parts or not (folder == NAME or is_metadata):
            continue
        try:
            data = path.read_binary()
        except OSError:
            data = b""
        if path.hash is None or path.hash.value != _record_hash(data):
            raise ClaimlogError(
                f"{path.locate()}: is not as it was installed, so no wheel can be made of it; "
                f"install {NAME} again"
            )
        members[name] = data
    return members
