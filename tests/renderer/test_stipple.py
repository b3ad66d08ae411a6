import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Ink, Pen
from renderer.optimise import Ground, lines_mm
from renderer.palette import Palette, from_hex, oklab
from renderer.spec import Layer, Points
from renderer.stipple import apportioned, cells, demanded, relaxed, sampled, stipple
from renderer.strokes import Strokes
from renderer.target import Frame

pytestmark = pytest.mark.usefixtures("one_thread")

FRAME = Frame(7.0, 5.0, 32.0, 24.0, 4.0)
HEIGHT, WIDTH = FRAME.height_px, FRAME.width_px
KIND = Points(count=1)


def pens(*colours: str, nib_mm: float = 0.4, ink: Ink = Ink.OPAQUE) -> Palette:
    return Palette(
        tuple(Pen(name=colour, colour=colour, nib_mm=nib_mm, ink=ink) for colour in colours),
        False,
        ink,
        (nib_mm, nib_mm),
    )


def free(ink: Ink = Ink.OPAQUE) -> Palette:
    return Palette((Pen(name="free", colour="#000000", nib_mm=0.4, ink=ink),), True, ink, (0.4, 0.4))


def plain(colour: str) -> Tensor:
    return torch.from_numpy(from_hex(colour)).float()[:, None, None].expand(3, HEIGHT, WIDTH).contiguous()


