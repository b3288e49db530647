"""Long works at the desk: held within a bound, and read by no thread that saves."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from claimlog.desk import desk, file_memo, saved_work, work_folder
from claimlog.desk.saved_decisions import Decisions
from claimlog.desk.saved_work import ENTRY_BYTES, SavedWork
from claimlog.desk.work import Work
from conftest import World
from desk_client import ROLES, Opened, claim_value, desk_of

SOURCE = "S102"
VALUE = claim_value("ships will founder", "Vessels may be lost.")


@contextmanager
def no_collector() -> Iterator[None]:
    """Leave to the counting of references what is let go of."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture
def opened(registered: World, tmp_path: Path) -> Iterator[Opened]:
    """A desk at which all that is saved counts as long, with a coding that two have finished."""
    found = desk_of(registered, tmp_path)
    for role in ("coder-1", "coder-2"):
        found.put(role, SOURCE, "d1", VALUE)
        found.finish(role, SOURCE)
    found.take("adjudicator", "PUT", f"adjudication/{SOURCE}/units/d1+d1", base=0, take="left")
    found.close()
    with pytest.MonkeyPatch.context() as patched:
        for module in (saved_work, file_memo):
            patched.setattr(module, "PROMPT_BYTES", 1)
        started = Opened.of(found.desk.package, found.desk.log.texts_folder)
        yield started
        started.close()


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        *((role, "GET", "desk") for role in ROLES),
        ("coder-1", "GET", f"work/{SOURCE}"),
        ("coder-1", "GET", f"lookup/actors?source={SOURCE}"),
        ("adjudicator", "GET", f"adjudication/{SOURCE}"),
        ("adjudicator", "PUT", f"adjudication/{SOURCE}/units/d1+d1"),
    ],
)
def test_what_was_saved_at_length_is_read_by_the_thread_for_checks(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, role: str, method: str, path: str
) -> None:
    threads: list[str] = []
    read = SavedWork._read_whole

    def note(saved: SavedWork) -> None:
        threads.append(threading.current_thread().name)
        read(saved)

    monkeypatch.setattr(SavedWork, "_read_whole", note)
    # and as many times as there are files, though no two of them are held
    for cache in (opened.desk.work_folder._works, opened.desk._decisions):
        monkeypatch.setattr(cache, "most", 0)
    opened.take(role, method, path, **({} if method == "GET" else {"base": 1, "take": "right"}))
    assert threads
    assert {name.rpartition("_")[0] for name in threads} == {"desk-checks"}


def test_works_and_decisions_that_were_used_longest_ago_are_let_go_of_at_once(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_folder, "HELD_BYTES", 2 * ENTRY_BYTES)
    for bound in ("DECISIONS_BYTES", "COMPUTED_BYTES"):
        monkeypatch.setattr(desk, bound, 2 * ENTRY_BYTES)
    found = desk_of(registered, tmp_path).desk
    sources = [SOURCE, "S001", "S002"]
    with no_collector():
        works = [weakref.ref(found.work_folder.work("coder-1", source)) for source in sources]
        assert [work() is not None for work in works] == [False, True, True]
        decisions = [weakref.ref(found._read_decisions(source)) for source in sources]
        assert [one() is not None for one in decisions] == [False, True, True]
        computed = [
            weakref.ref(found.computed_of(source, [found._read_decisions(source)]))
            for source in sources
        ]
        assert [values() is not None for values in computed] == [False, True, True]
        used = found.work_folder.work("coder-1", SOURCE)
        for source in sources[1:]:
            found.work_folder.work("coder-1", source)
        assert found.work_folder.work("coder-1", SOURCE) is used  # no second one to be out of date


def test_a_first_screen_reads_what_was_changed_since_the_one_before(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    for kind in (Work, Decisions):

        def note(saved: SavedWork, real: object = kind.summary) -> object:
            read.append(type(saved).__name__)
            assert callable(real)
            return real(saved)

        monkeypatch.setattr(kind, "summary", note)
    before = opened.take("coder-1", "GET", "desk")
    assert sorted(read) == ["Decisions", "Work", "Work"]
    for role in ROLES:
        opened.take(role, "GET", "desk")
    assert len(read) == 3
    source = opened.register_text("Ships will founder. " * 9, "Other keepers")
    value = {**VALUE, "start": 0, "end": 19, "text_sha256": opened.desk.log.text(source).sha256}
    value.pop("utf16")
    opened.put("coder-1", source, "d1", value)
    after = opened.take("coder-1", "GET", "desk")
    assert read[3:].count("Work") == 1
    assert [one for one in after["sources"] if one["source_id"] != source] == before["sources"]
    assert next(one for one in after["sources"] if one["source_id"] == source)["coders"] == [
        {"coder": "coder-1", "state": "coding", "drafts": 1, "reached": 0.1, "commitment": None}
    ]


@pytest.mark.parametrize("folder", ["works/coder-2", "decisions"])
def test_one_spoilt_file_of_many_is_said_on_the_first_screen_until_it_is_mended(
    opened: Opened, folder: str
) -> None:
    path = opened.desk.work_folder.folder(*folder.split("/")) / f"{SOURCE}.ndjson"
    data = path.read_bytes()

    def states() -> set[str]:
        sources = opened.take("adjudicator", "GET", "desk")["sources"]
        return {one["state"] for one in sources if one["source_id"] == SOURCE}

    path.write_bytes(b'{"set":{"draft/a":{},"unit/a":1}}\n')
    assert states() == states() == {"unreadable"}
    path.write_bytes(data)
    assert states() == {"adjudicating"}
