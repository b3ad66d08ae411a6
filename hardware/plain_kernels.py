"""The kernels of `toolpath` as plain Python, for a computer without numba, such as a small one beside the machine.

They are the same functions, not compiled, so they find the same joins and, for the same number of kicks, the same
order. Each kick takes a thousand times as long, so far fewer are made: the travel is then about 3 % longer.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from hardware import kernel_cache

MOST_KICKS = 250  # in one region of the sheet; a third of a second on a desktop computer
NOTE = "numba is not installed: lines are put in order by a slower and less thorough search; pip install numba"


@cache
def use_if_needed() -> bool:
    """Prepare `toolpath` for a computer without numba, if it is one. Return whether the plain kernels serve."""
    kernel_cache.ensure_writable()
    try:
        import numba  # noqa: F401
    except ImportError:  # missing, or made for another numpy
        with _stand_in():
            search = import_module("hardware.toolpath.local_search")
            tour = import_module("hardware.toolpath.tour")
        tour.improve = _less_thorough(search.improve)  # type: ignore[attr-defined]
        return True
    return False


@contextmanager
def _stand_in() -> Iterator[None]:
    """Let modules that are imported inside find a `numba` that compiles nothing."""
    stand_in = ModuleType("numba")
    stand_in.njit = _uncompiled  # type: ignore[attr-defined]
    sys.modules["numba"] = stand_in
    try:
        yield
    finally:
        del sys.modules["numba"]


def _uncompiled(*function: Callable[..., Any], **_options: Any) -> Any:
    """Serve as `numba.njit`, with or without options: return the function as it is."""
    return function[0] if function else lambda decorated: decorated


def _less_thorough(improve: Callable[..., float]) -> Callable[..., float]:
    def improved(points: Any, near: Any, visits: Any, kicks: int, *settings: Any) -> float:
        with np.errstate(over="ignore"):  # the random numbers are computed modulo 2^64
            return improve(points, near, visits, min(kicks, MOST_KICKS), *settings)

    return improved
