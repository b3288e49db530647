"""Applies a delta and draws the pages of what comes of it, as a program within limits.

Started by `claimlog.release.delta_process`. A definition may be a stranger's, and its prepared
queries are run for the pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimlog.limited_worker import answer_request
from claimlog.release.delta_process import answer_apply
from claimlog.release.release_file_names import SITE
from claimlog.site.files.release_pages import start_confined_drawing
from claimlog.site.files.write import write_site


def _draw_site(folder: Path) -> None:
    source, queries = start_confined_drawing(folder)
    write_site(source, folder / SITE, queries)


def _apply(base: Path, scratch: Path, request: Mapping[str, Any]) -> Mapping[str, Any]:
    return answer_apply(base, scratch, request, _draw_site)


if __name__ == "__main__":
    answer_request(_apply)
