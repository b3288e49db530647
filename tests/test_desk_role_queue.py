"""One role at the desk does not keep another waiting, by requests that it may make."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from claimlog.desk import (
    adjudication_view,
    desk_log,
    entry_candidates,
    lookup,
    save_drafts,
    saved_work,
    text_registration,
    work,
    work_folder,
)
from claimlog.desk.draft_findings import coding_findings
from claimlog.desk.places import Places
from claimlog.desk.request_error import BUSY, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.upload import MOST, Registered, Upload, Uploads
from claimlog.desk.web import review_api
from claimlog.desk.web.role_queue import MOST_BYTES, MOST_WAITING, BodyShares, RoleQueue
from claimlog.errors import ClaimlogError
from claimlog.limits import DESK_FETCH_SECONDS
from claimlog.site.protection import reader_limits
from claimlog.sources.text import Texts
from claimlog.sources.words import words
from conftest import World
from desk_client import ARTICLE, HOST, ROLES, Opened, claim_value, desk_of

OCTETS = {"content-type": "application/octet-stream"}


class Works:
    """Works that note when they are done; the first waits until it is let go."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.begun = threading.Event()
        self.go = threading.Event()

    def slow(self) -> None:
        self.begun.set()
        assert self.go.wait(30)
        self.done.append("slow")

    def quick(self, name: str) -> Callable[[], None]:
        return lambda: self.done.append(name)


async def begun(works: Works) -> None:
    await asyncio.to_thread(works.begun.wait, 30)


def test_roles_take_turns_however_many_requests_one_has() -> None:
    async def run() -> list[str]:
        queue, works = RoleQueue("test"), Works()
        tasks = [asyncio.create_task(queue.run("a", works.slow))]
        await begun(works)
        tasks += [asyncio.create_task(queue.run("a", works.quick(f"a{n}"))) for n in range(20)]
        await asyncio.sleep(0)
        tasks += [asyncio.create_task(queue.run(role, works.quick(role))) for role in "bcb"]
        await asyncio.sleep(0)
        works.go.set()
        await asyncio.gather(*tasks)
        queue.close()
        return works.done

    done = asyncio.run(run())
    assert done[:6] == ["slow", "a0", "b", "c", "a1", "b"]
    assert [name for name in done if name[0] == "a"] == [f"a{n}" for n in range(20)]


def test_a_role_waits_with_so_many_requests_and_no_more() -> None:
    async def run() -> None:
        queue, works = RoleQueue("test"), Works()
        tasks = [asyncio.create_task(queue.run("a", works.slow))]
        await begun(works)
        waiting = [queue.run("a", works.quick("a")) for _ in range(MOST_WAITING)]
        tasks += [asyncio.create_task(one) for one in waiting]
        await asyncio.sleep(0)
        with pytest.raises(RequestError) as refused:
            await queue.run("a", works.quick("more"))
        assert (refused.value.code, refused.value.status) == (BUSY, 429)
        tasks.append(asyncio.create_task(queue.run("b", works.quick("b"))))
        await asyncio.sleep(0)
        works.go.set()
        await asyncio.gather(*tasks)
        assert works.done.count("a") == MOST_WAITING
        assert "more" not in works.done
        await queue.run("a", works.quick("again"))
        queue.close()

    asyncio.run(run())


def test_who_has_gone_is_not_worked_for_and_what_has_begun_is_done_first() -> None:
    async def run() -> list[str]:
        queue, works = RoleQueue("test"), Works()
        first = asyncio.create_task(queue.run("a", works.slow))
        await begun(works)
        gone = [asyncio.create_task(queue.run("a", works.quick("gone"))) for _ in range(5)]
        last = asyncio.create_task(queue.run("b", works.quick("b")))
        await asyncio.sleep(0)
        for task in (first, *gone):
            task.cancel()
        await asyncio.sleep(0)
        assert not last.done()
        works.go.set()
        await last
        queue.close()
        return works.done

    assert asyncio.run(run()) == ["slow", "b"]


