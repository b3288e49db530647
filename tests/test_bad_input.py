"""Every bad input of the issue, as a user meets it: one clear message, and nothing is touched."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from claimlog.cli import cli
from claimlog.directory_swap import publish_directory
from claimlog.errors import ClaimlogError
from claimlog.package_state import state_folder
from conftest import TEXT, World, copied
from test_ledger import LETTER, PORT

Break = Callable[[World], Any]
LAST = "events/0003-corrections/claims.ndjson"
MIDDLE = "events/0002-claims/claims.ndjson"


def bytes_of(world: World) -> dict[str, bytes]:
    """What must not change: the log, its descriptor, the open batch and the build."""
    roots = [world.package.events, world.package.build, world.package.state / "open"]
    paths = [path for root in roots for path in root.rglob("*")] + [world.root / "datapackage.json"]
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


@pytest.fixture(scope="module")
def built(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package with a build."""
    world = copied(made, tmp_path_factory.mktemp("built"))
    assert world.run("build").returncode == 0
    return world


@pytest.fixture
def broken(built: World, tmp_path: Path) -> World:
    """A copy of the built package to break."""
    return copied(built, tmp_path)


def edit(path: str, change: Callable[[bytes], bytes], reseal: bool = True) -> Break:
    """Change a file's bytes; with `reseal` everything but the bytes is right again."""

    def apply(world: World) -> None:
        file = world.root / path
        before = file.read_bytes()
        file.write_bytes(change(before))
        assert file.read_bytes() != before
        if reseal:
            world.reseal()

    return apply


def swap(old: str, new: str | bytes) -> Callable[[bytes], bytes]:
    """Replace the first place of `old`."""
    fresh = new.encode() if isinstance(new, str) else new
    return lambda data: data.replace(old.encode(), fresh, 1)


def first_row(**values: Any) -> Break:
    """Change the first row of the last batch, and seal everything anew."""
    return lambda world: world.rewrite("claims", lambda rows: rows[0].update(values))


def rows(change: Callable[[list[dict[str, Any]]], Any]) -> Break:
    return lambda world: world.rewrite("claims", change)


def long_line(data: bytes) -> bytes:
    """A canonical line of 100 MB among the others."""
    return swap('"note":"Port pilots."', b'"note":"' + b"x" * 100_000_000 + b'"')(data)


def second_of_one_number(world: World) -> None:
    folder = world.package.events / "0003-other"
    shutil.copytree(world.package.events / "0003-corrections", folder)
    manifest = folder / "batch.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"corrections"', '"other"'), "utf-8")


def link_out(name: str) -> Break:
    """Put a symbolic link to a directory or file outside of the package into events/."""

    def apply(world: World) -> None:
        outside = world.root.parent / "outside"
        shutil.copytree(world.package.events / "0003-corrections", outside)
        if name.endswith(".ndjson"):
            (world.package.events / name).unlink(missing_ok=True)
            (world.package.events / name).symlink_to(outside / "claims.ndjson")
        else:
            (world.package.events / name).symlink_to(outside)

    return apply


def descriptor(**values: Any) -> Break:
    """Change the entry of the claims in datapackage.json."""

    def apply(world: World) -> None:
        path = world.root / "datapackage.json"
        about = json.loads(path.read_text("utf-8"))
        next(r for r in about["resources"] if r["name"] == "claims").update(values)
        path.write_text(json.dumps(about, indent=2), "utf-8")

    return apply


def manifest(batch: str, old: str, new: str) -> Break:
    return edit(f"events/{batch}/batch.json", swap(old, new), reseal=False)


def stray(name: str) -> Break:
    return lambda world: (world.package.events / name).write_text("x")


def without(name: str) -> Break:
    return lambda world: shutil.rmtree(world.package.events / name)


