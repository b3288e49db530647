"""The open batch: listed, taken back row by row, and validated before it is sealed."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import claimlog.edit.append_lines
import claimlog.edit.open_batch
import claimlog.schema.definition
from claimlog.edit.batch_files import leave_out_known
from claimlog.edit.drop import dependent_rows, drop
from claimlog.edit.log_lock import log_lock
from claimlog.edit.open_rows import OpenRow, open_rows
from claimlog.edit.open_upcast import is_outdated
from claimlog.edit.rebase_open_batch import rebase_open
from claimlog.edit.seal import seal
from claimlog.edit.takedown import plan_takedown, take_down
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.interrupt_handler import holds_interrupts
from claimlog.log.canonical import encode
from claimlog.log.lines import MOST_LISTED
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.codebook import Codebook
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import Table
from conftest import World, actor, copied
from test_ledger import LETTER, LIKED, assert_sound, snapshot

LINK = {"relation": "updates", "basis": "The letter came later.", "to_claim_id": "C001-001"}


@pytest.fixture(scope="module")
def world_with_open(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two claims, a link between the first and a sealed one, and an amendment, all of them open."""
    world = copied(made, tmp_path_factory.mktemp("open"))
    world.add("claims", [LETTER, LIKED])
    world.add("links", [{**LINK, "from_claim_id": "C001-007"}])
    world.amend("claims", "C001-007", topic="personnel")
    return world


@pytest.fixture
def pending(world_with_open: World, tmp_path: Path) -> World:
    """A copy of that package."""
    return copied(world_with_open, tmp_path)


def rows_of(world: World) -> list[OpenRow]:
    return open_rows(world.package, read_definition(world.package).streams)


def places(world: World) -> list[str]:
    return [f"{row.place} {row.identifier} {row.version}" for row in rows_of(world)]


ALL = ["claims:1 C001-007 1", "claims:2 C001-008 1", "claims:3 C001-007 2", "links:1 L0002 1"]


@pytest.mark.slow
@pytest.mark.usefixtures("definitions_read_anew")
@pytest.mark.parametrize("change", ["add", "amend", "retract", "drop"])
def test_a_change_beside_an_open_batch_reads_the_definition_once(
    pending: World, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    reads: list[Package] = []
    read_codebook = claimlog.schema.definition.read_codebook

    def counted(package: Package) -> Codebook:
        reads.append(package)
        return read_codebook(package)

    monkeypatch.setattr(claimlog.schema.definition, "read_codebook", counted)
    changes: dict[str, Callable[[], object]] = {
        "add": lambda: pending.add("links", [{**LINK, "from_claim_id": "C001-008"}]),
        "amend": lambda: pending.amend("claims", "C001-008", topic="personnel"),
        "retract": lambda: pending.retract("C001-008"),
        "drop": lambda: drop(pending.package, ["links:1"]),
    }
    changes[change]()
    assert len(reads) == 1


# open


def test_open_lists_every_row_with_its_place_and_what_it_says(pending: World) -> None:
    done = pending.run("open")
    assert (done.returncode, done.stderr) == (0, "")
    when = [row.content["recorded_at"] for row in rows_of(pending)]
    assert done.stdout.splitlines() == [
        "open batch, not sealed  3 claims, 1 link",
        f"  claims:1  C001-007  assert version 1  {when[0]} by coder-1  {LETTER['statement']}",
        f"  claims:2  C001-008  assert version 1  {when[1]} by coder-1  {LIKED['statement']}",
        f"  claims:3  C001-007  amend version 2  {when[2]} by coder-1  {LETTER['statement']}",
        f"  links:1  L0002  assert version 1  {when[3]} by coder-1  C001-007 updates C001-001",
    ]


def state_in_file(world: World, statement: str) -> None:
    """Have the open claim state what no command adds."""
    path = world.package.state / "open" / "claims.ndjson"
    row = json.loads(path.read_text("utf-8"))
    path.write_bytes(encode({**row, "statement": statement}) + b"\n")


def test_open_as_json_has_every_summary_in_full_and_the_place_in_the_file(world: World) -> None:
    said = "A ministry " + "very " * 30 + "far away\u202e sent word."
    world.add("claims", [LETTER])
    state_in_file(world, said)
    [row] = json.loads(world.run("open", "--json").stdout)
    assert row["summary"] == said
    assert (row["id"], row["action"], row["version"]) == ("C001-007", "assert", 1)
    assert (row["file"], row["line"]) == (".claimlog/open/claims.ndjson", 1)
    assert (row["place"], row["recorded_by"], row["flaw"]) == ("claims:1", "coder-1", None)
    assert world.run("open").stdout.endswith("very very very…\n")


def test_a_statement_that_would_move_the_cursor_is_listed_escaped(world: World) -> None:
    world.add("claims", [LETTER])
    state_in_file(world, "Pilots\x1b[2J wrote\u202e a note.")
    assert "Pilots\\x1b[2J wrote\\u202e a note." in world.run("open").stdout


def test_an_empty_open_batch_is_said_to_be_empty(made: World) -> None:
    assert made.run("open").stdout == "the open batch is empty; claimlog add begins one\n"
    assert json.loads(made.run("open", "--json").stdout) == []


# drop


@pytest.mark.slow
def test_a_dropped_row_is_gone_without_a_tombstone_and_its_number_is_free(world: World) -> None:
    world.add("claims", [LETTER, LIKED])
    done = world.run("drop", "C001-008")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "dropped C001-008, version 1 (claims:2)\nthe open batch still holds 1 claim\n"
    )
    assert world.add("claims", [LIKED]) == ["C001-008"]
    world.seal("more")
    assert [row["claim_id"] for row in world.rows("claims")] == ["C001-007", "C001-008"]
    assert_sound(world)


