"""The command that measures: bench."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.bench.suites import SUITES, Wanted
from claimlog.cli.base import Context, example, pass_context

LISTED = "; ".join(f"{name}: {what}" for name, what in SUITES.items())


@click.command(
    help=f"Measure a SUITE on a synthetic log. {LISTED}.",
    epilog=example(
        "claimlog bench --claims 100000", "claimlog bench site --requests 40 --out speed.json"
    ),
)
@click.argument("suite", type=click.Choice(list(SUITES)), default="peers", metavar="[SUITE]")
@click.option("--claims", type=click.IntRange(100), default=100_000, show_default=True)
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=Wanted.runs,
    show_default=True,
    help="Runs of each peer.",
)
@click.option(
    "--requests",
    type=click.IntRange(1),
    default=Wanted.requests,
    show_default=True,
    help="Requests of each kind of page, at least.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the results as JSON.")
@click.option("--readme", is_flag=True, help="Put the suite's table into the README.")
@pass_context
def bench(
    context: Context,
    suite: str,
    claims: int,
    runs: int,
    requests: int,
    out: Path | None,
    readme: bool,
) -> None:
    from claimlog.bench.suites import run

    run(context.package, suite, Wanted(claims, runs, requests), out, readme)
