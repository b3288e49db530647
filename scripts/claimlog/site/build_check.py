"""What the database of a build must be before its pages are drawn or served.

A stranger may have made it. It is asked for every page, so that a view in it could answer without
end.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.package import DESCRIPTOR
from claimlog.release.plain_database import require_plain_database
from claimlog.release.walk_release import require_solid_file
from claimlog.site.build_tree import REMEDY
from claimlog.site.served_build import ServedBuild
from claimlog.site.sound_database import StatedRows, require_sound_database


def require_build_database(build: ServedBuild, database: Path) -> None:
    """Refuse the database of a build if it computes something, is damaged, or has other rows.

    Raises
    ------
    ClaimlogError
        With the first flaw.
    """
    shown = str(build.origin / database.name)
    require_solid_file(database, shown, REMEDY)
    rows = StatedRows(_stated_rows(build.descriptor), DESCRIPTOR)
    if not rows.rows:
        place = build.origin / DESCRIPTOR
        raise ClaimlogError(f"{place}: cannot be read, or states no table; {REMEDY}")
    # first by a process of its own: reading the list of its tables may never end
    require_sound_database(database, shown, rows, REMEDY)
    require_plain_database(database, shown, REMEDY)


def _stated_rows(descriptor: Mapping[str, Any]) -> dict[str, object]:
    """Return the numbers of rows that the descriptor of a build states, by table."""
    resources = descriptor.get("resources")
    return {
        str(one.get("name")): one["rows"]
        for one in (resources if isinstance(resources, list) else ())
        if isinstance(one, dict) and "rows" in one
    }
