"""The Triton kernels and the reference version, value and gradient.

Without a GPU, the kernels run in Triton's interpreter on the CPU, which tests their arithmetic and the sorting into
tiles. Another test checks that they compile for a GPU. Only the tests marked `gpu` run them on one.
"""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Ink
from renderer.raster import EdgeRamp, Shapes, rasterise, reference

Scene = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]  # points, radius, colours, background, order
Pictures = dict[str, NDArray[np.float32]]

NAMES = ("picture", "points", "radius", "colours", "background")
EDGES = {"soft": EdgeRamp(1.3), "gaussian": EdgeRamp(1.3, gaussian=True)}


def scattered(samples: int, *, count: int = 6, radius_px: tuple[float, float] = (0.4, 3.0), seed: int = 0) -> Scene:
    """Strokes on and around a picture whose width is not a multiple of a tile's, drawn in another order."""
    rng = np.random.default_rng(seed)
    height, width = 15, 29
    first = rng.random((count, 1, 2)) * [width + 10, height + 10] - 5
    steps = rng.normal(0, 7, (count, samples - 1, 2)).cumsum(1)
    arrays = (
        np.concatenate([first, first + steps], 1),
        rng.uniform(*radius_px, count),
        rng.random((count, 3)),
        rng.random((3, height, width)),
    )
    points, radius, colours, background = (torch.from_numpy(array).float() for array in arrays)
    return points, radius, colours, background, torch.from_numpy(rng.permutation(count))


def without_length() -> Scene:
    points, *rest = scattered(2, seed=1)
    points[1::2, 1] = points[1::2, 0]
    return points, *rest


def ragged() -> Scene:
    """Polylines that end early: their last point is repeated."""
    points, *rest = scattered(5, seed=2)
    for n, last in enumerate((4, 3, 2, 1, 0, 2)):
        points[n, last:] = points[n, last]
    return points, *rest


def leaving() -> Scene:
    """Lines, level, upright and slanting, across the page's edges, and one beside the page."""
    _, radius, colours, background, order = scattered(2, seed=3)
    lines = [(-9, 7, 40, 7), (11, -9, 11, 40), (33, -3, 9, 12), (50, 0, 50, 20), (-99, 3, 150, 12), (28, 14, 35, 25)]
    points = torch.tensor(lines).float().view(-1, 2, 2)
    return points, radius, colours, background, order


def half_drawn() -> Scene:
    *rest, order = scattered(3, seed=4)
    return *rest, order[:3]


def all_covered() -> Scene:
    """Wide strokes of black and full colours on each other: the picture does not show what is below them."""
    _, radius, colours, *rest, _ = scattered(2, count=3, seed=5)
    points = torch.tensor([(2.3, 1.1, 25.1, 12.3), (3.2, 2.0, 27.3, 11.7), (1.1, 4.2, 24.3, 10.9)]).view(3, 2, 2)
    return points, radius + 5, (colours > 0.6).float(), *rest, torch.tensor([2, 0, 1])


SCENES: dict[str, Callable[[], Scene]] = {
    "dots": lambda: scattered(1, seed=6),
    "lines": lambda: scattered(2, seed=7),
    "polylines": lambda: scattered(4, seed=8),
    "thin": lambda: scattered(3, radius_px=(0.02, 0.3), seed=9),
    "without_length": without_length,
    "ragged": ragged,
    "leaving": leaving,
    "half_drawn": half_drawn,
    "all_covered": all_covered,
}
# In the interpreter everything takes its time: all looks for one scene, two for each of the others.
LOOKS = list(itertools.product(Ink, EDGES))
CHOSEN = {"lines": LOOKS, "all_covered": [LOOKS[0], LOOKS[2]]}  # nothing Gaussian covers wholly
CASES = [(scene, *look) for scene in SCENES for look in CHOSEN.get(scene, [LOOKS[0], LOOKS[3]])]
EVERY_CASE = pytest.mark.parametrize(("scene", "ink", "edges"), CASES, ids=["-".join(case) for case in CASES])


