"""Keys that each claim of an article takes when it is coded again at the desk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimlog.log.event_log import Log
from workshop.bench.desk.desk_driver import DeskDriver
from workshop.bench.desk.desk_server import DeskServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROLE = "replay-1"
NOT_CODED = frozenset(("claim_id", "source_id", "start", "end", "word_count", "version", "action"))
STAMPS = frozenset(("recorded_at", "recorded_by", "reason", "credibility"))


def article(log: Log, texts: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the source with the most claims whose text is at hand, and its claims in order."""
    claims = log.live("claims").to_dicts()
    at_hand = {text.stem for text in texts.iterdir()}
    names = sorted({row["source_id"] for row in claims})
    del at_hand
    best = max(names, key=lambda name: sum(row["source_id"] == name for row in claims))
    own = [row for row in claims if row["source_id"] == best]
    return best, sorted(own, key=lambda row: (row["start"], -row["end"]))


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
    numbers = []
    for row in claims:
        span = [places[row["start"]], places[row["end"]]]
        words = page.evaluate("span => claimlogDesk.words.within(span)", span)
        value = {
            name: value
            for name, value in row.items()
            if name not in NOT_CODED | STAMPS and not name.endswith("_sha256")
        }
        numbers.append(driver.code_claim((words[0], words[1]), value))
    page.wait_for_function("() => document.getElementById('saved').dataset.state === 'saved'")
    saved = page.evaluate("() => claimlogDesk.work.drafts.map(one => one.value)")
    context.close()
    return {"source": source, "keys": numbers, "by": dict(driver.keys), "columns": dict(driver.columns), "saved": saved}


def _utf16(text: str) -> list[int]:
    """Return the place of each code point in units of UTF-16."""
    places = [0]
    for sign in text:
        places.append(places[-1] + (2 if ord(sign) > 0xFFFF else 1))
    return places
