"""Files of weights are recognised by their content and loaded strictly, whatever made them; all else is refused."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from renderer.assets import find
from renderer.assets.weights import Trunk
from renderer.encoders import Encoder, Network, WeightsError
from renderer.encoders.checkpoint import blank, loaded
from renderer.spec.networks import LAYERS

VGG16 = find("af273c0cd2149d7e85ece94343f3f6d1c9dfa72a82986edab8d182f907a846de")
pytestmark = pytest.mark.usefixtures("one_thread")

State = dict[str, Tensor]


def made_up(net: str, seed: int = 0) -> State:
    """Random weights of a network with a distribution like that of trained ones."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {f"features.{name}": value.shape for name, value in blank(net).state_dict().items()}
    return {name: torch.randn(shape, generator=generator) ** 3 * 0.02 for name, shape in shapes.items()}


def as_safetensors(state: State, path: Path) -> None:
    save_file(state, path)


def as_torchvision(state: State, path: Path) -> None:
    torch.save(state | {"classifier.1.weight": torch.zeros(10, 10)}, path)


def as_official(state: State, path: Path) -> None:
    """A file like that of Geirhos et al.: DataParallel around the features only, in the record of a training run."""
    keys = {key.replace("features.", "features.module."): value for key, value in state.items()}
    keys |= {"classifier.6.bias": torch.zeros(1000)}
    torch.save({"epoch": 60, "arch": "vgg16", "state_dict": keys, "best_prec1": torch.tensor(50.0)}, path)


def as_wrapped(state: State, path: Path) -> None:
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}}, path)


@pytest.mark.parametrize("save", [as_safetensors, as_torchvision, as_official, as_wrapped])
def test_every_layout_is_recognised(tmp_path: Path, save: Callable[[State, Path], None]) -> None:
    state = made_up("squeezenet1_1")
    save(state, tmp_path / "weights")
    found = loaded(tmp_path / "weights", "squeezenet1_1").state_dict()
    assert {f"features.{key}" for key in found} == set(state)
    assert all(torch.equal(value, state[f"features.{key}"]) for key, value in found.items())


def test_old_files_and_half_precision_are_read(tmp_path: Path) -> None:
    state = made_up("squeezenet1_1")
    torch.save({"state_dict": state}, tmp_path / "old.pth.tar", _use_new_zipfile_serialization=False)
    assert loaded(tmp_path / "old.pth.tar", "squeezenet1_1")
    save_file({key: value.half() for key, value in state.items()}, tmp_path / "half.safetensors")
    assert next(loaded(tmp_path / "half.safetensors", "squeezenet1_1").parameters()).dtype == torch.float32


def test_nothing_is_trained(tmp_path: Path) -> None:
    as_safetensors(made_up("alexnet"), tmp_path / "weights")
    network = loaded(tmp_path / "weights", "alexnet")
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.skipif(VGG16 is None, reason="the weights of VGG16 are not in the asset cache")
def test_the_official_stylised_file_would_load(tmp_path: Path) -> None:
    assert VGG16 is not None
    state = load_file(VGG16)
    as_official(state, tmp_path / "vgg16_train_60_epochs_lr0.01-6c6fcc9f.pth.tar")
    found = loaded(tmp_path / "vgg16_train_60_epochs_lr0.01-6c6fcc9f.pth.tar", "vgg16").state_dict()
    assert all(torch.equal(value, state[f"features.{key}"]) for key, value in found.items())
    assert len(found) == len(state) == 26


# --- refused ----------------------------------------------------------------------------------------------------------


