"""The process of the server of a build: ``python -m claimlog.site.server_process``."""

from __future__ import annotations

import sys

from claimlog.command_limits import allow_a_server, keep_command_limits


def main() -> None:
    """Serve until a signal ends it; Ctrl-C is how it is meant to end, also while it starts."""
    allow_a_server()
    keep_command_limits()
    try:
        from claimlog.site.server import main as serve

        serve(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
