"""Log integrity: file hashes, tree sizes and roots, the chain of manifests, released batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.checkout import Checkout
from claimlog.errors import ClaimlogError, Finding
from claimlog.git import CheckoutError
from claimlog.log.batch import MANIFEST, RESTORE, Batch, altered_files
from claimlog.log.event_log import Log
from claimlog.log.merkle import EMPTY_ROOT
from claimlog.log.takedowns import RECORD, read_takedowns
from claimlog.untrusted_files import leads_to_file
from claimlog.validate.report import Report
from claimlog.validate.takedown_rules import check_released_rows, check_takedowns


def check_integrity(log: Log, report: Report) -> None:
    """Check every sealed batch against its manifest and the one before it."""
    if not any(batch.sealed for batch in log.batches):
        for rule in ("file-hash", "schema-version", "tree-size", "tree-root", "batch-chain"):
            report.count(rule, 0, note="no batch was sealed before")
    check_takedowns(log, report)
    taken_files = read_takedowns(log.package).files if log.taken_rows else {}
    size, root, previous = 0, EMPTY_ROOT, None
    versions: dict[str, int] = {}
    for batch, (size_after, root_after) in zip(log.batches, log.trees, strict=True):
        if not batch.sealed:
            continue
        shown = f"{batch.shown}/{MANIFEST}"
        _check_files(log, report, batch, versions, taken_files or {})
        if log.findings:
            continue  # rows that could not be read are in no tree
        tree = batch.manifest["tree"]
        for rule, key, value in (
            ("tree-size", "size_before", size),
            ("tree-root", "root_before", root.hex()),
            ("tree-size", "size", size_after),
            ("tree-root", "root", root_after.hex()),
        ):
            report.count(rule, 1)
            if tree[key] != value:
                message = f"{key} is {tree[key]}, the rows give {value}"
                report.fail(Finding(rule, shown, message, remedy=RESTORE))
        report.count("batch-chain", 1)
        if batch.manifest["previous_sha256"] != previous:
            message = f"previous_sha256 is {batch.manifest['previous_sha256']}, expected {previous}"
            report.fail(Finding("batch-chain", shown, message, remedy=RESTORE))
        size, root, previous = size_after, root_after, batch.manifest_sha256


def _check_files(
    log: Log,
    report: Report,
    batch: Batch,
    versions: dict[str, int],
    taken_files: Mapping[str, Mapping[str, Any]],
) -> None:
    """Check a batch's files.

    Parameters
    ----------
    versions
        The newest schema version of each stream before it.
    taken_files
        What the record of takedowns says of files that rows were taken out of.
    """
    listed = batch.manifest["files"]
    present = {batch.name(stream): stream for stream in batch.streams}
    for name in sorted({*present, *listed}):
        if name.partition(".")[0] in batch.undeclared:
            continue  # which is a finding already
        shown = f"{batch.shown}/{name}"
        report.count("file-hash", 1)
        if name not in present or name not in listed:
            what = "is missing" if name in listed else f"is not listed in {MANIFEST}"
            report.fail(Finding("file-hash", shown, what, remedy=RESTORE))
            continue
        lines = log.files[shown]
        says, by = listed[name], MANIFEST
        if batch.taken.get(present[name]):
            # the rows that are left are those that were sealed if they give the root of the tree
            says, by = {**says, **taken_files.get(shown, {})}, RECORD
        for key, value in (("bytes", lines.size), ("sha256", lines.sha256), ("rows", lines.rows)):
            if says[key] != value:
                message = f"{key} is {value}, {by} says {says[key]}"
                report.fail(Finding("file-hash", shown, message, remedy=RESTORE))
                break
        report.count("schema-version", 1)
        stream, version = present[name], listed[name]["schema_version"]
        known, newest = log.definition.streams[stream].version, versions.get(stream, 1)
        if version > known:
            message = f"has schema version {version}, known is {known}"
            remedy = "update claimlog and schemas/"
            report.fail(Finding("schema-version", shown, message, remedy=remedy))
        elif version < newest:
            # what was demanded since would not hold for its rows
            message = f"has schema version {version}, a batch before it {newest}"
            report.fail(Finding("schema-version", shown, message, remedy=RESTORE))
        else:
            versions[stream] = version


def check_released(log: Log, report: Report) -> None:
    """Check the batches that the last release tag holds against git's copies, if git answers."""
    try:
        compare_released(log, report, Checkout.of(log.package))
    except CheckoutError as error:
        report.count("released-batches", 0, note=str(error))


def compare_released(log: Log, report: Report, checkout: Checkout) -> None:
    """Check the batches that the last release tag holds against git's copies of them.

    Raises
    ------
    CheckoutError
        If git fails.
    """
    tag = checkout.release_tag() if checkout.is_tracked() else None
    listed = checkout.blobs(tag, "events/") if tag else {}
    held = {name: of for name, of in listed.items() if "/" in name.removeprefix("events/")}
    differing = {*checkout.differing(held)} if held else set()
    record = checkout.read(tag, RECORD) if tag else None
    if tag is None:
        report.count("released-batches", 0, note="git knows no release tag (v…) of this checkout")
        return
    check_released_rows(log, report, tag, record)
    if not held:  # a tag of the repository that this package came into later
        note = f"the tag {tag} of this checkout holds no batch of this package"
        report.count("released-batches", 0, note=note)
        return
    # a row that was taken down is gone from the file, which is checked by what is left of it
    taken = altered_files(log.batches)
    for shown in held:
        if shown in taken:
            continue
        report.count("released-batches", 1)
        if shown in differing:
            is_there = leads_to_file(log.package.root / shown)
            message = (
                f"differs from release {tag}" if is_there else f"is missing, release {tag} has it"
            )
            report.fail(Finding("released-batches", shown, message, remedy=RESTORE))


def check_index(log: Log, report: Report) -> None:
    """Check that the log begins with the rows of every release in the index."""
    try:
        index = log.releases
    except ClaimlogError as error:
        shown, _, message = str(error).partition(": ")
        report.count("released-roots", 1)
        report.fail(Finding("released-roots", shown, message))
        return
    report.count("released-roots", len(index), note=None if index else "nothing was released yet")
    for entry in index:
        if not log.findings and (flaw := entry.log_flaw(log)):
            report.fail(Finding("released-roots", entry.display_path, flaw, remedy=RESTORE))
