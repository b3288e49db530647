"""What the desk saved is there, whatever ends the process that saved it."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import tracemalloc
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

import pytest

from claimlog import untrusted_files
from claimlog.desk import journal, journal_density, journal_state
from claimlog.desk.journal import MOST_MARKS, Journal, MarkChange, StaleError
from claimlog.desk.journal_state import Cell
from claimlog.desk.request_error import CLOSED, INVALID, LARGE, RequestError
from claimlog.desk.saved_decisions import MOST_NOTE, Decisions
from claimlog.desk.work import Work
from claimlog.desk.work_folder import is_unlinked
from claimlog.errors import ClaimlogError, is_of_the_machine


def cells_at(path: Path) -> Journal:
    cells = Journal(path)
    cells.refresh()
    return cells


def values(cells: Journal) -> dict[str, Any]:
    return {key: cell.value for key, cell in cells.items("")}


def test_a_file_that_was_cut_anywhere_holds_what_was_acknowledged_before(tmp_path: Path) -> None:
    path = tmp_path / "work.ndjson"
    cells = Journal(path)
    states = [(0, {})]
    steps = (
        lambda: cells.change({"a": {"x": 1}}, {"a": 0}),
        lambda: cells.change({"b": "é🗼", "a": None}, {"a": 1}),
        lambda: cells.undo(2),
        lambda: cells.redo(3),
        lambda: cells.mark("finished", {"hash": "0"}),
    )
    for step in steps:
        step()
        states.append((path.stat().st_size, values(cells)))
    data = path.read_bytes()
    for length in range(len(data) + 1):
        cut = tmp_path / "cut.ndjson"
        cut.write_bytes(data[:length])
        expected = [state for size, state in states if size <= length][-1]
        found = cells_at(cut)
        assert values(found) == expected
        found.change({"c": length}, {"c": 0})  # and it goes on from there
        assert values(cells_at(cut)) == {**expected, "c": length}


def test_what_was_acknowledged_outlives_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "work.ndjson"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        cells = Journal(path)
        for number in range(100_000):
            cells.change({"a": number}, {})
            os.write(writing, b".")
        os._exit(0)
    os.close(writing)
    acknowledged = len(os.read(reading, 20))
    while acknowledged < 20:
        acknowledged += len(os.read(reading, 20))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reading, 4096):
        acknowledged += len(more)
    os.close(reading)
    assert cells_at(path).cell("a").value >= acknowledged - 1


def test_of_two_windows_the_second_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    first, second = Journal(tmp_path / "w"), Journal(tmp_path / "w")
    first.change({"a": 1}, {"a": 0})
    with pytest.raises(StaleError):
        second.change({"a": 2}, {"a": 0})
    second.change({"b": 3}, {"b": 0})  # another cell is none of that
    assert values(second) == {"a": 1, "b": 3}
    with pytest.raises(StaleError):
        first.undo(1)
    first.undo(2)
    assert values(cells_at(first.path)) == {"a": 1}


def test_the_same_change_again_is_no_second_one(tmp_path: Path) -> None:
    cells = Journal(tmp_path / "w")
    cells.change({"a": 1}, {"a": 0})
    cells.change({"a": 1}, {"a": 0})
    assert cells.state == 1


def test_undo_goes_back_to_the_beginning_and_redo_to_the_end(tmp_path: Path) -> None:
    cells = Journal(tmp_path / "w")
    for number in range(4):
        cells.change({"a": number, str(number): number}, {})
    last = values(cells)
    for _ in range(4):
        cells.undo(cells.state)
    assert values(cells) == {}
    with pytest.raises(RequestError, match="taken back"):
        cells.undo(cells.state)
    for _ in range(4):
        cells.redo(cells.state)
    assert values(cells_at(cells.path)) == last
    cells.undo(cells.state)
    cells.change({"a": "other"}, {})
    assert not cells.can_redo


def test_a_file_says_whose_the_steps_are_which_are_next_also_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = MarkChange(by="one"), MarkChange(by="two")
    cells = Journal(tmp_path / "w")
    cells.change({"a": 1}, {})  # as before names were kept
    cells.change({"a": 2}, {}, one)
    cells.change({"a": 3}, {}, one)
    cells.change({"a": 3}, {}, two)  # which changes nothing
    whose = [(cells.undo_by, cells.redo_by)]
    for which, by in (("undo", two), ("redo", one), ("undo", two), ("undo", one)):
        getattr(cells, which)(cells.state, by)
        whose.append((cells.undo_by, cells.redo_by))
    assert whose == [("one", ""), ("one", "two"), ("one", ""), ("one", "two"), ("", "one")]
    monkeypatch.setattr(journal, "LINES_BYTES", 10)
    cells.mark("long", "", cells.state)
    cells.redo(cells.state, two)
    assert b'"whole"' in cells.path.read_bytes()
    again = cells_at(cells.path)
    assert (again.undo_by, again.redo_by, again.cell("a").value) == ("one", "two", 2)


def test_a_file_has_a_name_of_its_own_which_stays_when_it_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LINES_BYTES", 500)
    monkeypatch.setattr(journal_state, "STEPS_BYTES", 50)
    path = tmp_path / "work.ndjson"
    cells = Journal(path)
    cells.refresh()
    assert cells.name == ""
    cells.change({"a": 0}, {})
    name = cells.name
    assert len(name) == 2 * journal.FILE_NAME_BYTES
    for number in range(1, 40):
        cells.change({"a": number}, {})
    assert b'"whole"' in path.read_bytes()
    again = Journal(path)
    again.refresh()
    assert again.name == cells.name == name
    path.unlink()
    cells.change({"a": 0}, {})
    assert cells.name not in ("", name)
    path.write_bytes(b'{"set":{"a":1}}\n')  # as before files had names
    cells.refresh()
    assert (cells.name, cells.state) == ("", 1)
    path.write_bytes(b'{"file":7,"set":{"a":1}}\n')
    with pytest.raises(ClaimlogError, match="is no line of the desk"):
        cells.refresh()


def test_a_file_that_was_set_aside_is_begun_anew(tmp_path: Path) -> None:
    cells = Journal(tmp_path / "w")
    cells.change({"a": 1, "b": 2}, {})
    cells.path.rename(tmp_path / "away")
    cells.refresh()
    assert (values(cells), cells.state) == ({}, 0)
    other = Journal(cells.path)
    other.change({"c": 3}, {})
    other.change({"d": 4}, {})
    cells.change({"e": 5}, {"e": 0})
    assert values(cells) == {"c": 3, "d": 4, "e": 5}


def test_a_full_disk_changes_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = Journal(tmp_path / "w")
    cells.change({"a": 1}, {"a": 0})
    write = os.pwrite

    def fill(handle: int, data: bytes, offset: int) -> int:
        if len(data) > 5:
            return write(handle, data[:5], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fill)
        with pytest.raises(RequestError, match="No space left") as refused:
            cells.change({"a": 2}, {"a": 1})
    assert refused.value.status == 507
    assert values(cells_at(cells.path)) == {"a": 1}
    cells.change({"a": 3}, {"a": 1})
    assert values(cells_at(cells.path)) == {"a": 3}


def test_a_line_that_was_spoilt_is_named_and_a_link_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "work.ndjson"
    cells = Journal(path)
    cells.change({"a": 1}, {})
    cells.change({"a": 2}, {})
    path.write_bytes(path.read_bytes().replace(b'"a":1', b'"a":!'))
    with pytest.raises(ClaimlogError, match=r"work\.ndjson:1: is no line"):
        cells_at(path)
    link = tmp_path / "link.ndjson"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RequestError):
        Journal(link).change({"a": 1}, {})
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("kind", ["link", "loop", "pipe", "directory"])
def test_what_is_no_regular_file_is_named_and_not_waited_for(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "coder-1" / "S102.ndjson"
    path.parent.mkdir()
    if kind in ("link", "loop"):
        path.symlink_to(path if kind == "loop" else tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(ClaimlogError, match=r"^coder-1/S102\.ndjson: .*move it away") as said:
        Journal(path).refresh()
    assert not is_of_the_machine(said.value)


def test_what_closed_meanwhile_is_not_changed(tmp_path: Path) -> None:
    """As of two threads or processes, of which one looked before the other closed it."""
    work = Work("coder-2", "S102", tmp_path / "S102.ndjson")
    begun = MarkChange({"begun": {"coder": "", "source_id": ""}})
    work.save("draft/a", {"start": 0, "end": 5}, 0, begun)
    other = Work("coder-2", "S102", work.journal.path)
    other.journal.refresh()
    work.finish(1)
    assert not other.is_finished
    with pytest.raises(RequestError, match="declared finished") as refused:
        other.save("draft/b", {"start": 6, "end": 9}, 0)
    assert refused.value.code == CLOSED
    decisions = Decisions("S102", tmp_path / "decisions.ndjson")
    decisions.journal.mark("committing", {"pass": 1, "codings_only": False})
    with pytest.raises(RequestError, match="commit it again first"):
        decisions.journal.change({"unit/a+a": {"take": "none"}}, {})


def test_changes_without_end_are_let_go_of_and_nothing_that_is_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LINES_BYTES", 2_000)
    monkeypatch.setattr(journal_state, "STEPS_BYTES", 500)
    windows = [Journal(tmp_path / "work") for _ in range(2)]
    windows[0].mark("begun", {"by": "coder-1"})
    windows[0].change({"first": "stays", "gone": 1}, {})
    windows[0].change({"gone": None}, {})
    lines: set[int] = set()
    for number in range(1_000):
        own, other = windows[number % 2], windows[1 - number % 2]
        own.change({"a": number}, {"a": own.state if number else 0})
        other.refresh()
        assert other.cell("a") == own.cell("a") == Cell(number + 4, number)
        assert own.path.stat().st_size < 6_000
        lines.add(len(own._state.undo))
    assert max(lines) < 200
    assert values(cells_at(own.path)) == {"first": "stays", "a": 999}
    for number in reversed(range(990, 999)):
        windows[number % 2].undo(own.state)
        assert cells_at(own.path).cell("a").value == number
        own.refresh()
    own.redo(own.state)
    again = cells_at(own.path)
    assert (again.cell("a").value, again.marks) == (991, {"begun": {"by": "coder-1"}})
    while again.can_undo:
        again.undo(again.state)
    assert 800 < again.cell("a").value < 991
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_a_long_work_is_not_written_out_at_each_change_where_that_gains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LINES_BYTES", 2_000)
    tries: list[int] = []
    write = Journal._write_anew

    def count(cells: Journal) -> bool:
        tries.append(cells._state.size)
        return write(cells)

    monkeypatch.setattr(Journal, "_write_anew", count)
    cells = Journal(tmp_path / "work")
    for number in range(1_000):
        cells.change({str(number): "x" * 20}, {})
    size = cells.path.stat().st_size
    assert len(tries) <= size // 2_000
    assert values(cells_at(cells.path)) == {str(number): "x" * 20 for number in range(1_000)}


def test_a_file_that_cannot_be_written_anew_goes_on_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journal, "LINES_BYTES", 200)
    monkeypatch.setattr(Path, "replace", fail)
    cells = Journal(tmp_path / "work")
    for number in range(100):
        cells.change({"a": number}, {})
    assert values(cells_at(cells.path)) == {"a": 99}
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_a_file_never_grows_to_more_than_is_read_and_can_be_closed_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FILE_BYTES", 2_000)
    monkeypatch.setattr(journal, "MARK_BYTES", 500)
    cells = Journal(tmp_path / "work")

    def fill() -> None:
        for number in range(1_000):
            cells.change({str(number): number}, {})

    with pytest.raises(RequestError, match="no more fits; remove some of it first") as refused:
        fill()
    assert refused.value.code == LARGE
    with pytest.raises(RequestError, match="no more fits"):
        cells.undo(cells.state)
    monkeypatch.setattr(journal, "LINES_BYTES", 300)
    monkeypatch.setattr(journal_state, "STEPS_BYTES", 100)
    for number in range(60):
        cells.change({str(number): None}, {})
    cells.change({"a": "fits again"}, {})
    cells.mark("finished", {"by": "coder-1"})
    again = Journal(tmp_path / "work")
    again.refresh()
    assert again.marks == {"finished": {"by": "coder-1"}}
    assert again.cell("a").value == "fits again"


# lines of other types ----------------------------------------------------------------------------

BEGUN_LINE = '{"mark":"begun","data":{"coder":"coder-2","source_id":"S102"}}'
DRAFT_LINE = '{"set":{"draft/a":{"start":0,"end":5}}}'
MISFITS = {
    "a draft without a span": '{"set":{"draft/a":{}}}',
    "a draft that is a list": '{"set":{"draft/a":[1]}}',
    "a draft that ends where it begins": '{"set":{"draft/a":{"start":5,"end":5}}}',
    "a draft with a span of no numbers": '{"set":{"draft/a":{"start":true,"end":"5"}}}',
    "an offset that no JSON number is": '{"set":{"draft/a":{"start":0,"end":9007199254740992}}}',
    "an entry that is a text": '{"set":{"registered/actors/x":"b"}}',
    "an entry without an identifier": '{"set":{"registered/actors":{"name":"b"}}}',
    "finished without a commitment": '{"mark":"finished","data":{}}',
    "begun is a text": '{"mark":"begun","data":"x"}',
    "cells are a list": '{"set":["draft/a"]}',
    "a line that is a list": "[]",
    "all cells without revisions": '{"count":1,"whole":{"draft/a":5},"marks":{},"undo":[],'
    '"redo":[]}',
    "a mark that is a list": '{"mark":[],"data":1}',
    "a mark that is an object": '{"mark":{},"data":null}',
    **{
        f"all cells with {what}": json.dumps(
            {"count": 1, "whole": {}, "marks": {}, "undo": [], "redo": []} | given
        )
        for what, given in {
            "a count that is text": {"count": "x"},
            "no count": {"count": None},
            "a count below zero": {"count": -7},
            "steps that are text": {"undo": "ab"},
            "steps of lists": {"undo": [[[1], [2]]]},
            "steps of nothing": {"redo": [[None, None]]},
            "steps of no drafts": {"undo": [[{"draft/a": 3}, {}]]},
            "steps that can be made again of no drafts": {"redo": [[{}, {"draft/a": {}}]]},
        }.items()
    },
    "a value that is deep": '{"set":{"draft/a":{"start":0,"end":5,"x":'
    + "[" * 900
    + "]" * 900
    + "}}}",
}


@pytest.mark.parametrize("kind", MISFITS)
@pytest.mark.parametrize("is_last", [False, True])
def test_a_line_that_the_desk_cannot_have_saved_is_named(
    kind: str, is_last: bool, tmp_path: Path
) -> None:
    path = tmp_path / "coder-2" / "S102.ndjson"
    path.parent.mkdir()
    after = [] if is_last else [DRAFT_LINE]
    path.write_text("\n".join([BEGUN_LINE, DRAFT_LINE, MISFITS[kind], *after, ""]), "utf-8")
    before = path.read_bytes()
    work = Work("coder-2", "S102", path)
    for _ in range(2):
        with pytest.raises(ClaimlogError, match=r"^coder-2/S102\.ndjson:3: is no line of the desk"):
            work.journal.refresh()
    with pytest.raises(ClaimlogError, match="no line"):
        work.journal.change({"draft/b": {"start": 1, "end": 2}}, {})
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "line",
    [
        '{"set":{"sides":"coder-1"}}',
        '{"set":{"unit/1":{"take":"both"}}}',
        '{"set":{"proposal/coder-1/actors/x":{"same_as":5}}}',
        '{"mark":"committed","data":{"claims":[]}}',
        '{"mark":"committing","data":{"pass":1}}',
        '{"mark":"committing","data":{"pass":1,"codings_only":false,"coders":[[]]}}',
        '{"mark":"committing","data":{"pass":1,"codings_only":false,"coders":{}}}',
        '{"set":{"unit/1":{"take":"new"}}}',
        '{"set":{"unit/1":{"take":"new","value":{"start":"a"}}}}',
        '{"set":{"unit/1":{"take":"left","value":5}}}',
        '{"set":{"unit/1":{"take":"left","note":5}}}',
        f'{{"set":{{"unit/1":{{"take":null,"note":"{"n" * (MOST_NOTE + 1)}"}}}}}}',
    ],
)
def test_decisions_that_the_desk_cannot_have_saved_are_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "S102.ndjson"
    path.write_text(f"{line}\n", "utf-8")
    with pytest.raises(ClaimlogError, match=r"S102\.ndjson:1: is no line of the desk; restore it"):
        Decisions("S102", path).journal.refresh()


@pytest.mark.parametrize("line", ["11", '{"set":{}}', '{"set":{"":0}}', '{"undo":1}'])
def test_a_file_is_read_no_further_than_to_the_first_line_that_is_none(
    line: str, tmp_path: Path
) -> None:
    """A stranger's may have hundreds of millions of lines, each of which takes twenty its size."""
    path = tmp_path / "S102.ndjson"
    path.write_text(f"{line}\n" * 500_000, "utf-8")
    tracemalloc.start()
    try:
        with pytest.raises(ClaimlogError, match=r"S102\.ndjson:[12]: is no line of the desk"):
            Journal(path).refresh()
        assert tracemalloc.get_traced_memory()[1] < 3 * path.stat().st_size
    finally:
        tracemalloc.stop()