def plain(
    points: Tensor, radius: Tensor, colours: Tensor, background: Tensor, order: Tensor, edges: EdgeRamp, ink: Ink
):
    return reference.rasterise(
        points, radius, colours, order, background,
        softness_px=edges.softness_px, gaussian=edges.gaussian, transparent=ink is Ink.TRANSPARENT,
    )  # fmt: skip


def way_and_back(
    draw: Callable[..., Tensor],
    scene: Scene,
    ink: Ink,
    edges: EdgeRamp,
    *,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
) -> tuple[Tensor, ...]:
    """A picture, and the gradients of a loss that weights each pixel and channel differently."""
    leaves = [leaf.to(device, dtype).requires_grad_() for leaf in scene[:4]]
    picture = draw(*leaves, scene[4].to(device), edges, ink)
    weights = torch.from_numpy(np.random.default_rng(7).normal(size=picture.shape)).to(device, dtype)
    return picture.detach(), *torch.autograd.grad((picture * weights).sum(), leaves)


def assert_agrees(mine: tuple[Tensor, ...], scene: Scene, ink: Ink, edges: EdgeRamp) -> None:
    right = list(way_and_back(plain, scene, ink, edges, dtype=torch.float64))
    for name, ours, theirs in zip(NAMES, (tensor.double().cpu() for tensor in mine), right, strict=True):
        if name == "points":
            ours, theirs = folded(ours, scene[0]), folded(theirs, scene[0])  # noqa: PLW2901
        scale = max(theirs.abs().max().item(), 1e-3)
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4 * scale, msg=lambda m, n=name: f"{n}: {m}")


def folded(gradient: Tensor, points: Tensor) -> Tensor:
    """Of points that coincide, rounding decides which is the nearest: the gradient that moves all of them counts."""
    gradient = gradient.clone()
    for s in range(points.shape[1] - 1, 0, -1):
        same = (points[:, s] == points[:, s - 1]).all(-1)
        gradient[same, s - 1] += gradient[same, s]
        gradient[same, s] = 0
    return gradient


# --- in the interpreter -----------------------------------------------------------------------------------------------


def interpreted(path: Path) -> None:
    """Everything that the tests below need, drawn in the interpreter."""
    from renderer.raster import cuda

    found: dict[str, Any] = {}
    for name, ink, edges in CASES:
        drawn = way_and_back(cuda.rasterise, SCENES[name](), Ink(ink), EDGES[edges])
        found |= {f"{name} {ink} {edges} {part}": value for part, value in zip(NAMES, drawn, strict=True)}
    for name, scene in (("blank", blank()), ("broken", broken()), ("whole", whole())):
        drawn = way_and_back(cuda.rasterise, scene, Ink.OPAQUE, EdgeRamp())
        found |= {f"{name} {part}": value for part, value in zip(NAMES, drawn, strict=True)}
    found["no gradient"] = cuda.rasterise(*SCENES["polylines"](), EdgeRamp(1.3), Ink.OPAQUE)
    np.savez(path, **found)


def blank() -> Scene:
    points, radius, colours, background, order = scattered(2)
    return points[:0], radius[:0], colours[:0], background, order[:0]


def broken() -> Scene:
    """Four strokes, the first two of which cannot be drawn."""
    points, radius, colours, background, _ = scattered(3, count=4)
    points[0, 1, 0] = torch.nan
    points[1, 1, 1] = 1e12
    return points, radius, colours, background, torch.arange(4)


