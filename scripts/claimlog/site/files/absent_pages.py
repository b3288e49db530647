"""Links to pages that a site does not hold, as a preview holds those around some rows only."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

from claimlog.site.files.links import ATTRIBUTES_BEFORE

LINK = re.compile(rf'(<a\b{ATTRIBUTES_BEFORE})\shref="([^"]*)"')
"""The beginning of a link and its address."""

ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)


def unlink_absent_pages(folder: Path) -> None:
    """Take the address from every link of a site to a file that is not there; its words stay."""
    found: dict[Path, bool] = {}

    def exists(path: Path) -> bool:
        if path not in found:
            # Path.exists raises where a name is too long
            found[path] = os.path.exists(path)  # noqa: PTH110
        return found[path]

    for page in folder.rglob("*.html"):

        def link(match: re.Match[str], page: Path = page) -> str:
            address = match[2].partition("#")[0].partition("?")[0]
            if not address or ELSEWHERE.match(address) or exists(page.parent / unquote(address)):
                return match[0]
            return match[1]

        page.write_text(LINK.sub(link, page.read_text("utf-8")), "utf-8")
