"""Advice about files of a checkout that are not committed, above all source texts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.sources.text import Texts, read_text

MAX_NAMED = 5


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
