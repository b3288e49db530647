"""What to do about files of a checkout that are not committed, source texts above all."""

from __future__ import annotations

from pathlib import Path

from claimlog.events.log import read
from claimlog.events.text import Texts
from claimlog.package import Package

FEW = 5


def advice(package: Package, status: str) -> str:
    """Return a line that names what is not committed and what to do about it.

    A source text is never to be committed, wherever it lies: it is other people's.

    Parameters
    ----------
    status
        What ``git status --porcelain`` prints.
    """
    changes = [(line[:2], _name(line[3:])) for line in status.splitlines()]
    untracked = [name for mark, name in changes if mark == "??"]
    texts = _holding_texts(package, untracked)
    if texts:
        return (
            f"{_listed(texts)}: holds source texts, which are never committed: move it out of the "
            "checkout or list it in .gitignore, commit that, and run this again"
        )
    also = ""
    if untracked:
        also = " (a directory of source texts is never committed: list it in .gitignore)"
    return (
        f"not committed: {_listed([name for _, name in changes])}; a release is made from a "
        f"commit: commit or remove them{also} and run this again"
    )


def _holding_texts(package: Package, names: list[str]) -> list[str]:
    """Return which of these files and directories hold a text of a registered source."""
    registered = set(read(package).frames["sources"]["text_sha256"].drop_nulls().to_list())
    found = []
    for name in names:
        path = _place(package, name)
        if path is None:
            continue
        texts = Texts(path if path.is_dir() else path.parent)
        held = {sha256 for sha256, text in texts.by_hash.items() if _inside(text.path, path)}
        if held & registered:
            found.append(name)
    return found


def _place(package: Package, name: str) -> Path | None:
    """Return where a path of ``git status`` lies: it is relative to the top of the checkout."""
    for folder in (package.root, *package.root.parents):
        if (folder / name).exists():
            return folder / name
    return None


def _inside(path: Path | None, place: Path) -> bool:
    return path is not None and path.is_relative_to(place)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:FEW]) + (" and more" if len(names) > FEW else "")


def _name(text: str) -> str:
    """Return a path as git wrote it, without the quotes and escapes of unusual characters.

    >>> _name('"te xts/"'), _name('"\\\\303\\\\274.txt"'), _name("plain")
    ('te xts/', 'ü.txt', 'plain')
    """
    if not text.startswith('"'):
        return text
    data = text[1:-1].encode("latin-1", "replace").decode("unicode_escape").encode("latin-1")
    return data.decode("utf-8", "replace")
