"""Searches with their right answers, from ``searches.json``, and how a page is held to them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from conftest import ROOT, Get

SEARCHES: dict[str, Any] = json.loads((ROOT / "tests" / "searches.json").read_text("utf-8"))


def search_answer(get: Get, text: str) -> dict[str, Any]:
    """Return where a search leads, or its results as KIND/ID in the order of the page."""
    page = get(f"/search?q={quote(text, safe='')}")
    if page.status_code == 302:
        return {"leads_to": page.headers["location"], "results": [], "suggestion": None}
    assert page.status_code == 200, text
    data = get(f"/search.json?q={quote(text, safe='')}").json()
    entries = [*data["named"], *(one for group in data["groups"] for one in group["results"])]
    results = [f"{one['kind']}/{one['id']}" for one in entries]
    results += [f"claims/{one['claim_id']}" for one in data["claims"]["results"]]
    paths = [*(one["path"] for one in entries)]
    assert all(f'href="{path.replace("&", "&amp;")}"' in page.text for path in paths), text
    if not results:
        assert "nothing near it" in page.text, text
    return {"leads_to": None, "results": results, "suggestion": data["suggestion"]}


def check_search(get: Get, expected: dict[str, Any]) -> None:
    """Assert that a search of a server finds what its reader wants."""
    check_answer(search_answer(get, expected["q"]), expected)


def check_answer(answer: dict[str, Any], expected: dict[str, Any]) -> None:
    """Assert that an answer, of a server or of files, is what its reader wants."""
    results = answer["results"]
    assert answer["leads_to"] == expected.get("leads_to"), answer
    assert answer["suggestion"] == expected.get("suggestion", answer["suggestion"]), answer
    assert expected.get("first", "") in ("", *results[:1]), answer
    assert {*expected.get("among", ())} <= {*results}, answer
    if expected.get("nothing"):
        assert not results, answer
    else:
        assert results or answer["leads_to"], answer
