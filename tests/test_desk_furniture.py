"""Page furniture that is marked by hand after a text was registered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import World
from desk_client import FURNITURE, Opened, claim_value, desk_of, offsets

SOURCE = "S102"
PATH = f"sources/{SOURCE}"
NAVIGATION = {"utf16": offsets(FURNITURE), "kind": "navigation"}
HEADING = {"utf16": offsets("Lighthouse keepers at odds"), "kind": "heading"}
QUOTE = {"utf16": offsets("“We were never asked”, a pilot from Sudland said."), "kind": "related"}


@pytest.fixture
def opened(registered: World, tmp_path: Path) -> Iterator[Opened]:
    desk = desk_of(registered, tmp_path)
    yield desk
    desk.close()


def state(opened: Opened, role: str = "adjudicator") -> dict[str, Any]:
    return opened.take(role, "GET", PATH)


def mark(opened: Opened, role: str, *furniture: dict[str, Any], **given: Any) -> httpx.Response:
    version = state(opened)["source"]["version"]
    body = {"version": version, "furniture": [*furniture], **given}
    return opened.ask(role, "PUT", f"{PATH}/furniture", **body)


def test_a_coder_marks_more_before_anybody_else_codes_and_who_decides_afterwards(
    opened: Opened,
) -> None:
    answer = mark(opened, "coder-1", NAVIGATION, HEADING)
    assert answer.status_code == 200, answer.text
    spans = [one["utf16"] for one in answer.json()["text"]["furniture"]]
    assert spans == [HEADING["utf16"], NAVIGATION["utf16"]]
    assert answer.json()["source"]["version"] == 2
    snapped = opened.ask("coder-2", "POST", f"{PATH}/snap", utf16=HEADING["utf16"])
    assert "page furniture" in snapped.json()["error"]["message"]
    opened.put("coder-2", SOURCE, "a", claim_value("use the strait", "Boats pass there."))
    refused = mark(opened, "coder-1", NAVIGATION)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "closed")
    assert not state(opened, "coder-1")["may_mark_furniture"]
    assert mark(opened, "adjudicator", NAVIGATION).status_code == 200


@pytest.mark.slow
def test_claims_that_would_lie_in_it_are_refused_and_nothing_of_others_is_told(
    opened: Opened,
) -> None:
    said = claim_value("“We were never asked”", "A mariner says nobody consulted them.")
    opened.put("coder-1", SOURCE, "a", said)
    own = mark(opened, "coder-1", NAVIGATION, QUOTE)
    assert (own.status_code, "We were never asked" in own.text) == (422, True)
    # while others code, who decides learns nothing of where their claims are
    assert mark(opened, "adjudicator", NAVIGATION, QUOTE).status_code == 200
    found = opened.take("coder-1", "GET", f"work/{SOURCE}/findings")
    assert [one["rule"] for one in found["findings"]["a"]] == ["span-furniture"]
    assert mark(opened, "adjudicator", NAVIGATION).status_code == 200
    opened.finish("coder-1", SOURCE)
    refused = mark(opened, "adjudicator", NAVIGATION, QUOTE)
    assert (refused.status_code, "We were never asked" in refused.text) == (422, True)
    path = f"adjudication/{SOURCE}"
    decided = opened.take("adjudicator", "POST", f"{path}/take-all", state=0)
    opened.take("adjudicator", "POST", f"{path}/commit", state=decided["state"])
    assert mark(opened, "adjudicator", NAVIGATION, QUOTE).status_code == 422
    claims = opened.take("adjudicator", "GET", f"{PATH}/claims")["claims"]
    assert [(one["claim_id"], one["is_open"]) for one in claims] == [("C102-001", True)]
    assert opened.ask("coder-1", "GET", f"{PATH}/claims").status_code == 403


def test_a_sealed_source_is_amended_with_a_reason_by_who_decides(opened: Opened) -> None:
    opened.take("adjudicator", "POST", "seal", slug="text", title="A text", method="By hand.")
    assert state(opened)["sealed"]
    assert mark(opened, "coder-1", NAVIGATION, HEADING).status_code == 409
    silent = mark(opened, "adjudicator", NAVIGATION, HEADING)
    assert (silent.status_code, "say why" in silent.text) == (400, True)
    answer = mark(opened, "adjudicator", NAVIGATION, HEADING, reason="The heading was missed.")
    assert answer.status_code == 200, answer.text
    rows = opened.take("adjudicator", "GET", "open")["rows"]
    assert [(row["id"], row["action"], row["version"]) for row in rows] == [(SOURCE, "amend", 2)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("furniture", "status"),
    [
        ([NAVIGATION], 422),  # nothing changes
        ([{"utf16": [5, 5], "kind": "navigation"}], 422),
        ([{"utf16": [0, 99_999], "kind": "navigation"}], 422),
        ([{"utf16": [-4, 9], "kind": "navigation"}], 422),
        ([{"utf16": [0, 9], "kind": "wallpaper"}], 422),
        ([{"utf16": [0, 9], "kind": ["navigation"]}], 400),
        ([{"utf16": [0, True], "kind": "navigation"}], 400),
        ([NAVIGATION, {**NAVIGATION, "kind": "related"}], 422),  # one over the other
        ([7], 400),
        ([NAVIGATION] * 1001, 400),
    ],
)
def test_what_is_no_furniture_is_refused_and_nothing_is_written(
    opened: Opened, furniture: list[Any], status: int
) -> None:
    answer = mark(opened, "adjudicator", *furniture)
    assert answer.status_code == status, answer.text
    assert state(opened)["source"]["version"] == 1


def test_a_coder_is_told_which_kind_there_is_not(opened: Opened) -> None:
    answer = mark(opened, "coder-1", {"utf16": [0, 9], "kind": "wallpaper"})
    assert answer.status_code == 422
    [finding] = answer.json()["error"]["findings"]
    assert '"kind" is "wallpaper"' in finding["message"]


def test_who_marks_on_a_state_that_is_no_longer_the_last_is_told(opened: Opened) -> None:
    assert mark(opened, "adjudicator", NAVIGATION, HEADING).status_code == 200
    late = opened.ask("adjudicator", "PUT", f"{PATH}/furniture", version=1, furniture=[])
    assert (late.status_code, late.json()["error"]["current"]["source"]["version"]) == (409, 2)