class Evil:
    """A pickle that runs a command when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def refusal(path: Path, net: str) -> str:
    with pytest.raises(WeightsError) as caught:
        loaded(path, net)
    return str(caught.value).removeprefix(f"{path}: ")


CUT = "is damaged or cut off; fetch or copy it again"
WOULD_DO = "a .safetensors, .pth or .pth.tar file with a network's state_dict is needed"


@pytest.mark.parametrize("save", [as_safetensors, as_official])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, save: Callable[[State, Path], None], share: float) -> None:
    save(made_up("squeezenet1_1"), tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    (tmp_path / "cut").write_bytes(content[: int(share * len(content))])
    assert refusal(tmp_path / "cut", "squeezenet1_1") == CUT


def test_wrong_shapes_are_refused(tmp_path: Path) -> None:
    state = made_up("squeezenet1_1")
    as_official(state | {"features.3.squeeze.weight": torch.zeros(16, 64, 3, 3)}, tmp_path / "weights")
    assert refusal(tmp_path / "weights", "squeezenet1_1") == (
        "features.3.squeeze.weight is 16 x 64 x 3 x 3, but in squeezenet1_1 it is 16 x 64 x 1 x 1; "
        "name a file of squeezenet1_1"
    )


def test_missing_and_strange_layers_are_refused(tmp_path: Path) -> None:
    state = made_up("alexnet")
    as_safetensors({key: value for key, value in state.items() if key != "features.8.bias"}, tmp_path / "less")
    assert refusal(tmp_path / "less", "alexnet") == "lacks features.8.bias, which alexnet has; name a complete file"
    as_safetensors(state | {"features.13.weight": torch.zeros(2)}, tmp_path / "more")
    assert refusal(tmp_path / "more", "alexnet") == (
        "has features.13.weight, which alexnet does not have; name a file of alexnet"
    )


@pytest.mark.parametrize("code", ["inside", "alone"])
def test_a_pickle_with_code_in_it_is_refused_and_not_run(tmp_path: Path, code: str) -> None:
    evil = Evil(tmp_path / "ran")
    if code == "inside":
        torch.save({"state_dict": made_up("squeezenet1_1"), "note": evil}, tmp_path / "weights")
    else:
        (tmp_path / "weights").write_bytes(pickle.dumps(evil, protocol=2))
    assert refusal(tmp_path / "weights", "squeezenet1_1") == (
        f"would run code of its own when it is read, so it is not read; {WOULD_DO}"
    )
    assert not (tmp_path / "ran").exists()


def test_a_file_of_another_network_is_refused_by_name(tmp_path: Path) -> None:
    as_safetensors(made_up("alexnet"), tmp_path / "weights")
    assert refusal(tmp_path / "weights", "vgg16") == "is of alexnet, not of vgg16"


def test_what_is_no_file_of_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("weights")
    assert refusal(tmp_path / "text", "vgg16") == f"is not a file of weights; {WOULD_DO}"
    (tmp_path / "empty").touch()
    assert refusal(tmp_path / "empty", "vgg16") == CUT
    torch.save([1, 2], tmp_path / "list")
    assert refusal(tmp_path / "list", "vgg16") == f"has no named weights; {WOULD_DO}"
    torch.save({"epoch": 3}, tmp_path / "record")
    assert refusal(tmp_path / "record", "vgg16") == (
        "has no features.N.weight, as weights of vgg16 have; name the right file"
    )
    assert refusal(tmp_path / "none", "vgg16") == "cannot be read: No such file or directory"


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    state = made_up("squeezenet1_1")
    state["features.0.bias"][3] = float("nan")
    as_safetensors(state, tmp_path / "weights")
    assert refusal(tmp_path / "weights", "squeezenet1_1") == (
        "some of the weights are not finite numbers; fetch or copy it again"
    )


@pytest.mark.parametrize("net", LAYERS)
@pytest.mark.parametrize("constant", [False, True])
def test_a_random_trunk_is_refused(tmp_path: Path, net: str, constant: bool) -> None:
    import torchvision

    torch.manual_seed(0)
    features = torchvision.models.__dict__[net](weights=None).features if net != "vgg16" or not constant else blank(net)
    state = {f"features.{key}": value for key, value in features.state_dict().items()}
    if constant:
        state = {key: torch.full(value.shape, 0.1) for key, value in state.items()}
    as_safetensors(state, tmp_path / "weights")
    assert refusal(tmp_path / "weights", net) == (
        "the weights are random numbers, as before any training; name trained weights"
    )


# --- encoders ---------------------------------------------------------------------------------------------------------


def network(net: str) -> Network:
    features = blank(net)
    state = {key.removeprefix("features."): value for key, value in made_up(net).items()}
    features.load_state_dict(state, assign=True)
    return Network(Trunk(net, "imagenet"), features.requires_grad_(False), "")


def layers_of(net: str, picture: Tensor, *names: str) -> dict[str, Tensor]:
    return Encoder.of(network(net), names, torch.device("cpu"), torch.float32)(picture)


@pytest.mark.parametrize("net", LAYERS)
def test_layers_are_called_as_they_stand_in_the_network(net: str) -> None:
    features = blank(net)
    assert len(LAYERS[net]) == len(features)
    for name, module in zip(LAYERS[net], features, strict=True):
        kind = {"conv": "Conv2d", "relu": "ReLU", "pool": "MaxPool2d", "fire": "Fire"}[name[:4]]
        assert type(module).__name__ == kind


@pytest.mark.parametrize("net", ["alexnet", "squeezenet1_1"])
def test_each_layer_is_what_torchvision_makes_of_the_normalised_picture(net: str) -> None:
    picture = torch.rand(3, 80, 70, generator=torch.Generator().manual_seed(1))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = ((picture - mean[:, None, None]) / deviation[:, None, None])[None]
    found = layers_of(net, picture, *LAYERS[net])
    assert list(found) == list(LAYERS[net])
    for name, module in zip(LAYERS[net], network(net).features, strict=True):
        x = module(x.clone())  # some work in place
        torch.testing.assert_close(found[name], x[0], rtol=1e-3, atol=1e-3)


def test_the_network_runs_only_as_deep_as_is_asked() -> None:
    encoder = Encoder.of(network("vgg16"), ("relu2_2", "relu1_1"), torch.device("cpu"), torch.float32)
    assert [name for name, _ in encoder.slices] == ["relu1_1", "relu2_2"]
    assert sum(len(part) for _, part in encoder.slices) == 9


def test_an_encoder_leaves_its_network_as_it_was() -> None:
    one = network("squeezenet1_1")
    before = one.features[0].weight.clone()
    Encoder.of(one, ("relu1",), torch.device("cpu"), torch.bfloat16)(torch.rand(3, 40, 40))
    assert torch.equal(one.features[0].weight, before)
    assert one.features[0].weight.dtype == torch.float32


def test_a_checkpoint_as_published_is_read(tmp_path: Path) -> None:
    """The official Stylised-ImageNet checkpoints: DataParallel's keys, an optimiser, the best accuracy of numpy."""
    state = {key.replace("features.", "features.module."): value for key, value in made_up("vgg16").items()}
    published = {"epoch": 1, "arch": "vgg16", "state_dict": state, "best_prec1": np.float64(50.5), "optimizer": {}}
    torch.save(published, tmp_path / "weights")
    assert loaded(tmp_path / "weights", "vgg16")
