"""Several writers at once, some of them killed; and clocks that go back."""

from __future__ import annotations

import json
import multiprocessing
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from faults import zygote
from faults.calls import GROUP, Call, package_calls
from faults.scenes import SCENES, Scene, add_words, prepare_start, seal_words, sealed_package
from faults.zygote import CLOCK, Fault

HOURS_BACK = (0, 1, 24, 24 * 400)
"""By how many hours the clock goes back before each pair of commands."""
REFUSALS = ("there is no open batch", "exists already: run this again", "claimlog seal")
"""Messages that a writer may get when another one was quicker, or was killed."""


@dataclass(frozen=True)
class Race:
    """Result of several writers at once: rows acknowledged, runs killed, what did not hold."""

    writers: int
    runs: int
    acknowledged: int
    killed: int
    problems: list[str]


@dataclass(frozen=True)
class Turn:
    """One command of one writer; `name` is the row that it adds, None if it seals."""

    name: str | None
    status: int
    message: str


def run_race(folder: Path, writers: int, turns: int, seed: int) -> Race:
    """Let writers add and seal at once, kill some of them, and look for every row."""
    begin = first_addition()
    ready = prepare_start(begin, folder)
    root = ready.copy(folder / "race")
    calls = _calls(ready.copy(folder / "watched"), begin)
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(writers, mp_context=context) as pool:
        jobs = [(root, number, turns, seed, calls) for number in range(writers)]
        done = [turn for listed in pool.map(_write, jobs) for turn in listed]
    return Race(
        writers,
        len(done),
        sum(1 for turn in done if turn.name and turn.status == 0),
        sum(1 for turn in done if turn.status < 0),
        _race_problems(root, done),
    )


def first_addition() -> Scene:
    """Return the scene of an addition to a package without an open batch."""
    return replace(SCENES[0], name="race", words=add_words("first"), prepare=sealed_package)


def _calls(root: Path, scene: Scene) -> list[Call]:
    done = zygote.run(root, scene.words, watch=tuple(GROUP))
    return list(package_calls(done.trace, root, done.pid))


def _write(job: tuple[Path, int, int, int, Sequence[Call]]) -> list[Turn]:
    root, number, turns, seed, calls = job
    chance = random.Random(seed * 100 + number)
    made = []
    for turn in range(turns):
        seals = turn % 4 == 3
        name = f"writer-{number}-{turn}"
        call = chance.choice(calls)
        fault = Fault(call.syscall, call.nth, "KILL") if chance.random() < 0.4 else None
        done = zygote.run(root, seal_words(name) if seals else add_words(name), fault)
        made.append(Turn(None if seals else name, done.status, done.err.strip()))
    return made


def _race_problems(root: Path, turns: Sequence[Turn]) -> list[str]:
    """Return what is lost, doubled or wrong once all is sealed, a line each."""
    problems = []
    for turn in turns:
        if turn.status > 0 and not any(words in turn.message for words in REFUSALS):
            problems.append(f"a writer was refused: {turn.message}")
    for _ in range(2):  # one may only have to finish what was killed
        zygote.run(root, seal_words("last"))
    held = Counter(row["actor_id"] for row in _rows(root))
    for turn in turns:
        if turn.name and turn.status == 0 and not held[turn.name]:
            problems.append(f"{turn.name} was acknowledged and is lost")
    problems += [f"{name} is there {count} times" for name, count in held.items() if count > 1]
    done = zygote.run(root, ("validate",))
    if done.status:
        problems.append(f"validation fails: {done.out}{done.err}")
    left = sorted(path.name for path in (root / ".claimlog").iterdir() if path.name != "lock")
    return problems + [f".claimlog/{name} is left over" for name in left]


def _rows(root: Path) -> list[dict[str, str]]:
    """Return the sealed rows of actors in the order of the log."""
    return [
        json.loads(line)
        for path in sorted((root / "events").glob("*/actors.ndjson"))
        for line in path.read_text("utf-8").splitlines()
    ]


def run_clock_backwards(folder: Path) -> list[str]:
    """Add and seal while the clock goes back; return what does not hold, a line each."""
    root = prepare_start(first_addition(), folder).copy(folder / "backwards")
    problems = []
    now = datetime.fromisoformat(CLOCK)
    for number, hours in enumerate(HOURS_BACK):
        now -= timedelta(hours=hours)
        for words in (add_words(f"port-{number}"), seal_words(f"port-{number}")):
            done = zygote.run(root, words, clock=now.isoformat())
            if done.status:
                problems.append(f"{hours} hours back: {done.err.strip()}")
    manifests = sorted((root / "events").glob("*/batch.json"))
    for what, times in (
        ("recorded_at", [row["recorded_at"] for row in _rows(root)]),
        ("sealed_at", [json.loads(path.read_text("utf-8"))["sealed_at"] for path in manifests]),
    ):
        if times != sorted(times):
            problems.append(f"{what} goes back: {times}")
    if len(manifests) != len(HOURS_BACK) + 1:
        problems.append(f"{len(manifests)} batches, expected {len(HOURS_BACK) + 1}")
    done = zygote.run(root, ("validate",), clock=now.isoformat())
    if done.status:
        problems.append(f"validation fails: {done.out}{done.err}")
    return problems