CASES: dict[str, tuple[Break, str]] = {
    "truncated last line": (
        edit(LAST, lambda data: data[:-40]),
        f"{LAST}:2: does not end with a line feed; the last line was cut off; restore it, or",
    ),
    "file cut to nothing": (
        edit(LAST, lambda _: b"", reseal=False),
        f"{LAST}: bytes is 0, batch.json says ",
    ),
    "invalid JSON": (
        edit(LAST, swap('"action":"amend",', '"action":"amend"')),
        f"{LAST}:1: not a JSON object: Expecting ',' delimiter at character 17; write one",
    ),
    "not an object": (
        edit(LAST, lambda data: data + b"[1]\n"),
        f"{LAST}:3: not a JSON object: expected an object, found list",
    ),
    "duplicate keys": (
        edit(LAST, swap('"action":"amend",', '"action":"amend","action":"amend",')),
        f'{LAST}:1: not a JSON object: key "action" occurs twice',
    ),
    "NaN": (
        edit(LAST, swap('"figure_value":40', '"figure_value":NaN')),
        f"{LAST}:1: not a JSON object: NaN is not a JSON number",
    ),
    "1e400": (
        edit(LAST, swap('"figure_value":40', '"figure_value":1e400')),
        f"{LAST}:1: not a JSON object: number 1e400 is out of range",
    ),
    "an integer beyond 2**53": (
        edit(LAST, swap('"version":2', '"version":9007199254740993')),
        f"{LAST}:1: not a JSON object: integer 9007199254740993 is beyond 2**53",
    ),
    "a lone surrogate": (
        edit(LAST, swap("Port pilots.", "\\ud800")),
        f"{LAST}:1: not a JSON object: holds a lone surrogate, which is no character",
    ),
    "deep nesting": (
        edit(LAST, swap('"note":"Port pilots."', '"note":' + "[" * 5000 + "]" * 5000)),
        f"{LAST}:1: not a JSON object: nested too deeply",
    ),
    "NUL bytes": (
        edit(LAST, swap("Port pilots.", "Port\0pilots.")),
        f"{LAST}:1: holds a NUL byte; restore the file; NUL is never part of it",
    ),
    "BOM": (
        edit(LAST, lambda data: b"\xef\xbb\xbf" + data),
        f"{LAST}:1: begins with a byte order mark; save it as UTF-8 without BOM",
    ),
    "CRLF": (
        edit(LAST, lambda data: data.replace(b"\n", b"\r\n")),
        f"{LAST}:1: holds a carriage return; end lines with a line feed only",
    ),
    "Latin-1 bytes": (
        edit(LAST, swap("Port pilots.", "Pörtler".encode("latin-1"))),
        f"{LAST}:1: byte 0xf6 is not UTF-8; save the file as UTF-8",
    ),
    "a 100 MB line": (
        edit(LAST, long_line),
        f"{LAST}:1: the line is longer than 65,535 bytes; see schemas/thresholds.csv",
    ),
    "another spelling of a row": (
        edit(LAST, swap('"action":"amend",', '"action": "amend",')),
        f"{LAST}:1: not in canonical form (RFC 8785); write rows with claimlog add",
    ),
    "unknown key": (
        edit(LAST, swap('"topic":', '"topik":')),
        f'{LAST}:1: unknown key "topik"; did you mean "topic"?; see schemas/claims.json',
    ),
    "missing key": (
        edit(LAST, lambda data: re.sub(rb'"voice":"[a-z]+",?', b"", data, count=1)),
        f'{LAST}:1: missing key "voice"; every key of schemas/claims.json is present, null where',
    ),
    "wrong type": (
        edit(LAST, lambda data: re.sub(rb'"start":(\d+)', rb'"start":"\1"', data, count=1)),
        f'{LAST}:1: "start" is "202", expected integer; see schemas/claims.json',
    ),
    "a null in a list": (
        edit(MIDDLE, swap('"dyad_to":["sud"]', '"dyad_to":[null]')),
        f'{MIDDLE}:1: "dyad_to" holds null, expected string; see schemas/claims.json',
    ),
    "end past the text": (
        first_row(end=10_000),
        f"{LAST}:1: C001-003 end (10000) is past the text ({len(TEXT)} code points)",
    ),
    "negative start": (
        first_row(start=-1),
        f'{LAST}:1: C001-003 "start" is -1, expected minimum 0; see schemas/claims.json',
    ),
    "start equal to end": (
        rows(lambda listed: listed[0].update(start=listed[0]["end"])),
        f"{LAST}:1: C001-003 start (236) is not before end (236); a span is half-open",
    ),
    "unknown code": (
        first_row(modality="actuall"),
        f'{LAST}:1: C001-003 "modality" is "actuall", expected a code of schemas/codebook/codes/'
        "modality.csv (actual, ",
    ),
    "unknown source": (first_row(source_id="S999"), f"{LAST}:1: C001-003 "),
    "an empty required value": (
        first_row(statement=None),
        f'{LAST}:1: C001-003 "statement" is null, expected a value; see schemas/claims.json',
    ),
    "duplicate event": (
        rows(lambda listed: listed.append(dict(listed[0]))),
        f"{LAST}:3: C001-003 is the same row as an earlier one (event ",
    ),
    "version gap": (
        first_row(version=4),
        f"{LAST}:1: C001-003 is version 4, expected 2; number versions without gaps",
    ),
    "amending what was retracted": (
        rows(lambda listed: listed.append({**listed[1], "action": "amend", "version": 3})),
        f"{LAST}:3: C001-004 cannot amend: it was retracted; assert what is not live",
    ),
    "time running backwards": (
        first_row(recorded_at="1999-01-01T00:00:00Z"),
        f"{LAST}:1: recorded_at 1999-01-01T00:00:00Z is before that of an earlier row",
    ),
    "a date that is none": (
        first_row(occurred="2025-02-30"),
        f'{LAST}:1: C001-003 occurred is "2025-02-30": 2025-02 has no day 30; write EDTF level 1',
    ),
    "two batches with one number": (
        second_of_one_number,
        "events/0003-other: has the number of events/0003-corrections; renumber the one that lost "
        "the race: claimlog rebase 0003-other",
    ),
    "a stray file in a batch": (
        stray("0002-claims/notes.txt"),
        "events/0002-claims/notes.txt: does not belong in a batch; a batch holds batch.json and ",
    ),
    "a stray file in events": (
        stray("notes.txt"),
        "events/notes.txt: is no batch directory (NNNN-slug); move it out of events/",
    ),
    "a batch of a number that no column holds": (
        lambda world: (world.package.events / f"{10**19}-more").mkdir(),
        f"events/{10**19}-more: is no batch directory: the number of a batch has 4 to 15 digits; "
        "move it out of events/",
    ),
    "a symlink out of the tree to a file": (
        link_out("0002-claims/codings.ndjson"),
        "events/0002-claims/codings.ndjson: is a symbolic link; put the file itself there",
    ),
    "a symlink out of the tree for a file": (
        link_out("0003-corrections/claims.ndjson"),
        f"{LAST}: is a symbolic link; put the file itself there",
    ),
    "a symlink out of the tree to a batch": (
        link_out("0004-more"),
        "events/0004-more: is a symbolic link; move it out of events/",
    ),
    "a path with ..": (
        descriptor(path=["../outside.ndjson"]),
        'datapackage.json: resource "claims" ',
    ),
    "a schema path with ..": (descriptor(schema="../schemas/claims.json"), "datapackage.json"),
    "a path that is no path": (
        descriptor(path=5),
        "datapackage.json: resource 4 has no name or no path; restore it from git",
    ),
    "a resource without a name": (
        descriptor(name=None),
        "datapackage.json: resource 4 has no name or no path; restore it from git",
    ),
    "a list of resources that is none": (
        edit("datapackage.json", lambda data: _resources(data, 5), reseal=False),
        'datapackage.json: "resources" is no list; restore it from git',
    ),
    "resources that are none": (
        edit("datapackage.json", lambda data: _resources(data, ["x", None]), reseal=False),
        "datapackage.json: resource 2 has no name or no path; restore it from git",
    ),
    "a descriptor that is no JSON": (
        edit("datapackage.json", lambda data: data[:-3], reseal=False),
        "datapackage.json: not valid JSON: ",
    ),
    "a descriptor in Latin-1": (
        edit("datapackage.json", swap("tiny", "t\u00efny".encode("latin-1")), reseal=False),
        "datapackage.json: not valid JSON: 'utf-8' codec can't decode byte 0xef",
    ),
    "a changed byte in a sealed batch": (
        edit(MIDDLE, swap("Norland no longer", "Norland no longes"), reseal=False),
        f"{MIDDLE}: sha256 is ",
    ),
    "a changed byte in a sealed manifest": (
        manifest("0002-claims", "Batch claims", "Batch claimz"),
        "events/0003-corrections/batch.json: previous_sha256 is ",
    ),
    "a space in the last manifest": (
        manifest("0003-corrections", '"title": ', '"title":  '),
        "events/0003-corrections/batch.json: is not as claimlog seal wrote it (sorted keys, two "
        "spaces, UTF-8); restore it from git",
    ),
    "a manifest that is no JSON": (
        manifest("0003-corrections", "{", "{,"),
        "events/0003-corrections/batch.json: not valid JSON: ",
    ),
    "a manifest with a duplicate key": (
        manifest("0003-corrections", '"number": 3', '"number": 3,\n  "number": 3'),
        'events/0003-corrections/batch.json: not valid JSON: key "number" occurs twice',
    ),
    "a manifest with a lone surrogate": (
        manifest("0003-corrections", "Batch corrections", "\\ud800"),
        "events/0003-corrections/batch.json: not valid JSON: holds a lone surrogate",
    ),
    "a manifest that lacks a key": (
        manifest("0003-corrections", '"title"', '"titel"'),
        "events/0003-corrections/batch.json: the manifest: Additional properties are not allowed "
        "('titel' was unexpected); restore it from git",
    ),
    "a manifest of another directory": (
        lambda world: (world.package.events / "0003-corrections").rename(
            world.package.events / "0003-correction"
        ),
        "events/0003-correction/batch.json: says batch 3-corrections, the directory "
        "0003-correction; restore the directory's name",
    ),
    "a batch without a manifest": (
        lambda world: (world.package.events / "0003-corrections" / "batch.json").unlink(),
        "events/0003-corrections: holds no batch.json, so it was never sealed; restore it from git",
    ),
    "a missing batch": (
        without("0002-claims"),
        "events/0003-corrections: is batch 3, expected 0002: a batch is missing; restore it from",
    ),
    "a missing last batch": (without("0003-corrections"), "datapackage.json: "),
    "a missing file of a batch": (
        lambda world: (world.root / LAST).unlink(),
        f"{LAST}: is missing; a sealed batch never changes: restore it from git",
    ),
    "a file for the directory of the log": (
        lambda world: (
            shutil.rmtree(world.package.events),
            world.package.events.write_text("x"),
        ),
        "events: is no directory; restore it from git",
    ),
    "a link for the directory of the log": (
        lambda world: (
            world.package.events.rename(world.root.parent / "elsewhere"),
            world.package.events.symlink_to(world.root.parent / "elsewhere"),
        ),
        "events: is a symbolic link; use a directory",
    ),
}


