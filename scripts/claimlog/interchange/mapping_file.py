"""The mapping file of an import: read where there is one, else proposed and written."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from claimlog.edit.row_faults import FileFaultsError, RowFault
from claimlog.errors import ClaimlogError, Suggestions
from claimlog.files import write_durably
from claimlog.interchange.annotations import Project
from claimlog.interchange.import_mapping import ImportMapping, mapping_flaws, read_mapping
from claimlog.interchange.import_rows import registered_coders, sources_of_documents
from claimlog.interchange.mapping_proposal import propose_mapping
from claimlog.log.event_log import Log
from claimlog.release.descriptors.plain_yaml import MAX_CHARACTERS

CODINGS, CODERS = "codings", "coders"
NAME_LENGTH = 80
"""Characters of a coder's name that are shown."""


def ensure_mapping(
    path: Path, project: Project, log: Log, stream: str, fixed: Mapping[str, Any]
) -> ImportMapping:
    """Return the mapping of an import; where there is no file, write one that people then edit.

    Parameters
    ----------
    fixed
        Columns that the user has given for all rows.

    Raises
    ------
    ClaimlogError
        If the file is none, or was written now and holds what people have to look at.
    """
    table = log.definition.streams[stream]
    if path.exists():
        mapping = read_mapping(path, table)
        flaws = [*mapping_flaws(mapping, table), *_unknown_coders(mapping, log, fixed)]
        if flaws:
            found = [RowFault("", str(path), flaw) for flaw in flaws]
            raise FileFaultsError(found, str(path), "nothing was added")
        return mapping
    if flaws := [*_unknown_coders(None, log, fixed)]:
        raise ClaimlogError(f"{flaws[0]}; nothing was added")
    sources = sources_of_documents(project, log)
    codes = log.definition.codebook.codes
    proposal = propose_mapping(project, table, codes, sources, registered_coders(log), fixed)
    data = proposal.mapping.dump()
    if len(data.decode()) > MAX_CHARACTERS:
        raise ClaimlogError(
            f"{project.shown}: what its names stand for takes more than {MAX_CHARACTERS:,} "
            "characters, and no mapping is read that is as long; import it in parts; nothing was "
            "added"
        )
    try:
        write_durably(path, data)
    except OSError as error:
        raise ClaimlogError(
            f"{path}: cannot be written ({error.strerror}); name another file with --mapping"
        ) from error
    if not proposal.is_exact:
        waiting = len(list(proposal.mapping.undecided()))
        raise ClaimlogError(
            f"{path}: was written, what the names in {project.shown} stand for; look at it, decide "
            f"on the {waiting} that have a ?, and run this again; nothing was added"
        )
    return proposal.mapping


def _unknown_coders(
    mapping: ImportMapping | None, log: Log, fixed: Mapping[str, Any]
) -> Iterator[str]:
    """Yield a sentence for each coder who is to have coded and is not registered."""
    table = log.definition.streams[CODINGS]
    if all(key.table != CODERS for key in table.foreign_keys):
        return
    known, suggestions = registered_coders(log), Suggestions()
    named = [fixed.get("coder"), *(mapping.coders.values() if mapping else ())]
    for name in dict.fromkeys(named):
        if name is not None and name not in known:
            is_whole = len(name) <= NAME_LENGTH and name.isprintable()
            identifier = name if is_whole else "ID"
            yield (
                f'coder "{name[:NAME_LENGTH]}" is not registered'
                f"{suggestions.nearest(name, lambda: known)}; register them "
                f"first: claimlog add coder --coder-id {shlex.quote(identifier)} --kind person "
                '--description "…"'
            )
