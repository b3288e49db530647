"""The command line as a user meets it: statuses, help, messages, interruption."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import claimlog.cli
from claimlog.cli import SECTIONS, cli
from claimlog.cli.base import Context, progress
from claimlog.cli.validation import print_summary
from claimlog.edit.open_batch import open_folder, read_with_open
from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.validate import validate
from conftest import CLAIMS, STOPPED, TEXT, World, copied
from test_ledger import LETTER, LIKED, assert_sound, snapshot

ANSI = "\x1b["


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, groups included."""
    for name, command in sorted(group.commands.items()):
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def leaf(path: tuple[str, ...]) -> bool:
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return not isinstance(command, click.Group)


def called(world: World, *words: str, **env: str) -> Any:
    """Run claimlog inside this process, as main() would call it."""
    return CliRunner().invoke(
        cli, ["--package", str(world.root), *words], env={"CLAIMLOG_BY": "coder-1", **env}
    )


SELF_EVIDENT = ("port", "host", "claims", "runs")


# help


@pytest.mark.parametrize("path", [*commands()], ids=" ".join)
def test_every_command_explains_itself_with_an_example(made: World, path: tuple[str, ...]) -> None:
    done = called(made, *path, "--help")
    assert done.exit_code == 0, done.output
    assert f"Usage: cli {' '.join(path)}" in done.output
    if leaf(path):
        example = done.output.partition("Example:")[2]
        assert re.search(rf"^ +claimlog {' '.join(path[:2])}", example, re.MULTILINE)
    for name in re.findall(r"^  (--[a-z-]+)", done.output, re.MULTILINE):
        assert re.fullmatch(r"--[a-z0-9]+(-[a-z0-9]+)*", name)


@pytest.mark.parametrize("path", [path for path in commands() if leaf(path)], ids=" ".join)
def test_every_option_says_what_it_is_for(made: World, path: tuple[str, ...]) -> None:
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    context = click.Context(command, obj=Context(made.root))
    for option in command.get_params(context):
        if isinstance(option, click.Option) and option.name not in SELF_EVIDENT:
            assert option.help or isinstance(option.type, click.Choice), option.name


