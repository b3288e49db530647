"""Texts that options give and that become cells, descriptions and titles: one line of words."""

from __future__ import annotations

from claimlog.escaping import plain_line


def line_flaw(option: str, text: str, most: int) -> str | None:
    """Say that a text is no line of words, or return None.

    Parameters
    ----------
    most
        Characters that it may have.
    """
    if len(text) > most:
        return f"{option}: has {len(text):,} characters, at most {most:,}; shorten it"
    if not text.strip() or plain_line(text) != text:
        return f"{option} {text[:80]!r}: expected some words in one line"
    return None
