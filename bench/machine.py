"""What the measurements ran on, as Python and the kernel see it, without names of hosts or folders."""

from __future__ import annotations

import os
import platform
import resource
from pathlib import Path


def cpu_model() -> str:
    """Return the processor's name, else its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.machine()


def memory_gib(what: str = "MemTotal") -> float:
    """Return the machine's memory, or with `MemAvailable` what is free now; infinite where nobody can say."""
    info = Path("/proc/meminfo")
    for line in info.read_text().splitlines() if info.exists() else []:
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 2**20
    return float("inf")


def describe() -> str:
    """Return one sentence about the machine."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores {cpu_model()}, {memory_gib():.0f} GiB memory, {platform.system()}, {python}"


def peak_mb(*, children: bool = False) -> float:
    """Return the largest resident size of this process so far, or of the largest of its ended children."""
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    return resource.getrusage(who).ru_maxrss / 1024