def halves(left: Tensor, right: Tensor) -> Tensor:
    return torch.cat([left[:, :, : WIDTH // 2], right[:, :, WIDTH // 2 :]], 2)


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def placed(count: int, palette: Palette, target: Tensor, below: Tensor | None = None, seed: int = 1) -> Strokes:
    background = plain("#ffffff") if below is None else below
    return stipple(KIND, count, palette, FRAME, target, background, chance(seed))


def share_of_frame(strokes: Strokes) -> Tensor:  # [N, 2] in [0, 1]
    corner, size = torch.tensor([FRAME.x_mm, FRAME.y_mm]), torch.tensor([FRAME.width_mm, FRAME.height_mm])
    return (strokes.knots[:, 0] - corner) / size


def nearest_mm(strokes: Strokes) -> Tensor:  # [N]
    """The distance of each dot's nearest neighbour."""
    away = torch.cdist(strokes.knots[:, 0], strokes.knots[:, 0])
    return away.fill_diagonal_(torch.inf).amin(1)


def square_distances(sites: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:  # [H, W, N]
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]] + 0.5
    away: NDArray[np.float64] = (x[..., None] - sites[:, 0]) ** 2 + (y[..., None] - sites[:, 1]) ** 2
    return away


def energy(sites: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    return float((weight * square_distances(sites, weight).min(-1)).sum())


# --- cells ------------------------------------------------------------------------------------------------------------


@given(
    count=st.integers(1, 60),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    crowding=st.sampled_from([1.0, 3.0, 9.0]),
    seed=st.integers(0, 2**31),
)
@settings(deadline=None, max_examples=150)
def test_every_sample_belongs_to_the_nearest_of_all_sites(
    count: int, height: int, width: int, crowding: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    sites = random.random((count, 2)) ** crowding * [width, height]  # crowded into a corner, or not
    weight = (random.random((height, width)) < 0.7).astype(float)
    found = cells(sites, weight)
    assert ((found >= 0) == (weight > 0)).all()
    away = square_distances(sites, weight)
    chosen = np.take_along_axis(away, found.clip(0)[..., None], -1)[..., 0]
    np.testing.assert_array_equal(chosen[weight > 0], away.min(-1)[weight > 0])


def test_each_iteration_lowers_the_energy() -> None:
    """Lloyd's iteration cannot raise the cost: samples go to their nearest site, and sites to their cheapest place."""
    y, x = np.mgrid[:50, :60]
    demand = 0.05 + 0.5 * (1 + np.sin(x / 7) * np.cos(y / 5))
    sites = [sampled(demand, 80, chance())]
    energies = [energy(sites[0], demand**2)]
    for _ in range(10):
        sites = relaxed(sites, demand[None], 1)
        energies.append(energy(sites[0], demand**2))
    assert (np.diff(energies) < 0).all()
    assert energies[-1] < 0.85 * energies[0]


def test_a_site_whose_cell_is_empty_stays() -> None:
    demand = np.zeros((1, 20, 20))
    demand[0, :15, :5] = 1
    sites = np.array([[2.0, 10.0], [19.0, 19.0]])
    [moved] = relaxed([sites], demand, 3)
    np.testing.assert_allclose(moved, [[2.5, 7.5], [19.0, 19.0]])


@given(count=st.integers(1, 500), seed=st.integers(0, 2**31))
@settings(deadline=None, max_examples=40)
def test_samples_lie_where_there_is_demand_in_its_proportion(count: int, seed: int) -> None:
    demand = np.zeros((37, 53))
    demand[5:20, 10:30] = 1
    demand[20:35, 10:30] = 3
    sites = sampled(demand, count, np.random.default_rng(seed))
    assert sites.shape == (count, 2)
    assert demand[sites[:, 1].astype(int), sites[:, 0].astype(int)].all()
    assert abs((sites[:, 1] >= 20).sum() - 0.75 * count) < 8  # a few squares of Morton's curve are cut


@given(count=st.integers(1, 1000), amounts=st.lists(st.floats(0, 1e6), min_size=1, max_size=9).filter(any))
def test_parts_are_whole_and_sum_up(count: int, amounts: list[float]) -> None:
    parts = apportioned(count, np.array(amounts))
    assert parts.sum() == count
    np.testing.assert_allclose(parts, count * np.array(amounts) / sum(amounts), atol=1 - 1e-9, rtol=1e-9)


# --- demand -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ink", list(Ink))
@pytest.mark.parametrize("ground", ["#ffffff", "#c0d0a0"])
def test_the_shares_mix_to_the_target(ink: Ink, ground: str) -> None:
    palette, wanted = pens("#102080", "#e0c010", "#c02040", ink=ink), np.array([0.2, 0.35, 0.1])
    below = from_hex(ground)
    covered = palette.table().double().numpy() * (below if ink is Ink.TRANSPARENT else 1)
    target = below + wanted @ (covered - below)
    found = demanded(target[None, None], below[None, None], palette)[:, 0, 0]
    mixed = below + found @ (covered - below)
    np.testing.assert_allclose(mixed, target, atol=0.05)  # not exact: pens like the target are preferred
    np.testing.assert_allclose(found, wanted, atol=0.15)


def test_one_pen_covers_the_share_that_comes_nearest() -> None:
    greys = np.array([0.0, 0.1, 0.5, 0.9, 1.0])[:, None] * np.ones(3)
    found = demanded(greys[None], np.ones((1, 5, 3)), pens("#000000"))
    np.testing.assert_allclose(found[0, 0], [1, 0.9, 0.5, 0.1, 0], atol=1e-6)


def test_a_pen_like_the_paper_is_not_asked_for() -> None:
    found = demanded(np.full((1, 1, 3), 0.5), np.ones((1, 1, 3)), pens("#fefefe", "#000000"))
    np.testing.assert_allclose(found[:, 0, 0], [0, 0.5], atol=1e-6)


# --- stippling --------------------------------------------------------------------------------------------------------

PALETTES = [
    pens("#000000"),
    pens("#e0c010", "#c02040", "#102080"),
    pens("#00ffff", "#ffff00", ink=Ink.TRANSPARENT),
    free(),
    free(Ink.TRANSPARENT),
]
EVERY_PALETTE = pytest.mark.parametrize("palette", PALETTES, ids=["one", "three", "transparent", "free", "free ink"])


def painting() -> Tensor:
    y, x = torch.meshgrid(torch.linspace(0, 1, HEIGHT), torch.linspace(0, 1, WIDTH), indexing="ij")
    picture = torch.stack([0.5 + 0.5 * torch.sin(5 * x), y, 1 - x * y])
    picture[:, x > 2 * y] = 1
    return picture


@EVERY_PALETTE
@pytest.mark.parametrize("count", [1, 2, 57, 400])
def test_there_are_as_many_dots_as_asked_for_inside_the_frame(palette: Palette, count: int) -> None:
    for target in (painting(), plain("#ffffff"), plain("#000000")):
        strokes = placed(count, palette, target)
        assert len(strokes) == count
        assert strokes.inks.shape == (count, palette.inks)
        assert all(tensor.isfinite().all() and tensor.dtype == torch.float32 for tensor in strokes.tensors)
        layer = Layer(points=KIND, start="stipple")
        plotted = lines_mm(layer, strokes, Ground(FRAME, target, target, palette))
        torch.testing.assert_close(plotted, strokes.knots, rtol=0, atol=1e-5)  # nothing had to be moved inside
        if palette.free:
            assert ((strokes.inks >= 0) & (strokes.inks <= 1)).all()


@EVERY_PALETTE
def test_the_same_seed_gives_the_same_dots(palette: Palette) -> None:
    def found(seed: int) -> list[bytes]:
        strokes = placed(50, palette, painting(), seed=seed)
        return [tensor.numpy().tobytes() for tensor in strokes.tensors]

    assert found(3) == found(3)
    assert found(3)[0] != found(4)[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_black_pen_on_white_tells_tone_by_density(seed: int) -> None:
    ramp = torch.linspace(1, 0, WIDTH).expand(3, HEIGHT, WIDTH)
    strokes = placed(1500, pens("#000000"), ramp, seed=seed)
    bands = torch.histc(share_of_frame(strokes)[:, 0], 6, 0, 1)
    expected = 1500 * torch.arange(1, 12, 2) / 36
    torch.testing.assert_close(bands, expected, rtol=0.1, atol=12)


def test_dots_keep_away_from_each_other_and_from_where_nothing_is_wanted() -> None:
    target = halves(plain("#808080"), plain("#ffffff"))
    strokes = placed(300, pens("#000000"), target)
    assert (share_of_frame(strokes)[:, 0] < 0.5).all()
    lattice_mm = (2 / 3**0.5 * 16 * 24 / 300) ** 0.5  # of a honeycomb, the most even of all
    assert nearest_mm(strokes).mean() > 0.78 * lattice_mm
    assert nearest_mm(strokes).min() > 0.5 * lattice_mm


@EVERY_PALETTE
def test_a_target_as_blank_as_its_ground_is_spread_evenly(palette: Palette) -> None:
    ground = plain("#c8d8b8")
    strokes = placed(192, palette, ground + 1e-4, ground)
    counts = torch.histogramdd(share_of_frame(strokes), bins=[4, 3], range=[0.0, 1.0, 0.0, 1.0]).hist
    assert (counts - 16).abs().max() <= 5
    assert nearest_mm(strokes).mean() > 0.7 * (2 / 3**0.5 * 32 * 24 / 192) ** 0.5


@pytest.mark.parametrize("ink", list(Ink))
def test_each_pen_has_dots_in_proportion_to_its_demand_and_where_it_is_wanted(ink: Ink) -> None:
    red, blue = from_hex("#d02030"), from_hex("#2040c0")
    tints = [plain("#ffffff") + share * (torch.from_numpy(pen).float()[:, None, None] - 1) for share, pen in
             ((0.6, red), (0.2, blue))]  # fmt: skip
    strokes = placed(400, pens("#d02030", "#2040c0", ink=ink), halves(*tints))
    is_red = strokes.inks.argmax(1) == 0
    assert is_red.sum() == pytest.approx(300, abs=4)
    x = share_of_frame(strokes)[:, 0]
    assert (x[is_red] < 0.51).all()
    assert (x[~is_red] > 0.49).all()


def test_dots_of_a_wide_pen_are_fewer_by_the_area_they_cover() -> None:
    thin, wide = pens("#d02030", nib_mm=0.4).pens[0], pens("#2040c0", nib_mm=0.8).pens[0]
    palette = Palette((thin, wide), False, Ink.OPAQUE, (0.4, 0.8))
    strokes = placed(500, palette, halves(plain("#d02030"), plain("#2040c0")))
    assert (strokes.inks.argmax(1) == 0).sum() == 400


def test_colours_that_share_a_place_do_not_sit_on_each_other() -> None:
    """Red and blue mix to violet everywhere: all dots are spread among each other, and those of each pen too."""
    palette = pens("#e02020", "#2020e0")
    strokes = placed(400, palette, plain("#b060b0"))
    honeycomb_mm = (2 / 3**0.5 * 32 * 24 / 400) ** 0.5
    assert nearest_mm(strokes).mean() > 0.7 * honeycomb_mm
    for pen in (0, 1):
        own = strokes[strokes.inks.argmax(1) == pen]
        assert 150 < len(own) < 250
        assert nearest_mm(own).mean() > 0.65 * honeycomb_mm * (400 / len(own)) ** 0.5


def test_only_what_departs_from_the_layers_below_is_drawn() -> None:
    below = halves(plain("#303030"), plain("#ffffff"))
    strokes = placed(100, pens("#000000"), plain("#303030"), below)
    assert (share_of_frame(strokes)[:, 0] > 0.5).all()


@pytest.mark.parametrize("ink", list(Ink))
def test_free_colours_are_those_of_the_target_in_each_cell(ink: Ink) -> None:
    target, ground = halves(plain("#905030"), plain("#204060")), plain("#e0f0ff")
    strokes = placed(200, free(ink), target, ground)
    shown = strokes.inks * (ground[:, 0, 0] if ink is Ink.TRANSPARENT else 1)
    x = share_of_frame(strokes)[:, 0]
    torch.testing.assert_close(shown[x < 0.45], target[:, 0, 0].expand(int((x < 0.45).sum()), 3))
    torch.testing.assert_close(shown[x > 0.55], target[:, 0, -1].expand(int((x > 0.55).sum()), 3))


def test_free_colours_are_dense_where_the_target_looks_unlike_the_ground() -> None:
    colours = ["#204060", "#c0d0e0"]
    strokes = placed(400, free(), halves(plain(colours[0]), plain(colours[1])))
    far, near = (np.linalg.norm(oklab(from_hex(colour)) - oklab(np.ones(3))) for colour in colours)
    assert (share_of_frame(strokes)[:, 0] < 0.5).sum() == pytest.approx(400 * far / (far + near), abs=12)
