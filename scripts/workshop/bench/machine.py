"""What a bench ran on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Describe the machine, without its name."""
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


def said(on: dict[str, Any]) -> str:
    """Return what `machine` found as a part of a sentence."""
    return (
        f"{on['cpu']}, {on['cores']} cores, {on['memory_gb']} GB, {on['os']}, Python {on['python']}"
    )


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """Return the installed versions of libraries."""
    return {name: importlib.metadata.version(name) for name in libraries}
