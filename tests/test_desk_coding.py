"""Coding at the desk: spans, forms, findings, two windows, entries made on the spot."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlog.desk import text_registration
from claimlog.desk.corrected_text import without_drafts
from claimlog.desk.places import LAST_EDGE, Places, _is_edge
from claimlog.desk.request_error import RequestError
from claimlog.desk.saved_decisions import COMMITTED
from claimlog.edit.document_registration import saved_text
from claimlog.errors import ClaimlogError
from claimlog.sources.anchor import boundary_flaw
from claimlog.sources.characters import canonical_text
from claimlog.sources.text import Text
from conftest import World, hop
from conftest import source as source_row
from desk_client import ARTICLE, FURNITURE, Opened, claim_value, desk_of, offsets, passage
from web_servers import FileServer

SOURCE = "S102"
DRAFT = f"work/{SOURCE}/drafts/d1"
LAMP = "has dimmed the lamp"


@pytest.fixture
def opened(registered: World, tmp_path: Path) -> Iterator[Opened]:
    desk = desk_of(registered, tmp_path)
    yield desk
    desk.close()


def lamp(**given: Any) -> dict[str, Any]:
    return claim_value(LAMP, "Its light was made weaker by the ministry.", **given)


def test_a_selection_snaps_to_words_and_counts_code_points(opened: Opened) -> None:
    start, end = offsets(LAMP)
    found = opened.take("coder-1", "POST", f"sources/{SOURCE}/snap", utf16=[start + 1, end - 2])
    assert found["quote"] == LAMP
    assert ARTICLE[found["span"]["start"] : found["span"]["end"]] == LAMP
    assert found["span"]["utf16"] == [start, end]
    assert found["span"]["start"] == start - 1  # the emoji before it is one code point
    for wrong in (offsets(FURNITURE), [start, start], [0, 9_999], offsets("”,"), ["a", 3]):
        answer = opened.ask("coder-1", "POST", f"sources/{SOURCE}/snap", utf16=wrong)
        assert answer.status_code in (400, 422), wrong


@pytest.mark.parametrize(
    ("content", "selected", "quote"),
    [
        ("“Kept”, he said.", "“Kept”, ", "Kept"),
        ("About 40% of it (all).", "40% of it (all).", "40% of it (all)"),
        ("שלום, עולם: טוב", "לום, עו", "שלום, עולם"),
        ("a 👩‍👩‍👧 family b", "👧 fam", "👩‍👩‍👧 family"),
        ("cafe\u0301 au lait", "af", "cafe\u0301"),
    ],
)
def test_words_of_any_script_are_whole(content: str, selected: str, quote: str) -> None:
    places = Places(Text(content))
    start = content.index(selected)
    found = places.snap(start, start + len(selected))
    assert places.quote(*found) == quote
    assert [places.from_utf16(places.to_utf16(at)) for at in range(len(content) + 1)] == [
        *range(len(content) + 1)
    ]


def test_a_selection_without_a_word_is_none() -> None:
    with pytest.raises(RequestError, match="no word"):
        Places(Text("a … b")).snap(2, 3)


SIGNS = "ab9 .,…“”%-\u00ad\n\u0301👩\u200d[]é()—«»ن日"


def snapped_sign_by_sign(text: Text, start: int, end: int) -> tuple[int, int] | None:
    """Return what `Places.snap` does, read one sign after the other; None where it refuses."""

    def whole_words(start: int, end: int) -> tuple[int, int]:
        if text.splits_word(start):
            start = max(first for first, _, _ in text.tokens if first < start)
        if text.splits_word(end):
            end = next(last for first, last, _ in text.tokens if first < end < last)
        while text.splits_cluster(start):
            start -= 1
        while text.splits_cluster(end):
            end += 1
        return start, end

    start, end = whole_words(start, end)
    while start < end and _is_edge(text.content[start]):
        start += 1
    while start < end and _is_edge(text.content[end - 1]):
        end -= 1
    start, end = whole_words(start, end) if start < end else (start, end)
    has_word = any(start <= first < end for first, _, _ in text.tokens)
    return (start, end) if has_word and boundary_flaw(text, start, end) is None else None


@given(
    st.lists(st.sampled_from([*SIGNS, "a-\na", "a\u00ad\nb"]), min_size=1, max_size=24).map(
        "".join
    ),
    st.data(),
)
def test_a_selection_is_the_words_that_reading_it_sign_by_sign_gives(
    content: str, data: st.DataObject
) -> None:
    text = Text(canonical_text(content))
    start = data.draw(st.integers(0, len(text.content) - 1))
    end = data.draw(st.integers(start + 1, len(text.content)))
    try:
        found = Places(text).snap(start, end)
    except RequestError:
        found = None
    assert found == snapped_sign_by_sign(text, start, end)


@pytest.mark.parametrize("run", [".", "…", "\u3000", "👩\u200d", "\u0301a ", "x"])
def test_a_long_run_at_the_edge_of_a_selection_is_no_work_for_each_of_its_signs(run: str) -> None:
    places = Places(Text(f"Norland{run * 20_000} Sudland"))
    places.text.index_offsets()
    places.snap(0, 7)  # what is computed once
    length, calls = len(places.text.content), 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        for start, end in ((8, length), (0, length - 8), (length // 2, length)):
            with suppress(RequestError):
                places.snap(start, end)
    finally:
        sys.setprofile(None)
    assert 0 < calls < 1_000


def test_no_sign_that_is_left_out_at_an_edge_has_a_greater_number_than_is_looked_at() -> None:
    assert max(at for at in range(sys.maxunicode + 1) if _is_edge(chr(at))) <= LAST_EDGE


def test_a_draft_is_saved_before_it_is_whole_and_the_rules_say_what_is_missing(
    opened: Opened,
) -> None:
    value = {**passage(LAMP), "content": "event", "trust_sign": "trust"}
    answer = opened.put("coder-1", SOURCE, "d1", value)
    assert answer["draft"]["rev"] == answer["state"]
    found = opened.take("coder-1", "GET", f"work/{SOURCE}/findings?draft=d1")
    rules = {one["rule"]: one for one in found["findings"]["d1"]}
    assert "topic" in {column for one in found["findings"]["d1"] for column in one["columns"]}
    assert rules["trust-has-course"]["columns"] == ["trust_course", "trust_sign"]
    assert "a claim about trust says how it changes" in rules["trust-has-course"]["message"]
    state = answer["state"]
    refused = opened.ask("coder-1", "POST", f"work/{SOURCE}/finish", state=state)
    assert refused.status_code == 422
    assert refused.json()["error"]["findings"]["d1"]
    # and after a restart it is there
    again = Opened.of(opened.desk.package, opened.desk.log.texts_folder)
    assert again.take("coder-1", "GET", f"work/{SOURCE}")["drafts"] == [answer["draft"]]
    again.close()


@pytest.mark.parametrize(
    "value",
    [
        {"content": "nonsense"},
        {"figure_value": "forty"},
        {"dyad_from": "nor"},
        {"attributions": [{"verb": "say", "side": "nobody"}]},
        {"source_id": "S001"},
        {"quote_sha256": "0" * 64},
        {"statement": "\ud800"},
        {"note": "x" * 70_000},
    ],
)
def test_what_no_row_can_hold_is_not_saved(opened: Opened, value: dict[str, Any]) -> None:
    import json

    whole = {**passage(LAMP), **value}
    body = json.dumps({"base": 0, "value": whole}).encode()
    answer = opened.send("PUT", f"/coder-1/api/{DRAFT}", "coder-1", body)
    assert answer.status_code == 400, answer.text
    assert opened.take("coder-1", "GET", f"work/{SOURCE}")["drafts"] == []


def test_a_draft_that_is_no_row_hides_no_errors_of_others(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = claim_value("ships will founder", "Vessels may be lost.")
    opened.put("coder-1", "S102", "a", {**value, "modality": None})
    long = claim_value("dimmed the lamp", "Its beam is weaker.", note="n" * 3_000)
    opened.put("coder-1", "S102", "b", long)
    monkeypatch.setitem(opened.desk.log.definition.thresholds, "line_bytes", 3_000)
    (missing,) = opened.take("coder-1", "GET", "work/S102/findings?draft=a")["findings"]["a"]
    found = opened.take("coder-1", "GET", "work/S102/findings")
    assert found["errors"] == 3
    assert found["findings"]["a"] == [missing]
    for flaw, stream in zip(found["findings"]["b"], ("claims", "codings"), strict=True):
        assert re.fullmatch(
            f"would be a row of {stream} with [34],[0-9]{{3}} bytes, more than 3,000",
            flaw["message"],
        )
        assert flaw["remedy"] == "make its longest texts shorter"
    state = opened.take("coder-1", "GET", "work/S102")["state"]
    assert opened.ask("coder-1", "POST", "work/S102/finish", state=state).status_code == 422


def test_where_an_entry_or_the_log_is_no_row_nothing_is_finished_unchecked(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = claim_value("ships will founder", "Vessels may be lost.")
    opened.put("coder-1", "S102", "a", value)
    path = "work/S102/registered/actors/keepers"
    entry = {"name": "Keepers", "actor_type": "group", "note": "n" * 3_000}
    opened.take("coder-1", "PUT", path, base=0, value=entry)

    def told() -> str:
        found = opened.take("coder-1", "GET", "work/S102/findings")
        assert found["errors"] == 1
        (finding,) = found["findings"]["a"]
        state = opened.take("coder-1", "GET", "work/S102")["state"]
        assert opened.ask("coder-1", "POST", "work/S102/finish", state=state).status_code == 422
        return f"{finding['message']}; {finding['remedy']}"

    with monkeypatch.context() as patch:
        patch.setitem(opened.desk.log.definition.thresholds, "line_bytes", 3_000)
        assert told().startswith("keepers would be a row of actors with 3,")
    opened.take("coder-1", "PUT", path, base=2, value={**entry, "note": None})
    file = opened.desk.package.root / ".claimlog/open/claims.ndjson"
    file.parent.mkdir(exist_ok=True)
    file.write_text('{"statement":"of another coder"}\n', "utf-8")
    assert told() == (
        "nothing can be checked, because the log cannot be read as it is "
        "(.claimlog/open/claims.ndjson:1); mend what claimlog validate says"
    )
    file.unlink()
    opened.finish("coder-1", "S102")


def test_of_two_windows_the_second_is_shown_what_is_there(opened: Opened) -> None:
    first = opened.put("coder-1", SOURCE, "d1", lamp(topic="trust"))["draft"]
    opened.put("coder-1", SOURCE, "d1", lamp(topic="law"), base=first["rev"])
    late = opened.ask("coder-1", "PUT", DRAFT, base=first["rev"], value=lamp(topic="security"))
    assert late.status_code == 409
    current = late.json()["error"]["current"]
    assert current["draft"]["value"]["topic"] == "law"
    # the same change sent again, as after a lost answer, is taken
    again = opened.put("coder-1", SOURCE, "d1", lamp(topic="law"), base=first["rev"])
    assert again["state"] == current["state"]
    assert opened.ask("coder-1", "DELETE", DRAFT, base=first["rev"]).status_code == 409
    gone = opened.take("coder-1", "DELETE", DRAFT, base=current["draft"]["rev"])
    assert gone["draft"] is None
    back = opened.take("coder-1", "POST", f"work/{SOURCE}/undo", state=gone["state"])
    assert back["drafts"][0]["value"]["topic"] == "law"
    stale = opened.ask("coder-1", "POST", f"work/{SOURCE}/redo", state=gone["state"])
    assert stale.json()["error"]["current"]["state"] == back["state"]


def test_words_taken_from_the_text_are_marked_and_refused_at_the_end(opened: Opened) -> None:
    taken = "The harbour ministry has dimmed the lamp at Cape Sorrow, he told us."
    found = opened.take("coder-1", "POST", f"sources/{SOURCE}/own-words", text=taken)
    start, end = found["runs"][0]["utf16"]
    assert taken[start:end] == "harbour ministry has dimmed the lamp at Cape Sorrow"
    opened.put("coder-1", SOURCE, "d1", {**lamp(), "statement": taken})
    found = opened.take("coder-1", "GET", f"work/{SOURCE}/findings")
    assert [one["rule"] for one in found["findings"]["d1"]] == ["own-words"]


@pytest.mark.parametrize(
    "given", [{"dyad_from": ["nor", "keepers"]}, {"attributions": [hop(actor_id="keepers")]}]
)
def test_an_entry_is_used_by_a_list_that_names_it_and_by_a_key_of_its_objects(
    opened: Opened, given: dict[str, Any]
) -> None:
    path = f"work/{SOURCE}/registered/actors/{{}}".format
    for name in ("boatmen", "keepers"):
        value = {"name": f"Lamp {name}", "actor_type": "group"}
        opened.take("coder-1", "PUT", path(name), base=0, value=value)
    opened.put("coder-1", SOURCE, "d1", lamp(**given))
    found = opened.take("coder-1", "GET", f"lookup/actors?q=lamp&source={SOURCE}")["entries"]
    assert [entry["id"] for entry in found] == ["keepers", "boatmen"]  # used ones first
    refused = opened.ask("coder-1", "DELETE", path("keepers"), base=2).json()["error"]
    assert refused["used_by"] == ["d1"]
    assert opened.take("coder-1", "DELETE", path("boatmen"), base=1)["entry"] is None


def test_entries_made_on_the_spot_are_found_used_and_kept_while_used(opened: Opened) -> None:
    path = f"work/{SOURCE}/registered/actors/keepers"
    value = {"name": "Lighthouse keepers", "actor_type": "group", "aliases": ["Lampists"]}
    entry = opened.take("coder-1", "PUT", path, base=0, value=value)["entry"]
    lookup = f"lookup/actors?q=lamp&source={SOURCE}"
    assert opened.take("coder-1", "GET", lookup)["entries"] == [
        {"id": "keepers", "label": "Lighthouse keepers", "matched": "Lampists",
         "detail": "Group", "proposed": True}
    ]  # fmt: skip
    assert opened.take("coder-2", "GET", lookup)["entries"] == []
    opened.put("coder-1", SOURCE, "d1", lamp(dyad_from=["keepers", "nor"]))
    found = opened.take("coder-1", "GET", f"work/{SOURCE}/findings")
    assert found["errors"] == 0
    refused = opened.ask("coder-1", "DELETE", path, base=entry["rev"])
    assert refused.json()["error"]["used_by"] == ["d1"]
    for taken in ("nor", "Not An Id", "a/b"):
        wrong = path.replace("keepers", taken)
        assert opened.ask("coder-1", "PUT", wrong, base=0, value=value).status_code in (404, 422)
    opened.put("coder-1", SOURCE, "d1", lamp(dyad_from=["nobody-known"]), base=2)
    found = opened.take("coder-1", "GET", f"work/{SOURCE}/findings")
    assert [one["rule"] for one in found["findings"]["d1"]] == ["foreign-key"]


def test_an_entry_that_was_taken_back_is_registered_again(opened: Opened) -> None:
    path = f"work/{SOURCE}/registered/actors/keepers"
    value = {"name": "Lighthouse keepers", "actor_type": "group"}
    for _ in range(2):
        entry = opened.take("coder-1", "PUT", path, base=0, value=value)["entry"]
        refused = opened.ask("coder-1", "PUT", path, base=0, value={**value, "name": "X"})
        assert refused.json()["error"]["code"] == "stale"
        opened.take("coder-1", "DELETE", path, base=entry["rev"])
    opened.take("coder-1", "PUT", path, base=0, value=value)


def test_entries_are_found_by_aliases(opened: Opened) -> None:
    found = opened.take("coder-1", "GET", "lookup/actors?q=kingdom")["entries"]
    assert [(one["id"], one["matched"]) for one in found] == [("nor", "Kingdom of Norland")]
    assert opened.ask("coder-1", "GET", "lookup/claims?q=a").status_code == 404


def test_forms_follow_the_schemas_and_the_codebook(opened: Opened) -> None:
    form = opened.take("coder-1", "GET", "form")
    fields = {one["column"]: one for one in form["streams"]["claims"]["fields"]}
    definition = opened.desk.log.definition
    table = definition.streams["claims"]
    computed = {"start", "end", "source_id", *(n for n in table.in_use if n.endswith("sha256"))}
    assert {*fields} == {*table.in_use} - computed - {"word_count"}
    for one in (*fields.values(), *fields["attributions"]["fields"]):
        keys = [code["key"] for code in one["codes"]]
        assert len({*keys}) == len(keys)
        assert all(len(key) == 1 for key in keys)
        item = table.by_name.get(one["column"])
        if item is not None and item.codelist:
            assert [code["code"] for code in one["codes"]] == item.enum
    needs = {name: one["needs"] for name, one in fields.items() if one["needs"]}
    assert needs["event_code"][0]["column"] == "event_type"
    assert needs["figure_currency"][0]["is"] == ["money"]
    assert "event_type" not in needs
    assert fields["attributions"]["absent_when"][0]["is"] == ["author"]
    described = next(
        one for one in fields["attributions"]["fields"] if one["column"] == "description"
    )
    assert described["required_when"][0]["column"] == "actor_id"
    assert (fields["content"]["share"], fields["likelihood"]["share"]) == (1.0, 0.0)
    assert 0 < described["share"] < 1
    assert {code["code"] for code in form["furniture_kinds"]} >= {"navigation"}
    variables = {one["variable"]: one for one in form["variables"]}
    assert variables["side"]["list"] == "attributions"
    assert (variables["measure"]["stream"], variables["measure"]["via"]) == (
        "measures",
        "measure_id",
    )
    steps = variables["content"]["steps"]
    assert [step["kind"] for step in steps] == ["code"] * 6 + ["otherwise"]
    # every requirement of claims that is about two of these columns is a condition of a form
    said = {
        condition["sentence"]
        for one in fields.values()
        for kind in ("needs", "absent_when", "required_when")
        for condition in one[kind]
    }
    assert said == {rule.sentence for rule in definition.requirements if rule.stream == "claims"}


def rewrite(opened: Opened, name: str, before: str, after: str) -> None:
    """Change a file of the definition beside the desk, as an editor does."""
    path = opened.desk.package.schemas / name
    text = path.read_text("utf-8")
    assert before in text
    path.unlink()
    path.write_text(text.replace(before, after), "utf-8")


def change_codebook(opened: Opened) -> None:
    rewrite(opened, "codebook/codes/voice.csv", "paraphrased,Paraphrased", "paraphrased,Retold")
    rewrite(opened, "codebook/codebook.json", '"version": "', '"version": "9')


def made_by(opened: Opened, role: str, path: str) -> dict[str, str]:
    """Open a page, and return what it says with its requests of the definition."""
    page = opened.send("GET", f"/{role}/{path}", role).text
    found = re.search('data-definition="([0-9a-f]+)"', page)
    assert found is not None
    return {"claimlog-definition": found[1]}


def test_a_page_that_was_opened_before_the_codebook_changed_saves_nothing_by_the_other(
    opened: Opened,
) -> None:
    def form() -> tuple[str, str]:
        found = opened.take("coder-1", "GET", "form")
        fields = {one["column"]: one for one in found["streams"]["claims"]["fields"]}
        labels = {code["code"]: code["label"] for code in fields["voice"]["codes"]}
        return labels["paraphrased"], found["codebook"]["version"]

    def answers(role: str, headers: dict[str, str]) -> list[int]:
        draft = orjson.dumps({"base": 0, "value": lamp()})
        place = orjson.dumps(passage(LAMP))
        requests = [("POST", f"sources/{SOURCE}/snap", place)]
        if role == "coder-1":
            requests.append(("PUT", DRAFT, draft))
        return [
            opened.send(method, f"/{role}/api/{path}", role, body, headers).status_code
            for method, path, body in requests
        ]

    roles = {"coder-1": f"code/{SOURCE}", "adjudicator": "review"}
    before = {role: made_by(opened, role, path) for role, path in roles.items()}
    assert form()[0] == "Paraphrased"
    change_codebook(opened)
    now = opened.take("coder-1", "GET", "desk")["codebook"]
    assert form() == ("Retold", now)
    for role, headers in before.items():
        assert {*answers(role, headers)} == {409}
    assert opened.desk.work_folder.summaries(SOURCE) == []
    for role, path in roles.items():
        assert {*answers(role, made_by(opened, role, path))} == {200}
    begun = opened.desk.work_folder.work("coder-1", SOURCE).journal.marks["begun"]
    assert begun["codebook"] == now


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("queries/agreement.sql", "select", "-- A comment.\nselect"),
        ("site.json", "{\n", "{\n\n"),
        ("past/claims.1.json", "{\n", "{\n\n"),
        ("deprecations.csv", "until\n", "until\n\n"),
    ],
)
def test_a_page_goes_on_when_a_file_changed_from_which_no_form_follows(
    opened: Opened, name: str, before: str, after: str
) -> None:
    headers = made_by(opened, "coder-1", f"code/{SOURCE}")
    rewrite(opened, name, before, after)
    body = orjson.dumps({"base": 0, "value": lamp()})
    answer = opened.send("PUT", f"/coder-1/api/{DRAFT}", "coder-1", body, headers)
    assert answer.status_code == 200, answer.text


def test_the_rules_and_the_form_are_those_of_a_definition_that_was_changed_beside_the_desk(
    opened: Opened,
) -> None:
    value = lamp() | {"statement": "A keeper said on Tuesday so."}
    opened.put("coder-1", SOURCE, "d1", value)

    def rules() -> list[str]:
        found = opened.take("coder-1", "GET", f"work/{SOURCE}/findings")["findings"]
        return [one["rule"] for one in found.get("d1", [])]

    assert rules() == []
    rewrite(opened, "thresholds.csv", "shared_words,8,", "shared_words,3,")
    assert rules() == ["own-words"]
    assert opened.take("coder-1", "GET", "form")["shared_words"] == 3


def test_what_is_finished_stays(opened: Opened) -> None:
    draft = opened.put("coder-1", SOURCE, "d1", lamp())["draft"]
    late = opened.ask("coder-1", "POST", f"work/{SOURCE}/finish", state=0)
    assert late.json()["error"]["current"]["drafts"] == [draft]
    found = opened.finish("coder-1", SOURCE)
    assert found["finished"]
    for method, path, body in (
        ("PUT", DRAFT, {"base": draft["rev"], "value": lamp(topic="law")}),
        ("DELETE", DRAFT, {"base": draft["rev"]}),
        ("POST", f"work/{SOURCE}/undo", {"state": found["state"]}),
        ("PUT", f"work/{SOURCE}/registered/actors/x", {"base": 0, "value": {}}),
        ("POST", f"work/{SOURCE}/finish", {"state": found["state"]}),
    ):
        answer = opened.ask("coder-1", method, path, **body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "closed")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("registered/actors/x", {}),
        ("registered/actors/x", {"base": 0, "value": {"name": 7}}),
        ("registered/actors/x", {"base": 1, "value": {"name": "X"}}),
        ("registered/nothing/x", {"base": 0, "value": {"name": "X"}}),
        ("registered/actors/NONE%20", {"base": 0, "value": {"name": "X"}}),
        ("drafts/A", {"base": 0, "value": lamp()}),
        ("drafts/a", {"base": 1, "value": lamp()}),
        ("drafts/a", {"base": 0, "value": {}}),
        ("drafts/a", {"base": 0}),
    ],
)
def test_what_is_refused_begins_no_work(opened: Opened, path: str, body: dict[str, Any]) -> None:
    opened.put("coder-2", SOURCE, "d1", lamp())
    opened.finish("coder-2", SOURCE)
    answer = opened.ask("coder-1", "PUT", f"work/{SOURCE}/{path}", **body)
    assert 400 <= answer.status_code < 500, answer.text
    work = opened.desk.work_folder.work("coder-1", SOURCE)
    assert not work.journal.path.exists() or not work.journal.path.read_bytes()
    opened.take("adjudicator", "GET", f"adjudication/{SOURCE}")
    saved = opened.take("coder-1", "PUT", f"work/{SOURCE}/drafts/a", base=0, value=lamp())
    assert saved["state"] == len(work.journal.path.read_bytes().splitlines()) == 1


def test_who_took_everything_back_is_waited_for_by_nobody_and_begins_as_others_do(
    opened: Opened,
) -> None:
    opened.put("coder-2", SOURCE, "d1", lamp())
    opened.finish("coder-2", SOURCE)
    state = opened.put("coder-1", SOURCE, "d1", lamp())["state"]
    path = f"adjudication/{SOURCE}"
    assert opened.ask("adjudicator", "GET", path).json()["error"]["code"] == "unfinished"
    state = opened.take("coder-1", "POST", f"work/{SOURCE}/undo", state=state)["state"]
    found = opened.take("adjudicator", "GET", path)
    assert found["finished"] == ["coder-2"]
    opened.take("coder-1", "POST", f"work/{SOURCE}/redo", state=state)
    assert opened.ask("adjudicator", "GET", path).json()["error"]["code"] == "unfinished"
    rev = opened.take("coder-1", "GET", f"work/{SOURCE}")["drafts"][0]["rev"]
    state = opened.take("coder-1", "DELETE", DRAFT, base=rev)["state"]
    opened.take("adjudicator", "POST", f"{path}/take-all", state=found["state"])
    for method, late, body in (
        ("POST", f"work/{SOURCE}/undo", {"state": state}),
        ("PUT", DRAFT, {"base": rev + 1, "value": lamp()}),
    ):
        answer = opened.ask("coder-1", method, late, **body)
        assert "decided already" in answer.json()["error"]["message"]
    opened.take("adjudicator", "GET", path)


PAGE = b"""<!DOCTYPE html><html lang="en"><head><title>Tides stop - The Example Gazette</title>
<meta property="og:site_name" content="The Example Gazette">
<meta property="article:published_time" content="2025-03-10T08:00:00+00:00">
<meta name="author" content="Ada Example"></head><body><nav><a href="/">Home</a></nav><article>
<h1>Tides stop</h1><p>The harbour office of Norland stopped sending tables of tides, a clerk said.
</p><p>The pilots of Sudland have asked for new ones, and wait for an answer.</p></article></body>
</html>"""


@pytest.mark.slow
@pytest.mark.parametrize("by_address", [False, True], ids=["a file", "an address"])
def test_a_page_is_registered_with_what_it_says_of_itself(
    opened: Opened, tmp_path: Path, by_address: bool
) -> None:
    data = PAGE.replace(b"wait", b"wait long" if by_address else b"still wait")
    if by_address:
        (tmp_path / "tides").write_bytes(data)
        server = FileServer(tmp_path)
        with server.running():
            found = opened.take(
                "coder-1", "POST", "texts/by-address", address=f"{server.url}/tides"
            )
    else:
        kind = {"content-type": "application/octet-stream"}
        path = "/coder-1/api/texts?name=tides.html"
        found = opened.send("POST", path, "coder-1", data, kind).json()
    proposal = found["proposal"]
    assert (proposal["title"], proposal["publisher"]) == ("Tides stop", "The Example Gazette")
    assert (proposal["authors"], proposal["published"]) == (["Ada Example"], "2025-03-10")
    assert not {*found["recorded_columns"]} & {*proposal}
    rest = {"rights": "Ours.", "reliability": "F", "reliability_rationale": "Invented."}
    given = {"upload": found["upload"], "source": {**proposal, **rest}, "furniture": []}
    source = opened.take("coder-1", "POST", "sources", **given)["source_id"]
    row = opened.desk.log.entries("sources")[source]
    assert row["raw_sha256"] == sha256(data).hexdigest()
    assert row["extractor"].startswith("trafilatura ")


def test_an_address_that_answers_nothing_or_is_none_is_refused_in_one_line(opened: Opened) -> None:
    for address in ("file:///etc/hostname", "http://127.0.0.1:9/", "x"):
        answer = opened.ask("coder-1", "POST", "texts/by-address", address=address)
        assert answer.status_code == 422, address
        assert "\n" not in answer.json()["error"]["message"]


def test_a_text_is_registered_once_and_only_into_its_directory(opened: Opened) -> None:
    octets = {"content-type": "application/octet-stream"}
    upload = opened.send("POST", "/coder-1/api/texts?name=../../x.txt", "coder-1",
                         b"Ein Satz. Noch einer.", octets).json()  # fmt: skip
    assert upload["known_as"] is None
    source = {"title": "Zwei Sätze", "publisher": "P", "language": "de", "rights": "Ours.",
              "reliability": "F", "reliability_rationale": "Invented."}  # fmt: skip
    folder = opened.desk.log.texts_folder
    before = {*folder.parent.rglob("*.txt")}
    forged = {
        "extractor": "nobody 9",
        "raw_sha256": "0" * 64,
    }  # of a text that nothing was taken of
    given = {"upload": upload["upload"], "source": {**source, **forged}}
    assert opened.ask("coder-2", "POST", "sources", **given).status_code == 404  # another's upload
    assert opened.take("coder-1", "POST", "sources", **given)["source_id"] == "S103"
    row = opened.desk.log.entries("sources")["S103"]
    assert (row["extractor"], row["raw_sha256"]) == (None, None)
    new = {*folder.parent.rglob("*.txt")} - before
    assert [path.parent for path in new] == [folder]
    again = opened.send("POST", "/coder-1/api/texts?name=y", "coder-1", ARTICLE.encode(), octets)
    assert again.json()["known_as"] == SOURCE
    given["upload"] = again.json()["upload"]
    assert opened.ask("coder-1", "POST", "sources", **given).status_code == 422
    for data in (b"\xff\xfe", b"  \n"):
        wrong = opened.send("POST", "/coder-1/api/texts?name=y", "coder-1", data, octets)
        assert wrong.status_code == 422


@pytest.mark.slow
def test_a_text_that_was_taken_back_is_not_called_registered_though_another_has_its_number(
    opened: Opened,
) -> None:
    def upload(text: str) -> dict[str, Any]:
        octets = {"content-type": "application/octet-stream"}
        path = "/coder-1/api/texts?name=x.txt"
        found = opened.send("POST", path, "coder-1", text.encode(), octets).json()
        return {"upload": found["upload"], "source": source}

    def ask(given: dict[str, Any]) -> httpx.Response:
        return opened.ask("coder-1", "POST", "sources", **given)

    source = {"title": "Ferries", "publisher": "P", "language": "en", "rights": "Ours.",
              "reliability": "F", "reliability_rationale": "Invented."}  # fmt: skip
    given = upload("Ferries are late.")
    name = ask(given).json()["source_id"]
    assert ask(given).json() == {"source_id": name}
    rows = opened.take("adjudicator", "GET", "open")["rows"]
    row = next(row for row in rows if row["id"] == name)
    opened.take("adjudicator", "DELETE", f"open/{row['place']}", digest=row["digest"])
    assert ask(given).status_code == 404
    assert opened.register_text("Ships are late.", "Ships") == name
    refused = ask(given)
    assert refused.status_code == 404
    assert "choose it again" in refused.text
    assert ask(upload("Ferries are late.")).json()["source_id"] > name


@pytest.mark.slow
def test_a_text_that_was_retracted_is_named_and_not_registered_again(opened: Opened) -> None:
    octets = {"content-type": "application/octet-stream"}
    source = {"title": "Two", "publisher": "P", "language": "en", "rights": "Ours.",
              "reliability": "F", "reliability_rationale": "Invented."}  # fmt: skip

    def register() -> httpx.Response:
        text = b"One sentence. And another one."
        sent = opened.send("POST", "/coder-1/api/texts?name=x.txt", "coder-1", text, octets)
        given = {"upload": sent.json()["upload"], "source": source}
        return opened.ask("coder-1", "POST", "sources", **given)

    assert register().json()["source_id"] == "S103"
    folder = opened.desk.log.texts_folder
    before = {*folder.iterdir()}
    world = World(opened.desk.package, folder)
    world.seal("more")
    world.retract("S103")
    refused = register()
    assert refused.status_code == 422
    said = refused.json()["error"]["message"]
    assert said.startswith("this text was registered as S103 (")
    assert said.endswith(", retracted since)")
    assert {*folder.iterdir()} == before


def test_one_text_is_registered_by_one_of_two_desks_and_stays(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second asks while the first registers, and its failure takes no text away."""
    first = desk_of(registered, tmp_path)
    second = Opened.of(first.desk.package, first.desk.log.texts_folder)
    text = b"A text that two register. Ten boats sank on Monday.\n"
    given = {"title": "T", "publisher": "P", "language": "en", "rights": "Ours.",
             "reliability": "F", "reliability_rationale": "Invented."}  # fmt: skip
    octets = {"content-type": "application/octet-stream"}
    uploads = [
        one.send("POST", "/coder-1/api/texts?name=a.txt", "coder-1", text, octets).json()["upload"]
        for one in (first, second)
    ]

    def saved(*words: Any) -> Any:
        monkeypatch.undo()
        first.take("coder-1", "POST", "sources", upload=uploads[0], source=given)
        return saved_text(*words)

    monkeypatch.setattr(text_registration, "saved_text", saved)
    answer = second.ask("coder-1", "POST", "sources", upload=uploads[1], source=given)
    assert (answer.status_code, "this text is S103 already" in answer.text) == (422, True)
    assert [row for row in second.desk.log.entries("sources") if row > "S102"] == ["S103"]
    kept = [path.read_bytes() for path in first.desk.log.texts_folder.iterdir()]
    assert text in kept
    for one in (first, second):
        one.close()


