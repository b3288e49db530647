"""The address, template and module of every page of a dataset, in the order of routes.

To add a page, write its module in `pages` and its template, enter it here, and the first part of
its address in `SITE_NAMES` of `schema/topic_pages.py`, which no page of a package may take; what
is in the menu stands in `menu.py` too. The pages that a package asks for, and those of its
registers, come behind these (`site_pages`).
"""

from __future__ import annotations

from typing import Any

from claimlog.site.page import ONE, Page
from claimlog.site.pages import (
    actor,
    actors,
    annotation,
    as_of,
    claim,
    claims,
    codebook,
    disputes,
    documentation,
    downloads,
    facts,
    feeds,
    home,
    incidents,
    measure_cell,
    measures,
    origins,
    package_pages,
    quality,
    register,
    releases,
    search,
    source,
    sources,
)

PAGES = (
    Page(r"(?:/index|/(?=\.json))?", "claimlog_home.html", home.home),
    Page("/claims", "claimlog_claims.html", claims.claims, in_releases=True, has_csv=True),
    Page(
        rf"/claims/(?P<claim_id>{ONE})\.jsonld",
        "claimlog_not_found.html",
        annotation.annotation,
        in_releases=True,
        is_document=True,
    ),
    Page(f"/claims/(?P<claim_id>{ONE})", "claimlog_claim.html", claim.claim, in_releases=True),
    Page("/sources", "claimlog_sources.html", sources.sources, in_releases=True),
    Page(f"/sources/(?P<source_id>{ONE})", "claimlog_source.html", source.source, in_releases=True),
    Page("/actors", "claimlog_actors.html", actors.actors, in_releases=True),
    Page(f"/actors/(?P<actor_id>{ONE})", "claimlog_actor.html", actor.actor, in_releases=True),
    Page(
        "/incidents",
        "claimlog_incidents.html",
        incidents.incidents,
        in_releases=True,
        has_csv=True,
    ),
    Page(
        f"/incidents/(?P<incident_id>{ONE})",
        "claimlog_incident.html",
        incidents.incident,
        in_releases=True,
    ),
    Page("/measures", "claimlog_measures.html", measures.measures, in_releases=True),
    Page(
        f"/measures/(?P<ally>{ONE})/(?P<measure>{ONE})",
        "claimlog_measures.html",
        measure_cell.measure_of_actor,
        in_releases=True,
    ),
    Page(
        "/disputes",
        "claimlog_disputes.html",
        disputes.disputes,
        in_releases=True,
        file_parameters=("relation", "page"),
    ),
    Page("/facts", "claimlog_facts.html", facts.facts, in_releases=True),
    Page(f"/facts/(?P<fact_id>{ONE})", "claimlog_facts.html", facts.fact, in_releases=True),
    Page("/origins", "claimlog_origins.html", origins.origins, in_releases=True),
    Page("/codebook", "claimlog_codebook.html", codebook.codebook, in_releases=True),
    Page(
        f"/codebook/(?P<codelist>{ONE})",
        "claimlog_codelist.html",
        codebook.codelist,
        in_releases=True,
    ),
    Page("/search", "claimlog_search.html", search.search, in_releases=True),
    Page("/quality", "claimlog_quality.html", quality.quality, in_releases=True),
    Page("/releases", "claimlog_releases.html", releases.releases),
    Page("/releases/(?P<version>[^/]+?)", "claimlog_release.html", releases.release),
    Page(
        r"/feeds/releases\.atom", "claimlog_not_found.html", feeds.releases_feed, is_document=True
    ),
    Page(
        r"/feeds/corrections\.atom",
        "claimlog_not_found.html",
        feeds.corrections_feed,
        is_document=True,
    ),
    Page("/as-of", "claimlog_as_of.html", as_of.as_of),
    Page("/downloads", "claimlog_downloads.html", downloads.downloads),
    Page(
        "/docs",
        "claimlog_documentation.html",
        documentation.documentation,
        file_state=documentation.file_state,
    ),
    Page(
        "/docs/(?P<document>[^/.]+)",
        "claimlog_documentation.html",
        documentation.document,
        file_state=documentation.file_state,
    ),
    Page("/docs/(?P<image>[^/]+)", "claimlog_not_found.html", documentation.image),
    Page("/downloads/(?P<file>[^/]+)", "claimlog_not_found.html", downloads.download),
)


def site_pages(datasette: Any) -> tuple[Page, ...]:
    """Return every page of a served dataset; an explicit one comes before those of a package."""
    return (
        *PAGES,
        *package_pages.package_pages(datasette),
        *register.register_pages(datasette),
    )