def test_dropping_all_leaves_the_package_as_it_was_before(world: World) -> None:
    before = snapshot(world)
    world.add("claims", [LETTER])
    world.add("actors", [actor("port", "agency")])
    done = world.run("drop", "claims:1", "port")
    assert done.stdout.endswith("the open batch is empty now\n")
    assert snapshot(world) == before
    assert not (world.package.state / "open").exists()


def test_dropping_the_second_version_brings_back_the_first(pending: World) -> None:
    done = pending.run("drop", "C001-007")
    assert done.stdout.splitlines()[0] == (
        "dropped C001-007, version 2 (claims:3); version 1 stands again"
    )
    assert places(pending) == ["claims:1 C001-007 1", "claims:2 C001-008 1", "links:1 L0002 1"]
    pending.seal("more")
    log = assert_sound(pending)
    assert log.history("claims", "C001-007")["topic"].to_list() == [LETTER["topic"]]


def test_dropping_a_retraction_brings_back_what_is_sealed(world: World) -> None:
    world.retract("C001-005")
    done = world.run("drop", "C001-005")
    assert "version 2 (claims:1); version 1 stands again" in done.stdout
    assert json.loads(world.run("show", "C001-005", "--json").stdout)[-1]["action"] == "assert"


def test_a_row_that_others_depend_on_is_refused_with_each_of_them(pending: World) -> None:
    before = snapshot(pending)
    done = pending.run("drop", "claims:1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        ".claimlog/open/claims.ndjson:3: C001-007 follows version 1, which would be gone; drop it "
        "too (--with-references) [version-sequence]",
        ".claimlog/open/links.ndjson:1: L0002 refers to C001-007, which would be gone; drop it too "
        "(--with-references) [foreign-key]",
        "claimlog: 2 findings in the log: nothing was dropped",
    ]
    assert snapshot(pending) == before
    drop(pending.package, ["claims:1"], with_references=True)
    assert places(pending) == ["claims:1 C001-008 1"]


def test_what_refers_by_a_list_or_through_another_row_depends_on_it_too(world: World) -> None:
    world.add("actors", [actor("port", "agency"), actor("pilot", "person", part_of="port")])
    world.add("claims", [{**LETTER, "dyad_from": ["pilot"]}, LIKED])
    world.add("links", [{**LINK, "from_claim_id": "C001-007"}])
    with pytest.raises(FindingsError) as error:
        drop(world.package, ["port"])
    assert [finding.entity for finding in error.value.findings] == ["pilot", "C001-007", "L0002"]
    done = drop(world.package, ["port"], with_references=True)
    assert [row.place for row in done.rows] == ["actors:1", "actors:2", "claims:1", "links:1"]
    assert places(world) == ["claims:1 C001-008 1"]


