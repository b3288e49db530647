"""A build opened for drawing its pages, in this process and without a server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claimlog.site.served_build import SERVED, ServedBuild
from claimlog.site.server_command import SETTINGS

SQL_MILLISECONDS = 3_600_000
"""Time of a query: what is drawn must not depend on how fast the machine is."""


async def open_build(
    folder: Path, database: Path, releases: Sequence[Path] = (), origin: Path | None = None
) -> Any:
    """Return a Datasette of a build and of releases beside it, ready to draw pages.

    Parameters
    ----------
    folder
        The build, with what it says for Datasette in ``datasette/``.
    origin
        The directory that the build was linked from, if `folder` is not it.
    """
    from datasette.app import Datasette

    about = folder / "datasette"
    datasette = Datasette(
        [],
        immutables=[str(database), *map(str, releases)],
        inspect_data=json.loads((about / "inspect.json").read_bytes()),
        metadata=json.loads((about / "metadata.json").read_bytes()),
        settings={
            **{name: int(value) for name, value in SETTINGS.items()},
            "sql_time_limit_ms": SQL_MILLISECONDS,
            "num_sql_threads": 0,  # a thread would only be waited for
        },
    )
    SERVED[datasette] = ServedBuild(folder, origin or folder)
    await datasette.invoke_startup()
    return datasette