def test_a_source_is_not_dropped_while_it_is_coded(opened: Opened) -> None:
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    opened.put("coder-1", SOURCE, "d1", lamp())
    done = world.run("drop", SOURCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"claimlog: {SOURCE}: coder-1 coded it at the desk; what is saved is taken back there "
        f"first, or .claimlog/desk/works/coder-1/{SOURCE}.ndjson moved away; nothing was dropped\n"
    )
    refused = opened.ask("adjudicator", "DELETE", f"open/{SOURCE}")
    assert "coder-1 coded it at the desk" in refused.json()["error"]["message"]
    opened.take("coder-1", "POST", f"work/{SOURCE}/undo", state=1)
    opened.take("adjudicator", "DELETE", f"open/{SOURCE}")


def test_a_text_is_not_corrected_while_drafts_of_it_are_not_committed(opened: Opened) -> None:
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    path = world.texts / "later.txt"
    path.write_text(f"Corrected. {ARTICLE}", "utf-8")
    rest = ("--text", str(path), "--texts", str(world.texts), "--reason", "Corrected.")
    opened.put("coder-1", SOURCE, "d1", lamp())
    done = world.run("correct", SOURCE, *rest)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"claimlog: {SOURCE}: coder-1 coded it at the desk, and their drafts are of the text as it "
        "is; commit them there first, or take them back; nothing was corrected\n"
    )
    assert opened.take("coder-1", "GET", f"work/{SOURCE}")["drafts"]
    opened.desk.decisions(SOURCE).journal.mark(COMMITTED, {"claims": {}})
    with without_drafts(
        opened.desk.package, [SOURCE], "nothing was done"
    ):  # what is committed is in no way
        draft = {"base": 0, "value": lamp()}
        late = opened.ask("coder-2", "PUT", f"work/{SOURCE}/drafts/d1", **draft)
    assert late.json()["error"]["code"] == "busy"


