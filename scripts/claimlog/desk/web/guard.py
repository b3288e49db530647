"""What is checked of a request before anything reads it: who asks, from where, and how much."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from claimlog.desk.request_error import ABSENT, LARGE, MALFORMED, ORIGIN, TOKEN, RequestError
from claimlog.desk.web.request import Answer, redirect
from claimlog.site.protection.host_names import LOOPBACK, wrong_host_refusal
from claimlog.site.protection.reader_limits import PATH_BYTES, QUERY_BYTES
from claimlog.site.protection.refusals import REFUSED_BYTES, raw_path
from claimlog.site.protection.security_headers import HEADERS

Scope = Mapping[str, Any]
Headers = Mapping[bytes, bytes]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    **{name.decode(): value.decode() for name, value in HEADERS.items()},
    "content-security-policy": POLICY,
    "cache-control": "no-store",
}
MARK = b"claimlog-desk"
"""Header in which a page says of which desk it is."""

DEFINITION = b"claimlog-definition"
"""Header in which a page says by which version of the definition it was made."""

ONCE = (
    b"host",
    b"origin",
    b"cookie",
    b"content-type",
    b"content-length",
    b"sec-fetch-site",
    MARK,
    DEFINITION,
)
"""Headers that are read: a browser sends each once, and two could say two things."""

READING = ("GET", "HEAD")
WRITING = ("POST", "PUT", "DELETE")
TOKEN_NAME = re.compile(r"[A-Za-z0-9_-]{16,128}")
TOKEN_REMEDY = "this needs the start address that claimlog desk printed for the role; open it again"
MARK_REMEDY = (
    "this page is of another desk than the one that runs here now; start its own again, and open "
    "the start address that it prints (if its package was moved or restored, reload the page)"
)


def check_request(scope: Scope, headers: Headers) -> None:
    """Refuse a request that no page of the desk makes.

    Raises
    ------
    RequestError
        If it is meant for another server, comes from another site's page, is too long, or takes
        a method that there is not.
    """
    path, query = raw_path(scope), scope.get("query_string") or b""
    if scope["method"] not in (*READING, *WRITING):
        raise RequestError(ABSENT, f"nothing here takes {scope['method'][:20]}")
    if len(path) > PATH_BYTES or len(query) > QUERY_BYTES:
        raise RequestError(LARGE, "the address is too long")
    if REFUSED_BYTES.search(path) or path.startswith(b"//"):
        raise RequestError(MALFORMED, "the address has characters that none has")
    if b"host" not in headers or wrong_host_refusal(scope, LOOPBACK):
        raise RequestError(ORIGIN, "the desk answers to 127.0.0.1 and localhost only")
    _check_origin(scope["method"], headers, headers[b"host"])
    names = [name.lower() for name, _ in scope["headers"]]
    if any(names.count(name) > 1 for name in ONCE):
        raise RequestError(MALFORMED, "a header is there twice")
    if b"transfer-encoding" in headers:
        raise RequestError(MALFORMED, "the length of the body is not stated")


def _check_origin(method: str, headers: Headers, host: bytes) -> None:
    """Refuse what a page of another site sends: by its origin, and by what browsers say of it."""
    origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
    is_own = origin == b"http://" + host
    if method in WRITING and not is_own:
        raise RequestError(ORIGIN, "a change is taken from the desk's own pages only")
    if origin is not None and not is_own:
        raise RequestError(ORIGIN, "the request comes from another site's page")
    if site is not None and site not in (b"same-origin", b"none"):
        raise RequestError(ORIGIN, "the request comes from another site's page; type the address")


def cookie_name(headers: Headers) -> str:
    """Return the name of the cookie: browsers tell ports of a host not apart, so the name does."""
    _, _, port = headers.get(b"host", b"").decode("latin-1").rpartition(":")
    return f"claimlog-desk-{port if port.isdecimal() else 80}"


def require_token(headers: Headers, token: str, mark: str) -> None:
    """Refuse a request without the cookie of the role, or of a page of another package's desk.

    Whatever runs on another port of the host can set cookies beside it, odd ones too, and others of
    its name. A page that is open is sent the cookie of whichever desk was entered last.

    Raises
    ------
    RequestError
        If it has none, or another one, or the page says that it is of another desk.
    """
    own = f"{cookie_name(headers)}={token}".encode()
    given = [one.strip() for one in headers.get(b"cookie", b"").split(b";")]
    if not any(secrets.compare_digest(one, own) for one in given):
        raise RequestError(TOKEN, TOKEN_REMEDY)
    if headers.get(MARK, own_mark := mark.encode()) != own_mark:
        raise RequestError(TOKEN, MARK_REMEDY)


def start(headers: Headers, role: str, token: str, given: str) -> Answer:
    """Answer a start address: the cookie of the role, and its first page.

    Raises
    ------
    RequestError
        If the token is another one.
    """
    if not TOKEN_NAME.fullmatch(given) or not secrets.compare_digest(given, token):
        raise RequestError(TOKEN, TOKEN_REMEDY)
    cookie = f"{cookie_name(headers)}={token}; Path=/{role}/; HttpOnly; SameSite=Strict"
    return redirect(f"/{role}/", ("Set-Cookie", cookie))


def require_content_type(method: str, headers: Headers, content_type: bytes) -> None:
    """Refuse a change whose body is of another kind: no form of another site can send this one.

    Raises
    ------
    RequestError
        If the body is said to be of another kind.
    """
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if method in WRITING and kind != content_type:
        raise RequestError(MALFORMED, f"the body is to be {content_type.decode()}")
