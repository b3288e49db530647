"""The commands that are tried, each with the package that it starts from."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from claimlog.edit.seal import sync_descriptor
from claimlog.log.batch import sealed_batches
from claimlog.package import Package
from conftest import (
    ACTORS,
    CLAIMS,
    INCIDENTS,
    MEASURES,
    SOURCES,
    World,
    actor,
    claim,
    empty_world,
)
from faults import zygote
from repositories import drop_codebook_tables

INCIDENT = {
    "incident_id": "fog",
    "title": "Fog in the harbour",
    "description": "A pilot is said to have lost the way.",
    "incident_type": "mishandling",
}


@dataclass(frozen=True)
class Scene:
    """A command; `prepare` makes the package that it starts from.

    `says` is what it prints once its work is done; `twice` what it refuses to do twice. A `large`
    one takes every log for a large one.
    """

    name: str
    words: tuple[str, ...]
    prepare: Callable[[Path], object]
    says: re.Pattern[str]
    twice: re.Pattern[str]
    large: bool = False


def seal_words(slug: str) -> tuple[str, ...]:
    return ("seal", "--slug", slug, "--title", f"Batch {slug}", "--method", "Made by a test.")


def add_words(name: str) -> tuple[str, ...]:
    return ("add", "actor", "--actor-id", name, "--name", name.title(), "--actor-type", "agency")


def sealed_package(folder: Path) -> World:
    """Return a package with one sealed batch; its root is `folder`/package."""
    world = empty_world(folder)
    world.add("actors", [actor("nor", "agency"), actor("sud", "agency")])
    world.seal("register")
    return world


def package_with_open_batch(folder: Path) -> World:
    """Return that package with a row in the open batch."""
    world = sealed_package(folder)
    world.add("actors", [actor("pact", "agency")])
    return world


def open_batch_of_two_streams(folder: Path) -> None:
    """Rows of two streams wait in the open batch."""
    package_with_open_batch(folder).add("incidents", [INCIDENT])


def two_batches_of_one_number(folder: Path) -> None:
    """Two branches sealed a batch of the same number; both are in events/ now."""
    world = sealed_package(folder)
    other = World(Package(folder / "other"), world.texts)
    shutil.copytree(world.root, other.root)
    for side, slug in ((world, "first"), (other, "second")):
        side.add("actors", [actor(slug, "agency")])
        side.seal(slug)
    batch = sealed_batches(other.package, [])[-1].path
    shutil.copytree(batch, world.root / "events" / batch.name)
    sync_descriptor(world.package)
    shutil.rmtree(other.root)


def build_and_later_batch(folder: Path) -> None:
    """A build of the first batch, and a second batch after it."""
    world = sealed_package(folder)
    _run_here(world, "build")
    world.add("actors", [actor("pact", "agency")])
    world.seal("more")


def large_log(folder: Path) -> None:
    """A log that is taken for a large one, and what is left of a build of other code."""
    world = open_batch_with_claims(folder)
    world.seal("register")
    cache = world.package.state / "cache"
    (cache / "parts").mkdir(parents=True)
    (cache / "parts" / "0-1.parquet").write_bytes(b"PAR1")
    (cache / "state.json").write_text('{"format": 1, "code": "another"}', "utf-8")


def large_build_and_later_batch(folder: Path) -> None:
    """A build of a log taken for a large one, and a second batch after it."""
    world = open_batch_with_claims(folder)
    world.seal("register")
    zygote.take_for_large()
    _run_here(world, "build")
    world.amend("claims", "C001-001", note="Changed.")
    world.add("claims", [claim("never liked", "The ministry is said to have had doubts.")])
    world.seal("more")


def open_batch_with_claims(folder: Path) -> World:
    """Return a package with claims, and the registers that they refer to, in the open batch."""
    world = empty_world(folder)
    drop_codebook_tables(world.root)  # to write more tables is no other kind of call
    world.add("actors", ACTORS)
    world.add("sources", SOURCES)
    world.add("incidents", INCIDENTS)
    world.add("measures", MEASURES)
    world.add("claims", CLAIMS)
    return world


def release_and_later_batch(folder: Path) -> None:
    """A repository with one release, and a batch after it; the next version is set."""
    world = sealed_package(folder)
    git = (
        "git",
        "-C",
        str(world.root),
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@example.org",
    )

    def committed(version: str) -> None:
        path = world.root / "datapackage.json"
        about = {**json.loads(path.read_text("utf-8")), "version": version}
        path.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", "utf-8")
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", version], check=True)

    subprocess.run([*git, "init", "-q"], check=True)
    (world.root / ".gitignore").write_text("/build/\n/dist/\n/.claimlog/\n", "utf-8")
    committed("0.1.0")
    _run_here(world, *RELEASE, "0.1.0")
    committed("0.1.0")
    world.add("actors", [actor("pact", "agency")])
    world.seal("more")
    committed("0.2.0")


RELEASE = ("release", "--date", "2026-01-02")


def _run_here(world: World, *words: str) -> None:
    from claimlog.cli import cli

    cli.main(["--package", str(world.root), *words], standalone_mode=False)


def build_scene(name: str, prepare: Callable[[Path], object], large: bool = False) -> Scene:
    """Return the scene of a build."""
    says, twice = re.compile(r"^wrote build", re.M), re.compile(r"build is up to date")
    return Scene(name, ("build",), prepare, says, twice, large)


SCENES = (
    Scene(
        "add",
        add_words("port"),
        package_with_open_batch,
        re.compile(r"^added port "),
        re.compile(r"port .* is there already"),
    ),
    Scene(
        "retract",
        ("retract", "sud", "--reason", "Not in the text."),
        package_with_open_batch,
        re.compile(r"^retracted sud"),
        re.compile(r"sud was retracted"),
    ),
    Scene(
        "drop",
        ("drop", "pact"),
        open_batch_of_two_streams,
        re.compile(r"^dropped pact"),
        re.compile(r'no row of "pact"'),
    ),
    Scene(
        "seal",
        seal_words("more"),
        open_batch_of_two_streams,
        re.compile(r"^sealed events/0002-more", re.M),
        re.compile(r"there is no open batch to seal"),
    ),
    Scene(
        "rebase",
        ("rebase", "0002-second"),
        two_batches_of_one_number,
        re.compile(r"^0002-second is now 0003-second"),
        re.compile(r'there is no batch "0002-second"'),
    ),
    build_scene("build", build_and_later_batch),
    build_scene("build-large", large_log, large=True),
    build_scene("build-update", large_build_and_later_batch, large=True),
    Scene(
        "release",
        (*RELEASE, "0.2.0"),
        release_and_later_batch,
        re.compile(r"^wrote releases/0.2.0.json", re.M),
        re.compile(r"0.2.0 was released already"),
    ),
)


@dataclass(frozen=True)
class StartingPackage:
    """A scene made ready: the package that its command starts from."""

    scene: Scene
    template: Path

    def copy(self, folder: Path) -> Path:
        root = folder / "package"
        shutil.copytree(self.template, root, symlinks=True)
        return root


def prepare_start(scene: Scene, folder: Path) -> StartingPackage:
    """Make the package that a scene starts from."""
    zygote.run_in_fork(lambda: scene.prepare(folder))
    return StartingPackage(scene, folder / "package")


def command_words(scene: Scene, command: str) -> Sequence[str]:
    """Return how a command that a message names is run."""
    return scene.words if command == scene.words[0] else seal_words("more")
