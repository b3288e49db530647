"""claimlog keeps an event-sourced dataset of claims.

Claims are appended as immutable event rows, validated, folded into current tables, compiled to
Parquet and SQLite, and served by Datasette. The import contract in pyproject.toml holds the
direction in which its modules read each other.

Programs that use a dataset begin with `open`:

    data = claimlog.open("allied-trust-0.3.0.zip")
    claims = data.table("claims")
    print(data.labels("topic"), data.citation)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from claimlog.dataset.dataset import Dataset

__version__ = "0.4.0.dev0"
"""Version of the tool. The dataset that it keeps has its own, in ``datapackage.json``."""


def open(
    source: str | PathLike[str],
    *,
    check: str = "all",
    key: str | PathLike[str] | None = None,
    index: str | PathLike[str] | None = None,
) -> Dataset:
    """Open the tables of a release or build.

    Parameters
    ----------
    source : str or path
        The zip or directory of a release; a build (``build/``), or a package that has one; or the
        https address of any of these. An address is fetched because it was named, and nothing that
        it names in turn but files of that release: a zip into a temporary directory that goes with
        the object, of a directory with ``check="checksums"`` only the tables that are asked for.
    check : {"all", "checksums"}
        ``"all"`` verifies a release as ``claimlog verify`` does, in a process of its own with
        limits of time and memory, before anything is read. ``"checksums"`` holds the files that are
        read against the release's own list and reads them here without limits: for a release that
        you trust. A build is never verified, only held against the checksums of its descriptor; one
        at an address is therefore opened with ``check="checksums"`` alone.
    key : path, optional
        Public key that must have signed the release; the signature lies beside it.
    index : path, optional
        A package that you trust, whose ``releases/`` must name every file of the release. Without
        `key` or `index` a release is consistent by nobody's word: see `Dataset.verdict`.

    Returns
    -------
    claimlog.dataset.dataset.Dataset
        With ``tables``, ``table(name, library)``, ``labels(column)``, ``citation`` and ``verdict``.

    Raises
    ------
    claimlog.errors.ClaimlogError
        If it is none of these, cannot be fetched, or anything is wrong with it.
    """
    from claimlog.dataset.open_dataset import open_dataset

    return open_dataset(source, check, key, index)
