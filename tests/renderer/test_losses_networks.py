"""Losses that use networks: compared with the lpips package and with reference versions, and built from a spec."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from renderer.assets import find
from renderer.assets.weights import Trunk, at_hand, files
from renderer.encoders import Network, networks
from renderer.encoders.checkpoint import blank
from renderer.losses import AugmentedLoss, Sources, Sum, build
from renderer.losses.distance import distance, plain, unit
from renderer.losses.network_loss import linear_layers, network_size
from renderer.losses.network_views import network_views
from renderer.losses.views import as_mask, random_view, resized
from renderer.spec import Augment, Loss
from renderer.spec.networks import LPIPS_NETS, USUAL_LAYERS

pytestmark = pytest.mark.usefixtures("one_thread")

NETS = tuple(LPIPS_NETS)
ASTRONAUT = find("88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5")
HERE = all(at_hand(Trunk(net, "imagenet"), Path()) for net in LPIPS_NETS.values())
with_weights = pytest.mark.skipif(
    not HERE or ASTRONAUT is None, reason="weights or pictures are not in the asset cache"
)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape)).float()


def made_up(net: str) -> Network:
    """An untrained network, for tests without downloaded weights."""
    torch.manual_seed(0)
    features = blank(net).to_empty(device="cpu")
    for parameter in features.parameters():
        torch.nn.init.normal_(parameter, std=(2 / max(1, parameter[0].numel())) ** 0.5)
    return Network(Trunk(net, "imagenet"), features.eval().requires_grad_(False), "")


@pytest.fixture(scope="module")
def unreal() -> Sources:
    return Sources({Trunk(net, "imagenet"): made_up(net) for net in LPIPS_NETS.values()})


@pytest.fixture(scope="module")
def real() -> Sources:
    return Sources(networks(files([Trunk(net, "imagenet") for net in LPIPS_NETS.values()], Path())))


def loss(sources: Sources, target: Tensor, **term: Any) -> Sum:
    return build((Loss.model_validate(term),), target, 1.0, sources)


# --- the kernel and its reference version -----------------------------------------------------------------------------


def both(dtype: torch.dtype, masked: bool, normalise: bool) -> list[tuple[Tensor, Tensor]]:
    features = (noise(24, 7, 9) - 0.3).clamp_min(0).to(dtype)
    features[:, 2, 3] = 0  # a place where nothing was found
    features = features[None].contiguous(memory_format=torch.channels_last)[0]
    wanted, weights = noise(24, 7, 9, seed=1), noise(24, seed=2)
    wanted = unit(wanted) if normalise else wanted
    mask = as_mask(noise(7, 9, seed=3), (7, 9)) if masked else None
    results = []
    for fast in (True, False):
        leaf = features.clone(memory_format=torch.preserve_format).requires_grad_()
        if fast:
            value = distance(leaf, wanted, weights, mask, normalise=normalise)
        else:
            values = plain(leaf, wanted, weights, normalise=normalise)
            value = (values if mask is None else values * mask).mean(-1).mean()
        (3 * value).backward()
        assert leaf.grad is not None
        results.append((value.detach(), leaf.grad.float()))
    return results


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_kernel_agrees_with_the_plain_twin(dtype: torch.dtype, masked: bool, normalise: bool) -> None:
    (value, gradient), (right, right_gradient) = both(dtype, masked, normalise)
    torch.testing.assert_close(value, right, rtol=1e-5, atol=1e-7)
    there = torch.ones(7, 9, dtype=torch.bool)
    there[2, 3] = not normalise  # the reference version's gradient is as steep as 1 / 0 there
    digits = 1e-5 if dtype == torch.float32 else 2**-7
    scale = right_gradient[:, there].abs().max().item()
    torch.testing.assert_close(gradient[:, there], right_gradient[:, there], rtol=digits, atol=digits * scale * 0.1)
    assert gradient.isfinite().all()


def test_the_kernel_does_not_depend_on_threads() -> None:
    features, wanted, weights = noise(16, 40, 30), unit(noise(16, 40, 30, seed=1)), noise(16, seed=2)

    def way_and_back(threads: int) -> tuple[float, bytes]:
        torch.set_num_threads(threads)
        leaf = features.clone().requires_grad_()
        value = distance(leaf, wanted, weights, None, normalise=True)
        value.backward()
        assert leaf.grad is not None
        return value.item(), leaf.grad.contiguous().numpy().tobytes()

    assert way_and_back(1) == way_and_back(2) == way_and_back(3)


def test_other_precisions_go_to_the_twin() -> None:
    wanted, weights = unit(noise(5, 3, 4, seed=1).double()), noise(5, seed=2).double()

    def far(features: Tensor) -> Tensor:
        return distance(features, wanted, weights, None, normalise=True)

    assert torch.autograd.gradcheck(far, [(noise(5, 3, 4) + 0.1).double().requires_grad_()])


# --- LPIPS ------------------------------------------------------------------------------------------------------------


@with_weights
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("net", NETS)
def test_lpips_is_that_of_the_lpips_package(real: Sources, net: str) -> None:
    import lpips

    theirs = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    state = real.networks[Trunk(LPIPS_NETS[net], "imagenet")].features.state_dict()
    theirs.net.load_state_dict({key: state[key.split(".", 1)[1]] for key in theirs.net.state_dict()}, strict=True)
    target, picture = noise(3, 80, 96), noise(3, 80, 96, seed=1)
    values, gradients = [], []
    for far in (loss(real, target, lpips={"net": net, "scale": 1, "precision": "float32"}), theirs):
        leaf = picture.clone().requires_grad_()
        value = far(leaf) if isinstance(far, Sum) else far(leaf[None], target[None], normalize=True).sum()
        value.backward()
        assert leaf.grad is not None
        values.append(value.detach())
        gradients.append(leaf.grad)
    torch.testing.assert_close(*values, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-3 * gradients[1].abs().max().item())


def astronaut(blur_px: float = 0, shift_px: int = 0) -> Tensor:
    assert ASTRONAUT is not None
    with Image.open(ASTRONAUT) as file:
        image = file.convert("RGB").resize((256, 256), Image.Resampling.LANCZOS)
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(blur_px)), np.float32) / 255
    return torch.from_numpy(np.roll(pixels, shift_px, 1).copy()).permute(2, 0, 1)


REFERENCE = [
    ("vgg", {"blur_px": 1}, ".119"),
    ("vgg", {"blur_px": 2}, ".317"),
    ("vgg", {"blur_px": 4}, ".500"),
    ("vgg", {"shift_px": 2}, ".121"),
    ("alex", {"blur_px": 1}, ".185"),
    ("alex", {"blur_px": 2}, ".430"),
    ("alex", {"blur_px": 4}, ".649"),
    ("alex", {"shift_px": 2}, ".061"),
]


@with_weights
@pytest.mark.parametrize(("net", "change", "value"), REFERENCE)
def test_lpips_has_the_reference_values(real: Sources, net: str, change: dict[str, int], value: str) -> None:
    far = loss(real, astronaut(), lpips={"net": net, "scale": 1, "precision": "float32"})
    assert f"{far(astronaut(**change)):.3f}".lstrip("0") == value


@with_weights
def test_lpips_of_noise_has_the_published_value(real: Sources) -> None:
    """lpips' own test of SqueezeNet: 0.1008."""
    torch.manual_seed(123)
    first, second = torch.rand(10, 3, 100, 100), torch.rand(10, 3, 100, 100)
    term = {"net": "squeeze", "scale": 1, "precision": "float32"}
    values = [loss(real, a, lpips=term)(b).item() for a, b in zip(first, second, strict=True)]
    assert f"{np.mean(values):.4f}" == "0.1008"


