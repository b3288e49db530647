"""Refreshing what the documentation takes from schemas, rules, commands, log and releases."""

from __future__ import annotations

from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.package import Package
from workshop.bench.suites import SUITES
from workshop.docs.markers import documentation_pages, fill_parts, part_names, read_page
from workshop.docs.parts import PARTS

MEASURED = {"faults", *(f"bench-{suite}" for suite in SUITES)}
"""Parts that a measurement writes: ``make bench``, ``make test-spark`` and ``make faults``."""


def stale_pages(package: Package) -> dict[Path, str]:
    """Return the pages whose derived parts are not up to date, with the text they should have.

    Raises
    ------
    ClaimlogError
        If a page names a part that does not exist, or the log cannot be read.
    """
    texts = {page: read_page(package.root, page) for page in documentation_pages(package.root)}
    for page, text in texts.items():
        if unknown := sorted({*part_names(text)} - MEASURED - {*PARTS}):
            raise ClaimlogError(
                f"{package.relative(page)}: there is no generated part {', '.join(unknown)}; "
                f"there are {', '.join(sorted({*PARTS} | MEASURED))}"
            )
    used = {name for text in texts.values() for name in part_names(text)} & {*PARTS}
    if not used:
        return {}
    log = read(package)
    log.require_readable()
    bodies = {name: PARTS[name](log) for name in sorted(used)}
    filled = {page: fill_parts(text, bodies) for page, text in texts.items()}
    return {page: text for page, text in filled.items() if text != texts[page]}
