"""Advice about files of a checkout that are not committed, above all source texts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from claimlog.checkout import FILES
from claimlog.errors import ClaimlogError
from claimlog.fingerprint import TAKEDOWNS
from claimlog.log.read_log import read
from claimlog.log.release_index import FOLDER as RELEASES
from claimlog.package import DESCRIPTOR, Package
from claimlog.release.coding_manual import PAGE
from claimlog.release.release_file_names import LICENCE_FILE
from claimlog.sources.text import Texts, read_text
from claimlog.untrusted_files import files_below

MAX_NAMED = 5

RELEASED_FOLDERS = ("events", "schemas", RELEASES)
RELEASED_FILES = (DESCRIPTOR, TAKEDOWNS, LICENCE_FILE, PAGE)
"""What a release copies out of the package."""


def require_committed(package: Package, committed: Collection[str]) -> None:
    """Raise if something that a release copies is not in the commit.

    Git says nothing of a file that it ignores, which would be published all the same.

    Parameters
    ----------
    committed
        Paths in the package of the files that the commit holds.

    Raises
    ------
    ClaimlogError
        Naming the first of them.
    """
    found = [*map(package.root.joinpath, RELEASED_FILES)]
    for name in RELEASED_FOLDERS:
        folder = package.root / name
        if folder.is_symlink() or not folder.is_dir():
            found.append(folder)
            continue
        paths = files_below(folder, FILES)
        if paths is None:
            raise ClaimlogError(f"{name}: holds more files than a release has; take some out")
        # a name with a dot in front is of a file that a release was cut off at writing
        found += [path for path in paths if name != RELEASES or not path.name.startswith(".")]
    names = [package.relative(path) for path in found if path.is_symlink() or path.exists()]
    if extra := [name for name in names if name not in committed]:
        raise ClaimlogError(
            f"{_join_names(extra)}: not in the commit, because git ignores it, and a release would "
            "hold it; move it out of the package (a source text is never committed), or commit it, "
            "and run this again"
        )


def uncommitted_advice(package: Package, changed: Sequence[str], untracked: Collection[str]) -> str:
    """Return a line that names uncommitted files and what to do about them.

    A source text is never to be committed, wherever it lies: it is other people's.

    Parameters
    ----------
    changed
        Paths in the package that are not as the commit holds them.
    untracked
        Those of them that git does not know; a directory ends with a slash.
    """
    texts = _files_with_texts(package, sorted(untracked))
    if texts:
        return (
            f"{_join_names(texts)}: holds source texts, which are never committed: move it out of "
            "the checkout or list it in .gitignore, commit that, and run this again"
        )
    also = ""
    if untracked:
        also = " (a directory of source texts is never committed: list it in .gitignore)"
    return (
        f"not committed: {_join_names(changed)}; a release is made from a commit: commit or remove "
        f"them{also} and run this again"
    )


def _files_with_texts(package: Package, names: list[str]) -> list[str]:
    """Return the files and directories that hold a text of a registered source."""
    registered = set(read(package).rows("sources")["text_sha256"].drop_nulls().to_list())
    with_texts = []
    for name in names:
        path = package.root / name
        try:
            digests = {*Texts(path).by_hash} if name.endswith("/") else {read_text(path).sha256}
        except ClaimlogError:
            continue  # too large, or no text at all
        if digests & registered:
            with_texts.append(name)
    return with_texts


def _join_names(names: Sequence[str]) -> str:
    return ", ".join(names[:MAX_NAMED]) + (" and more" if len(names) > MAX_NAMED else "")
