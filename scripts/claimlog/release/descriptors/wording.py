"""Sentences and terms that several descriptors share."""

from __future__ import annotations

from claimlog.coder_wording import coding_statement
from claimlog.package import SUMS
from claimlog.release.metadata import ReleaseMetadata

LANGUAGE = "en"
LANGUAGE_3 = "eng"
"""The same in ISO 639-2, as Zenodo wants it."""

SUMS_COMMAND = f"sha256sum -c {SUMS}"
VERIFY_COMMAND = "claimlog verify ."


def coding_method(metadata: ReleaseMetadata) -> str:
    """Say who coded, where coders are registered, and by which codebook."""
    codebook = metadata.codebook_version
    if not metadata.coders:
        return f"The codings follow version {codebook} of the codebook."
    return coding_statement(metadata.coders, f"the codebook (version {codebook})")


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
