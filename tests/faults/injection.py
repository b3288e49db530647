"""One injection, and what must hold after it."""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from claimlog.edit.cut_off_rebase import made_here, mark_rebase
from claimlog.package import Package
from faults import zygote
from faults.calls import GROUP, WORKING_DIRECTORY, Call, flushed_names, package_calls
from faults.scenes import Scene, StartingPackage, command_words, prepare_start
from faults.state import (
    CACHE,
    Units,
    read_units,
    state_key,
    unit_differences,
    unit_problems,
    visible_units,
)
from faults.zygote import CommandResult, Fault

KINDS = ("EIO", "ENOSPC", "KILL")
ATTEMPTS = 3  # a thread may do what the main one did last time, and the calls are counted otherwise
WATCHED_RUNS = ((True, True), (False, True), (True, False))
"""Runs without a fault: of the main thread or all, with the cache of the package or without."""
SHORT_CALLS = 100  # calls of a command of which every one is tried
NOTHING = re.compile(
    r"nothing (in events/ )?was (changed|added|sealed|rebased|built|replaced|released)"
)
FINDING = re.compile(r"\S+: .* \[[a-z-]+\]")  # a fault at reading may come as a finding
COMMAND = re.compile(r"claimlog (seal|rebase|build|release|add|retract)\b")


@dataclass
class Outcome:
    """Outcome of one injection: how the command ended, and what did not hold after it."""

    scene: str
    group: str
    kind: str
    fault: str
    ending: str  # done, refused, killed, hung; missed, if the call was another one this time
    message: str = ""
    again: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Trial:
    """A scene with what it does when nothing fails: its calls, and the package after it.

    A large build has two ways to end well: updated, and made from nothing.
    """

    ready: StartingPackage
    before: Units
    after: list[Units]
    calls: list[Call]
    unflushed: list[str] = field(default_factory=list)
    seen: dict[object, list[str]] = field(default_factory=dict)  # by state: each is checked once

    @property
    def scene(self) -> Scene:
        return self.ready.scene

    def run(
        self, root: Path, fault: Fault | None = None, watch: Sequence[str] = ()
    ) -> CommandResult:
        """Run the command in a copy of the package."""
        return zygote.run(root, self.scene.words, fault, watch, large=self.scene.large)

    def is_done(self, state: Units) -> bool:
        """Whether readers see what the command makes."""
        return visible_units(state) in [visible_units(after) for after in self.after]

    def once(self, memory: object, check: Callable[[], list[str]]) -> list[str]:
        """Check a state, or return the problems that were found in it before."""
        if memory not in self.seen:
            self.seen[memory] = check()
        return self.seen[memory]


def prepare_trial(scene: Scene, folder: Path) -> Trial:
    """Make a scene ready and watch its command once in the main thread and once in all.

    Raises
    ------
    RuntimeError
        If the command fails without a fault, or does not write the same bytes twice.
    """
    ready = prepare_start(scene, folder)
    calls: list[Call] = []
    states = []
    names: set[str] = set()
    for main, cached in WATCHED_RUNS if scene.large else WATCHED_RUNS[:2]:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            root = ready.copy(Path(name))
            if not cached:
                shutil.rmtree(root / CACHE, ignore_errors=True)
            watch = tuple(GROUP)
            done = zygote.run(root, scene.words, None, watch, not main, large=scene.large)
            if done.status != 0 or not scene.says.search(done.out):
                raise RuntimeError(f"{scene.name} fails without a fault: {done.err or done.out}")
            calls += package_calls(done.trace, root, done.pid, main) if cached else ()
            names |= flushed_names(done.trace)
            states.append(read_units(root))
    if states[0] != states[1]:
        raise RuntimeError(f"{scene.name} is not reproducible: {unit_differences(*states)}")
    before = read_units(ready.template)
    unflushed = [
        path
        for unit, held in states[0].items()
        if unit != CACHE and held != before.get(unit)
        for path, _ in held
        if Path(path).name not in names
    ]
    return Trial(ready, before, states[::2], calls, unflushed)


def inject_fault(trial: Trial, call: Call, kind: str, deeper: int, seed: int) -> Outcome:
    """Run the command with one fault, check what is left, and run it again.

    Parameters
    ----------
    deeper
        At how many of its own calls the second run is killed, before a third.
    """
    fault = Fault(call.syscall, call.number, kind, call.path, call.follow)
    where = f"{call.syscall} {call.number} ({call.place})" + " of a thread" * call.follow
    shown = f"{trial.scene.name}: {kind} at {where}"
    for _ in range(ATTEMPTS):
        outcome = Outcome(trial.scene.name, call.group, kind, shown, "missed")
        try:
            _inject_once(trial, fault, outcome, deeper, seed)
        except TimeoutError as error:
            outcome.ending = "hung"
            outcome.problems.append(str(error))
        if outcome.ending != "missed":
            break
    return outcome


def _inject_once(trial: Trial, fault: Fault, outcome: Outcome, deeper: int, seed: int) -> None:
    kind = fault.kind
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        root = trial.ready.copy(Path(name))
        done = trial.run(root, fault)
        outcome.ending, outcome.message = ending(done), done.err.strip()
        if not has_struck(done, kind, root):
            outcome.ending = "missed"
            return
        state = read_units(root)
        outcome.problems += problems_after_fault(trial, state, done, kind)
        outcome.problems += validation_problems(trial, root, state)
        if deeper and unit_differences(state, trial.before):
            outcome.again, found = kill_second_run(trial, root, deeper, seed)
            outcome.problems += found
        outcome.problems += recovery_problems(trial, root)


def ending(done: CommandResult) -> str:
    return "killed" if done.status < 0 else "refused" if done.status else "done"


