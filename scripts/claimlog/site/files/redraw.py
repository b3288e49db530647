"""Draws the pages of a stranger's release again and compares them, within limits of a process.

Started as a program by `claimlog.release.verify_process`, after its tables were found to be what
its log gives: what is drawn here is drawn from tables that were checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, is_of_the_machine
from claimlog.limited_worker import answer_request
from claimlog.release.checksums import sha256_of_files
from claimlog.release.release_copy import open_copy
from claimlog.release.release_file_names import SITE
from claimlog.site.files.prepared_query import QueryProcess
from claimlog.site.files.release_pages import start_confined_drawing
from claimlog.site.files.site_source import SiteSource
from claimlog.site.files.write import site_files


def differing_pages(
    source: SiteSource, site: Path, queries: QueryProcess | None = None
) -> list[str]:
    """Return the names of the files in `site` that are not what is drawn from `source`.

    Parameters
    ----------
    queries
        The process of the prepared queries, if it runs already.
    """
    digests = sha256_of_files(site)
    differing = []

    async def compare() -> None:
        async for name, data in site_files(source, queries):
            if digests.pop(name, None) != sha256(data).hexdigest():
                differing.append(name)

    asyncio.run(compare())
    return sorted({*differing, *digests})


def _redraw(target: Path, scratch: Path, _: Mapping[str, Any]) -> Mapping[str, Any]:
    with open_copy(target, scratch) as copy:
        try:
            source, queries = start_confined_drawing(copy.folder)
            return {"differing": differing_pages(source, copy.folder / SITE, queries)}
        except Exception as error:
            if is_of_the_machine(error):
                raise
            reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            message = f"{target.name}: its pages cannot be drawn again ({reason})"
            raise ClaimlogError(f"{message}; do not open them") from error


if __name__ == "__main__":
    answer_request(_redraw)
