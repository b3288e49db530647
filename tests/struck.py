"""claimlog as a program that is sent a signal, which ``STRUCK`` names, once it replaced something.

It is for a fork, which has imported what the command uses.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from claimlog import interrupt_handler
from claimlog.__main__ import main

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)  # which whoever runs the tests may ignore
hold_interrupts = interrupt_handler.hold_interrupts


@contextmanager
def struck() -> Iterator[None]:
    with hold_interrupts():
        yield
        if interrupt_handler.has_replaced():
            os.kill(os.getpid(), signal.Signals[os.environ["STRUCK"]])


for module in [*sys.modules.values()]:
    if vars(module).get("hold_interrupts") is hold_interrupts and module.__name__ != __name__:
        vars(module)["hold_interrupts"] = struck
main()
