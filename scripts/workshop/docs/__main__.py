"""The command that refreshes the documentation: ``python -m workshop.docs``, or ``make docs``."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli import run_command
from claimlog.cli.base import package_option
from claimlog.errors import ClaimlogError
from claimlog.files import write_durably
from claimlog.package import Package
from workshop.docs.refresh import stale_pages


@click.command(help="Refresh the generated parts of README.md and docs/.")
@click.option("--check", is_flag=True, help="Change nothing; fail if a page is stale.")
@package_option
def docs(check: bool, folder: Path) -> None:
    package = Package.find(folder)
    stale = stale_pages(package)
    names = " ".join(package.relative(page) for page in stale)
    if check and stale:
        raise ClaimlogError(f"{names}: generated parts are stale; run make docs")
    for page, text in stale.items():
        write_durably(page, text.encode("utf-8"))
    if stale:
        print(f"wrote generated parts of the documentation; commit them too: git add {names}")


if __name__ == "__main__":
    run_command(docs)
