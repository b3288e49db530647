"""The changelog: adding the entry of a release, and removing that of an interrupted one."""

from __future__ import annotations

from claimlog.checkout import Checkout
from claimlog.git import CheckoutError
from claimlog.package import CHANGELOG, Package

TITLE = "# Changelog\n"


def add_entry(text: str | None, entry: str) -> str:
    """Return the text of a changelog with a new entry on top."""
    head, mark, rest = (text or TITLE).partition("\n## ")
    return f"{head.rstrip()}\n\n{entry}" + (f"\n## {rest}" if mark else "")


def remove_entry(package: Package, version: str) -> None:
    """Remove the entry that an interrupted release of `version` left in the changelog.

    Only if the changelog is the committed one with that entry and nothing else.
    """
    path = package.root / CHANGELOG
    mark = f"## {version} ("
    text = read_changelog(package) or ""
    _, separator, rest = text.partition(f"\n{mark}")
    if not separator:
        return
    entry = mark + rest.partition("\n## ")[0]
    try:
        before = Checkout.of(package).read("HEAD", CHANGELOG)
    except CheckoutError:
        return  # a release without git is refused anyway
    if text != add_entry(None if before is None else before.decode("utf-8", "replace"), entry):
        return
    if before is None:
        package.remove(path)
    else:
        package.write(path, before)


def read_changelog(package: Package) -> str | None:
    """Return the text of the changelog; None if there is none."""
    path = package.root / CHANGELOG
    return package.document(path) if path.is_file() else None


def release_notes(package: Package, version: str) -> str:
    """Return what the changelog says of a release, without its heading; empty if nothing."""
    text = read_changelog(package) or ""
    _, mark, rest = text.partition(f"\n## {version} (")
    return rest.partition("\n## ")[0].partition("\n")[2].strip() if mark else ""
