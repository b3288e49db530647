"""Sentences about who coded, made from the kinds of the coders in the register ``coders``."""

from __future__ import annotations

from collections.abc import Collection

NAMES = {
    "person": "people",
    "model": "language models",
    "program": "programs",
    "mixed": "people together with machines",
}
"""What coders of each kind are called, in the order in which a sentence names them."""

PEOPLE = frozenset(("person", "mixed"))
"""Kinds of which a person decided."""


def kind_names(kinds: Collection[str]) -> str:
    """Return what coders of some kinds are called: ``people and language models``.

    A kind that a package adds to its code list is called by its code.
    """
    names = [name for kind, name in NAMES.items() if kind in kinds]
    names += sorted(kind.replace("_", " ") for kind in kinds if kind not in NAMES)
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def coded_by(kinds: Collection[str], codebook: str) -> str:
    """Say who made the codings; empty where no coder is registered.

    Parameters
    ----------
    codebook
        What they followed, with its article.
    """
    if not kinds:
        return ""
    people = PEOPLE.issuperset(kinds)
    sentence = f"The codings were made by {kind_names(kinds)} {'who' if people else 'that'} "
    sentence += f"followed {codebook}"
    return f"{sentence}{'' if PEOPLE.intersection(kinds) else ', not by people'}."


def agreement_limit(kinds: Collection[str]) -> str:
    """Say what agreement of coders is not, where machines are among them; else nothing."""
    machines = [kind for kind in kinds if kind not in PEOPLE]
    if not machines:
        return ""
    return f"Agreement between {kind_names(machines)} is not agreement between people."


def machine_names(kinds: Collection[str]) -> str:
    """Return what the coders are called where no person is among them; else nothing."""
    return "" if PEOPLE.intersection(kinds) else kind_names(kinds)


def coding_statement(kinds: Collection[str], codebook: str) -> str:
    """Say who made the codings and what their agreement is not, as `coded_by` takes it."""
    return " ".join(filter(None, (coded_by(kinds, codebook), agreement_limit(kinds))))


def coders_notice(kinds: Collection[str]) -> str:
    """Say what the coders are where not all of them are people; else nothing."""
    if PEOPLE.issuperset(kinds):
        return ""
    rest = "" if PEOPLE.intersection(kinds) else ", not people"
    return f"The coders are {kind_names(kinds)}{rest}."