def _resources(data: bytes, value: object) -> bytes:
    return json.dumps({**json.loads(data), "resources": value}).encode()


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_clear_message_and_nothing_is_touched(world: World, case: str) -> None:
    spoil, message = CASES[case]
    spoil(world)
    before = bytes_of(world)
    words = ["--package", str(world.root), "validate"]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    said = done.output
    if isinstance(done.exception, ClaimlogError):  # which the command prints
        assert done.exception.exit_status == 1
        said += str(done.exception)
    else:
        assert (done.return_value, done.exception) == (1, None)
    assert any(line.startswith(message) for line in said.splitlines()), said
    assert len(said) < 20_000
    assert bytes_of(world) == before


@pytest.mark.slow
@pytest.mark.parametrize("case", ["unknown code", "a descriptor that is no JSON"])
def test_the_command_prints_what_is_wrong_and_exits_with_one(broken: World, case: str) -> None:
    spoil, message = CASES[case]
    spoil(broken)
    before = bytes_of(broken)
    done = broken.run("validate")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "unexpected" not in done.stderr
    said = (done.stdout + done.stderr.removeprefix("claimlog: ")).splitlines()
    assert any(line.startswith(message) for line in said), done.stdout + done.stderr
    assert bytes_of(broken) == before


@pytest.mark.slow
@pytest.mark.parametrize("case", ["invalid JSON", "unknown code", "a missing batch"])
@pytest.mark.parametrize("words", [("build",), PORT], ids=["build", "add"])
def test_no_command_builds_or_adds_on_a_broken_log(
    broken: World, case: str, words: tuple[str, ...]
) -> None:
    spoil, message = CASES[case]
    spoil(broken)
    before = bytes_of(broken)
    done = broken.run(*words)
    assert (done.returncode, done.stdout) == (1, "")
    *findings, last = done.stderr.splitlines()
    assert any(line.startswith(message) for line in findings), done.stderr
    assert re.match(r"claimlog: \d+ findings? in the log: ", last)
    assert bytes_of(broken) == before


