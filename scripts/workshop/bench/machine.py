"""The machine and the libraries that a bench ran with, and the processor time that it took."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def processor_seconds() -> float:
    """Return the processor time of this process so far, and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def machine_description() -> dict[str, Any]:
    """Return processor, memory, system and Python of this machine, without its name."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def machine_sentence(machine: dict[str, Any]) -> str:
    """Return a description of a machine as part of a sentence."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['os']}, "
        f"Python {machine['python']}"
    )


def library_versions(libraries: Sequence[str]) -> dict[str, str]:
    """Return the installed versions of libraries."""
    return {name: importlib.metadata.version(name) for name in libraries}
