"""A kernel's work on several cores, and where and in which order the numbers of a picture lie meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

WORTH_WAKING = 1 << 20  # numbers read and written; another thread takes some 50 us to wake, or as long as these


def share(kernel: Any, *arguments: Any, work: int = WORTH_WAKING) -> None:
    """Call `kernel(thread, threads, *arguments)` once a thread, the caller's among them.

    For numba kernels that release the interpreter's lock. As many threads as torch is told to use; one alone where the
    `work`, in numbers read and written once, is little.
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
    """The numbers of a picture with a pixel's channels together, as kernels walk. A view where they lie so already."""
    return picture.detach().to("cpu", torch.float32).permute(1, 2, 0).contiguous().numpy()


def picture(pixels: NDArray[Any]) -> Tensor:  # [H, W, 3] -> [3, H, W]
    """The way back, without a copy."""
    return torch.from_numpy(pixels).permute(2, 0, 1)


def interleaved(picture: Tensor) -> Tensor:  # [3, H, W]
    """The same picture in the order of `pixels`, so that each kernel finds it as it wants it."""
    return picture.permute(1, 2, 0).contiguous().permute(2, 0, 1)


def placed(picture: Tensor, device: torch.device | str) -> Tensor:  # [3, H, W]
    """A picture on a device, in the order in which the kernels there walk."""
    there = picture.to(device)
    return interleaved(there) if there.device.type == "cpu" else there.contiguous()


@lru_cache(maxsize=256)
def constant(numbers: tuple[Any, ...], device: torch.device) -> Tensor:
    """Numbers that never change, as a float32 tensor that travels to its device once and not in each step."""
    return torch.tensor(numbers, dtype=torch.float32).to(device)
