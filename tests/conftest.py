"""Fixtures: a whole tiny package, made by the package's own commands from a text of ours."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from datasette.app import Datasette

import forked
import slow_tests
from claimlog import command_limits, limited_process
from claimlog.__main__ import OBJECTS_BETWEEN_COLLECTIONS
from claimlog.build import build
from claimlog.edit import add_amend_retract as edit
from claimlog.edit.log_lock import log_lock
from claimlog.edit.seal import make_manifest, seal, sync_descriptor
from claimlog.log import lines
from claimlog.log.batch import MANIFEST, Batch, dump_manifest, sealed_batches
from claimlog.log.canonical import encode
from claimlog.log.read_log import extend, read
from claimlog.package import Package
from claimlog.release.generated_package_files import stale_files
from claimlog.site.server_command import SETTINGS
from claimlog.sources.text import Text, Texts
from compiled_templates import keep_compiled_templates
from known_definitions import remember_definitions
from scratch import copy_file, keep_scratch_in_memory

if TYPE_CHECKING:
    from repositories import Repo

ROOT = Path(__file__).resolve().parents[1]
WITHOUT_PANDAS = str(ROOT / "tests" / "without_pandas")
if importlib.util.find_spec("pyspark") is None:  # which needs pandas
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [WITHOUT_PANDAS, *(folder for folder in folders if folder not in ("", WITHOUT_PANDAS))]
    )
# tables of tests have ten rows: to share them among threads takes longer than to work through them
os.environ.setdefault("POLARS_MAX_THREADS", "1")
# tests release with the version that the code has between two versions
os.environ["CLAIMLOG_DEVELOPMENT_TOOL"] = "1"
# a make that a test runs is not told what the make that runs the tests was told
for word in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"):
    os.environ.pop(word, None)
# programs that tests start keep what Python compiled, as those of users do: each would compile anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
keep_scratch_in_memory()
Get = Callable[[str], Any]
"""Asks a served build for a path and returns the answer."""

TEXT = """Home | World | Harbours

Harbour pact under strain

The harbour ministry of Norland stopped sharing tide tables with Sudland on Monday. A Sudland
official said that the ministry “never liked the pact”. About forty pilots signed a letter.

The harbour ministry of Norland stopped sharing tide tables with Sudland on Monday. In 2019 a
clerk lost a chart — and nobody noticed. “We may review the pact,” the minister, Ada Example, said.

Read also: Ten quiet beaches
"""
"""Written for these tests. One sentence stands in it twice; it holds curly quotes and a dash."""


@pytest.fixture(scope="module", params=[0, lines.AT_ONCE], ids=["all at once", "line by line"])
def each_reading(request: pytest.FixtureRequest) -> Generator[None]:
    """Files of few rows are read in the way of large ones, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "AT_ONCE", request.param)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without looking for garbage, then or later: next to all of it stays.

    Ten thousand tests and what they import are half a million objects; to look through them takes a
    second each time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)  # as commands do
        gc.enable()


