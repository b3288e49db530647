"""The command that measures: ``python -m workshop.bench``, or ``make bench``."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli import run_command
from claimlog.cli.base import example, package_option
from claimlog.package import Package
from workshop.bench.suites import SUITES, BenchOptions, run_suite

SUITE_LIST = "; ".join(f"{name}: {what}" for name, what in SUITES.items())


@click.command(
    help=f"Measure a SUITE on a synthetic log. {SUITE_LIST}.",
    epilog=example(
        "python -m workshop.bench peers --claims 100000",
        "python -m workshop.bench site --requests 40 --out speed.json",
    ),
)
@click.argument("suite", type=click.Choice(list(SUITES)), default="peers", metavar="[SUITE]")
@click.option("--claims", type=click.IntRange(100), default=100_000, show_default=True)
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=BenchOptions.runs,
    show_default=True,
    help="Runs of each peer.",
)
@click.option(
    "--requests",
    type=click.IntRange(1),
    default=BenchOptions.requests,
    show_default=True,
    help="Requests of each kind of page, at least.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the results as JSON.")
@click.option("--docs", "into_docs", is_flag=True, help="Put table and plot into docs/.")
@package_option
def bench(
    suite: str,
    claims: int,
    runs: int,
    requests: int,
    out: Path | None,
    into_docs: bool,
    folder: Path,
) -> None:
    run_suite(Package.find(folder), suite, BenchOptions(claims, runs, requests), out, into_docs)


if __name__ == "__main__":
    run_command(bench)
