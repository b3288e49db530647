"""The HTML of a page of ours, drawn while the server answers others, and up to a length."""

from __future__ import annotations

from claimlog.site.datasette_internals import page_templates
from claimlog.site.drawing_thread import off_the_loop
from claimlog.site.page_answer import PageAnswer, page_context
from claimlog.site.protection.reader_limits import HTML_CHARACTERS
from claimlog.site.store import RowsTooLarge

PIECES = 1_000
"""Pieces of a template, such as a tag or a value, that are joined at a time."""


def page_html(answer: PageAnswer, path: str, twin: str) -> str:
    """Return the HTML of a page.

    Parameters
    ----------
    path, twin
        The paths of the page and of its JSON.

    Raises
    ------
    RowsTooLarge
        If it has more than `HTML_CHARACTERS`.
    """
    datasette = answer.store.datasette
    template = page_templates(datasette).get_template(answer.template)
    stream = template.stream(page_context(answer, path, twin), urls=datasette.urls)
    stream.enable_buffering(PIECES)
    parts: list[str] = []
    left = HTML_CHARACTERS
    for part in stream:
        left -= len(part)
        if left < 0:
            raise RowsTooLarge
        parts.append(part)
    return "".join(parts)


draw_page = off_the_loop(page_html)
