"""The command: run everything, print the table, and put it into docs/."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tqdm import tqdm

from conftest import ROOT
from faults import injection, zygote
from faults.calls import Call
from faults.injection import KINDS, Outcome, Trial
from faults.scenes import SCENES
from faults.table import Results, markdown_report, text_report
from faults.writers import run_clock_backwards, run_race
from workshop.docs.markers import page_of_part, write_part

TRIALS: dict[str, Trial] = {}
"""By scene; made before the workers are forked, so that each has them."""
Job = tuple[str, Call, str, int, int]


def main() -> int:
    """Run the faults; exit status 1 if anything did not hold, 3 if strace is not there."""
    options = parse_options()
    if shutil.which("strace") is None:
        print("strace is not installed: no fault was injected", file=sys.stderr)
        return 3
    if options.docs:
        page_of_part(ROOT, "faults")  # better now than in an hour
    zygote.preload()
    names = options.scenes.split(",") if options.scenes else [scene.name for scene in SCENES]
    began = time.monotonic()
    results = Results(options.seed)
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        for scene in (scene for scene in SCENES if scene.name in names):
            folder = Path(name) / scene.name
            folder.mkdir()
            TRIALS[scene.name] = trial = injection.prepare_trial(scene, folder)
            results.calls[scene.name] = injection.calls_by_group(trial.calls)
            results.others += [f"{scene.name}: {path} is not flushed" for path in trial.unflushed]
        results.outcomes = inject_faults(options)
        for writers in options.writers:
            folder = Path(name) / f"race-{writers}"
            results.races.append(run_race(folder, writers, options.turns, options.seed))
        if options.writers:
            problems = run_clock_backwards(Path(name) / "clock")
            results.others += [f"the clock goes back: {what}" for what in problems]
    print(text_report(results))
    print(f"{time.monotonic() - began:,.0f} seconds")
    if options.docs:
        write_part(ROOT, "faults", markdown_report(results, "make faults"))
    return 1 if results.failures else 0


def parse_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", help="which commands, separated by commas; all by default")
    parser.add_argument("--each", type=int, help="of a long command: calls of a kind to try")
    parser.add_argument("--jobs", type=int, help="at most this many injections, drawn by the seed")
    parser.add_argument("--again", type=int, default=12, help="of how many, one goes deeper")
    parser.add_argument("--deeper", type=int, default=2, help="at how many calls, then")
    parser.add_argument("--writers", type=int, nargs="*", default=[2, 8])
    parser.add_argument("--turns", type=int, default=8, help="commands of each writer")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--docs", action="store_true", help="put the table into docs/")
    return parser.parse_args()


def inject_faults(options: argparse.Namespace) -> list[Outcome]:
    """Run every injection that is wanted, in worker processes."""
    chance = random.Random(options.seed)
    jobs: list[Job] = []
    for name, trial in TRIALS.items():
        for call in injection.sample_calls(trial.calls, options.each, options.seed):
            for kind in KINDS:
                deeper = options.deeper if chance.random() * options.again < 1 else 0
                jobs.append((name, call, kind, deeper, options.seed))
    chance.shuffle(jobs)  # else the slow ones come last, and the time left says nothing
    if options.jobs is not None:
        first = {job[0]: job for job in jobs}  # each command at least once
        jobs = [*first.values(), *(job for job in jobs if job not in first.values())]
        jobs = jobs[: options.jobs]
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
        return list(tqdm(pool.map(_run_job, jobs), total=len(jobs), desc="faults", mininterval=2))


def _run_job(job: Job) -> Outcome:
    name, call, kind, deeper, seed = job
    return injection.inject_fault(TRIALS[name], call, kind, deeper, seed)


if __name__ == "__main__":
    sys.exit(main())
