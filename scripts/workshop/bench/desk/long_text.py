"""How soon a key is seen on the page of a text of 60,000 words with 3,000 claims."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

from workshop.bench.desk.desk_server import DeskServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

WORDS, CLAIMS = 60_000, 3_000
ROUNDS = 8
NOT_REPORTED_MS = 8
"""The browser reports no event that took less than 16 ms; these count as half of that."""

VOCABULARY = (
    *("harbour", "pact", "minister", "letter", "pilots", "tide", "tables", "Norland", "Belmark"),
    *("said", "that", "sharing", "stopped", "officers", "chart", "ships", "winter", "halt"),
    *("partner", "wide", "old", "of", "the", "in", "and", "to", "a"),
)
WATCH = (
    "window.times = []; new PerformanceObserver(list => { for (const one of list.getEntries()) "
    "if (one.name === 'keydown') window.times.push(one.duration) })"
    ".observe({type: 'event', durationThreshold: 16, buffered: true})"
)
VALUE = {"statement": "A statement.", "content": "event", "voice": "author", "modality": "actual"}


def long_text(seed: int = 7) -> str:
    """Return a text without meaning, in paragraphs."""
    pick = random.Random(seed)
    paragraphs, words = [], 0
    while words < WORDS:
        sentences = []
        for _ in range(pick.randint(2, 6)):
            length = pick.randint(8, 28)
            words += length
            sentences.append(" ".join(pick.choices(VOCABULARY, k=length)).capitalize() + ".")
        paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs)


def many_drafts(content: str, seed: int = 7) -> tuple[list[int], list[dict[str, Any]]]:
    """Return the words of a text, and drafts of claims that overlap."""
    pick = random.Random(seed)
    words = [match.span() for match in re.finditer(r"\w+", content)]
    drafts = []
    for number in range(CLAIMS):
        first = number * (len(words) // CLAIMS) + pick.randint(0, 5)
        last = min(first + pick.randint(5, 26), len(words) - 1)
        drafts.append(_draft(f"d{number}", number + 1, words[first][0], words[last][1], VALUE))
    drafts.sort(key=lambda one: (one["span"]["start"], -one["span"]["end"]))
    return [place for span in words for place in span], drafts


def _draft(name: str, rev: int, start: int, end: int, value: dict[str, Any]) -> dict[str, Any]:
    span = {"start": start, "end": end, "utf16": [start, end]}
    return {"draft": name, "rev": rev, "span": span, "quote": "", "value": value}


def key_times(browser: Browser, server: DeskServer, role: str, source: str) -> dict[str, Any]:
    """Code in the long text, and return the milliseconds from each key to what is painted.

    The text and its drafts are the bench's own, and so are the answers to what is saved: what is
    measured is the page.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    _answer_for_server(page, source)
    page.add_init_script(WATCH)
    page.goto(server.address(role))
    page.goto(f"{server.base}/{role}/code/{source}")
    page.wait_for_function(f"() => window.claimlogDesk?.work.drafts.length === {CLAIMS}")
    page.evaluate(
        "() => { window.times.length = 0; const {cursor, text} = claimlogDesk; "
        "cursor.startAt(text.content.length / 2); cursor.focus() }"
    )
    keys = 0
    for _ in range(ROUNDS):
        keys += _press(page, ["a", "j", *"They wrote often.", "Enter", *"1111", "Escape"])
        keys += _press(page, ["Alt+ArrowDown"] * 6 + ["Escape"] + ["ArrowDown"] * 4)
        keys += _press(page, ["Shift+ArrowRight"] * 4 + ["Escape", " "])
    page.wait_for_timeout(300)
    slow = page.evaluate("() => window.times")
    context.close()
    times = sorted([*slow, *[NOT_REPORTED_MS] * (keys - len(slow))])
    return {
        "keys": len(times),
        "median_ms": times[len(times) // 2],
        "p95_ms": times[int(0.95 * len(times))],
        "max_ms": times[-1],
    }


def _press(page: Page, keys: list[str]) -> int:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(40)
    return len(keys)


def _answer_for_server(page: Page, source: str) -> None:
    content = long_text()
    words, drafts = many_drafts(content)
    text: dict[str, Any] = {
        "content": content,
        "words": words,
        "furniture": [],
        "utf16_length": len(content),
    }
    row = {"source_id": source, "title": "A long text", "language": "en"}
    work: dict[str, Any] = {
        "state": CLAIMS,
        "finished": False,
        "commitment": None,
        "can_undo": True,
    }
    work |= {"can_redo": False, "drafts": drafts, "registered": []}
    state = [CLAIMS]

    def save(route: Route) -> None:
        value = json.loads(route.request.post_data or "{}")["value"]
        start, end = value.pop("utf16")
        state[0] += 1
        name = route.request.url.rpartition("/")[2]
        saved = {"draft": _draft(name, state[0], start, end, value), "state": state[0]}
        route.fulfill(json={**saved, "can_undo": True, "can_redo": False})

    page.route(f"**/api/work/{source}", lambda route: route.fulfill(json=work))
    page.route("**/drafts/**", save)
    page.route("**/findings**", lambda route: route.fulfill(json={"findings": {}}))
    page.route("**/own-words", lambda route: route.fulfill(json={"limit": 8, "runs": []}))
    page.route(
        f"**/api/sources/{source}", lambda route: route.fulfill(json={"source": row, "text": text})
    )