@pytest.mark.slow
def test_a_text_is_not_corrected_once_what_was_committed_of_it_is_dropped(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "d1", lamp())
    opened.finish("coder-1", SOURCE)
    path = f"adjudication/{SOURCE}"
    state = opened.take("adjudicator", "GET", path)["state"]
    state = opened.take("adjudicator", "POST", f"{path}/take-all", state=state)["state"]
    opened.take("adjudicator", "POST", f"{path}/commit", state=state)
    with without_drafts(opened.desk.package, [SOURCE], "nothing was done"):
        pass
    for place in ("claims:1", "codings:1"):
        opened.take("adjudicator", "DELETE", f"open/{place}")
    with (
        pytest.raises(ClaimlogError, match="coder-1 coded it at the desk"),
        without_drafts(opened.desk.package, [SOURCE], "nothing was done"),
    ):
        pass


def test_whoever_took_everything_back_begins_anew_with_a_text_that_was_corrected(
    opened: Opened,
) -> None:
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    path = world.texts / "later.txt"
    later = f"Corrected. {ARTICLE}"
    path.write_text(later, "utf-8")
    rest = ("--text", str(path), "--texts", str(world.texts), "--reason", "Corrected.")
    opened.put("coder-1", SOURCE, "d1", lamp())
    opened.take("coder-1", "DELETE", f"work/{SOURCE}/drafts/d1", base=1)
    assert world.run("correct", SOURCE, *rest).returncode == 0
    found = opened.take("coder-1", "GET", f"work/{SOURCE}")
    assert found["drafts"] == []
    for step in ("undo", "redo"):  # nothing of the text as it was comes back
        refused = opened.ask("coder-1", "POST", f"work/{SOURCE}/{step}", state=found["state"])
        assert refused.status_code == 409
    value = {**lamp(), **passage("dimmed the lamp", later)}
    opened.put("coder-1", SOURCE, "d2", value)
    state = opened.take("coder-1", "POST", f"work/{SOURCE}/undo", state=1)
    assert (state["drafts"], state["can_undo"]) == ([], False)


