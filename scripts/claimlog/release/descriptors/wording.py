"""Sentences and terms that several descriptors share."""

from __future__ import annotations

from claimlog.release.layout import SUMS
from claimlog.release.metadata import ReleaseMetadata

LANGUAGE = "en"
LANGUAGE_3 = "eng"
"""The same in ISO 639-2, as Zenodo wants it."""

SUMS_COMMAND = f"sha256sum -c {SUMS}"
VERIFY_COMMAND = "claimlog verify ."


def coding_method(metadata: ReleaseMetadata) -> str:
    """Say who coded, which no user of the data must overlook."""
    return (
        "The codings were made by language models that followed the codebook (version "
        f"{metadata.codebook_version}), not by people; their agreement is not agreement between "
        "people."
    )


def root_label(metadata: ReleaseMetadata) -> str:
    """Say what the root of the log is the root of."""
    return f"Root of the Merkle tree (RFC 9162) over the {metadata.tree_size} events of the log"


def verification(metadata: ReleaseMetadata) -> str:
    """Say how a copy of the release is verified."""
    return (
        f"In the directory of the release, {SUMS_COMMAND} checks every file, and {VERIFY_COMMAND} "
        f"the log, the tables and these descriptors. {root_label(metadata)}: {metadata.root}."
    )