def open_row(line: int, table: Table, **content: Any) -> OpenRow:
    return OpenRow(table.name, line, b"", table, content)


@pytest.mark.parametrize("action", ["amend", "assert"])
def test_dropping_one_of_thousands_that_depend_on_each_other_takes_a_time_by_their_number(
    made: World, action: str
) -> None:
    table = read_definition(made.package).streams["actors"]
    rows = [
        open_row(n, table, actor_id="port", version=n, action=action if n > 1 else "assert")
        for n in range(1, 4_001)
    ]
    rows += [
        open_row(n, table, actor_id=f"pilot-{n}", version=1, action="assert", part_of="port")
        for n in range(4_001, 6_001)
    ]
    start = time.process_time()
    found = dependent_rows(rows, [0])
    # by their cube 2,000 versions took 20 seconds, and 4,000 would take 160
    assert time.process_time() - start < 10
    assert [*found] == [*range(1, 6_000)]
    assert found[1] == ("version-sequence", "follows version 1, which would be gone")
    assert found[5_999] == ("foreign-key", "refers to port, which would be gone")
    del rows[4_000:]
    assert [*dependent_rows(rows, [2_000])] == [*range(2_001, 4_000)]


def test_a_drop_that_would_break_a_rule_names_the_row_and_drops_nothing(world: World) -> None:
    world.retract("L0001")
    world.retract("C001-006")
    before = snapshot(world)
    with pytest.raises(FindingsError, match="nothing was dropped") as error:
        drop(world.package, ["L0001"])
    assert str(error.value.findings[0]).startswith("events/0002-claims/links.ndjson:1: L0001 from")
    assert snapshot(world) == before
    drop(world.package, ["C001-006", "L0001"])
    assert rows_of(world) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "C001-001",
            "C001-001 is sealed (events/0002-claims/claims.ndjson:1), for good; what is sealed is "
            'taken back by: claimlog retract C001-001 --reason "…"',
        ),
        (
            "C001-07",
            'the open batch has no row of "C001-07"; did you mean "C001-007"?; claimlog open lists '
            "them",
        ),
        ("claims:9", "claims:9: the open batch has 3 rows of claims; claimlog open lists them"),
    ],
)
def test_what_is_no_open_row_cannot_be_dropped_and_the_message_says_why(
    pending: World, name: str, message: str
) -> None:
    done = pending.run("drop", "C001-008", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"claimlog: {message}; nothing was dropped\n"
    assert places(pending) == ALL


def test_there_is_nothing_to_drop_without_an_open_batch(made: World) -> None:
    done = made.run("drop", "C001-007")
    assert (done.returncode, done.stderr) == (
        1,
        "claimlog: there is no open batch; nothing was dropped\n",
    )


def test_a_line_that_cannot_be_read_is_listed_and_dropped_by_its_place(world: World) -> None:
    world.add("claims", [LETTER, LIKED])
    path = world.package.state / "open" / "claims.ndjson"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b'{"claim_id":\n' + second + b"\xff\n")
    said = world.run("open").stdout
    assert "  claims:2  cannot be read: Expecting value at character 12; claimlog drop" in said
    assert "  claims:4  cannot be read: not UTF-8; claimlog drop claims:4" in said
    done = world.run("drop", "claims:2")
    assert done.stdout.startswith("dropped claims:2\n")
    assert done.stderr == "what is open still breaks rules: claimlog validate lists them\n"
    assert world.run("drop", "claims:3").stderr == ""
    assert path.read_bytes() == first + second


def test_a_line_that_is_longer_than_a_row_may_be_is_listed_and_not_parsed(world: World) -> None:
    world.add("claims", [LETTER])
    path = world.package.state / "open" / "claims.ndjson"
    before = path.read_bytes()
    path.write_bytes(before + b'{"a":"' + b"x" * 70_000 + b'"}\n')
    said = world.run("open").stdout
    assert "  claims:2  cannot be read: longer than 65,535 bytes; claimlog drop claims:2" in said
    world.run("drop", "claims:2")
    assert path.read_bytes() == before


