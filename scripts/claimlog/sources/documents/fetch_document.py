"""Fetches a document from an address that the user named: once, and never again later."""

from __future__ import annotations

from typing import NamedTuple

from claimlog import __version__
from claimlog.errors import ClaimlogError, UsageError
from claimlog.escaping import plain_line, web_address
from claimlog.limits import RAW_BYTES
from claimlog.web_client import WebClient, WebError
from claimlog.web_connections import Reach
from claimlog.web_origins import display_address, parsed_address

ACCEPT = (
    "text/html, application/xhtml+xml, application/pdf, text/plain;q=0.8, "
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document, */*;q=0.1"
)
SAVE = "open it in a browser, save it, and give the file"


class FetchedDocument(NamedTuple):
    """A document of the web: its bytes, its media type as stated, and its address at the end."""

    data: bytes
    media_type: str
    address: str


def is_address(text: str) -> bool:
    """Whether what was given is an address and no file.

    >>> is_address("https://gazette.example/a"), is_address("ftp://a.example"), is_address("a.html")
    (True, True, False)
    """
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme.isalnum() and scheme.isascii()


def fetch_document(
    address: str,
    client: WebClient | None = None,
    is_named_by_file: bool = False,
    seconds: float | None = None,
) -> FetchedDocument:
    """Fetch a document, following redirects.

    It has at most `limits.RAW_BYTES`; how long it may take, and that no redirect leads into a
    private network, see to `claimlog.web_client`.

    Parameters
    ----------
    is_named_by_file
        Whether a file names the address, which may be a stranger's: then it leads to no machine
        of the user's own either.
    seconds
        How long it may take with all tries; None for as long as it is fast enough.

    Raises
    ------
    UsageError
        If it is no address of http or https, or holds a password.
    WebError
        If it cannot be fetched.
    """
    parts = parsed_address(address) if web_address(address) else None
    if parts is None or parts.scheme not in ("http", "https"):
        raise UsageError(
            f"{plain_line(address)[:100]}: is no address of a page; expected https://… or http://…"
        )
    if parts.userinfo:
        raise UsageError(
            f"{parts.host}: an address holds no name or password; save the page, and give the file"
        )
    reach = Reach.ANYBODY if is_named_by_file else Reach.MACHINE
    headers = {"User-Agent": f"claimlog/{__version__}"}
    client = client or WebClient(headers=headers, reach=reach, seconds=seconds)
    try:
        with client:
            page = client.fetch_page(address.partition("#")[0], RAW_BYTES, ACCEPT)
    except WebError as error:
        raise WebError(f"{error}; or {SAVE}", error.status) from error
    if not page.data.strip():
        raise ClaimlogError(
            f"{display_address(address)}: answers nothing; {SAVE.removeprefix('or ')}"
        )
    return FetchedDocument(page.data, page.media_type, page.address)