def has_struck(done: CommandResult, kind: str, root: Path) -> bool:
    """Whether the fault came, and to a call that touches the package."""
    if kind == "KILL":
        last = [line for line in done.trace.splitlines() if "(" in line and "killed" not in line]
        return done.status == -9 and bool(last) and str(root) in WORKING_DIRECTORY.sub("", last[-1])
    lines = [WORKING_DIRECTORY.sub("", line) for line in done.trace.splitlines()]
    return any("(INJECTED)" in line and str(root) in line for line in lines)


def problems_after_fault(trial: Trial, state: Units, done: CommandResult, kind: str) -> list[str]:
    """Return what does not hold right after the fault, a line each."""
    problems = unit_problems(state, trial.before, *trial.after)
    whole = trial.is_done(state)
    untouched = visible_units(state) == visible_units(trial.before)
    if trial.scene.says.search(done.out) and not whole:
        problems.append("it said that it was done, and it is not")
    if kind == "KILL":
        return problems
    if done.status not in (0, 1):
        problems.append(f"exit status {done.status}")
    if done.status == 0 and not whole:
        problems.append("it ended with status 0, and it is not done")
    if done.status:
        problems += message_problems(done)
        if NOTHING.search(done.err) and not untouched:
            problems.append("it said that nothing was changed, and something was")
    return problems


def copy_with_mark(root: Path, folder: Path) -> Path:
    """Copy a package as if it lay there from the first.

    What a rebase left is believed by the lock of its own copy only, and a copy has another one.
    """
    copy = folder / "package"
    shutil.copytree(root, copy, symlinks=True)
    made = made_here(Package(root))
    if made is not None:
        mark_rebase(Package(copy), made)
    return copy


def message_problems(done: CommandResult) -> list[str]:
    """Return what is wrong with the message of a failure, a line each."""
    *findings, last = done.err.splitlines() or [""]
    if not all(FINDING.fullmatch(line) for line in findings):
        return [f"not one line: {done.err.strip()[-300:]!r}"]
    if not last.startswith("claimlog: ") or "fault of claimlog" in done.err:
        return [f"no clear message: {done.err.strip()}"]
    return []


def validation_problems(trial: Trial, root: Path, state: Units) -> list[str]:
    """Check that validation passes, or names a command that mends what it found."""
    looked = {unit: held for unit, held in state.items() if not unit.startswith(("build", "dist"))}
    return trial.once(("validate", state_key(looked)), lambda: _check_validation(trial, root))


def _check_validation(trial: Trial, root: Path) -> list[str]:
    done = zygote.run(root, ("validate",))
    if done.status == 0:
        return []
    named = COMMAND.search(done.out + done.err)
    if named is None:
        return [f"validation fails and names no command: {done.out + done.err}"]
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        mended = copy_with_mark(root, Path(name))
        zygote.run(mended, command_words(trial.scene, named[1]))
        done = zygote.run(mended, ("validate",))
    if done.status:
        return [f"claimlog {named[1]} does not mend what validation found: {done.out}"]
    return []


def recovery_problems(trial: Trial, root: Path) -> list[str]:
    """Run the command again and check that all is as if nothing had happened."""
    if trial.scene.large:  # what it does then depends on its cache too
        return _check_recovery(trial, root)
    return trial.once(("again", state_key(read_units(root))), lambda: _check_recovery(trial, root))


def _check_recovery(trial: Trial, root: Path) -> list[str]:
    state = read_units(root)
    done = trial.run(root)
    problems = []
    if done.status:
        twice = trial.scene.twice.search(done.err)
        if not twice or not trial.is_done(state):
            problems.append(f"running it again fails: {done.err.strip()[-300:]}")
        problems += message_problems(done)
    left = min((unit_differences(read_units(root), after) for after in trial.after), key=len)
    return problems + [f"after running it again, {what}" for what in left]


def kill_second_run(trial: Trial, root: Path, deeper: int, seed: int) -> tuple[int, list[str]]:
    """Kill the second run at some of its calls, and run a third time."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        copy = copy_with_mark(root, Path(name))
        done = trial.run(copy, watch=tuple(GROUP))
        calls = list(package_calls(done.trace, copy, done.pid))
    problems: list[str] = []
    picked = random.Random(seed).sample(calls, min(deeper, len(calls)))
    for call in picked:
        with tempfile.TemporaryDirectory(prefix="faults-") as name:
            copy = copy_with_mark(root, Path(name))
            done = trial.run(copy, Fault(call.syscall, call.number, "KILL", call.path))
            state = read_units(copy)
            found = unit_problems(state, trial.before, *trial.after)
            found += validation_problems(trial, copy, state)
            found += recovery_problems(trial, copy)
            where = f"the second run killed at {call.syscall} {call.number} ({call.place})"
            problems += [f"{where}: {what}" for what in found]
    return len(picked), problems


def sample_calls(calls: list[Call], each: int | None, seed: int) -> list[Call]:
    """Return the calls to try: all of a short command, of a long one this many of each kind.

    A kind is one system call at one kind of place. With two or more, the first and the last of it
    are among them.
    """
    if each is None or len(calls) <= SHORT_CALLS:
        return calls
    kinds: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        kinds.setdefault((call.syscall, call.place), []).append(call)
    picked: list[Call] = []
    for alike in kinds.values():
        ends = [alike[0], *alike[-1:]][: min(each, len(alike))]
        rest = [call for call in alike if call not in ends]
        chosen = random.Random(seed).sample(rest, min(len(rest), max(0, each - len(ends))))
        picked += [*dict.fromkeys(ends), *chosen]
    return picked


def calls_by_group(calls: list[Call]) -> Counter[str]:
    """Return how many calls there are of each group."""
    return Counter(call.group for call in calls)