@pytest.mark.slow
def test_open_rows_that_are_sealed_are_found_with_the_command_that_leaves_them_out(
    world: World, tmp_path: Path
) -> None:
    """So it is after a seal that was cut off once its batch was in place."""
    world.add("claims", [LETTER, LIKED])
    opened = world.package.state / "open"
    shutil.copytree(opened, tmp_path / "before")
    world.seal("letters")
    shutil.copytree(tmp_path / "before", opened)
    found = world.run("validate")
    assert found.returncode == 1
    assert "claimlog rebase leaves out those that are sealed" in found.stdout + found.stderr
    done = world.run("rebase")
    assert (done.returncode, "left out 2 rows" in done.stdout) == (0, True), done.stderr
    assert world.run("validate").returncode == 0
    assert not opened.exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["seal", "rebase", "takedown"])
def test_open_rows_are_read_while_an_interrupt_can_be_heard(
    command: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's may be of any size; a command ends by its limits meanwhile."""
    world.amend("claims", "C001-002", note="Ordered.")
    world.seal("order")
    path = world.package.state / "open" / "claims.ndjson"
    path.parent.mkdir()
    path.write_bytes(world.file("claims").read_bytes())
    read_open, looked = claimlog.edit.open_batch.read_bytes, []

    def was_read(*given: Any) -> bytes:
        looked.append(holds_interrupts())
        return read_open(*given)

    monkeypatch.setattr("claimlog.edit.open_batch.read_bytes", was_read)
    with log_lock(world.package):
        if command == "takedown":
            plan = plan_takedown(world.package, "C001-002", [1], "Court order 1/2027.", "me")
            take_down(world.package, plan)
        elif command == "rebase":
            assert "left out 1 rows" in rebase_open(world.package)[0]
        else:
            seal(world.package, "order", "T", "M", "me", None)
    assert looked
    assert not any(looked)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["seal", "rebase"])
@pytest.mark.parametrize("whole", [0, 1])
def test_an_open_row_that_was_cut_off_is_not_left_out_with_those_that_are_sealed(
    command: str, whole: int, world: World
) -> None:
    world.add("claims", [LETTER, LIKED])
    path = world.package.state / "open" / "claims.ndjson"
    known, own = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(known)
    world.seal("letter")
    path.parent.mkdir()
    left = own * whole + own.replace(b"C001-008", b"C001-009").removesuffix(b"\n")
    path.write_bytes(known + left)
    words = ["--slug", "more", "--title", "T", "--method", "M"] if command == "seal" else []
    done = world.run(command, *words)
    assert done.returncode == 1
    assert "does not end with a line feed; the last line was cut off; restore it" in done.stderr
    assert path.read_bytes() == left


@pytest.mark.parametrize(
    ("name", "data"),
    [("notes.ndjson", b'{"note":"Mine."}\n'), ("claims.ndjson", b"{}\n" * 5_000)],
    ids=["of an undeclared stream", "of what are no rows"],
)
def test_sealed_rows_are_left_out_beside_files_that_claimlog_did_not_write(
    name: str, data: bytes, world: World
) -> None:
    world.add("claims", [LETTER])
    opened = world.package.state / "open"
    known = (opened / "claims.ndjson").read_bytes()
    world.seal("letter")
    opened.mkdir()
    (opened / "claims.ndjson").write_bytes(known)
    with (opened / name).open("ab") as file:
        file.write(data)
    assert leave_out_known(read(world.package))
    assert {path.name: path.read_bytes() for path in opened.iterdir()} == {name: data}


@pytest.mark.parametrize(
    ("line", "count", "stream"),
    [
        ("11", 1_000_000, "claims"),
        ("x" * 900, MOST_LISTED + 1, "claims"),
        ('{"a":[' + "[]," * 20_000 + "1]}", 20, "claims"),
        ('{"a":[' + '{"a":""},' * 5_000 + "1]}", 30, "claims"),
    ],
    ids=["too short", "no JSON", "lists in lists", "small objects"],
)
def test_a_file_that_claimlog_did_not_write_is_not_listed_line_by_line(
    world: World, line: str, count: int, stream: str
) -> None:
    """Each line of a stranger's file, of hundreds of millions, would be held and listed."""
    world.add("claims", [LETTER, LIKED])
    path = world.package.state / "open" / f"{stream}.ndjson"
    path.write_text(f"{line}\n" * count, "utf-8")
    size = path.stat().st_size
    streams = read_definition(world.package).streams
    tracemalloc.start()
    try:
        with pytest.raises(ClaimlogError) as refused:
            open_rows(world.package, streams)
        assert tracemalloc.get_traced_memory()[1] < 4 * size + (4 << 20)
    finally:
        tracemalloc.stop()
    assert str(refused.value) == (
        f".claimlog/open/{stream}.ndjson: holds what are no rows, and more than is listed line by "
        "line; restore it from a copy, or move it away"
    )
    done = world.run("open")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "holds what are no rows" in done.stderr