def test_who_goes_when_it_is_their_turn_passes_it_on() -> None:
    async def run() -> list[str]:
        queue, works = RoleQueue("test"), Works()
        gone = asyncio.create_task(queue.run("a", works.quick("a")))
        here = asyncio.create_task(queue.run("b", works.quick("b")))
        await asyncio.sleep(0)  # a has its turn, and has not heard of it
        gone.cancel()
        await here
        queue.close()
        return works.done

    assert asyncio.run(run())[-1] == "b"


def test_what_no_future_takes_and_a_thread_that_does_not_begin_keep_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    async def run() -> list[str]:
        queue, works = RoleQueue("test"), Works()
        with pytest.raises(RuntimeError, match="looked for"):
            await queue.run("a", lambda: next(iter(())))
        with monkeypatch.context() as patch:
            patch.setattr(queue._thread, "submit", no_thread)
            with pytest.raises(RuntimeError, match="new thread"):
                await queue.run("a", works.quick("a"))
        await queue.run("b", works.quick("b"))
        queue.close()
        return works.done

    async def ended() -> list[str]:
        return await asyncio.wait_for(run(), 60)

    assert asyncio.run(ended()) == ["b"]


def test_a_role_has_a_share_of_the_bodies_that_are_held() -> None:
    shares = BodyShares()
    with shares.hold("a", MOST_BYTES), shares.hold("b", MOST_BYTES):
        with pytest.raises(RequestError) as refused, shares.hold("a", 1):
            pass
        assert refused.value.code == BUSY
    with shares.hold("a", MOST_BYTES):
        pass


def test_uploads_of_one_role_push_out_no_others() -> None:
    uploads = Uploads()
    one, other = Role("coder-1"), Role("adjudicator")
    kept = uploads.keep(other, Upload("text.txt", "Words.", {}, {}))
    names = [uploads.keep(one, Upload("x.txt", "Words.", {}, {})) for _ in range(3 * MOST)]
    assert [uploads.get(one, name) is not None for name in names] == [False] * 2 * MOST + [
        True
    ] * MOST
    assert uploads.get(other, kept) is not None
    assert uploads.get(one, kept) is None
    done = Registered("request", "S101", "0" * 64)
    uploads.close(other, kept, done)
    assert uploads.get(other, kept) is None
    assert uploads.source_made_of(other, kept) == done
    assert uploads.source_made_of(one, kept) is None
    for _ in range(MOST):
        uploads.close(other, uploads.keep(other, Upload("x.txt", "Words.", {}, {})), done)
    assert uploads.source_made_of(other, kept) is None


def test_a_text_of_more_words_than_a_page_shows_is_refused(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_registration, "DESK_WORDS", 99)
    opened = desk_of(registered, tmp_path)
    path = "/coder-1/api/texts?name=a.txt"
    assert opened.send("POST", path, "coder-1", b"a " * 99, OCTETS).status_code == 200
    refused = opened.send("POST", path, "coder-1", b"a " * 100, OCTETS)
    assert refused.status_code == 422
    assert "100 words, more than 99" in refused.json()["error"]["message"]
    opened.close()


