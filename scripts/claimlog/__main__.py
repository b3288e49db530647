"""``python -m claimlog``."""

from claimlog.cli import main

if __name__ == "__main__":
    main()
