"""The pages of the site, one module each: this list is all of them, in the order of their routes.

To add a page, write its module and its template, and enter it here.
"""

from __future__ import annotations

from claimlog.site.page import Page
from claimlog.site.pages.actor import actor
from claimlog.site.pages.actors import actors
from claimlog.site.pages.as_of import as_of
from claimlog.site.pages.claim import claim
from claimlog.site.pages.claims import claims
from claimlog.site.pages.codebook import codebook, codelist
from claimlog.site.pages.disputes import disputes
from claimlog.site.pages.downloads import download, downloads
from claimlog.site.pages.facts import fact, facts
from claimlog.site.pages.home import home
from claimlog.site.pages.incidents import incident, incidents
from claimlog.site.pages.measures import ally_measure, measures
from claimlog.site.pages.origins import origins
from claimlog.site.pages.quality import quality
from claimlog.site.pages.releases import release, releases
from claimlog.site.pages.source import source
from claimlog.site.pages.sources import sources

ONE = "[^/.]+"
"""Pattern of an identifier in an address."""

PAGES = (
    Page(r"(?:/index|/(?=\.json))?", "claimlog_home.html", home),
    Page("/claims", "claimlog_claims.html", claims, in_releases=True),
    Page(f"/claims/(?P<claim_id>{ONE})", "claimlog_claim.html", claim, in_releases=True),
    Page("/sources", "claimlog_sources.html", sources, in_releases=True),
    Page(f"/sources/(?P<source_id>{ONE})", "claimlog_source.html", source, in_releases=True),
    Page("/actors", "claimlog_actors.html", actors, in_releases=True),
    Page(f"/actors/(?P<actor_id>{ONE})", "claimlog_actor.html", actor, in_releases=True),
    Page("/incidents", "claimlog_incidents.html", incidents, in_releases=True),
    Page(
        f"/incidents/(?P<incident_id>{ONE})", "claimlog_incident.html", incident, in_releases=True
    ),
    Page("/measures", "claimlog_measures.html", measures, in_releases=True),
    Page(
        f"/measures/(?P<ally>{ONE})/(?P<measure>{ONE})",
        "claimlog_measures.html",
        ally_measure,
        in_releases=True,
    ),
    Page("/disputes", "claimlog_disputes.html", disputes, in_releases=True),
    Page("/facts", "claimlog_facts.html", facts, in_releases=True),
    Page(f"/facts/(?P<fact_id>{ONE})", "claimlog_facts.html", fact, in_releases=True),
    Page("/origins", "claimlog_origins.html", origins, in_releases=True),
    Page("/codebook", "claimlog_codebook.html", codebook, in_releases=True),
    Page(f"/codebook/(?P<codelist>{ONE})", "claimlog_codelist.html", codelist, in_releases=True),
    Page("/quality", "claimlog_quality.html", quality, in_releases=True),
    Page("/releases", "claimlog_releases.html", releases),
    Page("/releases/(?P<version>[^/]+?)", "claimlog_release.html", release),
    Page("/as-of", "claimlog_as_of.html", as_of),
    Page("/downloads", "claimlog_downloads.html", downloads),
    Page("/downloads/(?P<file>[^/]+)", "claimlog_not_found.html", download),
)
