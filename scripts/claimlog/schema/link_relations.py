"""Relations of links that the machinery of claims knows, whatever else a codebook has."""

from __future__ import annotations

SAME_FACT, IMPLIES = "same_fact", "implies"
DISPUTES, QUALIFIES = "disputes", "qualifies"
