"""Keys that each claim of an article takes when it is coded again at the desk."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.sources.text import Texts
from workshop.bench.desk.desk_driver import DeskDriver
from workshop.bench.desk.desk_server import DeskServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROLE = "replay-1"
NOT_GIVEN = frozenset(("start", "end", "source_id", "note"))
"""Columns that the passage gives, and the note, which is a comment beside what is coded."""


def articles(log: Log, texts: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the sources with claims whose text is at hand, each with its claims in order.

    Raises
    ------
    ClaimlogError
        If there is none.
    """
    found = Texts(texts)
    hashes = {row["source_id"]: row["text_sha256"] for row in log.live("sources").to_dicts()}
    claims = [
        row
        for row in log.live("claims").to_dicts()
        if found.get(hashes[row["source_id"]]) is not None
    ]
    if not claims:
        raise ClaimlogError(f"bench desk: no text of a coded source is in {texts}")
    claims.sort(key=lambda row: (row["source_id"], row["start"], -row["end"]))
    return {name: [*own] for name, own in groupby(claims, key=lambda row: row["source_id"])}


def replay_claims(
    browser: Browser, server: DeskServer, source: str, claims: list[dict[str, Any]]
) -> dict[str, Any]:
    """Code all claims of a source by keys alone; return the keys of each."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(server.address(ROLE))
    page.goto(f"{server.base}/{ROLE}/code/{source}")
    page.wait_for_function("() => window.claimlogDesk && claimlogDesk.cursor.hasFocus")
    driver = DeskDriver(page)
    places = _utf16(page.evaluate("() => claimlogDesk.text.content"))
    asked = page.evaluate("() => claimlogDesk.record.fields.map(one => one.column)")
    numbers = []
    for row in claims:
        span = [places[row["start"]], places[row["end"]]]
        words = page.evaluate("span => claimlogDesk.words.within(span)", span)
        value = {name: row[name] for name in asked if name not in NOT_GIVEN}
        numbers.append(driver.code_claim((words[0], words[1]), value))
    page.wait_for_function("() => document.getElementById('saved').dataset.state === 'saved'")
    saved = page.evaluate("() => claimlogDesk.work.drafts.map(one => one.value)")
    context.close()
    return {
        "source": source,
        "keys": numbers,
        "by": dict(driver.keys),
        "columns": dict(driver.columns),
        "saved": saved,
    }


def _utf16(text: str) -> list[int]:
    """Return the place of each code point in units of UTF-16."""
    places = [0]
    for sign in text:
        places.append(places[-1] + (2 if ord(sign) > 0xFFFF else 1))
    return places
