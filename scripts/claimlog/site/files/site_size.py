"""How many pages, files and bytes a site has, and how many it may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class SiteSize:
    """How many pages and bytes were written."""

    pages: int = 0
    files: int = 0
    bytes: int = 0

    def add(self, size: int, most: int | None) -> None:
        """Count a file of so many bytes.

        Raises
        ------
        TooManyBytesError
            If all have more than `most` together.
        """
        self.files += 1
        self.bytes += size
        if most is not None and self.bytes > most:
            raise TooManyBytesError


class TooManyBytesError(Exception):
    """The files of a site have more bytes together than they may."""
