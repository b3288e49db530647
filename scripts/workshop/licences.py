"""Licences of everything that is installed to run claimlog, and to install it: ``make licences``.

The lock files say what that is and the metadata of the installed packages under which licence; no
network is asked. A package that is not there, or whose licence is not among those that let anybody
use the whole for anything, is a finding.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LOCKS = (ROOT / "requirements.txt", ROOT / "requirements-build.txt")
PERMISSIVE = {
    *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python"),
    *("ISC", "MIT", "MIT-0", "PSF-2.0", "Public Domain", "Unlicense", "Zlib"),
    "Artistic-1.0-Perl",
    *("MPL-1.1", "MPL-2.0"),  # bind changes to their own files only
}
SPDX_NAMES = {
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "artistic license": "Artistic-1.0-Perl",
    "bsd license": "BSD",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "public domain": "Public Domain",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
"""What older metadata says instead of an SPDX identifier."""

CHOSEN_LICENCES = {"text-unidecode": "Artistic-1.0-Perl"}
"""Packages that offer several licences without saying that one may choose, and the one taken."""

EXPRESSION_PART = re.compile(r"\(|\)|[^\s()]+")


@dataclass(frozen=True)
class Licence:
    """A package, its version and its licence; `flaw` says what is wrong, if anything."""

    name: str
    version: str
    text: str
    flaw: str | None = None


def licences(lock: Path) -> Iterator[Licence]:
    """Yield the licence of every package that a lock file installs here."""
    for line in lock.read_text("utf-8").splitlines():
        if not re.match(r"[A-Za-z0-9]", line):
            continue
        pin = Requirement(line.rstrip(" \\"))
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        version = str(pin.specifier).removeprefix("==")
        try:
            found = distribution(pin.name)
        except PackageNotFoundError:
            yield Licence(pin.name, version, "", "is not installed; run make build")
            continue
        if found.version != version:
            yield Licence(pin.name, version, "", f"{found.version} is installed; run make build")
            continue
        text = CHOSEN_LICENCES.get(pin.name) or licence_text(found)
        flaw = None if is_permissive(text) else f"is under {text or 'an unknown licence'}"
        yield Licence(pin.name, version, text, flaw)


def licence_text(found: Distribution) -> str:
    """Return the licence of a package as an SPDX expression, or as its metadata words it."""
    if "License-Expression" in found.metadata:
        return found.metadata["License-Expression"]
    classifiers = [str(text) for text in found.metadata.get_all("Classifier") or ()]
    named = [
        text.rpartition(" :: ")[2]
        for text in classifiers
        if text.startswith("License :: ") and text != "License :: OSI Approved"
    ]
    field = " ".join(found.metadata["License"].split() if "License" in found.metadata else "")
    names = named or ([] if field.casefold() in ("", "unknown") else [field])
    # several classifiers do not say whether one may choose: all must do
    return " AND ".join(SPDX_NAMES.get(name.casefold(), name[:60]) for name in names)


def is_permissive(expression: str) -> bool:
    """Whether an SPDX expression lets one use the package under permissive licences alone.

    >>> is_permissive("MPL-2.0 AND (GPL-3.0-only OR MIT)"), is_permissive("MIT AND GPL-3.0-only")
    (True, False)
    >>> is_permissive(""), is_permissive("(MIT"), is_permissive("MIT MIT")
    (False, False, False)
    """
    if expression in PERMISSIVE:
        return True
    parts = EXPRESSION_PART.findall(expression)
    try:
        found = _parse_or(parts)
    except IndexError:
        return False
    return found and not parts


def _parse_or(parts: list[str]) -> bool:
    found = _parse_and(parts)
    while parts and parts[0] == "OR":
        parts.pop(0)
        found = _parse_and(parts) or found
    return found


def _parse_and(parts: list[str]) -> bool:
    found = _parse_term(parts)
    while parts and parts[0] == "AND":
        parts.pop(0)
        found = _parse_term(parts) and found
    return found


def _parse_term(parts: list[str]) -> bool:
    part = parts.pop(0)
    if part != "(":
        return part in PERMISSIVE
    found = _parse_or(parts)
    return parts.pop(0) == ")" and found


def main(words: list[str] | None = None) -> int:
    """List the licences; exit status 1 if one of them is not permissive or not known."""
    parser = argparse.ArgumentParser(prog="licences.py", description=__doc__)
    parser.add_argument(
        "--lock", type=Path, action="append", help="instead of those of this checkout"
    )
    parser.add_argument("--quiet", action="store_true", help="say only what is wrong")
    options = parser.parse_args(words)
    status = 0
    packages: dict[str, Licence] = {}
    for lock in options.lock or LOCKS:
        pinned = sorted(licences(lock), key=lambda licence: licence.name)
        packages |= {licence.name: licence for licence in pinned}
        flaws = [f"{entry.name} {entry.version} {entry.flaw}" for entry in pinned if entry.flaw]
        for flaw in flaws if pinned else ["names no package"]:
            print(f"{lock.name}: {flaw}", file=sys.stderr)
            status = 1
    if not options.quiet:
        for _, entry in sorted(packages.items()):
            print(f"{entry.name:26} {entry.version:14} {entry.text}")
    return status


if __name__ == "__main__":
    sys.exit(main())
