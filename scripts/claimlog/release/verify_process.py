"""Verify a stranger's release in a process of its own, under limits of time and memory."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimlog.command_limits import factor_given, how_to_raise
from claimlog.limited_process import LimitedWork, path_request, run_limited
from claimlog.limited_worker import answer_request, refuse_programs, requested_path
from claimlog.log.release_index import ReleaseEntry
from claimlog.release.release_copy import require_place
from claimlog.release.release_limits import limits_of_size
from claimlog.release.release_site import note_drawn_pages, note_undrawn_pages
from claimlog.release.release_verdict import Verdict
from claimlog.release.walk_release import stored_size

PROGRAM = "claimlog.release.verify_process"


def verify_in_process(
    target: Path,
    index: list[ReleaseEntry] | None = None,
    key: Path | None = None,
    factor: float | None = None,
    place: str = "this checkout",
    kept_roots: Mapping[int, str] | None = None,
    site_program: str | None = None,
) -> Verdict:
    """Verify a release like `claimlog.release.verify.verify_copy`, within limits.

    Parameters
    ----------
    place
        Where the index lies, for the verdict.
    factor
        By which the limits are multiplied; None of who takes no such number, but the environment.
    site_program
        Module that draws the pages of a release again, as a program, where nobody vouches for them.

    Raises
    ------
    ClaimlogError
        If it is no release, or a limit was reached.
    """
    require_place(target)
    entries = None if index is None else [[dict(entry.data), entry.display_path] for entry in index]
    outcome = "nothing was verified"
    times, remedy = (factor_given(), how_to_raise()) if factor is None else (factor, None)
    limits = limits_of_size(stored_size(target), times)

    def run(program: str) -> dict[str, Any]:
        return run_limited(
            LimitedWork(program, target.name, "verifying", outcome, limits, times, remedy), request
        )

    with tempfile.TemporaryDirectory(prefix="claimlog-") as scratch:
        request = {
            "target": path_request(target),
            "index": entries,
            "key": path_request(key),
            "scratch": path_request(Path(scratch)),
            "place": place,
            "kept_roots": [[size, root] for size, root in (kept_roots or {}).items()],
        }
        verdict = Verdict.load(run(PROGRAM)["verdict"])
        if verdict.undrawn_pages and site_program and not verdict.findings:
            note_drawn_pages(verdict, run(site_program)["differing"])
        note_undrawn_pages(verdict)
    return verdict


def _verify(target: Path, scratch: Path, request: Mapping[str, Any]) -> Mapping[str, Any]:
    from claimlog.release.verify import verify_copy

    refuse_programs()
    entries = request["index"]
    index = (
        None
        if entries is None
        else [ReleaseEntry(data, display_path) for data, display_path in entries]
    )
    kept_roots = dict(request["kept_roots"])
    key = requested_path(request, "key")
    verdict = verify_copy(target, index, key, scratch, request["place"], kept_roots)
    return {"verdict": verdict.as_dict()}


def main() -> None:
    """Verify the release that standard input names, and write the verdict to standard output."""
    answer_request(_verify)


if __name__ == "__main__":
    main()
