"""The pages that rows of the open batch will make, as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from claimlog.desk.preview import write_preview_build
from claimlog.directory_swap import publish_directory
from claimlog.edit.open_rows import OpenRow, entities_named, open_rows
from claimlog.errors import ClaimlogError, suggest
from claimlog.file_names import path_segment
from claimlog.package import Package
from claimlog.release.site_mark import PREVIEW_OF, write_mark
from claimlog.schema.definition import Definition, read_definition
from claimlog.site.entity_links import LABELS
from claimlog.site.files.absent_pages import unlink_absent_pages
from claimlog.site.files.addresses import Address
from claimlog.site.files.publish import require_own_directory
from claimlog.site.files.site_source import SiteSource
from claimlog.site.files.write import write_site
from claimlog.site.served_build import database_of
from claimlog.sources.text import Texts

NOTHING = "nothing was written"
NOTICE = (
    "Preview of the open batch: nothing of this is sealed. Only pages around its rows are here; "
    "names of others are not linked."
)


def write_preview(
    package: Package, texts: Texts | None, out: Path, names: Sequence[str] = ()
) -> dict[str, Path]:
    """Write the pages of open rows to the directory `out`, and the pages that they link to.

    A row without a page of its own, as a link has none, is seen on those of what it refers to.

    Parameters
    ----------
    names
        Identifiers of open rows; all of them by default.

    Returns
    -------
    dict
        By what each page is of, as ``claims/C001-001``, its file.

    Raises
    ------
    ClaimlogError
        If there is no such open row, or `out` holds what no earlier site of ours is.
    FindingsError
        If the log would break a rule.
    """
    definition = read_definition(package)
    rows = _chosen_rows(open_rows(package, definition.streams), names)
    about = {PREVIEW_OF: definition.descriptor["name"]}
    require = partial(require_own_directory, out, about)
    require()
    entities = dict.fromkeys(one for row in rows for one in _entities_with_page(row, definition))
    pages = {
        f"{stream}/{name}": Address(f"/{stream}/{path_segment(name)}") for stream, name in entities
    }
    with TemporaryDirectory(prefix="claimlog-preview-") as name:
        folder = Path(name)
        write_preview_build(package, texts, folder)
        source = SiteSource.of_build(folder, database_of(package, folder))
        with publish_directory(out, str(out), require) as target:
            source = replace(source, copies={}, notice=NOTICE)
            write_site(source, target, pages=[*pages.values()])
            unlink_absent_pages(target)
            write_mark(target, about)
    return {name: out / address.file for name, address in pages.items()}


def _chosen_rows(rows: Sequence[OpenRow], names: Sequence[str]) -> list[OpenRow]:
    if not rows:
        raise ClaimlogError(f"there is no open batch; claimlog add begins one; {NOTHING}")
    known = tuple(row.identifier for row in rows if row.identifier)
    for name in names:
        if not any(row.is_called(name) for row in rows):
            raise ClaimlogError(
                f'the open batch has no row of "{name}"{suggest(name, known)}; claimlog open lists '
                f"them; {NOTHING}"
            )
    return [row for row in rows if not names or any(row.is_called(name) for name in names)]


def _entities_with_page(row: OpenRow, definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield the entity of a row, or those that it refers to where its stream has no pages."""
    with_pages = {*LABELS, *definition.registers}
    if row.entity and row.stream in with_pages:
        yield row.entity
        return
    for stream, name in entities_named(row):
        if stream in with_pages:
            yield stream, name
