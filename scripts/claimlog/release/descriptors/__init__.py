"""Descriptors of a release: one set of facts, as each tool and archive wants to read it.

Every module writes one descriptor (`describe`) and says what it tells (`read`), so that
`agreement` can hold all of them against the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from claimlog.export.descriptor import dump_json
from claimlog.release.descriptors import (
    card,
    citation,
    croissant,
    datacite,
    package,
    rocrate,
    schemaorg,
    zenodo,
)
from claimlog.release.descriptors.told import Told, disagreements
from claimlog.release.metadata import Facts

PACKAGE = "datapackage.json"
MAKERS: Mapping[str, Callable[[Facts], bytes]] = {
    "croissant.json": croissant.describe,
    "ro-crate-metadata.json": rocrate.describe,
    "datacite.json": datacite.describe,
    "CITATION.cff": citation.describe,
    ".zenodo.json": zenodo.describe,
    "dataset.jsonld": schemaorg.describe,
    "README.md": card.describe,
}
READERS: Mapping[str, Callable[[bytes], Told]] = {
    PACKAGE: package.read,
    "croissant.json": schemaorg.read,
    "ro-crate-metadata.json": rocrate.read,
    "datacite.json": datacite.read,
    "CITATION.cff": citation.read,
    ".zenodo.json": zenodo.read,
    "dataset.jsonld": schemaorg.read,
    "README.md": card.read,
}
UNREADABLE = (
    AttributeError,
    LookupError,
    RecursionError,
    StopIteration,
    TypeError,
    ValueError,
    yaml.YAMLError,
)
"""What the readers raise on a file that is not as its writer made it."""


def descriptors(facts: Facts, datapackage: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the descriptors of a release by file name, for the root of its directory.

    Parameters
    ----------
    datapackage
        The Data Package descriptor that the build made; it is written as it is.
    """
    made = {name: describe(facts) for name, describe in MAKERS.items()}
    return {PACKAGE: dump_json(datapackage), **made}


def agreement(files: Mapping[str, bytes], facts: Facts) -> list[str]:
    """Return a sentence for everything in which the descriptors do not say what the facts say.

    Compared are title, version, date, licence, creators, keywords and DOI, and of the data files
    names, sizes and hashes; each where the format has a place for it.

    Parameters
    ----------
    files
        The descriptors by file name; what else lies in the directory may be among them.
    """
    found: list[str] = []
    for name, read in READERS.items():
        if name not in files:
            found.append(f"{name} is missing.")
            continue
        try:
            flaws = list(disagreements(read(files[name]), facts))
        except UNREADABLE as error:
            reason = " ".join(str(error).split())[:200]
            found.append(f"{name} cannot be read ({type(error).__name__}: {reason}).")
        else:
            found += [f"{name} {flaw}" for flaw in flaws]
    return found
