"""``python -m claimlog``, and where the command ``claimlog`` begins."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is being read ends in one line too."""
    try:
        from claimlog.cli import main as run
    except KeyboardInterrupt:
        print("claimlog: interrupted; nothing was replaced", file=sys.stderr)
        sys.exit(1)
    run()


if __name__ == "__main__":
    main()
