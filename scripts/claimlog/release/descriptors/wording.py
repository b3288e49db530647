"""Sentences and terms that several descriptors share."""

from __future__ import annotations

from claimlog.release.layout import SUMS
from claimlog.release.metadata import Facts

LANGUAGE = "en"
LANGUAGE_3 = "eng"
"""The same in ISO 639-2, as Zenodo wants it."""

CHECK_SUMS = f"sha256sum -c {SUMS}"
CHECK_ALL = "claimlog verify ."


def coders(facts: Facts) -> str:
    """Say who coded, which no user of the data must overlook."""
    return (
        "The codings were made by language models that followed the codebook (version "
        f"{facts.codebook_version}), not by people; their agreement is not agreement between "
        "people."
    )


def root(facts: Facts) -> str:
    """Say what the root of the log is the root of."""
    return f"Root of the Merkle tree (RFC 9162) over the {facts.tree_size} events of the log"


def verification(facts: Facts) -> str:
    """Say how a copy of the release is verified."""
    return (
        f"In the directory of the release, {CHECK_SUMS} checks every file, and {CHECK_ALL} the "
        f"log, the tables and these descriptors. {root(facts)}: {facts.root}."
    )
