"""The command `upgrade`: what a newer claimlog changes in a package."""

from __future__ import annotations

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import line


@click.command(epilog=example("claimlog upgrade", "claimlog upgrade --apply"))
@click.option("--apply", "is_applied", is_flag=True, help="Do it instead of only showing it.")
@pass_context
def upgrade(context: Context, is_applied: bool) -> None:
    """Show or apply what this claimlog changes in a package that an older one made.

    Files that claimlog wrote and nobody changed, schemas of computed tables, rules, and the
    version that datapackage.json states. No row is touched.
    """
    from claimlog import __version__
    from claimlog.package import STAMP
    from claimlog.start.upgrade import apply_upgrade, plan_upgrade

    made = context.package.descriptor.get(STAMP)
    version = made["version"] if made else None
    changes = (apply_upgrade if is_applied else plan_upgrade)(context.package)
    for change in changes:
        line(f"{change.path}: {change.action}")
    stated = (
        f"was made with claimlog {version}" if version else "says no claimlog that it was made with"
    )
    if not any(not change.is_kept for change in changes):
        line(f"nothing to upgrade: the package {stated}, and this is {__version__}")
    elif is_applied:
        line(f"upgraded to claimlog {__version__}; look at the changes with git diff, and commit")
    else:
        line(f"the package {stated}, this is {__version__}; nothing was changed, --apply does it")
