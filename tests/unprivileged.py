"""claimlog as a program that has to obey the permissions of files, as one of root does not.

It is for a fork: what is started anew loses that right by `prctl` before it is executed.
"""

from __future__ import annotations

import ctypes

from claimlog.__main__ import main

DAC_OVERRIDE = 1
libc = ctypes.CDLL(None, use_errno=True)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
rights = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the higher bits of each
if libc.capget(header, rights) != 0:
    raise OSError(ctypes.get_errno(), "capget")
for at in range(3):
    rights[at] &= ~(1 << DAC_OVERRIDE)
if libc.capset(header, rights) != 0:
    raise OSError(ctypes.get_errno(), "capset")
main()
