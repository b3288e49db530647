"""Sentences and terms that several descriptors share."""

from __future__ import annotations

from claimlog.release.layout import SUMS
from claimlog.release.metadata import ReleaseMetadata

LANGUAGE = "en"
LANGUAGE_3 = "eng"
"""The same in ISO 639-2, as Zenodo wants it."""

SUMS_COMMAND = f"sha256sum -c {SUMS}"
VERIFY_COMMAND = "claimlog verify ."

CODERS = {
    "models": "The codings were made by language models that followed the codebook (version {0}), "
    "not by people; their agreement is not agreement between people.",
    "people": "The codings were made by people who followed the codebook (version {0}).",
    "people and models": "The codings were made by people and by language models that followed the "
    "codebook (version {0}); agreement of a model is not agreement between people.",
    "": "The codings follow version {0} of the codebook.",
}
"""Sentence about who coded, by ``coders.kind`` of ``schemas/site.json``."""


def coding_method(metadata: ReleaseMetadata) -> str:
    """Say who coded, if the package says so, and by which codebook."""
    return CODERS[metadata.coders].format(metadata.codebook_version)


def compilation(metadata: ReleaseMetadata) -> str | None:
    """Say which version of the dataset was made by which of the tool; None in old releases."""
    if metadata.tool_version is None:
        return None
    return (
        f"Version {metadata.version} of the dataset was made by claimlog {metadata.tool_version}, "
        f"by version {metadata.fold_version} of its fold."
    )


def root_label(metadata: ReleaseMetadata) -> str:
    """Say what the root of the log is the root of."""
    return f"Root of the Merkle tree (RFC 9162) over the {metadata.tree_size} events of the log"


def verification(metadata: ReleaseMetadata) -> str:
    """Say how a copy of the release is verified."""
    sentences = (
        f"In the directory of the release, {SUMS_COMMAND} checks every file, and {VERIFY_COMMAND} "
        "the log, the tables and these descriptors.",
        f"{root_label(metadata)}: {metadata.root}.",
        compilation(metadata),
    )
    return " ".join(sentence for sentence in sentences if sentence)
