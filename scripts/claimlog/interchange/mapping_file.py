"""The mapping file of an import: read where there is one, else proposed and written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.files import write_durably
from claimlog.interchange.annotations import Project
from claimlog.interchange.import_mapping import ImportMapping, read_mapping
from claimlog.interchange.import_rows import registered_coders, sources_of_documents
from claimlog.interchange.mapping_proposal import propose_mapping
from claimlog.log.event_log import Log


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
        return read_mapping(path, table)
    sources = sources_of_documents(project, log)
    codes = log.definition.codebook.codes
    proposal = propose_mapping(project, table, codes, sources, registered_coders(log), fixed)
    try:
        write_durably(path, proposal.mapping.dump())
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
