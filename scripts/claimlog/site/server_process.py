"""The process of the server of a build: ``python -m claimlog.site.server_process``."""

from __future__ import annotations

import sys


def main() -> None:
    """Serve until a signal ends it; Ctrl-C is how it is meant to end, also while it starts."""
    try:
        from claimlog.site.server import main as serve

        serve(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