def test_help_loads_neither_polars_nor_pandera(made: World) -> None:
    code = (
        "import sys; from claimlog.cli import cli; cli(['--help'], standalone_mode=False); "
        "heavy = {'polars', 'pandera', 'pyarrow', 'narwhals', 'frictionless', 'datasette', 'tqdm'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = run_code(code, made.root)
    assert done.stderr == "[]\n"
    assert "Exit status: 0 good, 1 findings or failure, 2 wrong usage." in done.stdout


def run_code(code: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in an interpreter of its own."""
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("words", [("show", "C001-001"), ("log",)], ids=" ".join)
def test_looking_at_the_log_loads_nothing_that_checks_or_writes_it(
    made: World, words: tuple[str, ...]
) -> None:
    code = (
        f"import sys; from claimlog.cli import cli; cli({[*words]}, standalone_mode=False); "
        "heavy = {'pandera', 'frictionless', 'pyarrow.parquet', 'claimlog.validate.row_rules', "
        "'claimlog.cli.build'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = run_code(code, made.root)
    assert (done.returncode, done.stderr) == (0, "[]\n")


@pytest.mark.slow
def test_a_change_of_one_row_loads_nothing_that_parses_many(world: World) -> None:
    words = ["amend", "claim", "C001-001", "--reason", "A slip.", "--by", "coder-1", "--note"]
    code = (
        "import sys; import claimlog.fingerprint; claimlog.fingerprint.MEMORY_BYTES = 8_000; "
        f"from claimlog.cli import cli; cli({words} + sys.argv[1:], standalone_mode=False); "
        "print(sorted({'pyarrow', 'numpy', 'pandera'} & set(sys.modules)), file=sys.stderr)"
    )
    run_code(code, world.root, "Heard once.")  # by which the log is known to be sound
    done = run_code(code, world.root, "Heard twice.")
    assert done.stderr == "[]\n"
    assert done.stdout == "amended C001-001, version 3, in the open batch\n"


@pytest.mark.slow
def test_looking_at_a_log_that_is_cached_parses_nothing_and_writes_nothing(world: World) -> None:
    code = (
        "import sys; import claimlog.fingerprint; claimlog.fingerprint.MEMORY_BYTES = 0; "
        "import claimlog.log.lines; claimlog.log.lines.AT_ONCE = 0; "
        "from claimlog.cli import cli; cli(['show', 'C001-001'], standalone_mode=False); "
        "print(sorted({'pyarrow', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    assert run_code(code, world.root).stderr == "['numpy', 'pyarrow']\n"
    state = world.root / ".claimlog"
    for path in (*world.root.glob("events/*/*.ndjson"), *state.glob("cache/parts/*")):
        os.utime(path, ns=(10**18, 10**18))  # long ago, so that a second look trusts the first
    assert run_code(code, world.root).stderr == "[]\n"
    noted = {path: path.stat().st_mtime_ns for path in state.rglob("*") if path.is_file()}
    assert len(noted) > 3
    assert run_code(code, world.root).stderr == "[]\n"
    assert {path: path.stat().st_mtime_ns for path in state.rglob("*") if path.is_file()} == noted


def test_a_command_that_ends_has_no_objects_to_walk(made: World) -> None:
    code = (
        "import atexit, gc, sys; "
        "atexit.register(lambda: print(gc.get_freeze_count() > 10_000, file=sys.stderr)); "
        "sys.argv[1:] = ['--version']; from claimlog.__main__ import main; main()"
    )
    done = run_code(code, made.root)
    assert (done.returncode, done.stderr) == (0, "True\n")


def test_help_says_the_same_outside_of_a_package(tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "claimlog", "--help"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_help_lists_every_command_once_with_its_whole_first_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cli(["--help"], standalone_mode=False)
    help_text = capsys.readouterr().out
    for name, command in cli.commands.items():
        assert command.name == name
        assert len(re.findall(rf"^  {name} ", help_text, re.MULTILINE)) == 1, name
        words = " ".join((command.help or "").partition("\n\n")[0].split())
        assert words.partition(". ")[0].removesuffix(".") in " ".join(help_text.split()), name
    assert [title for title in SECTIONS if f"\n{title}:\n" in help_text] == [*SECTIONS]


# exit statuses


def test_a_good_package_exits_with_zero_and_says_what_was_checked(world: World) -> None:
    done = world.run("validate", "--texts", str(world.texts))
    assert (done.returncode, done.stderr) == (0, "")
    first, second, *notes = done.stdout.splitlines()
    assert re.fullmatch(r"3 batches, 22 events, root [0-9a-f]{64}", first)
    assert re.fullmatch(r"\d+ rules: \d+ passed, 0 failed, \d+ not checked; 0 findings", second)
    assert all(note.startswith("  not checked: ") for note in notes)


def test_rules_that_passed_but_not_for_all_rows_say_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    report = validate(read(world.package), world.supplied)
    for rule in ("quote-hash", "own-words"):
        report.count(rule, 0, 3, "no text supplied has the hash of S002: 3 anchors not checked")
    print_summary(report)
    assert (
        "  checked in part: quote-hash, own-words (no text supplied has the hash of S002: "
        "3 anchors not checked)\n"
    ) in capsys.readouterr().out


def test_findings_exit_with_one_also_as_json(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.rewrite("claims", lambda rows: rows[0].update(topic="trsut"))
    done = world.run("validate")
    assert done.returncode == 1
    assert done.stdout.startswith(
        'events/0003-corrections/claims.ndjson:1: C001-003 "topic" is "trsut", expected a code of '
    )
    status, out, _ = main(world, capsys, "validate", "--json")
    assert status == 1
    report = json.loads(out)
    assert report["summary"]["failed"] >= 1
    assert {finding["rule"] for finding in report["findings"]} >= {"enum"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("validte",), "No such command 'validte'"),
        (("validate", "--text", "x"), "No such option '--text'"),
        (("validate", "extra"), "Got unexpected extra argument (extra)"),
        (("validate", "--texts", "nowhere"), "nowhere: no such directory of texts; name one with"),
        (("verify",), "name the texts (--texts DIR, or --copy SOURCE=FILE for another copy)"),
        (("verify", "--copy", "S001"), "--copy S001: expected SOURCE=FILE with a source"),
        (("verify", "--copy", "S101=x"), "--copy S101=x: expected SOURCE=FILE with a source"),
        (("amend", "claim", "C001-001", "--reason", "x"), "say what changes (an option for each"),
        (("amend", "claim", "C001-001", "--note", "x"), "say why (--reason)\n"),
        (("amend", "claim", "C001-001"), "say what changes (an option for each column) and why ("),
        (
            ("amend", "claim", "--note", "x", "--reason", "y"),
            "say which claim (claim_id, before the options); many at once are read with --from",
        ),
        (("retract", "C001-001"), "Missing option '--reason'"),
        (("seal", "--slug", "x", "--title", "X"), "Missing option '--method'"),
        (("rebase",), "there is no open batch to rebase; name a sealed one"),
        (("rebase", "0009-x"), 'there is no batch "0009-x" in events/'),
        (
            ("add", "claim", "--from", "x", "--quote", "y", "--note", "z", "--occurrence", "1"),
            "--quote, --occurrence say what one row holds, and --from reads many: leave them out",
        ),
        (("add", "claim", "--from", "x", "--claim-id", "C001-009"), "--claim-id says what one row"),
        (("add", "claim", "--from", "x", "--start", "3"), "--start says what one row holds"),
        (("add", "actor", "--from", "x", "--iso3", "NOR"), "--iso3 says what one row holds"),
        (("add", "source", "--from", "x", "--text", "y"), "--text says what one row holds"),
        (("add", "claim", "--figure-value", "many"), '"figure_value" is "many", expected number'),
        (("add", "claim", "--figure-value", "nan"), '"figure_value" is "nan", expected number'),
        (("add", "claim", "--figure-value", "1e400"), '"figure_value" is "1e400", expected number'),
        (("add", "claim", "--start", "1_0"), '"start" is "1_0", expected integer'),
        (("add", "claim", "--occurrence", "0"), "Invalid value for '--occurrence'"),
        (("add", "claim", "--attributions", "[{"), '"attributions": not a JSON list'),
        (
            ("add", "claim", "--attributions", "[" * 100_000),
            '"attributions": not a JSON list: nested too deeply',
        ),
        (
            ("add", "claim", "--statement", "No source."),
            "a claim needs --source-id, --quote",
        ),
        (("serve", "--port", "0"), "Invalid value for '--port'"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else "",
)
def test_wrong_usage_exits_with_two_and_names_the_option(
    made: World, words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(made)
    status, _, err = main(made, capsys, *words)
    assert status == 2
    assert message in err
    assert snapshot(made) == before


def main(world: World, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Any, str, str]:
    """Run main() in this process and return its exit status and what it printed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["claimlog", "--package", str(world.root), *words])
        patched.setenv("CLAIMLOG_BY", "coder-1")
        with pytest.raises(SystemExit) as stop:
            claimlog.cli.main()
    said = capsys.readouterr()
    return stop.value.code, said.out, said.err


def test_outside_of_a_package_the_message_says_how_to_name_one(tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "claimlog", "validate"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "claimlog: .: no datapackage.json with a schemas/ beside it here or above; run inside a "
        "package or name one with --package DIR\n"
    )


def test_a_fault_of_ours_is_one_message_and_its_traceback_on_request(
    made: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bolt came loose\nand more")

    monkeypatch.setattr("claimlog.edit.entity_history.entity_history", broken)
    status, out, err = main(made, capsys, "show", "C001-001")
    assert (status, out) == (1, "")
    assert err == (
        "claimlog: unexpected RuntimeError: a bolt came loose; nothing was changed. This is a "
        "fault of claimlog: report it, with what CLAIMLOG_TRACEBACK=1 prints\n"
    )
    monkeypatch.setenv("CLAIMLOG_TRACEBACK", "1")
    monkeypatch.setattr(sys, "argv", ["claimlog", "--package", str(made.root), "show", "x"])
    with pytest.raises(SystemExit):
        claimlog.cli.main()
    assert "RuntimeError: a bolt came loose" in capsys.readouterr().err


# reading


def test_show_prints_the_state_and_the_whole_history(made: World) -> None:
    done = called(made, "show", "C001-003")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0] == "C001-003  claims, version 2, live"
    assert "  note                 Port pilots." in lines
    assert [line for line in lines if line.startswith("  version")] == [
        line for line in lines if re.match(r"  version [12]  (assert|amend)  20.*  coder-1", line)
    ]
    assert lines[-1] == "    note: empty -> Port pilots."
    assert "batch 3: The letter says pilots of the port." in done.output


def test_show_prints_a_tombstone_with_its_reason(made: World) -> None:
    done = called(made, "show", "C001-004")
    assert done.output.startswith("C001-004  claims, version 2, retracted\n")
    assert "retract" in done.output
    assert "batch 3: The text does not say so." in done.output
    assert "A clerk mislaid a chart in 2019." in done.output


def test_show_knows_every_stream_and_the_open_batch(world: World) -> None:
    world.add("claims", [LETTER])
    assert called(world, "show", "ada-example").output.startswith("ada-example  actors, version 1")
    assert called(world, "show", "L0001").output.startswith("L0001  links, version 1, live")
    assert "  batch 4\n" in called(world, "show", "C001-007").output
    versions = json.loads(called(world, "show", "C001-003", "--json").output)
    assert [row["version"] for row in versions] == [1, 2]
    assert versions[0]["event_id"] != versions[1]["event_id"]


def test_show_offers_the_near_identifier(made: World, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = main(made, capsys, "show", "ada-exampel")
    assert (status, out) == (1, "")
    assert err == (
        'claimlog: nothing has the identifier "ada-exampel"; did you mean "ada-example"?\n'
    )


def test_log_lists_the_batches_and_the_open_one(world: World) -> None:
    world.add("claims", [LETTER])
    lines = called(world, "log").output.splitlines()
    assert lines[0] == "0001-register  Batch register"
    assert lines[1].endswith(" by coder-1; 2 sources, 6 actors")
    assert re.fullmatch(r"  8 events in all, root [0-9a-f]{16}…", lines[2])
    assert lines[9:11] == ["open batch, not sealed", "  1 claims"]
    rows = json.loads(called(world, "log", "--json").output)
    assert [row["tree_size"] for row in rows] == [8, 20, 22, 23]
    assert [row["slug"] for row in rows] == ["register", "claims", "corrections", None]


def test_log_of_an_empty_package_says_what_to_do(bare: World) -> None:
    done = called(bare, "log")
    assert (done.exit_code, done.output) == (
        0,
        "the log is empty; claimlog add makes an open batch\n",
    )


# colour and progress


def test_colour_is_off_when_piped_and_on_at_a_terminal(world: World) -> None:
    piped = world.run("log")
    assert ANSI not in piped.stdout + piped.stderr
    shown, status = at_terminal(world, "log")
    assert status == 0
    assert f"{ANSI}1m0001-register{ANSI}0m" in shown


def test_a_message_is_plain_when_piped(world: World) -> None:
    done = world.run("show", "nothing")
    assert done.stderr == 'claimlog: nothing has the identifier "nothing"\n'


def at_terminal(world: World, *words: str) -> tuple[str, int]:
    """Run claimlog at a pseudo-terminal and return what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "claimlog", *words],
        cwd=world.root,
        env={**os.environ, "TERM": "xterm"} | {"CI": ""},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return shown.decode(), process.wait()


@pytest.mark.parametrize(("ci", "shows"), [("1", False), ("", True)])
def test_progress_shows_after_its_delay_on_a_terminal_and_never_under_ci(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ci: str,
    shows: bool,
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("claimlog.cli.base.SECONDS_BEFORE_PROGRESS", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress("validate", 2) as step:
        step("read")
        time.sleep(0.15)
        step("rows")
    assert ("validate" in capsys.readouterr().err) is shows


def test_progress_is_silent_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("claimlog.cli.base.SECONDS_BEFORE_PROGRESS", 0)
    with progress("validate", 1) as step:
        step("read")
    assert capsys.readouterr().err == ""


# adding


WORDS = (
    *("--source-id", "S001", "--statement", "Pilots put their names to a letter."),
    *("--content", "event", "--voice", "author", "--modality", "actual", "--topic", "sharing"),
    *("--sharing-effect", "none", "--time-frame", "present", "--origin-basis", "taken"),
    *("--coder-confidence", "high"),
)


def test_a_claim_is_added_amended_retracted_and_sealed_by_commands_alone(world: World) -> None:
    texts = ("--texts", str(world.texts))
    done = called(world, "add", "claim", *WORDS, "--quote", "signed a letter", *texts)
    assert done.output == "added C001-007 to the open batch; claimlog seal makes it final\n"
    done = called(world, "amend", "claim", "C001-007", "--topic", "trust", "--reason", "A slip.")
    assert done.output == "amended C001-007, version 2, in the open batch\n"
    done = called(world, "retract", "C001-007", "--reason", "Said twice.")
    assert done.output == "retracted C001-007, version 3, in the open batch\n"
    done = called(world, "seal", "--slug", "own", "--title", "T", "--method", "M.", *texts)
    assert done.exit_code == 0
    assert done.output.endswith(
        "sealed events/0004-own; commit it together with datapackage.json\n"
    )
    assert_sound(world)


def test_a_passage_that_stands_twice_is_refused_until_an_occurrence_is_named(world: World) -> None:
    words = ("add", "claim", *WORDS, "--quote", STOPPED, "--texts", str(world.texts))
    done = world.run(*words)
    first = TEXT.index(STOPPED)
    second = TEXT.rindex(STOPPED)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"claimlog: S001: the passage '{STOPPED}' occurs 2 times: 1: offset {first} (line 5), 2: "
        f"offset {second} (line 8); say which with --occurrence N, or quote more of it\n"
    )
    assert not open_folder(world.package).exists()
    assert called(world, *words, "--occurrence", "2").exit_code == 0
    assert called(world, "show", "C001-007").output.count(f"start                {second}") == 1


def test_a_quote_without_texts_asks_for_them(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = main(world, capsys, "add", "claim", *WORDS, "--quote", "signed a letter")
    assert status == 2
    assert err == (
        "claimlog: a passage is found in the source's text: name the directory of texts with "
        "--texts DIR or CLAIMLOG_TEXTS\n"
    )


def test_a_list_is_given_with_commas_and_a_hop_as_json(world: World) -> None:
    hops = (
        '[{"actor_id": "ada-example", "verb": "say", "anonymity": "named", "side": "other", '
        '"office": "leader", "number": "one"}]'
    )
    lists = ("--dyad-from", "nor, harbour-ministry", "--dyad-to", "sud", "--attributions", hops)
    texts = ("--texts", str(world.texts))
    done = called(
        *(world, "add", "claim", *WORDS, "--voice", "paraphrased", *lists),
        *("--quote", "signed a letter", *texts),
    )
    assert done.exit_code == 0, done.output
    [row] = json.loads(called(world, "show", "C001-007", "--json").output)
    assert row["dyad_from"] == ["nor", "harbour-ministry"]
    assert row["attributions"][0]["actor_id"] == "ada-example"


def test_an_unknown_option_is_refused_with_the_near_one(world: World) -> None:
    done = world.run("add", "claim", "--topik", "trust")
    assert done.returncode == 2
    assert "No such option '--topik'" in done.stderr
    assert "--topic" in done.stderr


# rows from elsewhere


def ndjson(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


HEADER = (
    "source_id,quote,statement,content,voice,modality,topic,sharing_effect,time_frame,"
    "origin_basis,coder_confidence"
)
CELLS = 'S001,{},"Said by us, in our words.",event,author,actual,sharing,none,present,taken,high'


def test_a_batch_is_read_from_ndjson_on_standard_input(world: World) -> None:
    words = ("add", "claim", "--from", "-", "--texts", str(world.texts))
    done = world.run(*words, data=ndjson(LETTER, {**CLAIMS[0], "occurrence": 2}))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "added 2 claims to the open batch (C001-007 to C001-008)\n"
    assert b'quote"' not in (open_folder(world.package) / "claims.ndjson").read_bytes()
    assert_sound(world)


SHARED = (
    *("--source", "S001", "--content", "event", "--voice", "author", "--modality", "actual"),
    *("--topic", "sharing", "--sharing-effect", "none", "--time-frame", "present"),
    *("--origin-basis", "taken", "--coder-confidence", "high", "--dyad-to", "sud"),
)


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_options_fill_what_the_rows_of_a_file_leave_empty(world: World, form: str) -> None:
    rows: list[dict[str, Any]] = [
        {"quote": "signed a letter", "statement": "Said by us.", "topic": "", "dyad_to": ""},
        {"quote": STOPPED, "statement": "By us too.", "topic": "trust", "dyad_to": "nor"},
    ]
    rows[1] |= {"occurrence": "2", "trust_sign": "distrust"}
    rows[1] |= {"trust_course": "holding", "trust_holder": "sud", "trust_object": "pact"}
    if form == "csv":
        names = [*rows[1]]
        data = ",".join(names) + "\n"
        data += "".join(",".join(row.get(name, "") for name in names) + "\n" for row in rows)
    else:
        lists = ("dyad_to", "trust_holder", "trust_object")
        for row in rows:
            row |= {name: [row[name]] for name in lists if row.get(name)}
        rows[0] |= {"topic": None, "dyad_to": []}
        data = ndjson(*rows).decode()
    words = ("add", "claim", "--from", "-", "--texts", str(world.texts))
    done = world.run(*words, *SHARED, data=data.encode())
    assert (done.returncode, done.stderr) == (0, "")
    first, second = read_with_open(world.package).live("claims").sort("claim_id").to_dicts()[-2:]
    assert (first["topic"], first["dyad_to"], first["modality"]) == ("sharing", ["sud"], "actual")
    assert (second["topic"], second["dyad_to"], second["modality"]) == ("trust", ["nor"], "actual")
    assert_sound(world)


def test_an_option_that_fits_no_row_is_one_fault_of_all_of_them(world: World) -> None:
    data = ndjson({"quote": "signed a letter", "statement": "A."}, {**LETTER, "topic": None})
    words = ("add", "claim", "--from", "-", "--texts", str(world.texts), *SHARED)
    done = world.run(*words, "--topic", "sharng", data=data)
    assert done.returncode == 1
    assert '"topic" is "sharng"' in done.stderr
    assert "(and so in line 2)" in done.stderr
    assert done.stderr.count("sharng") == 1


def test_options_fill_the_rows_of_a_register_too(world: World) -> None:
    data = b"actor_id,name\nisle,Isle\nbay,Bay\n"
    done = world.run("add", "actor", "--from", "-", "--actor-type", "agency", data=data)
    assert (done.returncode, done.stderr) == (0, "")
    actors = {
        row["actor_id"]: row for row in read_with_open(world.package).live("actors").to_dicts()
    }
    assert {actors[name]["actor_type"] for name in ("isle", "bay")} == {"agency"}


def test_a_batch_is_read_from_csv_on_standard_input(world: World) -> None:
    rows = [
        "\ufeff"
        + HEADER
        + ",dyad_to,figure_value,figure_unit,figure_population,figure_qualifier,occurrence",
        CELLS.format("signed a letter") + ',"sud,nor",40,persons,pilots,exact,',
        "",
        CELLS.format('"a\nclerk lost a chart"') + ",,,,,,",
        CELLS.format(STOPPED) + ",sud,,,,,2",
    ]
    done = world.run(
        *("add", "claim", "--from", "-", "--texts", str(world.texts)),
        data="\r\n".join(rows).replace("a\r\nclerk", "a\nclerk").encode() + b"\r\n",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "added 3 claims to the open batch (C001-007 to C001-009)\n"
    world.seal("csv")
    first, second, third = world.rows("claims")
    assert (first["dyad_to"], first["figure_value"]) == (["sud", "nor"], 40)
    assert (second["dyad_to"], second["figure_value"]) == ([], None)
    assert TEXT[second["start"] : second["end"]] == "a\nclerk lost a chart"
    assert third["start"] == TEXT.rindex(STOPPED)
    assert_sound(world)


def limited(reader: Any) -> Any:
    """A csv.reader with Python's own limit; frictionless lifts it for the whole process."""

    def read(*args: Any, **kwargs: Any) -> Any:
        csv.field_size_limit(131_072)
        return reader(*args, **kwargs)

    return read


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            ndjson(LETTER, {**LIKED, "topik": "trust"}),
            '<stdin>:2: unknown key "topik"; did you mean "topic"? (schemas/claims.json); '
            "nothing was added",
        ),
        (
            ndjson(LETTER) + b"\n" + ndjson({**LIKED, "topic": "trsut"}),
            '<stdin>:3: C001-008 "topic" is "trsut", expected a code of',
        ),
        (ndjson(LETTER) + b"{\n", "<stdin>:2: Expecting property name enclosed in double quotes"),
        (ndjson(LETTER) + b'{"a":1,"a":2}\n', '<stdin>:2: key "a" occurs twice; nothing was added'),
        (ndjson(LETTER) + b'{"figure_value":NaN}\n', "<stdin>:2: NaN is not a JSON number"),
        (ndjson(LETTER) + b'{"figure_value":1e400}\n', "<stdin>:2: number 1e400 is out of range"),
        (ndjson(LETTER) + b'{"note":"\\ud800"}\n', "<stdin>:2: holds a lone surrogate"),
        (ndjson(LETTER) + b"[1]\n", "<stdin>:2: expected an object, found list"),
        (ndjson(LETTER) + b'{"note":"S\xfcd"}\n', "<stdin>:2: not UTF-8; as Windows-1252 it reads"),
        (ndjson({**LETTER, "start": "5"}), '<stdin>:1: "start" is "5", expected integer'),
        (ndjson({**LETTER, "source_id": "S("}), '<stdin>:1: source "S(" is not registered'),
        (
            ndjson({"source_id": "S("}),
            "<stdin>: the file has no column quote; add it\n",
        ),
        (
            ndjson({**LETTER, "quote": None}),
            '<stdin>:1: the claim has no passage: give "quote"',
        ),
        (
            ndjson(LETTER, {**LETTER, "quote": "not in it"}),
            "<stdin>:2: S001: the passage 'not in it' does not occur",
        ),
        (
            ndjson(LETTER, CLAIMS[5] | {"occurrence": None}),
            f"<stdin>:2: S001: the passage '{STOPPED}' occurs 2 times",
        ),
        (ndjson({**LETTER, "occurrence": "x"}), '<stdin>:1: occurrence is "x", expected 1, 2, 3 …'),
        (b"", "<stdin>: holds no row; nothing was added"),
        (HEADER.encode() + b"\n", "<stdin>: holds no row; nothing was added"),
        (
            f"{HEADER}\n{CELLS.format('signed a letter')}\n\n{CELLS.format('liked')},x\n".encode(),
            "<stdin>:4: has 12 cells, the header 11; nothing was added",
        ),
        (
            f"{HEADER},topic\n{CELLS.format('signed a letter')},trust\n".encode(),
            '<stdin>:1: the header names "topic" twice; nothing was added',
        ),
        (
            ",".join(f"c{n}" for n in range(100_000)).encode() + b"\n",
            "<stdin>:1: the header names 100,000 columns, more than 500; nothing was added",
        ),
        (
            f"{HEADER},topik\n{CELLS.format('signed a letter')},trust\n".encode(),
            '<stdin>:2: unknown key "topik"; did you mean "topic"?',
        ),
        (
            f'{HEADER}\n{CELLS.format("signed a letter")}\n"S001,open\n'.encode(),
            "<stdin>:3: not CSV: unexpected end of data; nothing was added",
        ),
        (
            f"{HEADER}\nS001,{'x' * 200_000}\n".encode(),
            "<stdin>:2: not CSV: field larger than field limit (131072); nothing was added",
        ),
        (
            f"{HEADER},figure_value\n{CELLS.format('signed a letter')},nan\n".encode(),
            '<stdin>:2: "figure_value" is "nan", expected number; nothing was added',
        ),
    ],
)
def test_rows_are_added_all_or_none_and_a_finding_names_the_line_of_the_input(
    made: World,
    data: bytes,
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = snapshot(made)
    monkeypatch.setattr(csv, "reader", limited(csv.reader))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    words = ("add", "claim", "--from", "-", "--texts", str(made.texts))
    status, out, err = main(made, capsys, *words)
    assert (status in (1, 2), out) == (True, "")
    assert err.removeprefix("claimlog: ").startswith(message)
    assert "nothing was added" in err
    assert snapshot(made) == before


def test_a_file_that_is_not_there_is_named(world: World) -> None:
    done = called(world, "add", "claim", "--from", "nowhere.csv")
    assert done.exit_code == 1
    assert (
        str(done.exception)
        == "nowhere.csv: cannot be read (No such file or directory); nothing was added"
    )


def faults_said(error: BaseException) -> str:
    """Return all that is said of a file of rows."""
    return "\n".join(map(str, (*getattr(error, "findings", ()), error)))


@pytest.mark.parametrize("command", [("add", "source"), ("amend", "source", "--reason", "Why.")])
@pytest.mark.parametrize("place", ["/etc/hostname", "../secret", "link", "a\0b", "x" * 5000])
def test_a_row_of_a_file_names_no_text_but_one_below_the_directory_of_texts(
    command: tuple[str, ...], place: str, world: World, tmp_path: Path
) -> None:
    texts = tmp_path / "mine"
    texts.mkdir()
    (tmp_path / "secret").write_text("A password.")
    (texts / "link").symlink_to("../secret")
    named = place if place.startswith(("/", "x")) else str(texts / place)
    path = tmp_path / "rows.ndjson"
    path.write_text(json.dumps({"source_id": "S001", "text": named}))
    before = snapshot(world)
    done = called(world, *command, "--from", str(path), "--texts", str(texts))
    assert isinstance(done.exception, ClaimlogError)
    assert done.exception.exit_status == 1
    assert "not below the directory of texts" in faults_said(done.exception)
    assert snapshot(world) == before
    without = called(world, *command, "--from", str(path))
    assert "name that with --texts DIR" in faults_said(without.exception)


def test_a_row_of_a_file_names_a_text_below_the_directory_of_texts(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "mine" / "more").mkdir(parents=True)
    text = tmp_path / "mine" / "more" / "tides.txt"
    text.write_text(TEXT)
    path = tmp_path / "rows.ndjson"
    path.write_text(json.dumps({"source_id": "S001", "text": str(text)}))
    words = ("--reason", "Another copy.", "--texts", str(tmp_path / "mine"))
    done = called(world, "amend", "source", "--from", str(path), *words)
    assert (done.exit_code, done.output) == (0, "1 is as given already; nothing was amended\n")


# interruption


def interrupted(world: World, *words: str) -> subprocess.CompletedProcess[str] | None:
    """Send Ctrl-C to a command as soon as it writes, and return what it printed.

    On a busy machine it may be done before it is seen to write; then nothing is returned.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "claimlog", *words],
        cwd=world.root,
        env={**os.environ, "CI": "1", "CLAIMLOG_BY": "coder-1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 300
    while not started_writing(world) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    if process.returncode == 0:
        return None
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def started_writing(world: World) -> bool:
    return any(world.root.glob(".build-new-*")) or any(world.package.state.glob(".open-new-*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("build", "--force"),
        ("add", "actor", "--actor-id", "port", "--name", "Port", "--actor-type", "agency"),
    ],
    ids=" ".join,
)
def test_ctrl_c_leaves_everything_as_it_was_with_one_message(
    made: World, tiny_build: World, words: tuple[str, ...], tmp_path: Path
) -> None:
    is_build = words[0] == "build"
    for attempt in range(10):
        world = copied(tiny_build if is_build else made, tmp_path / str(attempt))
        if is_build:
            world.add("actors", [{"actor_id": "quay", "name": "Quay", "actor_type": "agency"}])
            world.seal("quay")
        before = snapshot(world)
        done = interrupted(world, *words)
        if done is not None:
            break
    assert done is not None, "it was done each time before it was seen to write"
    assert done.returncode == 1
    assert (done.stdout, done.stderr.strip()) == ("", "claimlog: interrupted; nothing was changed")
    assert snapshot(world) == before
    assert not started_writing(world)


def has_open(process: int, file: str) -> bool:
    """Whether a process has a file open; what it closes meanwhile is passed over."""
    for path in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            if os.path.realpath(path) == file:
                return True
    return False


def test_ctrl_c_while_waiting_for_the_lock_is_one_message(world: World) -> None:
    from claimlog.edit.log_lock import log_lock

    with log_lock(world.package):
        process = subprocess.Popen(
            [sys.executable, "-m", "claimlog", "rebase", "0003-corrections"],
            cwd=world.root,
            stderr=subprocess.PIPE,
            text=True,
        )
        lock = str(world.package.state / "lock")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # until it waits
            if has_open(process.pid, lock):
                break
            time.sleep(0.01)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip()) == (1, "claimlog: interrupted; nothing was changed")


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_failure_worth_a_traceback(world: World) -> None:
    command = f"{sys.executable} -m claimlog validate --json | head -n 1"
    done = subprocess.run(
        command, shell=True, cwd=world.root, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


@pytest.mark.slow
def test_a_name_that_the_terminal_cannot_show_is_printed_escaped(world: World) -> None:
    (world.package.events / os.fsdecode(b"stray-\xff\xc3\xa9")).write_text("x")
    done = world.run("validate", PYTHONIOENCODING="utf-8")
    assert done.returncode == 1
    assert done.stdout.startswith(r"events/stray-\udcffé: is no batch directory (NNNN-slug)")
    assert done.stderr == ""
    done = world.run("validate", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert done.stdout.startswith("events/stray-")
    assert done.stderr == ""