def test_lines_that_are_no_rows_are_not_held_to_see_which_version_they_are_of(
    world: World,
) -> None:
    world.add("claims", [LETTER, LIKED])
    path = world.package.state / "open" / "claims.ndjson"
    path.write_bytes(b"11\n" * 1_000_000)
    definition = read_definition(world.package)
    assert any(name == "claims" for name, _ in definition.earlier)
    tracemalloc.start()
    try:
        assert not is_outdated(path.parent, ".claimlog/open", definition)
        assert tracemalloc.get_traced_memory()[1] < 3 * path.stat().st_size
    finally:
        tracemalloc.stop()
    done = world.run("validate")
    assert done.returncode == 1
    assert ".claimlog/open/claims.ndjson:1: " in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("names", "left"), [(["C001-008"], ALL[:1] + ALL[2:]), (["claims:1", "C001-008"], [])]
)
def test_a_drop_that_is_cut_off_leaves_the_open_batch_as_it_was_or_as_it_should_be(
    pending: World, names: list[str], left: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = places(pending)
    calls = [0]

    def interrupt_at(number: int) -> Callable[[Path, Path], Path]:
        rename = Path.rename

        def interrupted(path: Path, target: Path) -> Path:
            calls[0] += 1
            if calls[0] == number:
                raise KeyboardInterrupt
            return rename(path, target)

        return interrupted

    monkeypatch.setattr("claimlog.directory_swap._exchange", lambda *_: False)
    for number in range(1, 9):
        calls[0] = 0
        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", interrupt_at(number))
            try:
                drop(pending.package, names, with_references=True)
            except KeyboardInterrupt:
                assert places(pending) == before
                continue
        break
    assert number > 1
    assert [name.split(" ", 1)[1] for name in places(pending)] == [
        name.split(" ", 1)[1] for name in left
    ]
    assert {path.name for path in pending.package.state.iterdir()} <= {"open", "lock", "cache"}


def test_a_disk_that_is_full_is_one_line_and_nothing_is_dropped(
    pending: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("claimlog.directory_swap.sync", full)
    with pytest.raises(ClaimlogError) as error:
        drop(pending.package, ["C001-008"])
    assert str(error.value) == (
        ".claimlog/open: writing failed (No space left on device); make room there; nothing was "
        "replaced"
    )
    assert places(pending) == ALL


def test_of_two_drops_of_one_row_at_once_one_finds_it_and_no_other_row_is_lost(
    world: World,
) -> None:
    names = [f"port-{number}" for number in range(4)]
    world.add("actors", [actor(name, "agency") for name in names])
    world.limit(lock_seconds=100)
    with ThreadPoolExecutor(4) as pool:
        done = [*pool.map(lambda name: world.run("drop", name), [*names[:2], *names[:2]])]
    assert sorted(one.returncode for one in done) == [0, 0, 1, 1]
    assert all("no row of" in one.stderr for one in done if one.returncode)
    assert places(world) == ["actors:1 port-2 1", "actors:2 port-3 1"]


# validate


def test_validation_takes_the_open_batch_in_and_counts_what_is_sealed(pending: World) -> None:
    sealed = pending.run("validate", "--sealed")
    done = pending.run("validate")
    assert done.returncode == sealed.returncode == 0
    first, second, rules, *_ = done.stdout.splitlines()
    assert first == sealed.stdout.splitlines()[0]
    assert second == (
        "and the open batch, 4 rows, as if sealed: no finding in .claimlog/open; --sealed leaves "
        "it out"
    )
    assert rules.endswith("0 findings")
    assert "open batch" not in sealed.stdout


@pytest.mark.slow
def test_findings_of_open_rows_are_named_by_their_line_and_counted(pending: World) -> None:
    path = pending.package.state / "open" / "claims.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"topic":"personnel"', b'"topic":"trsut"'))
    done = pending.run("validate")
    assert done.returncode == 1
    finding, _, second, *_ = done.stdout.splitlines()
    assert finding.startswith('.claimlog/open/claims.ndjson:3: C001-007 "topic" is "trsut"')
    assert second.startswith("and the open batch, 4 rows, as if sealed: 1 of the findings in ")
    assert pending.run("validate", "--sealed").returncode == 0
    report = json.loads(pending.run("validate", "--json").stdout)
    assert report["open"] == {"path": ".claimlog/open", "rows": 4, "findings": 1}
    assert (report["log"]["batches"], report["log"]["rows"]) == (3, 22)
    with pytest.raises(FindingsError):
        pending.seal("more")


def test_a_report_of_a_package_without_open_batch_says_nothing_of_one(made: World) -> None:
    assert "open" not in json.loads(made.run("validate", "--json").stdout)


def test_a_valid_open_batch_is_not_taken_for_a_part_of_the_log(
    pending: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.fingerprint.MEMORY_BYTES", 0)
    from claimlog.cli import cli

    note = pending.package.state / "cache" / "valid.json"
    cli.main(["--package", str(pending.root), "validate", "--sealed"], standalone_mode=False)
    held = note.read_bytes()
    cli.main(["--package", str(pending.root), "validate"], standalone_mode=False)
    assert note.read_bytes() == held
    checked: list[int] = []
    monkeypatch.setattr(claimlog.edit.append_lines, "validate", lambda *_, **__: checked.append(1))
    drop(pending.package, ["C001-008"])
    assert checked == []


# verify


def test_verify_checks_the_open_batch_and_counts_it_apart(pending: World) -> None:
    sealed = copied_without_open(pending)
    done = pending.run("verify", "--texts", str(pending.texts))
    assert (done.returncode, done.stderr) == (0, "")
    *about_log, about_open = done.stdout.splitlines()
    assert about_log == sealed.stdout.splitlines()
    assert about_open == (
        "the open batch (.claimlog/open), 4 rows, is not sealed and in no release: "
        "2 of 2 anchors checked, no finding"
    )


def copied_without_open(pending: World) -> subprocess.CompletedProcess[str]:
    """Return what verifying says of the same package without its open batch."""
    aside = pending.package.state / "aside"
    (pending.package.state / "open").rename(aside)
    done = pending.run("verify", "--texts", str(pending.texts))
    aside.rename(pending.package.state / "open")
    return done


def test_verify_finds_a_wrong_anchor_of_the_open_batch_alone(pending: World) -> None:
    path = pending.package.state / "open" / "claims.ndjson"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows[1]["quote_sha256"] = "0" * 64
    path.write_bytes(b"".join(encode(row) + b"\n" for row in rows))
    done = pending.run("verify", "--texts", str(pending.texts))
    assert done.returncode == 1
    assert "all exact" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("2 of 2 anchors checked, 1 finding")
    assert ".claimlog/open/claims.ndjson:2: C001-008" in done.stdout


def test_verify_says_which_open_anchors_have_no_text(pending: World) -> None:
    (pending.texts / "harbour.txt").rename(pending.root / "aside.txt")
    (pending.texts / "another.txt").write_text("Words of another text.\n", "utf-8")
    done = pending.run("verify", "--texts", str(pending.texts), "--partial")
    assert done.stdout.splitlines()[-1].endswith("0 of 2 anchors checked, no finding")


def test_rows_of_a_stream_that_these_schemas_lack_are_named_with_a_way_back(world: World) -> None:
    """More of them than are listed: they are those of another branch, and no damage."""
    world.add("claims", [LETTER])
    path = world.package.state / "open" / "ports.ndjson"
    path.write_text("{}\n" * (MOST_LISTED + 1), "utf-8")
    with pytest.raises(ClaimlogError, match=r"does not declare the stream ports.*go back to the"):
        open_rows(world.package, read_definition(world.package).streams)
