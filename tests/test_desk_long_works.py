"""Long works at the desk: held within a bound, and read by no thread that saves."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from claimlog.desk import (
    adjudication_view,
    blindness,
    desk,
    entry_editing,
    file_memo,
    saved_work,
    work,
    work_folder,
)
from claimlog.desk.request_error import ABSENT, CLOSED, INVALID, LARGE, MALFORMED, STALE
from claimlog.desk.saved_decisions import Decisions
from claimlog.desk.saved_work import ENTRY_BYTES, SavedWork
from claimlog.desk.web import coding_api
from claimlog.desk.web.request import Request
from claimlog.desk.web.router import SLOW
from claimlog.desk.work import Work
from claimlog.errors import ClaimlogError
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


@pytest.mark.slow
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
            weakref.ref(found.latest_values_of(source, [found._read_decisions(source)]))
            for source in sources
        ]
        assert [values() is not None for values in computed] == [False, True, True]
        used = found.work_folder.work("coder-1", SOURCE)
        for source in sources[1:]:
            found.work_folder.work("coder-1", source)
        assert found.work_folder.work("coder-1", SOURCE) is used  # no second one to be out of date


def test_codings_of_one_text_that_are_too_long_are_not_compared(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"adjudication/{SOURCE}"
    drafts = Work.drafts
    read: list[Work] = []
    monkeypatch.setattr(Work, "drafts", lambda work: read.append(work) or drafts(work))
    monkeypatch.setattr(blindness, "COMPARED_BYTES", 2 * ENTRY_BYTES - 1)
    answer = opened.ask("adjudicator", "GET", address)
    refused = answer.json()["error"]
    assert (answer.status_code, refused["code"]) == (413, LARGE)
    path = opened.desk.work_folder.work_path("coder-1", SOURCE)
    assert opened.desk.package.relative(path) in refused["message"]
    assert not read
    monkeypatch.setattr(blindness, "COMPARED_BYTES", 2 * ENTRY_BYTES)
    assert opened.take("adjudicator", "GET", address)["finished"] == ["coder-1", "coder-2"]
    assert {work.coder for work in read} == {"coder-1", "coder-2"}


@pytest.mark.slow
def test_a_refusal_lets_go_of_what_it_was_about(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = opened.register_text("Ships will founder. " * 9, "Other keepers")
    text = {"start": 0, "end": 19, "text_sha256": opened.desk.log.text(source).sha256}
    value = {name: given for name, given in {**VALUE, **text}.items() if name != "utf16"}
    opened.put("coder-1", source, "d1", value)
    monkeypatch.setattr(work, "ENTRIES_BYTES", 1)
    begun, done, decided = f"work/{source}", f"work/{SOURCE}", f"adjudication/{SOURCE}"
    verdict = f"{decided}/units/d1+d1"
    entry = {"base": 0, "value": {"name": "Pilots", "actor_type": "group"}}
    refused: list[tuple[str, str, str, dict[str, Any]]] = [
        ("coder-1", "DELETE", f"{begun}/drafts/d1", {"base": 0}),
        ("coder-1", "DELETE", f"{begun}/drafts/d1", {}),
        ("coder-1", "POST", f"{begun}/undo", {"state": 0}),
        ("coder-1", "POST", f"{begun}/finish", {"state": 0}),
        ("coder-1", "PUT", f"{begun}/drafts/d2", {"base": 0, "value": {**value, "end": 10**6}}),
        ("coder-1", "PUT", f"{begun}/drafts/d2", {"base": 0, "value": {**value, "text_sha256": 1}}),
        ("coder-1", "PUT", f"{begun}/registered/actors/pilots", entry),
        ("coder-1", "GET", f"{begun}/findings?draft=d9", {}),
        ("coder-2", "PUT", f"{done}/drafts/d1", {"base": 1, "value": VALUE}),
        ("coder-2", "POST", f"{done}/undo", {"state": 0}),
        ("coder-2", "GET", f"verdicts/{SOURCE}", {}),
        ("adjudicator", "PUT", verdict, {"base": 0, "take": "right"}),
        ("adjudicator", "PUT", verdict, {"base": 1, "take": "both"}),
        ("adjudicator", "POST", f"{decided}/undo", {"state": 99}),
        ("adjudicator", "POST", f"{decided}/take-all", {"state": 1}),
        ("adjudicator", "POST", f"{decided}/commit", {"state": 99}),
    ]
    desk, codes = opened.desk, set()

    def forget() -> None:
        for cache in (desk.work_folder._works, desk._decisions, desk._values_of_sources):
            cache.clear()
        opened.settle()

    for role, method, path, body in refused:
        forget()
        with no_collector():
            before = [*map(id, of_requests())]
            answer = opened.ask(role, method, path, **body)
            codes.add(answer.json()["error"]["code"])
            forget()
            assert not [one for one in of_requests() if id(one) not in before], path
    assert codes == {STALE, CLOSED, INVALID, MALFORMED, LARGE, ABSENT}


def of_requests() -> list[object]:
    """Return what there is of requests, their errors, and what they are about."""
    kinds = (SavedWork, Request, BaseException)
    return [one for one in gc.get_objects() if issubclass(type(one), kinds)]


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


def test_a_long_line_that_was_cut_off_keeps_nobody_from_his_work(
    registered: World, tmp_path: Path
) -> None:
    found = desk_of(registered, tmp_path)
    found.put("coder-1", SOURCE, "d1", VALUE)
    path = found.desk.work_folder.folder("works", "coder-1") / f"{SOURCE}.ndjson"
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(b'{"set":{"draft/d2":{"statement":"' + b"x" * 2 * saved_work.PROMPT_BYTES)
    for method, address in (("GET", f"work/{SOURCE}"), ("GET", f"lookup/actors?source={SOURCE}")):
        assert found.ask("coder-1", method, address).status_code == 200
    found.put("coder-1", SOURCE, "d2", VALUE)
    work = found.desk.work_folder.work("coder-1", SOURCE)
    assert work.drafts().keys() == {"d1", "d2"}
    assert path.read_bytes().startswith(whole)
    assert b"xx" not in path.read_bytes()


def test_what_was_unreadable_is_read_once_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("value")
    memo = file_memo.FileMemo[str]()

    def refused() -> str:
        raise ClaimlogError(f"{path}: cannot be read (Permission denied)")

    for compute in (refused, path.read_text):  # as it was, it is not read again
        with pytest.raises(ClaimlogError, match="Permission denied"):
            memo.get(path, compute)
    path.chmod(0o640)  # which changes neither its content nor when that was written
    assert memo.get(path, path.read_text) == "value"


@pytest.mark.parametrize("is_sealed", [False, True], ids=["registered", "sealed"])
def test_an_answer_that_takes_long_leaves_nothing_old_for_others(
    registered: World, tmp_path: Path, is_sealed: bool
) -> None:
    found = desk_of(registered, tmp_path)
    log = found.desk.log
    begun, changed = threading.Event(), threading.Event()

    def answer() -> None:
        with log.looked_at_once():
            assert (log.sealed_log if is_sealed else log.whole) is not None
            begun.set()
            changed.wait(60)
            log.present_rows("claims")
            assert SOURCE in log.entries("sources")

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(answer)
        begun.wait(60)
        source = found.register_text("Ships will founder. " * 9, "Other keepers")
        if is_sealed:
            World(found.desk.package, log.texts_folder).seal("more")
            assert source in log.sealed_log.ids("sources")
        log.present_rows("claims")
        changed.set()
        slow.result(60)
    assert {SOURCE, source} <= log.entries("sources").keys()
    assert found.ask("coder-1", "GET", f"work/{source}").status_code == 200


def test_works_that_are_compared_stay_read_as_long_as_the_comparison(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened.desk.work_folder._works, "most", 0)
    read: list[str] = []
    real = SavedWork._read_whole

    def note(saved: SavedWork) -> None:
        read.append(str(saved.journal.path))
        real(saved)

    monkeypatch.setattr(SavedWork, "_read_whole", note)
    opened.take("adjudicator", "GET", f"adjudication/{SOURCE}")
    read.clear()
    opened.take("adjudicator", "GET", f"adjudication/{SOURCE}")
    assert read == []


COUNTED = (work, "count_references", "COUNTED_BYTES")
NAMED = (coding_api, "named_entries", "PROMPT_ENTRIES")
COMPARED = (adjudication_view, "compare", "COUNTED_BYTES")
PROPOSED = (adjudication_view, "proposed_entries", "COUNTED_BYTES")
VERDICT = f"adjudication/{SOURCE}/units/d1+d1"


def note_threads(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[str]:
    """Return where the names of the threads are noted that call a function from now on."""
    threads: list[str] = []
    real = getattr(module, name)

    def note(*given: Any) -> Any:
        threads.append(threading.current_thread().name.rpartition("_")[0])
        return real(*given)

    monkeypatch.setattr(module, name, note)
    return threads


@pytest.mark.slow
@pytest.mark.parametrize(
    ("done", "role", "method", "path", "body"),
    [
        (COUNTED, "coder-1", "GET", f"lookup/actors?source={SOURCE}", {}),
        (NAMED, "coder-1", "GET", "lookup/actors", {}),
        (COMPARED, "adjudicator", "PUT", VERDICT, {"base": 1, "take": "right"}),
        (PROPOSED, "adjudicator", "PUT", VERDICT, {"base": 1, "compared": "another"}),
    ],
    ids=["names that are used", "names of a register", "codings", "entries that coders made"],
)
def test_what_is_looked_through_as_a_whole_is_so_by_the_thread_for_checks(
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
    done: tuple[Any, str, str],
    role: str,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    module, name, bound = done
    monkeypatch.setattr(module, bound, -1)
    threads = note_threads(monkeypatch, module, name)
    answer = opened.ask(role, method, path, **body)
    assert answer.status_code == (409 if "compared" in body else 200)
    assert {*threads} == {"desk-checks"}


def test_names_that_works_use_are_counted_once_however_often_these_take_turns(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = opened.register_text("Ships will founder. " * 9, "Other keepers")
    threads = note_threads(monkeypatch, work, "count_references")
    for stream in ("actors", "sources", "actors"):
        for source in (SOURCE, other):
            opened.take("coder-1", "GET", f"lookup/{stream}?source={source}")
    assert len(threads) == 2


def test_no_draft_is_looked_through_for_an_entry_that_is_not_there(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = note_threads(monkeypatch, entry_editing, "refers_to")
    entry = f"adjudication/{SOURCE}/registered/actors/nobody"
    assert opened.take("adjudicator", "DELETE", entry, base=0)["entry"] is None
    assert looked == []


def test_the_first_screen_waits_for_nothing_that_takes_seconds(opened: Opened) -> None:
    routes = {(route.method, route.pattern): route.pace for route in opened.app.routes}
    paces = [pace for address, pace in routes.items() if address != ("GET", "api/desk")]
    assert paces.count(SLOW) > 5
    assert routes["GET", "api/desk"] not in paces
