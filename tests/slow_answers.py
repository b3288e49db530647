"""Answers of the desk that come late to a page, as on a machine that is slow, or never."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route

WITHHOLD = """([method, end]) => {
    const { fetch } = window;
    const released = new Promise((resolve) => {
        window.release = () => { window.fetch = fetch; resolve(); };
    });
    window.withheld = 0;
    window.fetch = async (url, options) => {
        const answer = await fetch(url, options);
        if (options.method !== method || !url.endsWith(end)) return answer;
        window.withheld += 1;
        await released;
        return answer;
    };
}"""


@contextmanager
def withheld(page: Page, method: str, end: str) -> Iterator[None]:
    """Answers to requests of an address that ends so reach the page when this is left."""
    page.evaluate(WITHHOLD, [method, end])
    yield
    page.wait_for_function("() => window.withheld > 0")
    page.evaluate("() => release()")


def lose_answer(route: Route) -> None:
    """Have a request done, and its answer lost."""
    route.fetch()
    route.abort()


def lose_next_answer(page: Page, path: str) -> None:
    """Have the next request done that changes something there, and its answer lost."""
    lost: list[str] = []

    def handle(route: Route) -> None:
        if lost or route.request.method == "GET":
            route.continue_()
            return
        lost.append(route.request.url)
        lose_answer(route)

    page.route(path, handle)