@with_weights
@pytest.mark.parametrize("net", NETS)
def test_half_precision_stays_within_a_hundredth(real: Sources, net: str) -> None:
    values, gradients = [], []
    for precision in ("float32", "bfloat16"):
        leaf = astronaut(blur_px=2).requires_grad_()
        value = loss(real, astronaut(), lpips={"net": net, "precision": precision})(leaf)
        value.backward()
        assert leaf.grad is not None
        values.append(value.item())
        gradients.append(leaf.grad.flatten())
    assert values[1] == pytest.approx(values[0], rel=0.01)
    assert torch.cosine_similarity(*gradients, dim=0) > 0.9


def test_the_linear_layers_are_those_of_the_network() -> None:
    for net, trunk in LPIPS_NETS.items():
        assert len(linear_layers(net)) == len(USUAL_LAYERS[trunk])
        assert all((weights >= 0).all() for weights in linear_layers(net))
    assert [len(weights) for weights in linear_layers("vgg")] == [64, 128, 256, 512, 512]


# --- features and style -----------------------------------------------------------------------------------------------


def test_the_targets_features_are_reckoned_once(unreal: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    far = loss(unreal, noise(3, 40, 50), features={"net": "squeezenet1_1"})
    calls: list[Tensor] = []
    eye = far.terms["features"][1].comparison.eye  # type: ignore[attr-defined]
    whole = type(eye.encoder).__call__
    monkeypatch.setattr(type(eye.encoder), "__call__", lambda self, x: calls.append(x) or whole(self, x))
    for seed in range(3):
        far(noise(3, 40, 50, seed=seed))
    assert len(calls) == 3


def test_features_are_compared_at_the_layers_asked_for_with_their_weights(unreal: Sources) -> None:
    target, picture = noise(3, 40, 50), noise(3, 40, 50, seed=1)

    def far(**term: Any) -> float:
        return loss(unreal, target, features={"net": "squeezenet1_1", "precision": "float32"} | term)(picture).item()

    one, two = far(layers=["relu1"]), far(layers=["fire3"])
    assert far(layers=["relu1", "fire3"], layer_weights=[2, 0.5]) == pytest.approx(2 * one + 0.5 * two, rel=1e-5)
    assert far(layers=["fire3"], normalise=False) != pytest.approx(two)


def test_a_picture_that_is_the_target_has_no_loss(unreal: Sources) -> None:
    target = noise(3, 70, 80)
    for term in ({"lpips": {"net": "alex"}}, {"features": {"net": "alexnet"}}, {"gram": {"net": "alexnet"}}):
        assert loss(unreal, target, **term)(target).item() == pytest.approx(0, abs=1e-5)
        assert loss(unreal, target, **term)(1 - target).item() > 0.01


def test_style_does_not_ask_where(unreal: Sources) -> None:
    target = noise(3, 64, 64) * torch.linspace(0.2, 1, 64)
    turned = target.flip(2)
    term = {"net": "squeezenet1_1", "scale": 1, "precision": "float32", "layers": ["relu1"]}
    style, features = (loss(unreal, target, **{kind: term})(turned).item() for kind in ("gram", "features"))
    assert style < 0.1 * features


def test_a_style_is_that_of_its_own_picture(unreal: Sources) -> None:
    picture, target = noise(3, 64, 64), noise(3, 64, 64, seed=1) ** 3
    sources = Sources(unreal.networks, styles={"hand.png": picture})
    term = {"net": "squeezenet1_1", "precision": "float32"}
    assert loss(sources, target, gram=term | {"style": "hand.png"})(picture).item() == pytest.approx(0, abs=1e-6)
    assert loss(sources, target, gram=term)(picture).item() > 0.01


def test_what_lies_outside_a_region_does_not_count(unreal: Sources) -> None:
    target = noise(3, 64, 64)
    region = torch.zeros(64, 64)
    region[:, :20] = 1
    sources = Sources(unreal.networks, {"left.png": region})
    elsewhere, there = target.clone(), target.clone()
    elsewhere[:, :, 50:], there[:, :, :14] = 1, 1
    for term in ({"mse": {}}, {"ssim": {}}, {"edges": {}}, {"dog_mse": {"octaves": 1}}, {"pyramid_mse": {"levels": 2}}):
        [(name, _)] = term.items()
        far = loss(sources, target, **{name: term[name] | {"region": "left.png"}})
        assert far(elsewhere).item() < 1e-4 < far(there).item()
    for net in ("features", "gram"):
        far = loss(sources, target, **{net: {"net": "squeezenet1_1", "layers": ["relu1"], "region": "left.png"}})
        assert far(elsewhere).item() < 0.05 * far(there).item()


# --- views ------------------------------------------------------------------------------------------------------------


def test_networks_look_at_224_px_and_never_at_too_little() -> None:
    assert network_size(torch.empty(3, 448, 300), None, "vgg16") == (224, 150)
    assert network_size(torch.empty(3, 100, 80), None, "vgg16") == (100, 80)
    assert network_size(torch.empty(3, 400, 300), 0.5, "vgg16") == (200, 150)
    assert network_size(torch.empty(3, 40, 30), None, "alexnet") == (85, 64)


def test_resizing_keeps_means_and_even_pictures() -> None:
    picture = noise(3, 60, 40)
    small = resized(picture, (30, 20))
    torch.testing.assert_close(resized(torch.full((3, 33, 21), 0.3), (10, 40)), torch.full((3, 10, 40), 0.3))
    assert small.mean().item() == pytest.approx(picture.mean().item(), abs=0.005)
    assert torch.equal(resized(picture, (60, 40)), picture)


def test_a_random_view_is_a_crop_in_its_place() -> None:
    across = torch.linspace(0, 1, 50).expand(3, 40, 50)
    for seed in range(5):
        seen = random_view(Augment(crop=0.5, warp=0.0), (40, 50), np.random.default_rng(seed))(across)
        assert seen.shape == (3, 40, 50)
        steps = seen[0, 20].diff()
        assert 0.45 / 50 < steps.min() <= steps.max() < 1.1 / 50
    whole = random_view(Augment(crop=1.0, warp=0.0), (40, 50), np.random.default_rng(0))(across)
    torch.testing.assert_close(whole, across, atol=1e-3, rtol=0)


def test_augmented_steps_differ_and_repeat_with_the_seed_and_are_judged_whole(unreal: Sources) -> None:
    target, picture = noise(3, 40, 50), noise(3, 40, 50, seed=1)
    plain_term = {"net": "squeezenet1_1", "precision": "float32"}

    def steps(seed: int) -> list[float]:
        sources = Sources(unreal.networks, seed=seed)
        far = loss(sources, target, features=plain_term | {"augment": {}})
        assert isinstance(far.terms["features"][1], AugmentedLoss)
        found = [far.each(picture)["features"].item() for _ in range(3)]
        whole = loss(unreal, target, features=plain_term)(picture).item()
        assert far(picture).item() == whole
        assert far.each(target)["features"].item() == pytest.approx(0, abs=1e-6)
        return found

    first = steps(1)
    assert len(set(first)) == 3
    assert steps(1) == first
    assert steps(2) != first


def test_an_augmented_step_has_a_gradient(unreal: Sources) -> None:
    leaf = noise(3, 40, 50, seed=1).requires_grad_()
    far = loss(unreal, noise(3, 40, 50), lpips={"net": "squeeze", "augment": {"crop": 0.5, "warp": 0.1}})
    far.total(far.each(leaf)).backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    assert leaf.grad.abs().max() > 0


# --- the views in the report ------------------------------------------------------------------------------------------


def test_a_look_has_the_loss_of_each_depth_and_where_it_is_high(unreal: Sources) -> None:
    target = noise(3, 64, 64)
    drawn = target.clone()
    drawn[:, :32, :32] = 0.5
    terms = ({"mse": {}}, {"features": {"net": "squeezenet1_1", "augment": {}}}, {"gram": {"net": "squeezenet1_1"}})
    far = build(tuple(Loss.model_validate(term) for term in terms), target, 1.0, unreal)
    found = {look.term: look for look in network_views("lines", far, drawn)}
    assert list(found) == ["features", "gram"]
    assert [name for name, _ in found["features"].depths] == list(USUAL_LAYERS["squeezenet1_1"])
    assert found["features"].loss == pytest.approx(far.terms["features"][1](drawn).item(), rel=1e-5)
    assert found["features"].map.shape == (64, 64)
    assert found["features"].map[:28, :28].mean() > 3 * found["features"].map[36:, 36:].mean()
    assert [look.is_pull for look in found.values()] == [False, True]
    assert found["gram"].map.max() == 1


def test_lpips_takes_every_trunk_that_features_take(unreal: Sources) -> None:
    """As in the paper's figure 3: the linear layers over a VGG16 trained on Stylised-ImageNet."""
    trunk = replace(
        unreal,
        networks={
            Trunk("squeezenet1_1", "mine.pth"): next(
                network for key, network in unreal.networks.items() if key.net == "squeezenet1_1"
            )
        },
    )
    far = loss(trunk, noise(3, 40, 50), lpips={"net": "squeeze", "weights": "mine.pth"})
    same = loss(unreal, noise(3, 40, 50), lpips={"net": "squeeze"})
    other = noise(3, 40, 50, seed=2)
    assert far(other).item() == same(other).item()
