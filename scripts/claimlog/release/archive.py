"""The archive of a release: a zip whose bytes depend on nothing but its files.

Members are stored, not deflated, in order of name and with a fixed date: the bytes then depend on
no compression library, and whatever is deflated, misordered or repeated was not written here.
"""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from claimlog.errors import ClaimlogError

DATE = (1980, 1, 1, 0, 0, 0)
MODE = 0o644 << 16
REMEDY = "get the archive again from where the release was published"


def write(folder: Path, target: Path) -> None:
    """Write the files of `folder` as a zip; their names begin with the folder's."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            if path.is_file():
                name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
                info = zipfile.ZipInfo(name, DATE)
                info.create_system = 3
                info.external_attr = MODE
                archive.writestr(info, path.read_bytes())


def extract(source: Path, target: Path) -> Path:
    """Unpack an archive that `write` made into the empty directory `target`; return its folder.

    Nothing is written outside `target`, and no more than the archive's own size.

    Raises
    ------
    ClaimlogError
        If it is no such archive, with the member at fault.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            folder = _checked(source, archive)
            for info in archive.infolist():
                path = target / info.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(info))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ClaimlogError(f"{source.name}: is damaged or no zip ({error}); {REMEDY}") from error
    except OSError as error:
        where = f"{source.name}: cannot be unpacked ({error.strerror or error})"
        raise ClaimlogError(f"{where}; {REMEDY}") from error
    again = target / "again.zip"
    write(target / folder, again)
    same = again.read_bytes() == source.read_bytes()
    again.unlink()
    if not same:
        raise ClaimlogError(
            f"{source.name}: is not byte for byte as claimlog writes an archive; {REMEDY}"
        )
    return target / folder


def _checked(source: Path, archive: zipfile.ZipFile) -> str:
    """Return the one folder that all members lie in.

    Raises
    ------
    ClaimlogError
        If a member's name or size is not what `write` makes.
    """
    size = source.stat().st_size
    names: set[str] = set()
    folders = set()
    for info in archive.infolist():
        parts = PurePosixPath(info.filename).parts
        plain = "/".join(parts) == info.filename and "\\" not in info.filename
        if info.filename.startswith("/") or ".." in parts or not plain or len(parts) < 2:
            raise _refusal(source, info.filename, "its name could lead out of the directory")
        if info.filename in names:
            raise _refusal(source, info.filename, "it is there twice")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise _refusal(source, info.filename, "it is compressed, which a release never is")
        if info.file_size > size:
            raise _refusal(source, info.filename, "it claims to be larger than the archive")
        names.add(info.filename)
        folders.add(parts[0])
    if len(folders) != 1:
        raise ClaimlogError(f"{source.name}: holds no single directory of a release; {REMEDY}")
    return folders.pop()


def _refusal(source: Path, name: str, reason: str) -> ClaimlogError:
    return ClaimlogError(f"{source.name}: member {name[:200]!r} is refused: {reason}; {REMEDY}")