def test_marks_are_a_handful_or_the_file_is_none_of_the_desk(tmp_path: Path) -> None:
    """All of them are looked at with each line."""
    path = tmp_path / "S102.ndjson"
    lines = [json.dumps({"mark": str(number), "data": 0}) for number in range(MOST_MARKS + 1)]
    path.write_text("\n".join([*lines, ""]), "utf-8")
    with pytest.raises(ClaimlogError, match=rf"ndjson:{MOST_MARKS + 1}: is no line of the desk"):
        Journal(path).refresh()
    path.write_text("\n".join([*lines[:-1], ""]), "utf-8")
    assert len(cells_at(path).marks) == MOST_MARKS


def test_so_many_changes_can_be_taken_back_and_no_more_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_state, "STEPS", 10)
    cells = Journal(tmp_path / "work")
    for number in range(26):
        cells.change({"a": number}, {})
    again = cells_at(cells.path)
    for one in (cells, again):
        one.refresh()
    steps = 0
    while again.can_undo:
        again.undo(again.state)
        steps += 1
    assert (steps, values(again)) == (6, {"a": 19})
    cells.refresh()
    assert (cells.can_undo, values(cells)) == (False, {"a": 19})


def test_a_file_that_begins_anew_is_another_one_whatever_its_number(tmp_path: Path) -> None:
    """A file system may give the number of a removed file to the next one."""
    path, other = tmp_path / "work.ndjson", tmp_path / "other.ndjson"
    marks = MarkChange(
        {"begun": {"coder": "coder-1", "source_id": "S001", "text_sha256": "0" * 64}}
    )
    first = Journal(path)
    first.change({"a": {"statement": "One."}}, {}, marks)
    first.undo(1)
    Journal(other).change({"b": {"statement": "Another one." * 20}}, {}, marks)
    path.write_bytes(other.read_bytes())  # which keeps the number
    first.refresh()
    assert (first.state, first.can_redo) == (1, False)
    assert [key for key, _ in first.items("")] == ["b"]
    first.change({"c": {"statement": "More."}}, {})
    assert {key for key, _ in first.items("")} == {"b", "c"}


