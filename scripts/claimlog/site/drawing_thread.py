"""A thread in which parts of pages are drawn, so that the event loop answers others meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

DRAWING = ThreadPoolExecutor(1, thread_name_prefix="claimlog-drawing")
"""One thread for all pages: the event loop contends with no more than one."""

Given = ParamSpec("Given")
Drawn = TypeVar("Drawn")


def off_the_loop(draw: Callable[Given, Drawn]) -> Callable[Given, Awaitable[Drawn]]:
    """Return a function that draws in the thread."""

    def draw_in_thread(*args: Given.args, **kwargs: Given.kwargs) -> Awaitable[Drawn]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(DRAWING, partial(draw, *args, **kwargs))

    return draw_in_thread