def whole() -> Scene:
    points, radius, colours, background, _ = broken()
    return points[2:], radius[2:], colours[2:], background, torch.arange(2)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Drawn in its own process: Triton chooses the interpreter once, when it is imported."""
    path = tmp_path_factory.mktemp("interpreted") / "pictures.npz"
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    done = subprocess.run(
        [sys.executable, __file__, str(path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with np.load(path) as pictures:
        return dict(pictures)


@EVERY_CASE
def test_the_interpreted_kernels_agree_with_the_plain_twin(found: Pictures, scene: str, ink: str, edges: str) -> None:
    mine = tuple(torch.from_numpy(found[f"{scene} {ink} {edges} {part}"]) for part in NAMES)
    assert all(tensor.dtype == torch.float32 for tensor in mine)
    assert_agrees(mine, SCENES[scene](), Ink(ink), EDGES[edges])


def test_without_gradients_the_picture_is_the_same(found: Pictures) -> None:
    np.testing.assert_array_equal(found["no gradient"], found["polylines opaque soft picture"])


def test_without_strokes_the_background_is_left(found: Pictures) -> None:
    *_, background, _ = blank()
    np.testing.assert_array_equal(found["blank picture"], background)
    assert found["blank points"].shape == (0, 2, 2)


def test_strokes_that_are_not_finite_or_far_away_are_left_out(found: Pictures) -> None:
    np.testing.assert_array_equal(found["broken picture"], found["whole picture"])
    for part in ("points", "radius", "colours"):
        np.testing.assert_array_equal(found[f"broken {part}"][2:], found[f"whole {part}"])
        assert not found[f"broken {part}"][:2].any()


# --- compiled, but not run --------------------------------------------------------------------------------------------

POINTERS = {
    "*fp32": "points radius reach colours background picture below gradient ground shares",
    "*i32": "items pairs owners keys tile_pairs pair_items segment",
    "*i64": "starts slots",
    "fp32": "by_softness",
}


@pytest.mark.parametrize("kernel", ["_count", "_list", "_draw", "_undraw"])
def test_the_kernels_compile_for_a_gpu(kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    triton = pytest.importorskip("triton")
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from renderer.raster import cuda

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    function = getattr(cuda, kernel)
    types = {name: kind for kind, names in POINTERS.items() for name in names.split()}
    switches = dict.fromkeys({"gaussian", "transparent", "keep"} & set(function.arg_names), True)
    signature = {name: "constexpr" if name in switches else types.get(name, "i32") for name in function.arg_names}
    source = ASTSource(function, signature, {(function.arg_names.index(name),): on for name, on in switches.items()})
    compiled = triton.compile(source, target=GPUTarget("cuda", 80, 32), options=dict(cuda._ONE_WARP))
    assert compiled.asm["cubin"]


# --- on a GPU ---------------------------------------------------------------------------------------------------------

ON_A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.mark.gpu
@ON_A_GPU
@EVERY_CASE
def test_the_kernels_on_a_gpu_agree_with_the_plain_twin(scene: str, ink: str, edges: str) -> None:
    from renderer.raster import cuda

    drawn = way_and_back(cuda.rasterise, SCENES[scene](), Ink(ink), EDGES[edges], device="cuda")
    again = way_and_back(cuda.rasterise, SCENES[scene](), Ink(ink), EDGES[edges], device="cuda")
    assert all(torch.equal(one, other) for one, other in zip(drawn, again, strict=True))
    assert_agrees(drawn, SCENES[scene](), Ink(ink), EDGES[edges])


@pytest.mark.gpu
@ON_A_GPU
def test_tensors_on_a_gpu_are_drawn_there() -> None:
    scene = scattered(4, count=300, seed=10)
    points, radius, colours, background, order = (tensor.cuda() for tensor in scene)
    picture = rasterise(Shapes(points, 2 * radius, colours, order), background, px_per_mm=1.0, ink=Ink.OPAQUE)
    assert picture.is_cuda
    torch.testing.assert_close(picture.cpu(), plain(*scene, EdgeRamp(), Ink.OPAQUE), rtol=1e-3, atol=1e-4)


if __name__ == "__main__":
    interpreted(Path(sys.argv[1]))