# a disk that is full, a directory that cannot be written


def limited(world: World, limit: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run claimlog where no file can grow past `limit` bytes, as on a full disk."""
    return world.run(*words, file_size=limit)


def assert_refused(done: subprocess.CompletedProcess[str], message: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr
    assert re.fullmatch(f"claimlog: {message}\n", done.stderr), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 100_000])
def test_a_full_disk_during_build_leaves_the_last_build(broken: World, limit: int) -> None:
    before = bytes_of(broken)
    done = limited(broken, limit, "build", "--force")
    assert_refused(done, r"(build: writing failed|tiny\.db: cannot be written) \(.*\); .*")
    assert bytes_of(broken) == before
    assert not [*broken.root.glob(".build-*")]


def test_a_full_disk_during_add_leaves_the_open_batch(broken: World) -> None:
    broken.add("actors", [{"actor_id": "quay", "name": "Quay", "actor_type": "agency"}])
    before = bytes_of(broken)
    done = limited(broken, 300, *PORT)
    assert_refused(
        done,
        r"\.claimlog/open: writing failed \(File too large\); allow larger files \(ulimit -f\); "
        "nothing was replaced",
    )
    assert bytes_of(broken) == before
    assert sorted(path.name for path in broken.package.state.iterdir()) == [
        "cache",
        "lock",
        "open",
    ]


def test_a_full_disk_during_seal_leaves_the_log_and_the_open_batch(broken: World) -> None:
    broken.add("claims", [LETTER])
    before = bytes_of(broken)
    done = limited(broken, 300, "seal", "--slug", "x", "--title", "X", "--method", "None.")
    assert_refused(
        done,
        r"\.claimlog: writing failed \(File too large\); allow larger files \(ulimit -f\), and run "
        "this again; nothing in events/ was changed",
    )
    assert bytes_of(broken) == before
    assert sorted(path.name for path in broken.package.state.iterdir()) == [
        "cache",
        "lock",
        "open",
    ]


def without_privilege() -> None:
    """Make root obey the permissions of files too: drop CAP_DAC_OVERRIDE before exec."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def as_user(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", "claimlog", *words],
        cwd=world.root,
        env={**os.environ, "CLAIMLOG_BY": "coder-1", "CI": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=without_privilege,
    )


