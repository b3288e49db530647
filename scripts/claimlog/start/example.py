"""Taking the example out of a new package, as long as nothing was built on it."""

from __future__ import annotations

from claimlog.edit.log_lock import log_lock
from claimlog.edit.open_batch import open_batch
from claimlog.errors import ClaimlogError
from claimlog.export.descriptor import dump_json
from claimlog.files import remove
from claimlog.interrupt_handler import replacing
from claimlog.log.batch import is_example_gone, resources, sealed_batches
from claimlog.log.release_index import read_index
from claimlog.package import DESCRIPTOR, STAMP, Package
from claimlog.package_state import state_folder
from claimlog.start.new_package import EXAMPLE_TEXT


def remove_example(package: Package) -> list[str]:
    """Remove the batch of the example and its text; return what was removed.

    It was never published, so that a log without it is a new one and no log that was rewritten.
    What was cut off is gone on with: the batch goes at once, and the descriptor says so last.

    Raises
    ------
    ClaimlogError
        If there is none, or if a batch, a release or open rows came after it.
    """
    with log_lock(package):
        made = package.descriptor.get(STAMP, {})
        name = made.get("example")
        batches = [batch.path.name for batch in sealed_batches(package, [])]
        is_gone = is_example_gone(package)
        if name is None or not (is_gone or name in batches):
            raise ClaimlogError(f"{DESCRIPTOR}: names no example in this log; nothing was removed")
        if batches != [name] and not is_gone:
            raise ClaimlogError(
                f"events/{name}: was followed by other batches, and what is sealed stays; retract "
                "its claims instead (claimlog retract)"
            )
        if read_index(package):
            raise ClaimlogError(
                f"events/{name}: is part of a release, and stays; retract its claims instead "
                "(claimlog retract)"
            )
        if open_batch(package) is not None and not is_gone:
            raise ClaimlogError(
                "the open batch holds rows that may refer to the example; take them back first "
                "(claimlog open, claimlog drop), nothing was removed"
            )
        package.refuse_links(package.root / EXAMPLE_TEXT)
        if not is_gone:
            package.refuse_links(package.events / name)
            aside = state_folder(package) / f"staging-{name}"
            with replacing():
                (package.events / name).rename(aside)
            remove(aside)
        package.remove(package.root / EXAMPLE_TEXT)
        left = {key: value for key, value in made.items() if key != "example"}
        listed = resources(package, [])
        data = dump_json({**package.descriptor, STAMP: left, "resources": listed})
        package.write(package.root / DESCRIPTOR, data)
    return [f"events/{name}", EXAMPLE_TEXT]
