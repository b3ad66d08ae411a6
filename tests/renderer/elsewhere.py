"""A stand-in for a second device, for computers with only a CPU.

`Elsewhere` tensors report the device `meta`, for which torch supports autograd, but hold their numbers on the CPU. As
on a GPU, an operation that mixes them with tensors of the CPU is refused, except for single numbers. To read a number,
the CPU must wait, which is counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")


class Elsewhere(Tensor):
    """A tensor on the other device."""

    numbers: Tensor

    @staticmethod
    def __new__(cls, numbers: Tensor) -> "Elsewhere":
        there = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, numbers.shape, dtype=numbers.dtype, device=DEVICE, strides=numbers.stride()
        )
        there.numbers = numbers
        return there  # type: ignore[no-any-return]

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{func} outside of `device`")


class _Device(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.waits = 0  # how many times the CPU has read from the other device
        self.sent = 0  # how many times something was sent there

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        there = any(isinstance(tensor, Elsewhere) for tensor in tensors)
        name = func.overloadpacket.__name__
        to = kwargs.get("device")
        if to is not None and torch.device(to).type == DEVICE.type:
            kwargs["device"] = torch.device("cpu")
            self.sent += bool(tensors) and not there
            there = True
        elif to is not None or name in ("_local_scalar_dense", "equal", "is_nonzero", "nonzero"):
            self.waits += there
            there = False
        elif name == "copy_":  # between devices, either way
            self.sent += isinstance(args[0], Elsewhere) and not isinstance(args[1], Elsewhere)
            self.waits += isinstance(args[1], Elsewhere) and not isinstance(args[0], Elsewhere)
        elif there:
            strays = [tensor for tensor in tensors if not isinstance(tensor, Elsewhere) and tensor.ndim > 0]
            assert not strays, f"{func} mixes devices: {[tuple(tensor.shape) for tensor in strays]} is on the processor"
        result = func(*tree_map(_here, args), **tree_map(_here, kwargs))
        if func._schema.is_mutable:
            return args[0] if name.endswith("_") else result
        return tree_map(_there, result) if there else result


def _here(value: Any) -> Any:
    return value.numbers if isinstance(value, Elsewhere) else value


def _there(value: Any) -> Any:
    return Elsewhere(value) if isinstance(value, Tensor) else value


@contextmanager
def device() -> Iterator[_Device]:
    """Within this context, DEVICE can be used as a device."""
    with _Device() as mode:
        yield mode
