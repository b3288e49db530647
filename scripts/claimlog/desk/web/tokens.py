"""Tokens by which each role opens the desk: one a role, kept where only its user can read."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256

from claimlog.desk.work_folder import WorkFolder
from claimlog.errors import ClaimlogError
from claimlog.files import write_durably
from claimlog.package_state import DESK, lock_mark, open_lock
from claimlog.untrusted_files import parse_json, read_regular

FILE = "tokens.json"
MOST_BYTES = 1 << 16
BYTES = 24
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
"""What so many bytes become."""

LOCK = "."
"""Key of the lock's mark; no role is called so."""


def desk_mark(token: str) -> str:
    """Return what tells a role's pages at the desk of this package from those of other packages.

    All desks have the same address and roles. A page may know this, as it cannot its token; like
    that, it is another one in a copy.
    """
    return sha256(token.encode()).hexdigest()[:32]


def role_tokens(work_folder: WorkFolder, names: Iterable[str]) -> Mapping[str, str]:
    """Return the token of each role; one that has none is given one.

    They stay the same, so that a page that is open survives the server; but not in a copy of the
    package, whose file came from whoever made it, and knows them. As a copy cannot bring along the
    lock beside it as it is here, the file names that.

    Raises
    ------
    ClaimlogError
        If they cannot be written.
    """
    package, path = work_folder.package, work_folder.folder() / FILE
    known: dict[str, str] = {}
    with suppress(ClaimlogError):  # absent, or spoilt: then there are new ones
        known = {
            name: token
            for name, token in parse_json(read_regular(path, FILE, MOST_BYTES), FILE).items()
            if isinstance(token, str) and (name == LOCK or TOKEN.fullmatch(token))
        }
    open_lock(package, DESK).close()
    mark = lock_mark(package, DESK)
    if known.get(LOCK) != mark:
        known = {}
    lacking = [name for name in names if name not in known]
    if lacking or not path.exists():
        known |= {LOCK: mark, **{name: secrets.token_urlsafe(BYTES) for name in lacking}}
        before = os.umask(0o077)
        try:
            write_durably(path, json.dumps(known).encode())
            path.chmod(0o600)
        except OSError as error:
            raise ClaimlogError(f"{FILE}: cannot be written ({error.strerror})") from error
        finally:
            os.umask(before)
    return {name: known[name] for name in names}
