"""The setup of the process that fits, once, before torch is loaded."""

import ctypes
import os
import sys

from hardware import kernel_cache

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # malloc.h of the GNU C library
_KEPT_BYTES = 1 << 30


def prepare() -> None:
    """Keep idle threads from spinning, and keep memory that a step frees from going back to the system.

    OpenMP's idle threads would take the processor from the threads that draw. A large picture would get new pages in
    every step, each zeroed by the system first: at 2048 px that took three quarters of a step. Memory is only set up
    for the GNU C library.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    kernel_cache.ensure_writable()
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
