"""The changelog: a release puts its entry on top, and one that was cut off takes it out again."""

from __future__ import annotations

import subprocess

from claimlog.package import Package, write_durably

CHANGELOG = "CHANGELOG.md"
HEAD = "# Changelog\n"


def changelog(text: str | None, entry: str) -> str:
    """Return a changelog with a new entry on top of the others."""
    head, mark, rest = (text or HEAD).partition("\n## ")
    return f"{head.rstrip()}\n\n{entry}" + (f"\n## {rest}" if mark else "")


def undo_changelog(package: Package, version: str) -> None:
    """Take out of the changelog what a release that was cut off before its end has put there.

    Only if the changelog is the committed one with the entry of `version` and nothing else.
    """
    path = package.root / CHANGELOG
    mark = f"## {version} ("
    text = read_changelog(package) or ""
    _, found, rest = text.partition(f"\n{mark}")
    if not found:
        return
    entry = mark + rest.partition("\n## ")[0]
    command = ["git", "-C", str(package.root), "show", f"HEAD:./{CHANGELOG}"]
    try:
        shown = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        return  # a release without git is refused anyway
    before = None if shown.returncode else shown.stdout.decode("utf-8")
    if text != changelog(before, entry):
        return
    path = package.root / CHANGELOG
    if before is None:
        path.unlink()
    else:
        write_durably(path, shown.stdout)


def read_changelog(package: Package) -> str | None:
    """Return the text of the changelog, None where there is none."""
    path = package.root / CHANGELOG
    return path.read_text(encoding="utf-8") if path.is_file() else None
