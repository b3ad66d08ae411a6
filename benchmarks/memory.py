"""The most memory that this process has held."""

import resource
from pathlib import Path


def peak_mib() -> float:
    """Of this process alone where the system says so: ru_maxrss may still hold that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        [peak] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")]
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