def test_an_error_does_not_hold_what_failed(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Large:
        """As a long text in the frames of what refuses it."""

    held: list[weakref.ref[Large]] = []

    def fail(*_: object) -> None:
        large = Large()
        held.append(weakref.ref(large))
        try:
            raise KeyError(large)
        except KeyError as error:
            error.args = ()
            raise RequestError(BUSY, "no") from error

    monkeypatch.setattr(review_api, "read_upload", fail)
    opened = desk_of(registered, tmp_path)
    gc.collect()
    gc.disable()
    try:
        assert opened.send("POST", "/coder-1/api/texts", "coder-1", b"a", OCTETS).status_code == 429
        opened.settle()
        assert held[0]() is None
    finally:
        gc.enable()
    opened.close()


def test_a_long_text_that_is_let_go_is_held_by_nothing(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_log, "PROMPT_CHARACTERS", 1)
    monkeypatch.setattr(desk_log, "MOST_WEIGHT", 1)
    opened = desk_of(registered, tmp_path)
    names = [register_text(opened, f"Text {number}: " + "word " * 100) for number in range(2)]
    held: list[weakref.ref[Places]] = []
    gc.collect()
    gc.disable()
    try:
        for source in 2 * names:
            opened.take("coder-1", "POST", f"sources/{source}/snap", utf16=[0, 30])
            held.append(weakref.ref(opened.desk.log.require_places(source)))
            opened.take("coder-1", "GET", "desk")  # a thread holds what it did last
        assert [place() is None for place in held] == [True, True, True, False]
    finally:
        gc.enable()
    opened.close()


def test_the_rules_look_at_a_work_once_until_it_changes(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def count(log: Any, source: str, drafts: Any, entries: Any, only: str | None = None) -> Any:
        looked.append(len(drafts) if only is None else 1)
        return coding_findings(log, source, drafts, entries, only)

    monkeypatch.setattr(save_drafts, "coding_findings", count)
    opened = desk_of(registered, tmp_path)
    value = claim_value("ships will founder", "Vessels may be lost.")
    opened.put("coder-1", "S102", "d1", {**value, "modality": None})
    opened.put("coder-2", "S102", "d1", value)

    def ask(role: str) -> int:
        found: int = opened.take(role, "GET", "work/S102/findings")["errors"]
        return found

    assert [ask(role) for role in ("coder-1", "coder-2", "coder-1", "coder-1")] == [1, 0, 1, 1]
    assert looked == [1, 1]
    opened.put("coder-1", "S102", "d1", value, 1)
    assert [ask("coder-1"), ask("coder-2")] == [0, 0]
    other = claim_value("dimmed the lamp", "Its beam is weaker.")
    opened.put("coder-1", "S102", "d2", other)
    assert [ask("coder-1"), ask("coder-1")] == [0, 0]
    assert looked == [1, 1, 1, 2]
    opened.close()


def test_a_text_is_opened_while_the_rules_look_at_the_drafts_of_another(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = Works()

    def wait(*_: object) -> dict[str, Any]:
        works.slow()
        return {}

    monkeypatch.setattr(save_drafts, "coding_findings", wait)
    opened = desk_of(registered, tmp_path)
    value = claim_value("ships will founder", "Vessels may be lost.")
    opened.put("coder-1", "S102", "d1", value)
    checks = threading.Thread(target=opened.ask, args=("coder-1", "GET", "work/S102/findings"))
    checks.start()
    assert works.begun.wait(30)
    assert opened.ask("coder-2", "GET", "sources/S102").status_code == 200
    assert works.done == []
    works.go.set()
    checks.join()
    opened.close()


def test_others_save_while_the_words_of_a_long_text_are_found_for_a_prompt_answer(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, works, index = desk_of(registered, tmp_path), Works(), Places.index
    other = register_text(opened, "Words of another text. " * 50)

    def slowly(places: Places) -> None:
        if len(places.text.content) > len(ARTICLE):
            assert "desk-checks" in threading.current_thread().name
            works.slow()
        index(places)

    monkeypatch.setattr(desk_log, "PROMPT_CHARACTERS", len(ARTICLE))
    monkeypatch.setattr(Places, "index", slowly)
    answers: list[int] = []
    path, span = f"sources/{other}/snap", {"start": 0, "end": 8}

    def snap() -> None:
        answers.append(opened.ask("coder-1", "POST", path, **span).status_code)

    asking = threading.Thread(target=snap)
    asking.start()
    assert works.begun.wait(30)
    entry = {"base": 0, "value": actor("Keepers")}
    opened.take("coder-2", "PUT", "work/S102/registered/actors/keepers", **entry)
    assert (answers, works.done) == ([], [])
    works.go.set()
    asking.join()
    assert (answers, works.done) == ([200], ["slow"])
    snap()
    assert (answers, works.done) == ([200, 200], ["slow"])
    opened.close()


def test_others_save_while_a_text_is_compared_with_words_of_ones_own(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, works, runs = desk_of(registered, tmp_path), Works(), Places.runs

    def slowly(places: Places, limit: int) -> frozenset[str]:
        works.slow()
        return runs(places, limit)

    monkeypatch.setattr(Places, "runs", slowly)
    given: list[int] = []
    path = "sources/S102/own-words"
    asking = threading.Thread(
        target=lambda: given.append(opened.ask("coder-1", "POST", path, text="Boats.").status_code)
    )
    asking.start()
    assert works.begun.wait(30)
    opened.put("coder-2", "S102", "d1", claim_value("ships will founder", "Vessels may be lost."))
    assert given == []
    works.go.set()
    asking.join()
    assert given == [200]
    opened.close()


def test_what_was_found_in_the_texts_used_longest_ago_is_let_go(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = desk_of(registered, tmp_path)
    log = opened.desk.log
    names = [register_text(opened, f"Text {number}: " + "word " * 100) for number in range(4)]
    monkeypatch.setattr(log._places, "most", 250)
    found = [weakref.ref(log.require_places(name).text) for name in names]
    log.require_places(names[2])
    log.require_places(names[0])
    assert [text() is not None for text in found] == [False, False, True, True]
    log.require_places(names[2])
    assert [text() is not None for text in found] == [False, False, True, False]
    opened.close()


def test_long_codings_are_compared_by_the_thread_for_checks_also_for_one_verdict(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    compare = adjudication_view.compare

    def note(*given: Any) -> Any:
        threads.append(threading.current_thread().name)
        return compare(*given)

    monkeypatch.setattr(adjudication_view, "compare", note)
    monkeypatch.setattr(adjudication_view, "PROMPT_DRAFTS", 1)
    opened = desk_of(registered, tmp_path)
    for role in ("coder-1", "coder-2"):
        value = claim_value("ships will founder", "Vessels may be lost.")
        opened.put(role, "S102", "d1", value)
        opened.finish(role, "S102")
    path = "adjudication/S102/units/d1+d1"
    opened.take("adjudicator", "PUT", path, base=0, take="left")
    assert len(threads) == 1
    assert threads[0].startswith("desk-checks")
    opened.close()


@pytest.mark.parametrize("role", ["coder-1", "coder-2"])
def test_a_refusal_that_nobody_hears_any_more_is_no_line_in_the_log(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    opened, works, said = desk_of(registered, tmp_path), Works(), []

    def refuse(*_: object) -> None:
        works.slow()
        raise RequestError(BUSY, "no")

    monkeypatch.setattr(review_api, "read_upload", refuse)

    async def leave() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: said.append(context["message"]))
        headers = {"origin": HOST, "cookie": opened.cookies[role], **OCTETS}
        transport = httpx.ASGITransport(app=opened.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            path = f"/{role}/api/texts?name=a.txt"
            asking = asyncio.create_task(client.post(path, content=b"a", headers=headers))
            await begun(works)
            asking.cancel()
            await asyncio.sleep(0)
            works.go.set()
            await opened.app._queues["reads"].run("", lambda: None)
            await asyncio.sleep(0.01)
        gc.collect()

    asyncio.run(leave())
    gc.collect()
    assert works.done == ["slow"]
    assert said == []
    opened.close()


def test_a_file_is_read_while_an_address_answers_slowly(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, works, given = desk_of(registered, tmp_path), Works(), []

    def wait(address: str, seconds: float) -> None:
        works.slow()
        raise ClaimlogError(f"{address}: took longer than {seconds:g} seconds")

    monkeypatch.setattr(text_registration, "fetch_document", wait)
    path, address = "texts/by-address", "https://slow.example/"
    asking = threading.Thread(
        target=lambda: given.append(opened.ask("coder-1", "POST", path, address=address))
    )
    asking.start()
    assert works.begun.wait(30)
    register_text(opened, "Words of another text.")
    assert given == []
    works.go.set()
    asking.join()
    assert given[0].status_code == 422
    assert f"longer than {DESK_FETCH_SECONDS} seconds" in given[0].json()["error"]["message"]
    opened.close()


def test_a_preview_is_built_while_a_document_is_read_slowly(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, works, given = desk_of(registered, tmp_path), Works(), []
    monkeypatch.setattr(review_api, "read_upload", lambda *_: works.slow())
    path = "/coder-1/api/texts?name=a.txt"
    asking = threading.Thread(
        target=lambda: given.append(opened.send("POST", path, "coder-1", b"a", OCTETS))
    )
    asking.start()
    assert works.begun.wait(30)
    opened.take("adjudicator", "POST", "preview")
    assert given == []
    works.go.set()
    asking.join()
    opened.close()


@pytest.mark.usefixtures("fresh_programs")
def test_a_document_that_is_read_too_slowly_is_refused_with_a_command_that_takes_limits(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = desk_of(registered, tmp_path)
    monkeypatch.setattr(text_registration, "DESK_READ_SECONDS", 0)
    path = "/coder-1/api/texts?name=a.txt"
    answer = opened.send("POST", path, "coder-1", b"Words.", OCTETS)
    assert answer.status_code == 422
    said = answer.json()["error"]["message"]
    assert "reading it takes longer than 0 seconds" in said
    assert said.endswith("claimlog add source --document FILE_OR_ADDRESS --limits 2")
    opened.close()


def test_passages_that_cannot_be_checked_in_seconds_are_not_saved(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = claim_value("ships will founder", "Vessels may be lost.")
    length = len("ships will founder")
    monkeypatch.setattr(work, "PASSAGES_CHARACTERS", 3 * length)
    monkeypatch.setattr(work, "MOST_DRAFTS", 3)
    opened = desk_of(registered, tmp_path)
    for name in ("d1", "d2", "d3"):
        opened.put("coder-1", "S102", name, value)
    opened.put("coder-1", "S102", "d3", {**value, "statement": "Again."}, 3)
    path = "work/S102/drafts/d4"
    refused = opened.ask("coder-1", "PUT", path, base=0, value=value)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "large")
    monkeypatch.setattr(work, "MOST_DRAFTS", 4)
    refused = opened.ask("coder-1", "PUT", path, base=0, value=value)
    assert "54 characters" in refused.json()["error"]["message"]
    opened.close()


def test_the_first_screen_looks_at_each_file_once_however_many_sources_there_are(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = list[str]()

    def counted(real: Any) -> Any:
        def look(*given: Any) -> Any:
            looked.append(real.__name__)
            return real(*given)

        return look

    opened = desk_of(registered, tmp_path)
    numbers = []
    linked = []
    monkeypatch.setattr(desk_log, "_signature", counted(desk_log._signature))
    monkeypatch.setattr(work_folder, "state_folder", counted(work_folder.state_folder))
    for number in range(3):
        register_text(opened, f"A text of another harbour, number {number}.")
        opened.take("coder-1", "GET", "desk")
        looked.clear()
        assert len(opened.take("coder-1", "GET", "desk")["sources"]) > number
        numbers.append(len(looked))
        looked.clear()
        assert opened.take("adjudicator", "GET", "links/S001")["proposals"]
        linked.append(len(looked))
    assert (len(set(numbers)), len(set(linked))) == (1, 1)
    assert max(linked) <= 5
    # and what is there afterwards is seen at once
    assert len(opened.take("coder-2", "GET", "desk")["sources"]) == 2 + number + 1
    opened.close()


def register_text(opened: Opened, text: str) -> str:
    """Register a text, and return the identifier of its source."""
    return opened.register_text(text, text[:20])


def actor(name: str) -> dict[str, str]:
    return {"name": name, "actor_type": "group"}


def test_more_entries_than_can_be_compared_in_seconds_are_not_made_on_the_spot(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "MOST_ENTRIES", 2)
    opened = desk_of(registered, tmp_path)
    path = "work/S102/registered/actors/{}".format
    for name in ("keepers", "pilots"):
        opened.take("coder-1", "PUT", path(name), base=0, value=actor(name.capitalize()))
    opened.take("coder-1", "PUT", path("pilots"), base=2, value=actor("Pilots of the port"))
    refused = opened.ask("coder-1", "PUT", path("crews"), base=0, value=actor("Crews"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "large")
    assert "claimlog add --help" in refused.json()["error"]["message"]
    opened.close()


def test_longer_entries_than_can_be_looked_through_are_not_made_on_the_spot(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "ENTRIES_BYTES", 5_000)
    opened = desk_of(registered, tmp_path)
    path = "work/S102/registered/actors/{}".format
    long = {**actor("Keepers"), "aliases": ["Keepers of lamps"] * 150}
    opened.take("coder-1", "PUT", path("keepers"), base=0, value=long)
    opened.take("coder-1", "PUT", path("keepers"), base=1, value={**long, "name": "Lamps"})
    refused = opened.ask("coder-1", "PUT", path("pilots"), base=0, value=long)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "large")
    assert "5,000 bytes of entries" in refused.json()["error"]["message"]
    opened.take("coder-1", "PUT", path("pilots"), base=0, value=actor("Pilots"))
    opened.take("coder-2", "PUT", path("pilots"), base=0, value=long)
    opened.close()


def test_names_are_made_ready_once_for_all_keys_until_an_entry_changes(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def count(text: str) -> list[str]:
        read.append(text)
        return words(text)

    monkeypatch.setattr(lookup, "words", count)
    opened = desk_of(registered, tmp_path)
    path = "work/S102/registered/actors/{}".format

    def looked_up(query: str) -> list[str]:
        read.clear()
        found = opened.take("coder-1", "GET", f"lookup/actors?source=S102&q={query}")
        return [entry["id"] for entry in found["entries"]]

    opened.take("coder-1", "PUT", path("keepers"), base=0, value=actor("Lamp lighters"))
    assert "keepers" in looked_up("light")
    assert "Lamp lighters" in read
    for key in ("l", "li", "lig"):
        assert "keepers" in looked_up(key)
        assert read == [key]
    opened.take("coder-1", "PUT", path("keepers"), base=1, value=actor("Wardens"))
    assert "keepers" not in looked_up("light")
    assert {*read} == {"keepers", "light", "Wardens"}
    opened.close()


def test_of_many_entries_those_with_a_rare_word_in_common_are_compared(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry_candidates, "MOST_COMPARED", 2)
    opened = desk_of(registered, tmp_path)
    path = "work/S102/registered/actors/{}".format
    value = claim_value("dimmed the lamp", "The beam was made weaker.", dyad_from=["lamps"])
    opened.take("coder-1", "PUT", path("lamps"), base=0, value=actor("Keepers of quay lamps"))
    opened.put("coder-1", "S102", "d1", value)
    for number in range(5):
        name = f"keepers-{number}"
        opened.take("coder-2", "PUT", path(name), base=0, value=actor(f"Keepers number {number}"))
    opened.take("coder-2", "PUT", path("society"), base=0, value=actor("Quay lamps society"))
    opened.put("coder-2", "S102", "d1", {**value, "dyad_from": ["society"]})
    for role in ("coder-1", "coder-2"):
        opened.finish(role, "S102")
    found = opened.take("adjudicator", "GET", "adjudication/S102")["proposals"]
    mine = next(entry for entry in found if entry["id"] == "lamps")
    assert mine["used_by"] == ["d1"]
    assert mine["alike"][0]["id"] == "society"
    assert len(mine["alike"]) == 2  # of six with a word in common
    used = {entry["id"] for entry in found if entry["coder"] == "coder-2" and entry["used_by"]}
    assert used == {"society"}
    opened.close()


def test_nobody_waits_for_texts_to_be_read_who_only_asks_for_rows(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = desk_of(registered, tmp_path)
    log, begun, go = opened.desk.log, threading.Event(), threading.Event()
    read = desk_log.Texts

    def slowly(folder: Path) -> Texts:
        begun.set()
        assert go.wait(30)
        return read(folder)

    monkeypatch.setattr(desk_log, "Texts", slowly)
    reading = threading.Thread(target=lambda: log.texts)
    reading.start()
    assert begun.wait(30)
    rows: list[object] = []
    asking = threading.Thread(target=lambda: rows.append(log.source("S102")), daemon=True)
    asking.start()
    asking.join(30)
    assert rows
    go.set()
    reading.join()
    opened.close()


class Reader:
    """Who asks for something with the cookie of a role, and may take nothing of the answer."""

    def __init__(self, opened: Opened, role: str, path: str, takes: bool) -> None:
        self.status = 0
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        if takes:
            self.go.set()
        headers = [(b"host", b"127.0.0.1:8010"), (b"cookie", opened.cookies[role].encode())]
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/{role}/api/{path}",
            "raw_path": f"/{role}/api/{path}".encode(),
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
        }
        self.task = asyncio.ensure_future(opened.app(scope, self.receive, self.send))

    async def receive(self) -> dict[str, Any]:
        return await asyncio.Future()

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)
        if message["type"] == "http.response.body":
            self.begun.set()
            await self.go.wait()


def test_answers_that_a_role_does_not_take_hold_a_bounded_number_of_bytes(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = desk_of(registered, tmp_path)
    size = len(opened.ask("coder-1", "GET", "sources/S102").content)
    budget = opened.app.budget
    monkeypatch.setattr(budget, "each", 2 * size)
    monkeypatch.setattr(reader_limits, "PIECE_BYTES", 400)

    async def run() -> None:
        idle = [Reader(opened, "coder-1", "sources/S102", takes=False) for _ in range(6)]
        await asyncio.gather(*(one.begun.wait() for one in idle))
        assert sorted(one.status for one in idle) == [200] * 2 + [429] * 4
        assert budget.peers == {"coder-1": 2 * size}
        other = Reader(opened, "coder-2", "sources/S102", takes=True)
        await other.task
        assert other.status == 200
        for one in idle:
            one.task.cancel()  # as when a connection is cut off
        await asyncio.gather(*(one.task for one in idle), return_exceptions=True)
        assert not budget.peers
        again = Reader(opened, "coder-1", "sources/S102", takes=True)
        await again.task
        assert again.status == 200

    asyncio.run(run())
    opened.close()


def test_one_answer_of_any_length_is_sent_to_each_role_whatever_others_do_not_take(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = desk_of(registered, tmp_path)
    monkeypatch.setattr(opened.app.budget, "each", 1)
    monkeypatch.setattr(reader_limits, "PIECE_BYTES", 400)

    async def run() -> None:
        idle = [Reader(opened, role, "sources/S102", takes=False) for role in ROLES]
        await asyncio.gather(*(one.begun.wait() for one in idle))
        assert [one.status for one in idle] == [200] * len(ROLES)
        for one in idle:
            one.go.set()
        await asyncio.gather(*(one.task for one in idle))

    asyncio.run(run())
    opened.close()


def test_a_role_that_takes_nothing_of_an_answer_is_cut_off(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_limits, "SEND_SECONDS", 0.1)
    monkeypatch.setattr(reader_limits, "PIECE_BYTES", 400)
    opened = desk_of(registered, tmp_path)

    async def run() -> None:
        idle = Reader(opened, "coder-1", "sources/S102", takes=False)
        await asyncio.wait_for(idle.task, 20)
        assert not opened.app.budget.peers

    asyncio.run(run())
    opened.close()


def test_a_work_of_more_bytes_than_are_sent_at_once_is_not_saved(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = claim_value("ships will founder", "Vessels may be lost.")
    monkeypatch.setattr(saved_work, "WORK_BYTES", 3_000)
    opened = desk_of(registered, tmp_path)
    opened.put("coder-1", "S102", "d1", {**value, "note": "n" * 2_000})
    path = "work/S102/{}".format
    refused = opened.ask(
        "coder-1", "PUT", path("drafts/d2"), base=0, value={**value, "note": "n" * 900}
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "large")
    assert refused.json()["error"]["message"].startswith("S102.ndjson: what is saved of a text has")
    entry = {**actor("Keepers"), "note": "n" * 900}
    refused = opened.ask("coder-1", "PUT", path("registered/actors/keepers"), base=0, value=entry)
    assert refused.status_code == 413
    opened.put("coder-1", "S102", "d1", {**value, "note": "n" * 1_000}, 1)
    opened.put("coder-1", "S102", "d2", {**value, "note": "n" * 900})
    opened.take("coder-1", "POST", path("undo"), state=3)
    opened.close()
