"""Addresses of codes on the page of their code list, of which a long list has several."""

from __future__ import annotations

from urllib.parse import quote

from claimlog.file_names import path_segment

CODES = 300
"""Codes of a list on a page."""

PLACE = "row_number() over (partition by codelist order by rowid) - 1 as place"
"""SQL for the place of a code in its list, from 0, as a column of the table of codes."""


def code_address(codelist: str, code: str, place: int) -> str:
    """Return the path of a page with a code, and where on it the code stands.

    >>> code_address("topic", "trust", 0), code_address("place", "x", CODES)
    ('/codebook/topic#trust', '/codebook/place?page=2#x')
    """
    page = f"?page={place // CODES + 1}" if place >= CODES else ""
    return f"/codebook/{path_segment(codelist)}{page}#{quote(code)}"
