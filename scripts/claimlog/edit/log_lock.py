"""The lock that every change of a package's log takes."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator

from claimlog.checkout import Checkout
from claimlog.directory_swap import recover_directory
from claimlog.edit.batch_files import finish_rebase, leave_out_known, refuse_missing
from claimlog.edit.open_batch import open_folder
from claimlog.edit.open_upcast import carry_over, is_outdated
from claimlog.edit.write_together import put_back_replaced
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.files import remove
from claimlog.git import CheckoutError, NoCheckoutError, NoGitError
from claimlog.log.batch import RACED
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.package_state import acquire_lock, open_lock
from claimlog.schema.definition import Definition, read_definition
from claimlog.schema.thresholds import read_thresholds


@contextlib.contextmanager
def log_lock(package: Package) -> Iterator[int]:
    """Hold the lock that every change of the log takes.

    Yields how many open rows were from before a schema changed and have been carried over: none
    while the log cannot be read as a whole. What needs them carried over refuses them then.

    Raises
    ------
    ClaimlogError
        As `package_lock` does.
    """
    with package_lock(package):
        yield _carry_over(package)


@contextlib.contextmanager
def locked_log(package: Package) -> Iterator[Log]:
    """Hold the lock for a change of the open batch, and yield the sealed log.

    Open rows from before a schema changed have been carried over, as by `log_lock`.

    Raises
    ------
    ClaimlogError
        As `package_lock` does, or if the definition or the open batch cannot be read.
    """
    with package_lock(package):
        definition = read_definition(package)
        _carry_over(package, definition)
        yield read(package, definition=definition)


@contextlib.contextmanager
def package_lock(package: Package) -> Iterator[None]:
    """Hold the lock of the log for what leaves the open batch as it is; end what was cut off.

    Raises
    ------
    ClaimlogError
        As `writing_lock` does, or if the state of the package was committed.
    """
    _refuse_committed(package)
    with writing_lock(package):
        put_back_replaced(package)
        recover_directory(open_folder(package))
        finish_rebase(package)
        for pattern in ("staging-*", ".gone-*", ".open-new-*"):
            for path in package.state.glob(pattern):
                remove(path)  # left by a run that was cut off: who holds the lock is alone here
        yield


@contextlib.contextmanager
def writing_lock(package: Package) -> Iterator[None]:
    """Hold the lock of the log for what writes files of the package, and nothing of its state.

    Raises as `held_lock` does.
    """
    with held_lock(package, "another claimlog is changing this log"):
        package.forget()  # what was read before may have been written by who held the lock
        yield


@contextlib.contextmanager
def held_lock(package: Package, others: str, *below: str) -> Iterator[None]:
    """Hold the lock of the state directory of a package, or of the one `below` it.

    Parameters
    ----------
    others
        What another process does that holds it, as a sentence.

    Raises
    ------
    ClaimlogError
        If another process holds it for longer than the threshold ``lock_seconds``, or the state of
        the package is none of ours.
    """
    handle = open_lock(package, *below)
    try:
        if not acquire_lock(handle, read_thresholds(package)["lock_seconds"]):
            raise ClaimlogError(f"{others}; wait for it and run this again")
        yield
    finally:
        with contextlib.suppress(OSError):
            handle.close()  # which gives the lock back, and has nothing to write


def carry_open_batch_over(package: Package) -> int:
    """Rewrite open rows from before a schema changed by the present one; return how many.

    Raises
    ------
    ClaimlogError
        As `package_lock` does, or if the log cannot be read as a whole; no row was rewritten.
    """
    with package_lock(package):
        return _carry_over(package, has_to=True)


def _carry_over(
    package: Package, definition: Definition | None = None, *, has_to: bool = False
) -> int:
    place = open_folder(package)
    if not place.is_dir():
        return 0
    shown, definition = package.relative(place), definition or read_definition(package)
    if not is_outdated(place, shown, definition):
        return 0
    sealed = read(package, definition=definition)
    try:
        _refuse_partial(sealed)
    except ClaimlogError:
        if has_to:
            raise
        return 0
    # those that a seal was cut off with are known by bytes that they would not have any more
    leave_out_known(sealed)
    return carry_over(place, shown, definition)


def _refuse_partial(sealed: Log) -> None:
    """Refuse a log of which rows may be missing; batches that lost a race are all there."""
    refuse_missing(sealed.package)
    if wrong := [finding for finding in sealed.findings if finding.rule != RACED]:
        raise FindingsError(wrong, "the open batch was not carried over to the present schemas")


def _refuse_committed(package: Package) -> None:
    """Refuse a state directory that came with a clone: its open batch is somebody else's rows."""
    name = package.relative(package.state)
    try:
        committed = Checkout.of(package).tracked_name(name)
    except (NoCheckoutError, NoGitError):
        return  # nobody can have committed it here, or the user of this machine works without git
    except CheckoutError as error:
        raise ClaimlogError(
            f"{name}: git does not say whether it is committed, as rows of somebody else would be "
            f"({error}); run this again once git answers here"
        ) from None
    if committed:
        raise ClaimlogError(
            f"{committed}: is committed, so that it holds rows that you did not add; look at it, "
            f"take it out with git rm -r --cached {shlex.quote(committed)}, remove it, and run "
            "this again"
        )
