"""The SHA-256 of a file as a service gives it back: what is there is what was published."""

from __future__ import annotations

from hashlib import sha256

from claimlog.errors import ClaimlogError
from claimlog.release.publishing.published_files import PublishedFile
from claimlog.web_client import WebClient


class DigestSink:
    """Takes a download and remembers its size and SHA-256 alone."""

    def __init__(self) -> None:
        self.truncate()

    def write(self, data: bytes, /) -> None:
        self._size += len(data)
        self._digest.update(data)

    def seek(self, _: int, /) -> None:
        """Nothing to do: `truncate` begins anew."""

    def truncate(self) -> None:
        self._size, self._digest = 0, sha256()

    def tell(self) -> int:
        return self._size

    @property
    def hex(self) -> str:
        return self._digest.hexdigest()


def require_digest(
    client: WebClient, url: str, file: PublishedFile, where: str, accept: str = "*/*"
) -> None:
    """Download a file and hold it against the one that was published.

    Raises
    ------
    ClaimlogError
        If it cannot be downloaded or is another one.
    """
    sink = DigestSink()
    client.download(url, sink, file.size, accept)
    if sink.hex != file.sha256:
        raise ClaimlogError(
            f"{where}: {file.name} there has SHA-256 {sink.hex[:16]}…, published was "
            f"{file.sha256[:16]}…; do not publish it, delete the file there and run this again"
        )