LONGEST = (
    *("test_faults.py", "test_documentation.py", "test_bench.py"),
    *("test_desk_browser.py", "test_desk_browser_entries.py", "test_desk_browser_packages.py"),
    *("test_desk_browser_kept.py", "test_desk_browser_texts.py", "test_desk_browser_retired.py"),
    "test_desk_browser_columns.py",
)
"""Modules with a test of more than fifteen seconds, by `--durations` of a whole run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow",
        choices=("all", "sample"),
        default="all",
        help="run all slow tests (the default), or one in twenty, chosen by the commit",
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which slow tests were left out, and what runs them."""
    if config.getoption("slow") == "sample":
        of = slow_tests.commit_of(ROOT) or "no commit"
        terminalreporter.write_line(
            f"of slow tests one in {slow_tests.ONE_IN} ran, by {of}; make test-all runs all"
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest tests, so that no worker waits for one of them at the end."""
    if config.getoption("slow") == "sample":
        left = slow_tests.left_out(items, slow_tests.commit_of(ROOT))
        config.hook.pytest_deselected(items=left)
        out = set(left)
        items[:] = [item for item in items if item not in out]
    items.sort(key=lambda item: item.path.name not in LONGEST)


PROCESSOR_SECONDS = 200
"""What no test takes, on whatever machine."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passes and yet took so much time of the processor that something is amiss.

    A list of checksums without a line's end once took a quarter of an hour, and its test passed.
    """
    before = sum(os.times()[:4])
    result = yield
    taken = sum(os.times()[:4]) - before
    assert taken < PROCESSOR_SECONDS, f"{item.nodeid} took {taken:.0f} s of the processor"
    return result


@pytest.fixture
def noted_sources(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What is noted from now on of the bytes that a command makes files of, by kind."""
    noted: dict[str, int] = {}
    monkeypatch.setattr(command_limits, "_sources", noted)
    return noted


@pytest.fixture(scope="session", autouse=True)
def limited_programs() -> None:
    """What works within limits is forked from a server that has imported all that it needs."""
    forked.fork_limited_programs()
    forked.fork_desks()


@pytest.fixture(scope="session", autouse=True)
def skipped_flushes() -> None:
    """Nothing waits until a disk has what was written."""
    forked.skip_flushes()


@pytest.fixture(scope="session", autouse=True)
def known_definitions() -> None:
    """What was read of the same bytes is no more read and checked again."""
    remember_definitions()


@pytest.fixture
def definitions_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted or measured of reading definitions is what users' commands do."""
    monkeypatch.setattr("known_definitions._content", lambda _: None)


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> None:
    """A template is compiled by the first Datasette that shows it."""
    keep_compiled_templates()


@pytest.fixture
def fresh_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What works within limits starts as for users, in an interpreter of its own."""
    monkeypatch.setattr(limited_process, "subprocess", subprocess)


def environment_with_pandas() -> dict[str, str]:
    """Return the environment for a program that imports pandas itself."""
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    search = os.pathsep.join(folder for folder in folders if folder != WITHOUT_PANDAS)
    return {**os.environ, "PYTHONPATH": search}


def source(identifier: str, **given: Any) -> dict[str, Any]:
    return {
        "source_id": identifier,
        "kind": "work",
        "title": "Harbour pact under strain",
        "publisher": "The Example Gazette",
        "language": "en",
        "rights": "Ours.",
        "reliability": "C",
        "reliability_rationale": "Invented.",
        **given,
    }


def actor(identifier: str, kind: str, **given: Any) -> dict[str, Any]:
    return {"actor_id": identifier, "name": identifier.title(), "actor_type": kind, **given}


def claim(quote: str, statement: str, **given: Any) -> dict[str, Any]:
    return {
        "source_id": "S001",
        "quote": quote,
        "statement": statement,
        "content": "event",
        "voice": "author",
        "modality": "actual",
        "topic": "sharing",
        "time_frame": "present",
        "sharing_effect": "none",
        "origin_basis": "taken",
        "coder_confidence": "high",
        **given,
    }


def hop(**given: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("actor_id", "description", "source_id", "speaker_key", "said", "said_basis")
    )
    capacity = {"anonymity": "named", "side": "other", "office": "official", "number": "one"}
    return {**empty, **capacity, "verb": "say", **given}


def measure(identifier: str, kind: str, subject: str, **given: Any) -> dict[str, Any]:
    return {
        "measure_id": identifier,
        "title": identifier.replace("-", " ").capitalize(),
        "kind": kind,
        "takers": ["nor"],
        "partners": ["sud"],
        "subject": subject,
        **given,
    }


def coder(identifier: str, kind: str = "program") -> dict[str, Any]:
    return {"coder_id": identifier, "kind": kind, "description": f"Invented as {identifier}."}


OWN_IDENTIFIERS = re.compile(r'"\^(?:[CS]\[0-9\][^"]*|\[a-z\]\[a-z0-9-\]\*)\$"')
"""Patterns of the identifiers of claims, sources, actors and incidents."""

text = Text(TEXT)


def furniture() -> list[dict[str, Any]]:
    ranges = []
    for words, kind in (("Home | World | Harbours", "navigation"), ("Read also: Ten", "related")):
        start = TEXT.index(words)
        ranges.append({"start": start, "end": start + len(words), "kind": kind})
    return ranges


SOURCES = [
    source("S101", title="Wire report"),
    source(
        "S001",
        kind="copy",
        publisher_id="gazette",
        published="2025-03~",
        text_sha256=text.sha256,
        text_length=len(TEXT),
        furniture=furniture(),
        lineage=[
            {
                "source_id": "S101",
                "relation": "wasDerivedFrom",
                "certainty": "strong",
                "evidence": "The same quotations.",
            }
        ],
    ),
]
ACTORS = [
    actor("pact", "alliance"),
    actor(
        "nor",
        "state",
        iso3="NOR",
        aliases=["Norland", "Kingdom of Norland"],
        memberships=[{"alliance_id": "pact", "start": "1999"}],
    ),
    actor("sud", "state", iso3="SWE", memberships=[{"alliance_id": "pact"}]),
    actor("harbour-ministry", "agency", part_of="nor"),
    actor("ada-example", "person", part_of="harbour-ministry"),
    actor("gazette", "media"),
]
INCIDENTS = [
    {
        "incident_id": "lost-chart",
        "title": "A chart was lost",
        "description": "A clerk is said to have mislaid a chart.",
        "incident_type": "mishandling",
        "occurred": "2019",
        "actors": ["nor"],
        "responsible": ["harbour-ministry"],
    }
]
MEASURES = [
    measure(
        "tide-tables-stopped",
        "stop_subject",
        "tide tables",
        since="2025-03~",
        incident_id="lost-chart",
    ),
    measure("pact-review", "review_agreement", "the pact"),
]
CODERS = [coder("coder-1"), coder("coder-2")]
STOPPED = "stopped sharing tide tables with Sudland"
CLAIMS = [
    claim(
        STOPPED,
        "Norland no longer gives Sudland its tide tables.",
        occurrence=1,
        dyad_from=["harbour-ministry", "nor"],
        dyad_to=["sud"],
        time_frame="past",
        sharing_effect="restricts",
        flow_from=["nor"],
        flow_to=["sud"],
        event_type="SANCTION",
        event_code="160",
        occurred="2025-03~",
        occurred_basis="relative",
        measure_id="tide-tables-stopped",
        measure_status="taken",
        measure_account="author",
    ),
    claim(
        "never liked the pact",
        "Sudland holds that Norland's ministry has always been against the arrangement.",
        content="attitude",
        voice="quoted",
        topic="trust",
        trust_sign="distrust",
        trust_course="holding",
        trust_holder=["harbour-ministry"],
        trust_object=["pact"],
        attributions=[
            hop(
                description="an official of Sudland",
                anonymity="described",
                speaker_key="s001-official-1",
            )
        ],
    ),
    claim(
        "About forty pilots signed a letter",
        "Some forty pilots put their names to a letter.",
        figure_value=40,
        figure_unit="persons",
        figure_population="pilots who signed",
        figure_qualifier="approximate",
    ),
    claim(
        "a\nclerk lost a chart",
        "A clerk mislaid a chart in 2019.",
        time_frame="past",
        incident_id="lost-chart",
        occurred="2019",
        occurred_basis="stated",
        topic="disclosure",
    ),
    claim(
        "We may review the pact",
        "Norland's minister keeps open a second look at the arrangement.",
        content="position",
        voice="quoted",
        modality="considered",
        attributions=[
            hop(actor_id="ada-example"),
            hop(actor_id="harbour-ministry", anonymity="institution"),
        ],
        measure_id="pact-review",
        measure_status="considered",
        measure_account="taker",
    ),
    claim(
        STOPPED,
        "The end of tide tables for Sudland is stated once more.",
        occurrence=2,
        time_frame="past",
        sharing_effect="restricts",
    ),
]
LINKS = [
    {
        "from_claim_id": "C001-006",
        "relation": "same_fact",
        "to_claim_id": "C001-001",
        "basis": "The sentence stands twice.",
    }
]


@dataclass
class World:
    """A package and its texts, and ways to break it."""

    package: Package
    texts: Path

    @property
    def root(self) -> Path:
        return self.package.root

    @property
    def supplied(self) -> Texts:
        return Texts(self.texts)

    def add(self, stream: str, entries: list[dict[str, Any]], by: str = "coder-1") -> list[str]:
        """Add entities to the open batch and return their identifiers."""
        rows = edit.add(self.package, stream, edit.Entries(entries), by, self.supplied).rows
        return [row[next(iter(row))] for row in rows]  # the identifier comes first

    def amend(self, stream: str, identifier: str, reason: str = "A slip.", **given: Any) -> None:
        edit.amend(self.package, stream, identifier, given, reason, "coder-1", self.supplied)

    def retract(self, identifier: str, reason: str = "Said twice.") -> None:
        edit.retract(self.package, identifier, reason, "coder-1")

    def seal(self, slug: str, *, in_columns: bool = False) -> Batch:
        said = f"Batch {slug}", "Made by a test.", "coder-1"
        with log_lock(self.package):
            return seal(self.package, slug, *said, self.supplied, in_columns)[0]

    def file(self, stream: str, batch: int = -1) -> Path:
        """Return a stream's file in a batch, by position."""
        return sealed_batches(self.package, [])[batch].file(stream)

    def rows(self, stream: str, batch: int = -1) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in self.file(stream, batch).read_text("utf-8").splitlines()
        ]

    def rewrite(
        self, stream: str, change: Callable[[list[dict[str, Any]]], Any], batch: int = -1
    ) -> None:
        """Change the rows of a sealed file and seal anew, so that only the rows are wrong."""
        rows = self.rows(stream, batch)
        change(rows)
        self.file(stream, batch).write_bytes(b"".join(encode(row) + b"\n" for row in rows))
        self.reseal()

    def limit(self, **limits: int) -> None:
        """Set thresholds of this package."""
        path = self.root / "schemas" / "thresholds.csv"
        lines = path.read_text("utf-8").splitlines()
        for name, value in limits.items():
            at = next(i for i, line in enumerate(lines) if line.startswith(f"{name},"))
            lines[at] = f"{name},{value},row,For a test."
        path.write_text("\n".join(lines) + "\n", "utf-8")

    def reseal(self) -> None:
        """Make every manifest agree with what the files now hold."""
        log = read(self.package, sealed=False)
        for batch in sealed_batches(self.package, []):
            position = len(log.batches)
            fresh = Batch(batch.path, batch.shown, batch.number, batch.slug, position)
            log = extend(log, [fresh])
            told = {key: batch.manifest[key] for key in ("title", "method", "recorded_by")}
            manifest = make_manifest(log, fresh, batch.slug, **told)
            (batch.path / MANIFEST).write_bytes(dump_manifest(manifest))
            log.batches[-1] = replace(fresh, manifest=manifest)
        self.package.forget()
        sync_descriptor(self.package)

    def rename(self, names: Mapping[str, str]) -> None:
        """Let entities have any identifiers, as somebody else's package may, and rename some."""
        for path in self.package.schemas.rglob("*.json"):
            text = path.read_text("utf-8")
            path.write_text(OWN_IDENTIFIERS.sub('"^.+$"', text), "utf-8")
        for path in self.package.events.rglob("*.ndjson"):
            data = path.read_bytes()
            for old, new in names.items():
                data = data.replace(encode(old), encode(new))
            path.write_bytes(data)
        self.reseal()

    def run(
        self,
        *words: str,
        data: bytes | None = None,
        module: str = "claimlog",
        file_size: int | None = None,
        **env: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run claimlog, or another module, in the package and return what it printed.

        `file_size` is how many bytes no file can grow past, as on a full disk.
        """
        whole = {**os.environ, "CLAIMLOG_BY": "coder-1", "CI": "1", **env}
        if any(name.startswith("PYTHON") for name in env):  # options of a fresh interpreter
            done = subprocess.run(
                [sys.executable, "-m", module, *words],
                cwd=self.root,
                env=whole,
                input=data,
                capture_output=True,
                timeout=120,
            )
        else:
            done = forked.run(self.root, words, whole, data, 120, module, file_size)
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )


def empty_world(folder: Path) -> World:
    """Return a package with this project's schemas and an empty log, and a text."""
    root = folder / "package"
    root.mkdir(parents=True)
    shutil.copytree(ROOT / "schemas", root / "schemas")
    about = json.loads((ROOT / "datapackage.json").read_text("utf-8"))
    about |= {"name": "tiny", "title": "A tiny package", "version": "0.1.0", "resources": []}
    del about["logOrigin"], about["claimlog"]  # a log of its own, which says no version
    (root / "datapackage.json").write_text(json.dumps(about), "utf-8")
    (root / "events").mkdir()
    texts = folder / "texts"
    texts.mkdir()
    (texts / "harbour.txt").write_text(TEXT, "utf-8")
    return World(Package(root), texts)


def begin_anew(root: Path) -> None:
    """Make the schemas of a package the first version, as of a dataset that starts from them."""
    schemas = root / "schemas"
    shutil.rmtree(schemas / "past")
    upcasts = schemas / "upcasts.csv"
    upcasts.write_text(upcasts.read_text("utf-8").partition("\n")[0] + "\n", "utf-8")
    for path in schemas.glob("*.json"):
        spec = json.loads(path.read_text("utf-8"))
        if "schemaVersion" in spec:
            path.write_text(json.dumps({**spec, "schemaVersion": 1}), "utf-8")
    path = schemas / "requirements.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("".join(f"{line.rpartition(',')[0]}\n" for line in lines), "utf-8")
    package = Package(root)
    for path, _, text in [*stale_files(package)]:
        if path.is_relative_to(schemas):
            package.write(path, text.encode("utf-8"))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The tiny package, made once: three batches, with an amendment and a retraction.

    Nobody changes it, nor reads it into a cache; `world` is a copy of it.
    """
    world = empty_world(tmp_path_factory.mktemp("made"))
    world.add("actors", ACTORS)
    world.add("sources", SOURCES)
    world.seal("register")
    world.add("incidents", INCIDENTS)
    world.add("measures", MEASURES)
    world.add("coders", CODERS)
    world.add("claims", CLAIMS)
    world.add("links", LINKS)
    world.seal("claims")
    world.amend("claims", "C001-003", "The letter says pilots of the port.", note="Port pilots.")
    world.retract("C001-004", "The text does not say so.")
    world.seal("corrections")
    before = _times(world)
    yield world
    after = _times(world)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert not changed


def _times(world: World) -> dict[Path, int]:
    """When each file was written last that a copy of a package is to have as it was."""
    folders = (world.package.events, world.package.schemas, world.package.state / "cache/parts")
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}


@pytest.fixture(scope="session")
def tiny_build(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package with its build, made once; `copied` copies both."""
    world = copied(made, tmp_path_factory.mktemp("tiny-build"))
    build(world.package, world.package.build)
    return world


@pytest.fixture(scope="session")
def corpus_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the log as it is in this repository, made once and only read."""
    out = tmp_path_factory.mktemp("corpus") / "build"
    build(Package(ROOT), out)
    return out


def copied(world: World, folder: Path, copy: Callable[[str, str], Any] = copy_file) -> World:
    shutil.copytree(world.root, folder / "package", copy_function=copy)
    shutil.copytree(world.texts, folder / "texts", copy_function=copy)
    return World(Package(folder / "package"), folder / "texts")


def datasette_of(folder: Path, *frozen: Path, **settings: Any) -> Datasette:
    """Return the Datasette of a build, with releases beside it, as it would be served."""
    about = folder / "datasette"
    return Datasette(
        [],
        immutables=[str(min(folder.glob("*.db"), key=lambda path: len(path.name)))]
        + [str(path) for path in frozen],
        metadata=json.loads((about / "metadata.json").read_text("utf-8")),
        inspect_data=json.loads((about / "inspect.json").read_text("utf-8")),
        settings={**SETTINGS, **settings},
    )


def asking_once(folder: Path, *frozen: Path) -> Get:
    """Return a way to ask the pages of a build, with releases beside it, as it would be served."""
    app = datasette_of(folder, *frozen)
    return lambda path: asyncio.run(app.client.get(path))


def asking(folder: Path, *frozen: Path) -> Get:
    """Return a way to ask such pages, again where a busy machine says that it is too slow now."""
    ask = asking_once(folder, *frozen)

    def ask_again(path: str) -> Any:
        answer = ask(path)
        for _ in range(4):
            if answer.status_code != 503 and "SQL Interrupted" not in answer.text:
                break
            answer = ask(path)
        return answer

    return ask_again


@pytest.fixture
def world(made: World, tmp_path: Path) -> World:
    """A copy of the tiny package to read and break."""
    return copied(made, tmp_path)


@pytest.fixture(scope="session")
def registered(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package with the article of the desk's tests and an adjudicator, in the open batch.

    Nobody changes it; `desk_client.desk_of` opens a copy.
    """
    from desk_client import Opened

    world = copied(made, tmp_path_factory.mktemp("registered"))
    opened = Opened.of(world.package, world.texts)
    assert opened.register() == "S102"
    opened.take("adjudicator", "POST", "coders", kind="person", description="Decides in tests.")
    opened.close()
    return world


@pytest.fixture
def bare(tmp_path: Path) -> World:
    """A package with an empty log."""
    return empty_world(tmp_path)


@pytest.fixture(scope="session")
def real_texts() -> Path:
    """The texts of the five articles; a test that needs them is skipped loudly without them."""
    folder = os.environ.get("CLAIMLOG_TEST_TEXTS")
    if not folder:
        pytest.skip("NOT RUN: set CLAIMLOG_TEST_TEXTS to the directory of the five source texts")
    return Path(folder)


def await_startup(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server says in its log that it has started."""
    until = time.monotonic() + 60
    while "startup complete" not in log.read_text("utf-8"):
        assert process.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="session")
def checked_in(made: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """The tiny package in a git checkout of its own, to copy."""
    from repositories import repository

    repo = repository(copied(made, tmp_path_factory.mktemp("checked-in")))
    repo.git("-c", "pack.window=0", "repack", "-adq")  # one file, and not hundreds
    # a copy has other inodes, and git would read every file of it again
    repo.git("config", "core.checkStat", "minimal")
    repo.git("config", "core.trustCtime", "false")
    return repo


@pytest.fixture(scope="session")
def once_released(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A checkout of the tiny package with release 0.1.0 of its first two batches, to copy."""
    repo = checked_in.copy(tmp_path_factory.mktemp("once-released"))
    repo.release("0.1.0", as_of="2")
    return repo


@pytest.fixture(scope="session")
def tiny_release(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A checkout of the tiny package with release 0.1.0 in dist/, signed, its key.pem and a build.

    Nobody changes it; who breaks something copies it.
    """
    repo = checked_in.copy(tmp_path_factory.mktemp("tiny"))
    key = repo.root.parent / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    public = repo.root.parent / "public.pem"
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    repo.release("0.1.0", key=key)
    build(repo.package, repo.package.build)
    return repo.package
