"""Pages that a site has whether or not another one leads to them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from claimlog.file_names import path_segment
from claimlog.site.datasette_internals import canned_queries
from claimlog.site.entity_links import stream_labels
from claimlog.site.files.addresses import Address
from claimlog.site.page_list import site_pages
from claimlog.site.pages.documentation import documentation_folder
from claimlog.site.store import Store


async def first_addresses(datasette: Any) -> list[Address]:
    """Return the start, the pages without identifiers, and those of all that can be cited.

    A claim that was retracted is on no list, and its address stays.
    """
    addresses: list[Address] = []
    has_documentation = documentation_folder(Store.latest(datasette)) is not None
    pages = [
        page
        for page in site_pages(datasette)
        if "(" not in page.pattern
        and not page.is_document  # pages lead to documents
        and (has_documentation or page.file_state is None)
    ]
    for name in sorted(datasette.databases, key=lambda name: (len(name), name)):
        if name.startswith("_"):
            continue
        store = Store(datasette, name)
        if store.release is None:
            addresses.append(Address(""))
            queries = await canned_queries(datasette, name)
            addresses += [Address(f"/queries/{quote(query)}") for query in sorted(queries)]
        addresses += [
            Address(f"{store.prefix}{page.pattern}")
            for page in pages
            if store.release is None or page.in_releases
        ]
        addresses += await _entities(store)
    return addresses


async def _entities(store: Store) -> list[Address]:
    """Return the pages of all entities, in the order of their identifiers."""
    addresses = []
    tables = await store.tables()
    for stream, (key, _) in sorted((await stream_labels(store)).items()):
        holding = (
            name for name in (f"{stream[:-1]}_versions", stream) if key in tables.get(name, ())
        )
        for table in list(holding)[:1]:
            rows = await store.rows(f'select distinct "{key}" as id from "{table}" order by 1')
            addresses += [
                Address(f"{store.prefix}/{stream}/{path_segment(str(row['id']))}") for row in rows
            ]
    return addresses