LISTS = {"list": [[]] * 19_000}
"""Sixty kilobytes of JSON that take megabytes once they are read."""


@pytest.mark.parametrize("at_once", [1, 40])
def test_what_would_not_be_read_again_is_not_saved(at_once: int, tmp_path: Path) -> None:
    path = tmp_path / "S102.ndjson"
    cells = Journal(path)
    given = [{f"draft/{n}": LISTS for n in range(at, at + at_once)} for at in range(0, 40, at_once)]

    def save_all() -> None:
        for one in given:
            cells.change(one, {})

    with pytest.raises(RequestError, match="more lists, objects and keys for its size") as refused:
        save_all()
    assert refused.value.code == LARGE
    assert values(cells_at(path)) == values(cells)
    if at_once == 1:  # what was saved before is there, and can be taken back and removed
        assert len(values(cells)) > 10
        cells.undo(cells.state)
        cells.change({"draft/0": None}, {})
        assert values(cells_at(path)) == values(cells)


@pytest.mark.slow
def test_what_others_saved_is_read_as_a_part_of_all_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "S102.ndjson"
    cells, other = Journal(path), Journal(path)
    cells.change({"draft/long": {"text": "x" * 15_000_000}}, {})
    other.refresh()
    for number in range(25):
        cells.change({f"draft/{number}": LISTS}, {})
    other.refresh()
    assert values(other) == values(cells) == values(cells_at(path))


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file counts as dense from a kilobyte on, and is long with four."""
    for module in (untrusted_files, journal_density):
        monkeypatch.setattr(module, "DENSE_BYTES", 1_000)
    monkeypatch.setattr(journal_density, "MOST_KEYS", 20)
    monkeypatch.setattr(journal, "LINES_BYTES", 4_000)
    monkeypatch.setattr(journal_state, "STEPS_BYTES", 300)
    monkeypatch.setattr(os, "fsync", lambda _: None)


def all_of(cells: Journal) -> tuple[Any, ...]:
    state = cells._state
    steps = (cells.undo_by, cells.redo_by, len(state.undo), len(state.redo))
    return values(cells), cells.name, cells.state, cells.marks, cells.marks_line, steps


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_acknowledged_is_read_again(seed: int, tmp_path: Path) -> None:
    """Near the limits, too, and after the process was killed while it wrote a line."""
    chance = random.Random(seed)
    cells, cut = Journal(tmp_path / "work"), tmp_path / "cut"
    refused, longest = set[str](), 0
    kinds = ("dense", "undo", "redo", "remove", "mark", "sparse")
    for number in range(300):
        before, size = all_of(cells), cells._state.size
        kind = chance.choice(kinds)
        key = f"k{chance.randrange(40)}"
        dense = {f"{chance.randrange(60)}": [] for _ in range(chance.randrange(40))}
        try:
            if kind in ("undo", "redo"):
                getattr(cells, kind)(cells.state, MarkChange(by="a"))
            elif kind == "mark":
                cells.set_marks({"m": number if chance.random() < 0.7 else None})
            else:
                value = {"dense": dense, "sparse": "x" * chance.randrange(90), "remove": None}
                cells.change({key: value[kind]}, {})
        except RequestError as error:
            refused |= {kind} if error.code == LARGE else set()
        data = cells.path.read_bytes()
        longest = max(longest, len(data))
        assert all_of(cells) == all_of(cells_at(cells.path))
        if cells.state > before[2] and len(data) > size > 0 and data[:size].endswith(b"\n"):
            cut.write_bytes(data[: chance.randrange(size, len(data))])
            found = all_of(cells_at(cut))
            assert (found[0], found[2]) == (before[0], before[2])
    assert refused == {"dense"}
    assert longest > 1_000


@pytest.mark.usefixtures("small_limits")
def test_taking_back_and_making_again_without_end_is_never_refused(tmp_path: Path) -> None:
    cells = Journal(tmp_path / "work")
    with suppress(RequestError):
        for number in range(100):
            cells.change({f"draft/{number}": [[]] * 30}, {})
    assert 5 < len(values(cells)) < 100
    for _ in range(400):
        cells.undo(cells.state)
        cells.redo(cells.state)
    assert values(cells_at(cells.path)) == values(cells)
    for key in values(cells):
        cells.change({key: None}, {})
    assert values(cells_at(cells.path)) == {}


@pytest.mark.usefixtures("small_limits")
def test_pairs_without_a_link_are_noted_and_opened_again_without_end(tmp_path: Path) -> None:
    """All of them are small; those of earlier versions are objects."""
    path = tmp_path / "unlinked.ndjson"
    pairs = [f"C101-{number:03}/C102-001" for number in range(300)]
    earlier = pairs[:20]
    path.write_text("".join(f'{{"set":{{"{key}":{{"relation":null}}}}}}\n' for key in earlier))
    cells = Journal(path, is_unlinked)
    for key in pairs[20:]:
        cells.change({key: True}, {})
    assert len(path.read_bytes()) < 300 * 60
    for key in pairs[:250]:
        cells.change({key: None}, {})
    again = Journal(path, is_unlinked)
    again.refresh()
    assert values(again) == dict.fromkeys(pairs[250:], True)


@pytest.mark.usefixtures("small_limits")
def test_changes_of_long_ago_leave_no_room_wanting_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is written anew before anything is refused."""
    monkeypatch.setattr(journal, "LINES_BYTES", 1 << 20)
    cells = Journal(tmp_path / "work")
    for number in range(50):
        cells.change({"a": [[number]] * 30}, {})
        cells.change({"a": None}, {})
    assert b'"whole"' in cells.path.read_bytes()
    assert all_of(cells) == all_of(cells_at(cells.path))