def test_a_passage_of_a_page_that_was_opened_before_a_correction_is_refused(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its offsets are of the text as it was, and mean other words of the one that is."""
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    later = f"Corrected. {ARTICLE}"
    path = world.texts / "later.txt"
    path.write_text(later, "utf-8")
    rest = ("--text", str(path), "--texts", str(world.texts), "--reason", "Corrected.")
    places = opened.desk.log.require_places(SOURCE)
    assert world.run("correct", SOURCE, *rest).returncode == 0
    refused = opened.ask("coder-1", "PUT", f"work/{SOURCE}/drafts/d1", base=0, value=lamp())
    assert refused.status_code == 409
    assert "choose them anew in the text as it is now" in refused.json()["error"]["message"]
    unnamed = {name: value for name, value in lamp().items() if name != "text_sha256"}
    for wrong in (unnamed, {**lamp(), "text_sha256": 7}):
        answer = opened.ask("coder-1", "PUT", f"work/{SOURCE}/drafts/d1", base=0, value=wrong)
        assert answer.status_code == 400
    # the same of a request that looked at the text just before it was corrected
    with monkeypatch.context() as patched:
        patched.setattr(opened.desk.log, "require_places", lambda _: places)
        refused = opened.ask("coder-1", "PUT", f"work/{SOURCE}/drafts/d1", base=0, value=lamp())
    assert refused.status_code == 409
    assert opened.take("coder-1", "GET", f"work/{SOURCE}")["drafts"] == []
    value = {**lamp(), **passage(LAMP, later)}
    assert opened.put("coder-1", SOURCE, "d1", value)["draft"]["quote"] == LAMP


@pytest.mark.slow
def test_a_source_that_somebody_codes_keeps_its_text_whatever_the_command(opened: Opened) -> None:
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    path = world.texts / "later.txt"
    later = f"Corrected. {ARTICLE}"
    path.write_text(later, "utf-8")
    texts = ("--texts", str(world.texts), "--reason", "Corrected.")
    assert world.run("correct", SOURCE, "--text", str(path), *texts).returncode == 0
    opened.put("coder-1", SOURCE, "d1", {**lamp(), **passage(LAMP, later)})
    earlier = next(one for one in world.texts.iterdir() if one.read_text("utf-8") == ARTICLE)
    rows = world.root / "rows.ndjson"
    rows.write_text(f'{{"source_id": "{SOURCE}", "text": "{earlier}"}}\n', "utf-8")
    for command in (
        ("correct", SOURCE, "--text", str(earlier), *texts),
        ("amend", "source", SOURCE, "--text", str(earlier), *texts),
        ("amend", "source", "--from", str(rows), *texts),
        ("retract", SOURCE, "--reason", "Not needed."),
        ("retract", f"sources/{SOURCE}", "--reason", "Not needed."),
        ("drop", SOURCE, "--with-references"),
    ):
        done = world.run(*command)
        assert done.returncode == 1, command
        assert f"{SOURCE}: coder-1 coded it at the desk" in done.stderr
        assert "nothing was" in done.stderr
    other = ("amend", "source", SOURCE, "--title", "Another", "--reason", "So.")
    assert world.run(*other).returncode == 0
    refused = opened.ask("adjudicator", "DELETE", f"open/{SOURCE}", with_references=True)
    assert refused.status_code == 200  # of the title alone
    refused = opened.ask("adjudicator", "DELETE", f"open/{SOURCE}", with_references=True)
    assert refused.status_code == 422
    assert opened.take("coder-1", "GET", f"work/{SOURCE}")["drafts"]
    opened.take("coder-1", "DELETE", f"work/{SOURCE}/drafts/d1", base=1)
    assert world.run("drop", SOURCE, "--with-references").returncode == 0


def test_drafts_of_a_text_that_is_another_now_are_refused_and_never_shifted(
    opened: Opened,
) -> None:
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    for role in ("coder-1", "coder-2"):
        opened.put(role, SOURCE, "d1", lamp())
    opened.finish("coder-2", SOURCE)
    path = world.texts / "later.txt"
    path.write_text(f"Corrected. {ARTICLE}", "utf-8")
    world.amend("sources", SOURCE, text=str(path), furniture=[])  # as it came from elsewhere
    work = opened.desk.work_folder.work("coder-1", SOURCE)
    before = work.journal.path.read_bytes()
    for answer in (
        opened.ask("coder-1", "GET", f"work/{SOURCE}"),
        opened.ask("coder-1", "PUT", DRAFT, base=0, value=lamp()),
        opened.ask("coder-1", "POST", f"work/{SOURCE}/finish", state=work.journal.state),
        opened.ask("coder-2", "GET", f"work/{SOURCE}"),
    ):
        assert answer.status_code == 409, answer.text
        assert "has another text since" in answer.json()["error"]["message"]
    assert work.journal.path.read_bytes() == before
    decisions = opened.desk.decisions(SOURCE)
    decisions.journal.mark(COMMITTED, {"claims": {}})
    answer = opened.ask("coder-1", "GET", f"work/{SOURCE}")
    assert f"claimlog desk new-pass {SOURCE}" in answer.json()["error"]["message"]
    decisions.journal.path.unlink()
    work.journal.path.unlink()  # moved away, as the message says
    value = {**lamp(), **passage(LAMP, path.read_text("utf-8"))}
    assert opened.put("coder-1", SOURCE, "d2", value)["draft"]


def test_work_on_a_text_whose_source_got_another_number_goes_on_under_that(opened: Opened) -> None:
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    for role in ("coder-1", "coder-2"):
        opened.put(role, SOURCE, "d1", lamp())
    opened.finish("coder-2", SOURCE)
    path = world.texts / "other.txt"
    path.write_text(f"Of others. {ARTICLE}", "utf-8")
    rows = world.package.state / "open" / "sources.ndjson"
    rows.write_text(rows.read_text("utf-8").replace(SOURCE, "S103"), "utf-8")  # as by a rebase
    world.add("sources", [source_row(SOURCE, kind="copy", text=str(path))])
    answer = opened.ask("coder-1", "GET", f"work/{SOURCE}")
    assert answer.status_code == 409
    folder = opened.desk.work_folder.folder("works", "coder-1")
    assert (
        f"rename {world.package.relative(folder)}/{SOURCE}.ndjson to S103.ndjson, and"
        in (answer.json()["error"]["message"])
    )
    for role in ("coder-1", "coder-2"):
        own = opened.desk.work_folder.folder("works", role)
        (own / f"{SOURCE}.ndjson").rename(own / "S103.ndjson")
        assert [one["draft"] for one in opened.take(role, "GET", "work/S103")["drafts"]] == ["d1"]
    opened.finish("coder-1", "S103")
    assert opened.take("adjudicator", "GET", "adjudication/S103")["units"]
