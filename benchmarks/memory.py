"""The peak memory of this process."""

import resource
from pathlib import Path


def peak_mib() -> float:
    """The peak in MiB, of only this process if the system reports that: ru_maxrss can include the parent process."""
    status = Path("/proc/self/status")
    if status.exists():
        [peak] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")]
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
