"""Keys that each claim of an article takes when it is coded again at the desk."""

from __future__ import annotations

from collections import Counter
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


def article(log: Log, texts: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the source with the most claims of those whose text is at hand, and its claims.

    Raises
    ------
    ClaimlogError
        If no text of a source with claims is at hand.
    """
    claims = log.live("claims").to_dicts()
    found = Texts(texts)
    hashes = {row["source_id"]: row["text_sha256"] for row in log.live("sources").to_dicts()}
    counts = Counter(row["source_id"] for row in claims)
    at_hand = [name for name in sorted(counts) if found.get(hashes[name]) is not None]
    if not at_hand:
        raise ClaimlogError(f"bench desk: no text of a coded source is in {texts}")
    chosen = max(at_hand, key=lambda name: (counts[name], name))
    own = [row for row in claims if row["source_id"] == chosen]
    return chosen, sorted(own, key=lambda row: (row["start"], -row["end"]))


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
