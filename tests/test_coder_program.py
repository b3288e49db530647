"""A program codes a text by the contract of `claimlog code`, within its limits."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from claimlog import environment_variables
from claimlog.desk import program_process
from claimlog.desk.coder_program import (
    code_with_program,
    describe_input,
    save_as_work,
    write_rows,
)
from claimlog.desk.program_process import run_program
from claimlog.edit import quote_places
from claimlog.edit.add_amend_retract import Entries, add
from claimlog.edit.row_files import read_entries
from claimlog.errors import ClaimlogError, FindingsError, UsageError
from claimlog.escaping import json_text
from conftest import ROOT, World
from desk_client import ARTICLE, Opened, desk_of

EXAMPLE = f"{sys.executable} {shlex.quote(str(ROOT / 'docs/examples/figure_coder.py'))}"
SOURCE = "S102"


@pytest.fixture(scope="module")
def opened(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    desk = desk_of(registered, tmp_path_factory.mktemp("program"))
    row = {"coder_id": "figures-1", "kind": "program", "description": "Rules for figures."}
    add(desk.desk.package, "coders", Entries([row]), "figures-1", None)
    yield desk
    desk.close()


def python(code: str) -> str:
    return f"{sys.executable} -c {shlex.quote(code)}"


def writing(*rows: object) -> str:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    return python(f"print({text!r})")


def test_the_example_codes_figures_and_is_compared_like_everybody(
    opened: Opened, tmp_path: Path
) -> None:
    desk = opened.desk
    coding = code_with_program(desk, EXAMPLE, SOURCE, "figures-1")
    assert [row.value["figure_value"] for row in coding.rows] == [90]
    out = tmp_path / "rows.ndjson"
    write_rows(coding, SOURCE, out)
    table = desk.log.definition.streams["claims"]
    given = read_entries(table, str(out), None)
    added = add(desk.package, "claims", given, "figures-1", desk.log.texts)
    assert added.rows[0]["figure_qualifier"] == "approximate"
    opened.take("adjudicator", "DELETE", f"open/{added.rows[0]['claim_id']}")
    work = save_as_work(desk, coding, SOURCE, "figures-1")
    assert work.is_finished
    assert work.journal.path.read_bytes().count(b"\n") == 1  # all of it, or nothing
    found = opened.take("adjudicator", "GET", f"adjudication/{SOURCE}")
    assert found["sides"] == ["figures-1"]
    with pytest.raises(ClaimlogError, match="has coded S102 already"):
        save_as_work(desk, coding, SOURCE, "figures-1")


def test_what_a_program_wrote_of_a_text_that_was_corrected_meanwhile_is_not_saved(
    registered: World, tmp_path: Path
) -> None:
    opened = desk_of(registered, tmp_path)
    row = {"coder_id": "figures-1", "kind": "program", "description": "Rules for figures."}
    add(opened.desk.package, "coders", Entries([row]), "figures-1", None)
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    coding = code_with_program(opened.desk, EXAMPLE, SOURCE, "figures-1")
    later = world.texts / "later.txt"
    later.write_text(ARTICLE.replace("Some ninety boats", "Some eighty boats"), "utf-8")
    rest = ("--text", str(later), "--texts", str(world.texts), "--reason", "Corrected.")
    assert world.run("correct", SOURCE, *rest).returncode == 0
    with pytest.raises(ClaimlogError, match=r"the text was corrected since .* run the program"):
        save_as_work(opened.desk, coding, SOURCE, "figures-1")
    assert opened.desk.work_folder.work("figures-1", SOURCE).is_empty
    opened.close()


def test_attribution_verbs_give_a_hop() -> None:
    sys.path.insert(0, str(ROOT / "docs" / "examples"))
    import figure_coder  # type: ignore[import-not-found]

    text = "About 40 pilots signed, a harbour clerk said. In 2019 it rained. It cost 3 boats."
    fields = [
        {"column": "attributions", "required": False, "codes": [], "fields": [
            {"column": "side", "required": True, "codes": [{"code": "none"}], "fields": []}]},
        {"column": "figure_unit", "required": False, "codes": [{"code": "items"}], "fields": []},
    ]  # fmt: skip
    form = {"streams": {"claims": {"fields": fields}}, "variables": []}
    rows = [*figure_coder.rows({"form": form, "text": text, "furniture": []})]
    assert [row["quote"] for row in rows] == ["About 40 pilots signed", "It cost 3 boats"]
    assert rows[0]["attributions"] == [
        {"side": "none", "verb": "say", "description": "harbour clerk"}
    ]
    assert rows[1]["voice"] == "author"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (writing("no JSON"), r"<python[0-9.]*>:1: .*nothing was coded"),
        (writing({"statement": "x"}), 'has no "quote"'),
        (writing({"quote": "is not there"}), "does not occur"),
        (writing({"quote": "dimmed the lam"}), "inside a word"),
        (writing({"quote": "the"}), "occurs"),
        (writing({"quote": "has dimmed", "colour": "red"}), 'no column "colour"'),
        (writing({"quote": "has dimmed", "source_id": "S001"}), "another source"),
        (writing(""), "wrote no row"),
        (python("import sys; sys.exit('it \x1b[31m broke')"), r"status 1 \(it"),
    ],
)
def test_what_is_no_row_is_named_and_nothing_is_coded(
    opened: Opened, command: str, message: str
) -> None:
    with pytest.raises(ClaimlogError, match=message) as raised:
        code_with_program(opened.desk, command, SOURCE, "figures-1")
    assert "\x1b" not in str(raised.value)


def test_the_quotes_of_a_program_are_looked_for_no_longer_than_those_of_a_file(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quote_places, "READ_FOR_PLACES", 1)
    rows = [{"quote": "the", "occurrence": number} for number in (1, 2)]
    with pytest.raises(ClaimlogError, match=r":2: .* took more reading than one file may"):
        code_with_program(opened.desk, writing(*rows), SOURCE, "figures-1")


def test_rows_that_break_rules_are_findings_of_their_lines(opened: Opened) -> None:
    command = writing("", {"quote": "has dimmed the lamp", "content": "event"})
    with pytest.raises(FindingsError) as raised:
        code_with_program(opened.desk, command, SOURCE, "figures-1")
    assert {finding.line for finding in raised.value.findings} == {2}
    assert "required" in {finding.rule for finding in raised.value.findings}


def test_a_program_has_limits_of_time_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    # what it has started ends with it, also where that holds the output open
    code = "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"
    begun = time.monotonic()
    with pytest.raises(ClaimlogError, match="took longer than"):
        run_program(shlex.split(python(code)), b"{}", 0.3)
    assert time.monotonic() - begun < 30
    monkeypatch.setattr(program_process, "OUTPUT_BYTES", 1_000)
    with pytest.raises(ClaimlogError, match="wrote more than 1,000 bytes"):
        run_program(shlex.split(python("while True: print('x' * 500)")), b"{}", 60)
    with pytest.raises(ClaimlogError, match="wrote more than 1,000 bytes"):
        run_program(shlex.split(python(f"import sys; {ENDLESS_ERRORS}")), b"{}", 60)
    assert run_program(shlex.split(python("print(1)")), b"x" * 1_000_000, 60) == b"1\n"


ENDLESS_ERRORS = "[sys.stderr.write('x' * 500) for _ in iter(int, 1)]"
DETACHED = "import subprocess; subprocess.Popen(['sleep', '20'], start_new_session=True); "


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("print(1)", None),
        ("import time; time.sleep(60)", "took longer than 2 s"),
        ("import os, time; os.close(1); time.sleep(60)", "took longer than 2 s"),
    ],
)
def test_what_a_program_leaves_in_a_session_of_its_own_is_not_waited_for(
    rest: str, message: str | None
) -> None:
    """A server of a model that is started along, say: it holds the output open."""
    begun = time.monotonic()
    words = shlex.split(python(DETACHED + rest))
    if message is None:
        assert run_program(words, b"{}", 10) == b"1\n"
    else:
        with pytest.raises(ClaimlogError, match=message):
            run_program(words, b"{}", 2)
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize("before", [None, "2"])
def test_a_program_has_the_environment_of_the_user_and_not_that_of_claimlog(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONSAFEPATH", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setattr(environment_variables, "_before", {})
        monkeypatch.delenv(name, raising=False)
        if before is not None:
            monkeypatch.setenv(name, before)
        environment_variables.set_own_variable(name, "1")
        environment_variables.set_own_variable(name, "3")
        shown = run_program(
            shlex.split(python(f"import os; print(os.environ.get({name!r}))")), b"", 9
        )
        assert shown.decode() == f"{before}\n"
        assert os.environ[name] == "3"


def test_no_shell_runs_it_and_it_is_registered_as_what_it_is(
    opened: Opened, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no program"):
        code_with_program(opened.desk, f"no-such-program; touch {tmp_path}/x", SOURCE, "figures-1")
    assert not [*tmp_path.iterdir()]
    with pytest.raises(UsageError, match="add it first"):
        code_with_program(opened.desk, EXAMPLE, SOURCE, "unknown-1")
    with pytest.raises(UsageError, match="is a person"):
        code_with_program(opened.desk, EXAMPLE, SOURCE, "adjudicator")
    shown = describe_input(opened.desk, SOURCE)
    assert shown == json_text(json.loads(shown), 1)
    given = json.loads(shown)
    assert {"format", "source", "text", "furniture", "form", "registers"} == {*given}
