"""Kernels on several cores, and the memory layout of the pictures that they work on."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

WORTH_WAKING = 1 << 20  # numbers read and written in the time that another thread takes to wake, some 50 us


def share(kernel: Any, *arguments: Any, work: int = WORTH_WAKING) -> None:
    """Call `kernel(thread, threads, *arguments)` once in each thread, including the caller's.

    For numba kernels that release the interpreter's lock. The number of threads is torch's setting, but one where the
    `work`, in numbers read and written once, is less than WORTH_WAKING.
    """
    threads = torch.get_num_threads() if work >= WORTH_WAKING else 1
    calls = [_pool(threads - 1).submit(kernel, t, threads, *arguments) for t in range(1, threads)]
    kernel(0, threads, *arguments)
    for call in calls:
        call.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="render")


def pixels(picture: Tensor) -> NDArray[Any]:  # [3, H, W] -> [H, W, 3] float32
    """A picture with the channels of each pixel together, as kernels read it. A view if it has that layout already."""
    return picture.detach().to("cpu", torch.float32).permute(1, 2, 0).contiguous().numpy()


def picture(pixels: NDArray[Any]) -> Tensor:  # [H, W, 3] -> [3, H, W]
    """The inverse of `pixels`, without a copy."""
    return torch.from_numpy(pixels).permute(2, 0, 1)


def interleaved(picture: Tensor) -> Tensor:  # [3, H, W]
    """The same picture `[3, H, W]`, stored in the layout of `pixels`, so that kernels need no copy."""
    return picture.permute(1, 2, 0).contiguous().permute(2, 0, 1)


def placed(picture: Tensor, device: torch.device | str) -> Tensor:  # [3, H, W]
    """A picture `[3, H, W]` on a device, in the layout that the kernels there read."""
    there = picture.to(device)
    return interleaved(there) if there.device.type == "cpu" else there.contiguous()


@lru_cache(maxsize=256)
def constant(numbers: tuple[Any, ...], device: torch.device) -> Tensor:
    """Numbers that never change, as a float32 tensor `[len(numbers), ...]` that is sent to its device only once."""
    return torch.tensor(numbers, dtype=torch.float32).to(device)
