"""How messages name an annotation: what it says, where, and with which words it begins."""

from __future__ import annotations

from claimlog.interchange.annotations import ForeignAnnotation

FIRST_WORDS = 40
NAME_LENGTH = 60


def annotation_name(annotation: ForeignAnnotation) -> str:
    """Return an annotation by the number that it has in its file."""
    return f"annotation {annotation.number}"


def described_annotation(annotation: ForeignAnnotation, document: str, words: str) -> str:
    """Return an annotation with its labels, its place and its first words.

    Parameters
    ----------
    document
        The name of its document in the tool.
    words
        Those that it is about; empty if they cannot be told.
    """
    labels = ", ".join(map(repr, annotation.labels)) or "without a label"
    places = ", ".join(f"{start} to {end}" for start, end in annotation.spans)
    said = " ".join(words.split())
    cut = f"{said[:FIRST_WORDS].rstrip()}…" if len(said) > FIRST_WORDS else said
    quoted = f": “{cut}”" if cut else ""
    where = f"{places} of " if places else ""
    return (
        f"{annotation_name(annotation)} ({labels[:NAME_LENGTH]}, {where}"
        f"{document[:NAME_LENGTH]!r}{quoted})"
    )