SEAL = ("seal", "--slug", "x", "--title", "X", "--method", "None.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "words", "message"),
    [
        (
            "events",
            SEAL,
            r"events/0004-x: cannot be written \(Permission denied\); nothing was sealed",
        ),
        (
            ".claimlog",
            PORT,
            r"\.claimlog/open: writing failed \(Permission denied\); give write permission there; "
            "nothing was replaced",
        ),
        (
            ".claimlog",
            SEAL,
            r"\.claimlog: writing failed \(Permission denied\); give write permission there, and "
            "run this again; nothing in events/ was changed",
        ),
        (
            ".",
            ("build", "--force"),
            r"build: writing failed \(Permission denied\); give write permission there; "
            "nothing was replaced",
        ),
    ],
)
def test_a_read_only_directory_is_one_message(
    broken: World, folder: str, words: tuple[str, ...], message: str
) -> None:
    broken.add("claims", [LETTER])
    before = bytes_of(broken)
    place = broken.root / folder
    place.chmod(0o555)
    try:
        done = broken.run(*words, module="unprivileged")
    finally:
        place.chmod(0o755)
    assert_refused(done, message)
    assert bytes_of(broken) == before


@pytest.mark.slow
def test_where_nothing_can_be_written_a_site_is_drawn_and_a_takedown_planned(
    broken: World, tmp_path: Path
) -> None:
    folders = [broken.root, *(path for path in broken.root.rglob("*") if path.is_dir())]
    before = bytes_of(broken)
    for folder in folders:
        folder.chmod(0o555)
    try:
        site = as_user(broken, "site", "--out", str(tmp_path / "site"))
        words = ("takedown", "C001-003", "--version", "1", "--reason", "Court.", "--dry-run")
        plan = broken.run(*words, module="unprivileged")
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert (site.returncode, site.stderr) == (0, "")
    assert (tmp_path / "site" / "index.html").is_file()
    assert "version 1 would be taken down" in plan.stdout
    assert bytes_of(broken) == before


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "make room there"),
        (errno.EDQUOT, "make room there"),
        (errno.EROFS, "give write permission there"),
        (errno.EACCES, "give write permission there"),
    ],
)
def test_what_to_do_where_nothing_can_be_written_is_what_the_system_demands(
    number: int, remedy: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ClaimlogError) as error:
        state_folder(world.package, "serving")
    assert str(error.value) == (
        f".claimlog/serving: cannot be written ({os.strerror(number)}); {remedy}"
    )
    said = re.escape(f"out: writing failed ({os.strerror(number)}); {remedy}; nothing was replaced")
    with (
        pytest.raises(ClaimlogError, match=f"^{said}$"),
        publish_directory(world.root / "out", "out"),
    ):
        pass


def test_a_file_in_the_place_of_the_build_is_not_overwritten(world: World) -> None:
    world.package.build.write_text("mine")
    done = world.run("build")
    assert_refused(
        done,
        "build: exists and is no build of ours; name another directory with --out, or remove it "
        "yourself",
    )
    assert world.package.build.read_text() == "mine"


def test_a_directory_of_somebody_elses_is_not_replaced_by_a_build(world: World) -> None:
    (world.root / "thesis").mkdir()
    (world.root / "thesis" / "chapter-1.txt").write_text("mine")
    done = world.run("build", "--out", "thesis")
    assert_refused(done, "thesis: exists and is no build of ours; name another directory .*")
    assert [path.name for path in (world.root / "thesis").iterdir()] == ["chapter-1.txt"]
