"""HTTP for addresses that the user named: bounded in time and size, patient, and discreet.

A token goes to the origins that it is for and to no other, whatever a redirect says, and into no
message. What is safe to repeat is repeated a few times after a fault of the server or the network
that may pass, with growing pauses; anything else raises `WebError` at once: a name that is not
found, a connection that is refused, and what is not safe to repeat, so that the caller looks at
what is there.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from claimlog.errors import ClaimlogError
from claimlog.escaping import plain_line, web_address
from claimlog.interrupt_handler import note_replaced
from claimlog.limits import WEB_ANSWER_BYTES
from claimlog.media_types import BINARY, JSON
from claimlog.web_connections import LEAST_SECONDS, LEAST_SPEED, Connections, PeerError, Reach
from claimlog.web_origins import (
    MESSAGE_LENGTH,
    Token,
    display_address,
    is_loopback,
    joined_address,
    origin,
    parsed_address,
)
from claimlog.web_refusals import REMEDIES, is_lasting, retry_after, service_message

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_SECONDS, IDLE_SECONDS = 10.0, 60.0
"""Longest waits for a connection, and for the next bytes either way."""

TRIES = 4
PAUSES = (1.0, 3.0, 9.0)
"""Seconds before each further try."""

LONGEST_PAUSE = 120.0
"""The longest ``Retry-After`` that is waited for."""

REDIRECTS = 5
PIECE_BYTES = 1 << 18
REPEATABLE = ("GET", "HEAD", "PUT", "DELETE")
"""Methods that do the same when they are sent twice (RFC 9110, 9.2.2)."""


class Sink(Protocol):
    """Where a download goes: a file, or what computes a digest."""

    def write(self, data: bytes, /) -> object: ...

    def seek(self, offset: int, /) -> object: ...

    def truncate(self) -> object: ...

    def tell(self) -> int: ...


Progress = Callable[[int], None]
"""Is told how many more bytes were sent or received."""


class WebError(ClaimlogError):
    """A request failed; ``status`` is None where no answer came."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Upload:
    """A file that is the body of a request."""

    path: Path
    size: int
    media_type: str = BINARY


@dataclass(frozen=True)
class Page:
    """What lies at an address: its bytes, the media type as stated, and its last address."""

    data: bytes
    media_type: str
    address: str


