"""How the process that fits is set up, once, before torch is loaded."""

import ctypes
import os
import sys

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # malloc.h of the GNU C library
_KEPT_BYTES = 1 << 30


def prepare() -> None:
    """Keep idle threads from spinning, and memory that a step gives back from going back to the system.

    OpenMP's idle threads would take the processor from those that draw. And a large picture would be new pages, each
    zeroed by the system first, in every step: at 2048 px that took three quarters of it. Where the C library is
    another, nothing is set.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
