"""A file of weights -> the convolutions of a network, recognised by its content, loaded strictly.

Three layouts are in use: safetensors with only the features, torchvision's complete checkpoints, and checkpoints of
training runs (`state_dict` inside, keys of DataParallel), such as the official Stylised-ImageNet ones. Pickles are read
with `weights_only=True`, which refuses anything that would run code. Numbers of numpy beside the weights are allowed:
the official checkpoints hold their best accuracy as one.
"""

import codecs
import pickle
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from renderer.spec.networks import LAYERS

UNTRAINED = 0.5  # excess kurtosis: random initial weights have 0 or less, trained networks 1.8 or more


class WeightsError(Exception):
    """A file without weights of the network; the message says what was found and what would work."""


def blank(net: str) -> nn.Sequential:
    """The convolutions of a network, without memory for their weights."""
    import torchvision

    options = {"init_weights": False} if net == "vgg16" else {}
    with torch.device("meta"):
        features: nn.Sequential = getattr(torchvision.models, net)(weights=None, **options).features
    return features


def loaded(path: Path, net: str) -> nn.Sequential:
    """The network with the weights of a file, float32, frozen. Raises WeightsError."""
    features = blank(net)
    state = _checked(path, _convolutions(_read(path)), net, features)
    if _looks_random(state):
        raise WeightsError(f"{path}: the weights are random numbers, as before any training; name trained weights")
    state = {name: value.float().contiguous() for name, value in state.items()}
    features.load_state_dict(state, strict=True, assign=True)
    return features.eval().requires_grad_(False)


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, Any]:
    """The content of the file, by key."""
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from None
    found = _safetensors(path) if head[8:9] == b"{" else _pickle(path)
    inner = found.get("state_dict") if isinstance(found, dict) else None
    found = inner if isinstance(inner, dict) else found
    if not isinstance(found, dict) or not found:
        raise WeightsError(f"{path}: has no named weights; {_WOULD_DO}")
    return found


_WOULD_DO = "a .safetensors, .pth or .pth.tar file with a network's state_dict is needed"


def _safetensors(path: Path) -> dict[str, Any]:
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError, KeyError):
        raise WeightsError(f"{path}: is damaged or cut off; fetch or copy it again") from None


def _numbers() -> list[Any]:
    """What a pickle needs for a number of numpy, by the names that old and new versions of it write."""
    multiarray = import_module("numpy._core.multiarray" if hasattr(np, "_core") else "numpy.core.multiarray")
    types = {type(np.dtype(code)) for code in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")}
    scalars = [(multiarray.scalar, f"{package}.multiarray.scalar") for package in ("numpy.core", "numpy._core")]
    return [*scalars, np.dtype, *types, codecs.encode]


def _pickle(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old formats, which torch reads anyway
            with torch.serialization.safe_globals(_numbers()):
                return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "GLOBAL" in str(error):  # the pickle asks for something outside torch's list
            what = "would run code of its own when it is read, so it is not read"
            raise WeightsError(f"{path}: {what}; {_WOULD_DO}") from None
        raise WeightsError(f"{path}: is not a file of weights; {_WOULD_DO}") from None
    except (
        SafetensorError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
    ):
        raise WeightsError(f"{path}: is damaged or cut off; fetch or copy it again") from None


# --- recognising ------------------------------------------------------------------------------------------------------


def _convolutions(found: dict[str, Any]) -> dict[str, Tensor]:
    """Keys as in torchvision's `features`: without DataParallel's `module`, without the classifier."""
    named = {".".join(part for part in str(key).split(".") if part != "module"): value for key, value in found.items()}
    start = "features."
    return {key.removeprefix(start): value for key, value in named.items() if key.startswith(start)}


def _checked(path: Path, state: dict[str, Tensor], net: str, features: nn.Sequential) -> dict[str, Tensor]:
    """The state, if every key and shape is that of the network. Raises WeightsError."""
    wanted = {name: tuple(value.shape) for name, value in features.state_dict().items()}
    shapes = {name: tuple(getattr(value, "shape", ())) for name, value in state.items()}
    if shapes != wanted:
        other = next((name for name in LAYERS if name != net and _shapes(name) == shapes), None)
        raise WeightsError(f"{path}: {f'is of {other}, not of {net}' if other else _amiss(shapes, wanted, net)}")
    if not all(value.is_floating_point() and bool(value.isfinite().all()) for value in state.values()):
        raise WeightsError(f"{path}: some of the weights are not finite numbers; fetch or copy it again")
    return state


def _shapes(net: str) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in blank(net).state_dict().items()}


def _amiss(shapes: dict[str, tuple[int, ...]], wanted: dict[str, tuple[int, ...]], net: str) -> str:
    """The first difference between a file and a network."""
    if not shapes:
        return f"has no features.N.weight, as weights of {net} have; name the right file"
    for name, shape in wanted.items():
        if name not in shapes:
            return f"lacks features.{name}, which {net} has; name a complete file"
        if shapes[name] != shape:
            return f"features.{name} is {_by(shapes[name])}, but in {net} it is {_by(shape)}; name a file of {net}"
    more = next(name for name in shapes if name not in wanted)
    return f"has features.{more}, which {net} does not have; name a file of {net}"


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "no tensor"


def _looks_random(state: dict[str, Tensor]) -> bool:
    """Whether the weights are untrained. Training leaves a few large weights among many small ones, in every layer."""
    large = [value.double() for value in state.values() if value.ndim == 4 and value.numel() > 2000]
    excess = [float((((value - value.mean()) / value.std()) ** 4).mean()) - 3 for value in large]
    return not sorted(excess)[len(excess) // 2] > UNTRAINED  # also where all are equal, which gives NaN