@pytest.mark.usefixtures("small_limits")
def test_a_change_of_a_long_file_reads_no_more_of_it_than_was_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many signs in it may stand behind a key."""
    monkeypatch.setattr(journal, "LINES_BYTES", 1 << 20)
    cells = Journal(tmp_path / "work")
    for number in range(20):
        cells.change({str(number): ":" * 10_000}, {})
    cells.change({"a": [[]] * 30}, {})
    sizes: list[int] = []
    read = os.pread

    def count(handle: int, size: int, place: int) -> bytes:
        sizes.append(size)
        return read(handle, size, place)

    monkeypatch.setattr(os, "pread", count)
    for number in range(20):
        cells.change({"a": [[number]] * 30}, {})
    assert sum(sizes) < 20_000


def test_what_no_line_of_the_file_can_hold_is_not_saved(tmp_path: Path) -> None:
    work = Work("coder-1", "S102", tmp_path / "S102.ndjson")
    marks = {str(number): 0 for number in range(MOST_MARKS + 1)}
    for change in (
        lambda: work.journal.change({"draft/a": {"start": 5, "end": 5}}, {}),
        lambda: work.journal.set_marks(marks),
        lambda: work.journal.mark("finished", {}),
    ):
        with pytest.raises(RequestError, match="which would not be read again") as refused:
            change()
        assert refused.value.code == INVALID
    assert work.journal.path.read_bytes() == b""


def test_a_change_is_refused_where_the_file_that_was_written_anew_is_not_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that was there before has no name any more: what is written there is lost."""
    monkeypatch.setattr("claimlog.desk.journal.LINES_BYTES", 1_000)
    monkeypatch.setattr("claimlog.desk.journal_state.STEPS_BYTES", 10)
    path = tmp_path / "a.ndjson"
    path.touch()
    journal = Journal(path)

    def fail(_: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("claimlog.desk.journal.sync", fail)
    refused = 0
    for number in range(60):
        before, value = journal.cell("k").value, f"{number}" * 20
        is_saved = True
        try:
            journal.change({"k": value}, {})
        except RequestError:
            is_saved = False
        again = Journal(path)
        again.refresh()
        assert again.cell("k").value == (value if is_saved else before)
        refused += not is_saved
    assert 0 < refused < 30


def test_while_a_file_in_the_place_of_another_is_read_others_see_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.desk.journal.LINES_BYTES", 1_000)
    monkeypatch.setattr("claimlog.desk.journal_state.STEPS_BYTES", 10)
    seen: set[int] = set()

    def note(_key: str, _value: Any) -> bool:
        seen.add(len([*reader.items("")]))
        return True

    reader = Journal(tmp_path / "a.ndjson", cell_fits=note)
    other = Journal(tmp_path / "a.ndjson")
    for number in range(5):
        other.change({f"k{number}": number}, {})
    reader.refresh()
    inode = reader.path.stat().st_ino
    seen.clear()
    for number in range(60):
        other.change({"k0": f"{number}" * 20}, {})
    assert reader.path.stat().st_ino != inode
    reader.refresh()
    assert seen == {5}


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of each look for keys."""
    looked: list[int] = []

    def note(data: bytes, most: float = inf) -> set[bytes]:
        looked.append(len(data))
        return untrusted_files.short_keys(data, most)

    monkeypatch.setattr(journal_density, "short_keys", note)
    return looked


LONG_LINE = json.dumps({"set": {"long": {f"k{n}": "x" * 40 for n in range(30_000)}}}).encode()


def test_who_saves_looks_at_no_keys_but_those_of_the_last_lines(
    tmp_path: Path, looked_at: list[int]
) -> None:
    (tmp_path / "work").write_bytes(LONG_LINE + b"\n")
    cells = cells_at(tmp_path / "work")
    assert looked_at == [len(LONG_LINE) + 1]
    for number in range(5):
        cells.change({"a": {f"m{number}": 1}}, {})
    assert sum(looked_at[1:]) < 1_000


def test_keys_of_a_file_whose_last_line_was_cut_off_are_looked_at_once(
    tmp_path: Path, looked_at: list[int]
) -> None:
    (tmp_path / "work").write_bytes(LONG_LINE + b"\n\0\0\n")
    cells = cells_at(tmp_path / "work")
    looked_at.clear()
    for _ in range(3):
        cells.refresh()
    assert sum(looked_at) < 1_000


def test_no_more_keys_are_looked_for_than_show_that_a_file_is_dense(
    tmp_path: Path, looked_at: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(untrusted_files, "PIECE_BYTES", 1 << 12)
    found: list[int] = []
    look = untrusted_files.short_keys

    def count(data: bytes, most: float = inf) -> set[bytes]:
        keys = look(data, most)
        found.append(len(keys))
        return keys

    monkeypatch.setattr(untrusted_files, "short_keys", count)
    keys = ",".join(f'"{n:x}":0' for n in range(200_000))
    (tmp_path / "work").write_text(f'{{"set":{{"long":{{{keys}}}}}}}\n', "utf-8")
    with pytest.raises(ClaimlogError):
        cells_at(tmp_path / "work")
    assert len(looked_at) == 1
    assert found[0] < 100_000
