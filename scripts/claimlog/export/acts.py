"""Which claims tell of an act: the condition that the queries and pages about measures share."""

from __future__ import annotations

ACT = (
    "((content in ('event', 'position') or coalesce(event_type, '') > '') and not "
    "(content = 'position' and coalesce(event_type, '') in ('REQUEST', 'ACCUSE', 'SUPPORT')))"
)
"""SQL over the columns of claims: whether ``dyad_from`` is whoever does, plans or denies it.

By the codebook, dyad_from is who acts, holds the attitude or has the property. It acts where
content is event, in a speech act of its own (position), and in whatever else is about an act of one
actor towards another, which is what event_type says. Who judges a measure, foresees it or asks
about it has not taken it; nor has who asks for one, blames it or praises it (a position has the
event type of its speech act).
"""

MARK = "{act}"
"""Stands for `ACT` in the files of the canned queries."""