@dataclass
class WebClient:
    """Makes requests one at a time.

    Attributes
    ----------
    token
        What is sent along to its own origins.
    media_type
        The form of JSON that is asked for.
    headers
        Headers of every request.
    reach
        The machines that the first address may lead to; one that a file named may lead to anybody's
        server only.
    seconds
        How long all requests may take together; None for as long as each is fast enough.
    sleep
        Waits some seconds before another try.
    """

    token: Token | None = None
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    reach: Reach = Reach.MACHINE
    seconds: float | None = None
    sleep: Callable[[float], None] = time.sleep
    progress: Progress = lambda _: None
    _connections: Connections = field(init=False, repr=False)
    _clients: dict[bool, httpx.Client] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._connections = Connections(self.seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()

    def _client_for(self, url: str) -> httpx.Client:
        import httpx

        is_here = is_loopback(url)
        if is_here not in self._clients:
            timeout = httpx.Timeout(IDLE_SECONDS, connect=CONNECT_SECONDS)
            # settings of the environment (proxies) are for other machines
            self._clients[is_here] = httpx.Client(
                timeout=timeout, trust_env=not is_here, verify=_tls_context()
            )
        self._clients[is_here].cookies.clear()
        return self._clients[is_here]

    @contextmanager
    def finishing_by(self, moment: float) -> Iterator[None]:
        """End requests that are made meanwhile, with their pauses, by a moment of `time.monotonic`.

        Each byte that comes puts it off.
        """
        self._connections.finish_by(moment)
        try:
            yield
        finally:
            self._connections.finish_by(math.inf)

    @property
    def has_time(self) -> bool:
        """Whether there is time left for requests."""
        return self._connections.has_time_for(0)

    def fetch_json(self, method: str, url: str, body: Any = None) -> Any:
        """Make a request and return the JSON of its answer; None of an empty one.

        Raises
        ------
        WebError
            If it fails, or the answer is larger than `limits.WEB_ANSWER_BYTES` or no JSON.
        """
        data = None if body is None else json.dumps(body).encode("utf-8")
        with self._answer(method, url, data, {"Accept": self.media_type}) as answer:
            text = b"".join(self._body(answer, WEB_ANSWER_BYTES))
        return self._parse(text, method, url)

    def upload(self, method: str, url: str, file: Upload) -> Any:
        """Send a file as the body of a request and return the JSON of the answer.

        Raises
        ------
        WebError
            As `fetch_json` does.
        """
        with self._answer(method, url, file, {"Accept": self.media_type}) as answer:
            text = b"".join(self._body(answer, WEB_ANSWER_BYTES))
        return self._parse(text, method, url)

    def download(self, url: str, target: Sink, most: int, accept: str = "*/*") -> int:
        """Write what lies at an address to a file that is empty; return its size.

        Parameters
        ----------
        most
            Bytes that it may have.

        Raises
        ------
        WebError
            If the request fails, or there is more of it.
        """
        self._download(url, target, most, accept)
        return target.tell()

    def fetch_page(self, url: str, most: int, accept: str = "*/*") -> Page:
        """Return what lies at an address, and where redirects led to; raises as `download` does."""
        target = BytesIO()
        answer = self._download(url, target, most, accept)
        media_type = str(answer.headers.get("content-type", ""))
        return Page(target.getvalue(), media_type, str(answer.request.url))

    def _download(self, url: str, target: Sink, most: int, accept: str) -> httpx.Response:
        """Write the body of an answer to a file that is empty; return the answer, closed."""
        tries = _Tries()
        while True:
            target.seek(0)
            target.truncate()
            try:
                with self._answer("GET", url, None, {"Accept": accept}, tries) as it:
                    for piece in self._body(it, most):
                        target.write(piece)
                        self.progress(len(piece))
                return it
            except WebError as error:
                pause = self._next_pause(tries)
                if error.status is not None or isinstance(error, LastingError) or pause is None:
                    raise
            self.sleep(pause)

    @contextmanager
    def _answer(
        self,
        method: str,
        url: str,
        body: bytes | Upload | None,
        headers: Mapping[str, str],
        tries: _Tries | None = None,
    ) -> Iterator[httpx.Response]:
        """Make a request, again where that is safe, and yield an answer that is a success."""
        tries = tries or _Tries()
        while True:
            tries.count += 1
            self._connections.begin()
            answer, fault = None, None
            try:
                try:
                    if method not in ("GET", "HEAD"):
                        note_replaced()  # it may be done even if no answer comes
                    answer = self._send(method, url, body, headers)
                except WebError as error:
                    fault = error
                if answer is not None and answer.is_success:
                    try:
                        yield answer
                    finally:
                        answer.close()
                    return
                if answer is not None:
                    fault = self._refusal(answer, method, url)
            finally:
                self._connections.end()
            assert fault is not None
            pause = self._pause(fault, answer, method, tries)
            if pause is None:
                raise fault
            self.sleep(pause)

    def _pause(
        self, fault: WebError, answer: httpx.Response | None, method: str, tries: _Tries
    ) -> float | None:
        """Return how long to wait before the request is made again; None where it is not."""
        pause = self._next_pause(tries)
        if pause is None or isinstance(fault, LastingError):
            return None
        if fault.status is None:
            is_repeatable = method in REPEATABLE or isinstance(fault, UnsentError)
            return pause if is_repeatable else None
        if answer is None:
            return None
        stated = retry_after(answer.headers.get("retry-after"))
        was_refused = fault.status == 429 or (fault.status in (403, 503) and stated is not None)
        if not was_refused and not (fault.status >= 500 and method in REPEATABLE):
            return None
        if stated is not None and stated > LONGEST_PAUSE:
            raise WebError(
                f"{fault}; it asks to wait {stated:,.0f} seconds, run this again then", fault.status
            )
        pause = pause if stated is None else stated
        return pause if self._connections.has_time_for(pause) else None

    def _next_pause(self, tries: _Tries) -> float | None:
        """Return the seconds before another try; None if there is none, or no time for it."""
        pause = tries.pause()
        return pause if pause is not None and self._connections.has_time_for(pause) else None

    def _send(
        self, method: str, url: str, body: bytes | Upload | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Send a request and follow redirects of GET; the body of the answer is not read yet."""
        import httpx

        place, most = url, self.reach
        for _ in range(REDIRECTS + 1):
            here = origin(place)
            if parsed_address(place).userinfo:
                raise WebError(
                    f"{display_address(url)}: names an address with a name or password in it, "
                    "which is sent nowhere; look whether it is the address of the service",
                    200,
                )
            sent = {"Accept-Encoding": "identity", **self.headers, **headers}
            if self.token is not None and here in self.token.origins:
                sent["Authorization"] = f"Bearer {self.token.value}"
            content: bytes | Iterator[bytes] | None
            if isinstance(body, Upload):
                sent |= {"Content-Type": body.media_type, "Content-Length": str(body.size)}
                content = self._pieces(body)
            else:
                sent |= {} if body is None else {"Content-Type": JSON}
                content = body
            client = self._client_for(place)
            if self._connections.reach(here) > most:
                raise self._astray(url, place)
            try:
                request = client.build_request(
                    *(method, place),
                    content=content,
                    headers=sent,
                    extensions={"trace": self._connections.trace},
                )
                self._connections.lead_to(here, request.url.raw_host.decode("ascii"), most)
                answer = client.send(request, stream=True, follow_redirects=False, auth=None)
            except PeerError:
                self._require_time(place, method)
                raise self._astray(url, place) from None
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if is_lasting(error):
                    raise LastingError(
                        f"{display_address(place)}: {method} failed "
                        f"({self._excerpt(str(error))}); look at the address"
                    ) from None
                raise UnsentError(self._network_fault(method, place, error)) from None
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                self._require_time(place, method)
                raise WebError(self._network_fault(method, place, error)) from None
            if not answer.is_redirect or method != "GET":
                return answer
            location = self._without_token(str(answer.headers.get("location", "")))
            answer.close()
            most = min(most, self._connections.reach(here))
            place = self._redirect(place, location)
        raise WebError(
            f"{display_address(url)}: leads on more than {REDIRECTS} times; give the "
            "address of the file itself",
            200,
        )

    def _redirect(self, place: str, location: str) -> str:
        target = joined_address(place, location)
        is_lower = place.startswith("https:") and not target.startswith("https:")
        if (
            web_address(target) is None
            or is_lower
            or (is_loopback(target) and not is_loopback(place))
        ):
            raise self._astray(place, target)
        return target

    def _astray(self, place: str, target: str) -> WebError:
        """Return the error for an address that leads on to where nothing is fetched."""
        if place == target:
            return WebError(
                f"{display_address(place)}: is of this machine or of your own network, which a "
                "file may not name",
                200,
            )
        return WebError(
            f"{display_address(place)}: leads on to {display_address(target)}, from "
            "where nothing is fetched; give the address of the file itself",
            200,
        )

    def _require_time(self, url: str, method: str) -> None:
        """Refuse an exchange that was ended because it was too slow."""
        if self._connections.has_expired and not self.has_time:
            most = "it may" if self.seconds is None else f"{self.seconds:g} seconds"
            raise SlowError(
                f"{display_address(url)}: {method} took longer than {most}; run this again later"
            )
        if self._connections.has_expired:
            raise SlowError(
                f"{display_address(url)}: {method} was slower than {LEAST_SPEED // 1000} kB a "
                f"second for {LEAST_SECONDS:.0f} seconds; run this again later"
            )

    def _pieces(self, file: Upload) -> Iterator[bytes]:
        with file.path.open("rb") as handle:
            while piece := handle.read(PIECE_BYTES):
                yield piece
                self._connections.count(len(piece))
                self.progress(len(piece))

    def _body(self, answer: httpx.Response, most: int) -> Iterator[bytes]:
        """Yield the body of an answer, which may have so many bytes and take a time for them."""
        import httpx

        where = display_address(str(answer.request.url))
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise WebError(f"{where}: answers compressed, which was not asked for", 200)
        stated = answer.headers.get("content-length", "")
        if stated.isdecimal() and int(stated[:20]) > most:
            raise WebError(f"{where}: is larger than the {most:,} bytes that are read", 200)
        size, method = 0, answer.request.method
        try:
            for piece in answer.iter_raw():
                size += len(piece)
                if size > most:
                    raise WebError(f"{where}: is larger than the {most:,} bytes that are read", 200)
                self._connections.count(len(piece))
                yield piece
        except (httpx.HTTPError, OSError) as error:
            self._require_time(where, method)
            raise WebError(self._network_fault("GET", where, error)) from None
        self._require_time(where, method)  # what is cut off may look like its end

    def _refusal(self, answer: httpx.Response, method: str, url: str) -> WebError:
        """Return the error for an answer that is no success, with what the service says."""
        message = ""
        with suppress(Exception):
            text = b"".join(self._body(answer, WEB_ANSWER_BYTES))
            message = self._excerpt(service_message(self._parse(text, method, url)))
        answer.close()
        said = f": {message}" if message else ""
        remedy = REMEDIES.get(answer.status_code, "")
        if not remedy and answer.status_code >= 500:
            remedy = "; the service has a fault, run this again later"
        return WebError(
            f"{display_address(url)}: {method} answered {answer.status_code}{said}{remedy}",
            answer.status_code,
        )

    def _network_fault(self, method: str, url: str, error: Exception) -> str:
        what = str(error) or type(error).__name__
        return (
            f"{display_address(url)}: {method} failed ({self._excerpt(what)}); look at the "
            "connection and run this again"
        )

    def _without_token(self, value: Any) -> Any:
        """Return a text or JSON value of a service with the token cut out of it."""
        return self.token.cut_from(value) if self.token else value

    def _excerpt(self, text: str) -> str:
        return plain_line(self._without_token(text))[:MESSAGE_LENGTH]

    def _parse(self, text: bytes, method: str, url: str) -> Any:
        try:
            return self._without_token(json.loads(text)) if text.strip() else None
        except (ValueError, RecursionError):
            raise WebError(
                f"{display_address(url)}: {method} answered what is no JSON; look whether it is "
                "the address of the service",
                200,
            ) from None


class UnsentError(WebError):
    """No connection came about, so nothing was sent."""


class LastingError(WebError):
    """A fault that another try would meet again."""


class SlowError(LastingError):
    """An exchange was cut off because it was too slow; it would be another time."""


@dataclass
class _Tries:
    """How many times a request was made, whatever went wrong."""

    count: int = 0

    def pause(self) -> float | None:
        """Return the seconds before the next time; None if there is none."""
        return None if self.count == TRIES else PAUSES[self.count - 1]


@cache  # reading the certificates of authorities takes as long as some requests
def _tls_context() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()
