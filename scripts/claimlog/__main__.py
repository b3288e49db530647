"""``python -m claimlog``, and where the command ``claimlog`` begins."""

import atexit
import gc
import signal
import sys

from claimlog.command_limits import keep_command_limits, why_interrupted
from claimlog.environment_variables import set_own_variable
from claimlog.errors import UsageError
from claimlog.interrupt_handler import handle_interrupts
from claimlog.standard_streams import replace_closed_streams

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""New objects after which cycles are looked for. Starting up makes hundreds of thousands that all
stay: with Python's 700, a fifth of a short command's time is spent walking them."""


def main() -> None:
    """Run the command line; Ctrl-C while it is being read ends in one line too."""
    handle_interrupts(signal.SIGINT)
    prepare_interpreter()
    try:
        replace_closed_streams()
        _keep_limits()
        from claimlog.cli import main as run

        run()
    except KeyboardInterrupt:
        print(f"claimlog: {why_interrupted()}", file=sys.stderr)
        sys.exit(1)


def _keep_limits() -> None:
    try:
        keep_command_limits()
    except UsageError as error:
        print(f"claimlog: {error}", file=sys.stderr)
        sys.exit(error.exit_status)


def prepare_interpreter() -> None:
    """Spare this process what no command needs, before anything large is imported."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)  # an interpreter that ends would walk all that is left, repeatedly
    # numpy starts a thread for each core when it is imported, for products that no command makes
    set_own_variable("OPENBLAS_NUM_THREADS", "1")


if __name__ == "__main__":
    main()
