import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Ink, Pen
from renderer import spec
from renderer.blur import blur
from renderer.colours import from_hex
from renderer.error import Objective, energies, residual
from renderer.form import directions
from renderer.optimise import Ground, draw, lines_mm
from renderer.palette import Palette
from renderer.placement import Effort, greedy, scatter, search
from renderer.raster import Shapes, rasterise
from renderer.spec import Curves, Layer, Lines, Points
from renderer.strokes import Strokes
from renderer.target import Frame

pytestmark = pytest.mark.usefixtures("one_thread")

Floats = NDArray[np.float32]
Kind = Points | Lines | Curves
Place = Callable[..., Strokes]
KINDS = pytest.mark.parametrize(
    "kind",
    [
        *(kind(count=1) for kind in spec.KINDS.values() if not spec.traits(kind(count=1)).is_mark),
        Curves(count=1, knots=6, closed=True),
    ],
    ids=str,
)
WAYS = pytest.mark.parametrize("place", [greedy, scatter])
FRAME = Frame(7.0, 5.0, 24.0, 30.0, 2.0)
SIZE = (FRAME.height_px, FRAME.width_px)


def pens(*styled: tuple[str, float], ink: Ink = Ink.OPAQUE) -> Palette:
    owned = tuple(Pen(name=colour, colour=colour, nib_mm=nib_mm, ink=ink) for colour, nib_mm in styled)
    return Palette(owned, False, ink, (min(nib for _, nib in styled), max(nib for _, nib in styled)))


def free(width_mm: tuple[float, float] = (1.0, 1.0), ink: Ink = Ink.OPAQUE) -> Palette:
    return Palette((Pen(name="free", colour="#000000", nib_mm=width_mm[1], ink=ink),), True, ink, width_mm)


def paper(colour: str = "#ffffff") -> Tensor:
    return torch.from_numpy(from_hex(colour)).float()[:, None, None].expand(3, *SIZE).contiguous()


def photograph() -> Tensor:
    """A smooth coloured picture with an edge."""
    y, x = torch.meshgrid(torch.linspace(0, 1, SIZE[0]), torch.linspace(0, 1, SIZE[1]), indexing="ij")
    picture = torch.stack([0.5 + 0.5 * torch.sin(5 * x), y, 1 - x * y])
    picture[:, x > 2 * y] *= 0.3
    return picture


def layer(kind: Kind) -> Layer:
    return Layer.model_validate({type(kind).__name__.lower(): kind})


def picture(kind: Kind, strokes: Strokes, palette: Palette, background: Tensor) -> Tensor:
    return draw(layer(kind), strokes, Ground(FRAME, background, background, palette))


def error(kind: Kind, strokes: Strokes, palette: Palette, target: Tensor) -> float:
    return ((picture(kind, strokes, palette, paper()) - target) ** 2).mean().item()


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- the search -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ink", list(Ink))
def test_a_dot_finds_the_one_disc_of_its_size(ink: Ink, seed: int) -> None:
    where = torch.tensor([[[19.3, 24.6]]])  # mm on the sheet
    palette = pens(("#101010", 5.0), ink=ink)
    kind = Points(count=1)
    target = picture(kind, Strokes(where, torch.tensor([5.0]), torch.ones(1, 1)), palette, paper())
    found = greedy(kind, 1, palette, FRAME, target, paper(), chance(seed), Effort(60, 150))
    # the disc is 10 px wide; half a pixel is 0.25 mm
    assert (found.knots - where).norm() < 0.25


def test_a_line_finds_the_one_bar_of_its_width() -> None:
    palette, kind = pens(("#101010", 2.0)), Lines(count=1)
    bar = Strokes(torch.tensor([[[12.0, 12.0], [24.0, 28.0]]]), torch.tensor([2.0]), torch.ones(1, 1))
    target = picture(kind, bar, palette, paper())
    found = greedy(kind, 1, palette, FRAME, target, paper(), chance(), Effort(200, 400))
    ends = found.knots[0][found.knots[0, :, 0].argsort()]
    assert (ends - bar.knots[0]).norm(dim=1).max() < 1.5
    assert error(kind, found, palette, target) < 0.1 * ((paper() - target) ** 2).mean()


@pytest.mark.parametrize("ink", list(Ink))
@KINDS
def test_more_strokes_leave_less_error(kind: Kind, ink: Ink) -> None:
    target, palette = photograph(), free(ink=ink)
    errors = [((paper() - target) ** 2).mean().item()]
    for count in (4, 12, 40):
        errors.append(error(kind, greedy(kind, count, palette, FRAME, target, paper(), chance()), palette, target))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.9 * errors[0]


@pytest.mark.parametrize("ink", list(Ink))
def test_a_stroke_that_only_harms_is_put_where_it_harms_least(ink: Ink) -> None:
    """Black on white paper with a white target: there is no gain, and the shortest line loses least."""
    palette, kind = pens(("#000000", 1.0), ink=ink), Lines(count=1)
    found = greedy(kind, 3, palette, FRAME, paper(), paper(), chance())
    assert found.knots.isfinite().all()
    assert (found.knots[:, 1] - found.knots[:, 0]).norm(dim=1).max() < 4


def test_each_part_is_drawn_with_its_pen() -> None:
    target = paper()
    target[:, :, : SIZE[1] // 2] = torch.tensor([1.0, 0, 0])[:, None, None]
    target[:, :, SIZE[1] // 2 :] = torch.tensor([0.0, 0, 1])[:, None, None]
    palette = pens(("#00ff00", 2.0), ("#0000ff", 2.0), ("#ff0000", 2.0))
    found = greedy(Points(count=1), 60, palette, FRAME, target, paper(), chance())
    middle = FRAME.x_mm + FRAME.width_mm / 2
    left, right = found.knots[:, 0, 0] < middle - 1.2, found.knots[:, 0, 0] > middle + 1.2
    chosen = found.inks.argmax(1)
    assert left.sum() > 10
    assert right.sum() > 10
    assert (chosen[left] == 2).all()
    assert (chosen[right] == 1).all()


def test_pens_of_unlike_nibs_are_used_for_what_they_fit() -> None:
    """A broad black bar for the broad pen, and a thin black line for the fine one."""
    target = paper()
    target[:, 10:22] = 0
    target[:, 44:46] = 0
    palette = pens(("#000000", 6.0), ("#010101", 1.0))
    found = greedy(Lines(count=1), 8, palette, FRAME, target, paper(), chance(), Effort(60, 100))
    broad, y_px = found.inks.argmax(1) == 0, (found.knots[:, :, 1].mean(1) - FRAME.y_mm) * FRAME.px_per_mm
    assert ((y_px > 8) & (y_px < 24))[broad].all()
    assert broad.any()
    assert (~broad & ((y_px - 45).abs() < 2)).any()
    assert error(Lines(count=1), found, palette, target) < 0.2 * ((paper() - target) ** 2).mean()


def test_an_early_pen_is_not_placed_below_a_later_one() -> None:
    """Under a later pen, an early one would be hidden: it must not count as a gain."""
    target, palette = torch.full((3, *SIZE), 0.5), pens(("#808080", 2.0), ("#000000", 2.0))
    background, top = paper(), np.full(SIZE, -1, np.int32)
    background[:, : SIZE[0] // 2] = 0
    top[: SIZE[0] // 2] = 1
    found = greedy(Points(count=1), 25, palette, FRAME, target, background, chance(), top=top)
    y_px = (found.knots[:, 0, 1] - FRAME.y_mm) * FRAME.px_per_mm
    assert (found.inks.argmax(1) == 0).all()
    assert (y_px > SIZE[0] // 2 - 3).all()


# --- what every start keeps to ----------------------------------------------------------------------------------------

PALETTES = [
    pens(("#000000", 0.4), ("#d01020", 3.0), ("#f0e020", 1.0)),
    pens(("#00ffff", 1.0), ("#ffff00", 2.0), ink=Ink.TRANSPARENT),
    free((0.5, 1.5)),
    free(ink=Ink.TRANSPARENT),
]


@WAYS
@KINDS
@pytest.mark.parametrize("palette", PALETTES, ids=["pens", "transparent pens", "free", "free transparent"])
def test_the_same_seed_places_the_same_strokes(palette: Palette, kind: Kind, place: Place) -> None:
    def placed(seed: int) -> list[bytes]:
        strokes = place(kind, 20, palette, FRAME, photograph(), paper(), chance(seed))
        return [tensor.numpy().tobytes() for tensor in strokes.tensors]

    assert placed(3) == placed(3)
    assert placed(3)[0] != placed(4)[0]


@WAYS
@KINDS
@pytest.mark.parametrize("palette", PALETTES, ids=["pens", "transparent pens", "free", "free transparent"])
def test_strokes_start_whole_and_inside_the_frame(palette: Palette, kind: Kind, place: Place) -> None:
    strokes = place(kind, 50, palette, FRAME, photograph(), paper(), chance())
    assert strokes.inks.shape == (50, palette.inks)
    assert all(tensor.isfinite().all() and tensor.dtype == torch.float32 for tensor in strokes.tensors)
    low_mm, high_mm = palette.width_mm
    assert ((strokes.width_mm >= low_mm) & (strokes.width_mm <= high_mm)).all()
    ground = Ground(FRAME, photograph(), paper(), palette)
    inset = palette.widths(strokes.inks, strokes.width_mm)[:, None] / 2
    inside = lines_mm(layer(kind), strokes, ground) - torch.tensor([FRAME.x_mm, FRAME.y_mm])
    for axis, size_mm in ((0, FRAME.width_mm), (1, FRAME.height_mm)):
        assert (inside[..., axis] >= inset - 1e-4).all()
        assert (inside[..., axis] <= size_mm - inset + 1e-4).all()
    if palette.free:
        assert ((strokes.inks >= 0) & (strokes.inks <= 1)).all()


@WAYS
@pytest.mark.parametrize("kind", [Lines(count=1, max_length_mm=3), Curves(count=1, knots=5, max_length_mm=3)], ids=str)
def test_no_stroke_starts_longer_than_allowed(kind: Kind, place: Place) -> None:
    strokes = place(kind, 60, free(), FRAME, photograph(), paper(), chance())
    lengths_mm = (strokes.knots[:, 1:] - strokes.knots[:, :-1]).norm(dim=-1).sum(1)
    assert lengths_mm.max() <= 3 + 1e-4
    assert lengths_mm.max() > 1


@WAYS
def test_what_lies_below_is_not_drawn_on(place: Place) -> None:
    """The rasteriser's pictures have the layout that the search needs: it must not draw on them."""
    target = photograph()
    background = torch.ones(*SIZE, 3).permute(2, 0, 1)
    place(Points(count=1), 10, free(), FRAME, target, background, chance())
    assert background.min() == 1
    assert torch.equal(target, photograph())


def test_scattered_strokes_start_in_the_colour_below_them() -> None:
    target = paper("#20d040")
    strokes = scatter(Points(count=1), 9, free(), FRAME, target, paper(), chance())
    torch.testing.assert_close(strokes.inks, target[:, 0, :9].T)
    palette = pens(("#000000", 1.0), ("#10c050", 1.0), ("#ffffff", 1.0))
    assert (scatter(Points(count=1), 9, palette, FRAME, target, paper(), chance()).inks.argmax(1) == 1).all()


def test_scattered_dots_are_spread_evenly() -> None:
    strokes = scatter(Points(count=1), 4000, free(), FRAME, photograph(), paper(), chance())
    share = (strokes.knots[:, 0] - torch.tensor([FRAME.x_mm, FRAME.y_mm])) / torch.tensor([24.0, 30.0])
    counts = torch.histogramdd(share, bins=[4, 4], range=[0.0, 1.0, 0.0, 1.0]).hist
    assert counts.sum() == 4000
    assert (counts - 250).abs().max() < 80  # five standard deviations


# --- the closed form --------------------------------------------------------------------------------------------------


Judged = tuple[float, int, float, float, float]


def judge(
    points: Floats, radii: Floats, table: Floats, target: Floats, below: Floats, objective: Objective, *,
    ink: Ink = Ink.OPAQUE, any_colour: bool = False,
) -> Judged:  # fmt: skip
    """search._judge of one stroke that is as wide as the first pen, over paper."""
    height, width, _ = below.shape
    size, left = height * width, residual(target, below, objective)
    length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum(dtype=np.float32)
    energy = energies(radii[:1], np.array([length]), objective)[0]
    judged: Judged = search._judge(
        points, len(points), radii[0], energy, below, left.residual, left.weight,
        np.full((height, width), -1, np.int32), table, radii, any_colour, ink is Ink.TRANSPARENT,
        np.full(size, -1, np.int32), np.empty(size, np.float32), np.empty(size, np.int32), np.empty(size, np.int32), 0,
        np.empty((len(table) + 1, 9), np.float32),
    )  # fmt: skip
    return judged


def drawn_over(points: Floats, width_px: float, colour: list[float], below: Floats, ink: Ink) -> Floats:
    shapes = Shapes(
        torch.from_numpy(points)[None], torch.tensor([width_px]), torch.tensor([colour]).float(), torch.arange(1)
    )
    after: Floats = rasterise(shapes, torch.from_numpy(below).permute(2, 0, 1), px_per_mm=1.0, ink=ink).numpy()
    return np.ascontiguousarray(after.transpose(1, 2, 0))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(list(Ink)), st.booleans(), st.integers(1, 4), st.booleans())
def test_a_candidate_is_judged_by_the_true_change_of_the_error(
    seed: int, ink: Ink, any_colour: bool, count: int, weighted: bool
) -> None:
    rng = np.random.default_rng(seed)
    target, below = (rng.random((30, 26, 3), np.float32) for _ in range(2))
    weight = 0.2 + 3 * rng.random((30, 26), np.float32) if weighted else None
    points = (rng.random((count, 2)) * [26, 30]).astype(np.float32)
    radii = np.array([1.5, 1.5, 3.0, 1.5], np.float32)
    table = rng.random((4, 3), np.float32)
    change, pen, *colour = judge(
        points, radii, table, target, below, Objective(weight=weight), ink=ink, any_colour=any_colour
    )

    def true_change(*sketched: float) -> float:
        after = drawn_over(points, 3.0, list(sketched), below, ink)
        squares = ((after - target) ** 2 - (below - target) ** 2).astype(np.float64).sum(-1)
        return float((squares if weight is None else squares * weight).sum())

    assert change == pytest.approx(true_change(*colour), rel=1e-3, abs=4e-3)
    if any_colour:
        for channel in range(3):
            for step in (-0.05, 0.05):
                other = np.array(colour)
                other[channel] = np.clip(other[channel] + step, 0, 1)
                assert true_change(*other) >= change - 4e-3
    else:
        np.testing.assert_array_equal(np.array(colour, np.float32), table[pen])
        assert pen != 2  # of another width
        assert change == pytest.approx(min(true_change(*table[p]) for p in (0, 1, 3)), rel=1e-3, abs=4e-3)


@pytest.mark.parametrize("ink", list(Ink))
@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("far_px", [1.5, 3.0])
def test_a_stroke_that_is_seen_from_afar_is_judged_by_the_blurred_error(ink: Ink, share: float, far_px: float) -> None:
    """A long straight stroke in the middle of a smooth picture, where the closed form is exact except at its ends."""
    y, x = np.mgrid[:80, :90].astype(np.float32)
    target = np.stack([0.4 + x / 300, 0.7 - y / 250, np.full_like(x, 0.5)], -1)
    below = np.full_like(target, 0.8)
    points, radii = np.array([[20.0, 30.0], [68.0, 47.0]], np.float32), np.array([2.0], np.float32)
    table = np.array([[0.5, 0.6, 0.4]], np.float32)
    objective = Objective(far_share=share, far_px=far_px)
    change, *_ = judge(points, radii, table, target, below, objective, ink=ink)

    def seen(picture: Floats) -> float:
        off = picture - target
        afar = blur(torch.from_numpy(off).permute(2, 0, 1), far_px).numpy()
        return float((1 - share) * (off.astype(np.float64) ** 2).sum() + share * (afar.astype(np.float64) ** 2).sum())

    truth = seen(drawn_over(points, 4.0, table[0].tolist(), below, ink)) - seen(below)
    assert change == pytest.approx(truth, rel=0.04)


# --- what is left of the error ----------------------------------------------------------------------------------------


def left_after(kind: Kind, palette: Palette, objective: Objective) -> tuple[Floats, Floats, Floats]:
    """Target, canvas and the residual that the search kept up to date, after 30 strokes."""
    kept: dict[str, Floats] = {}
    place = search.place

    def watched(*arguments: Any) -> int:
        kept.update(canvas=arguments[4], residual=arguments[5])
        return int(place(*arguments))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "place", watched)
        greedy(kind, 30, palette, FRAME, photograph(), paper(), chance(), Effort(20, 20), objective=objective)
    return np.ascontiguousarray(photograph().permute(1, 2, 0).numpy()), kept["canvas"], kept["residual"]


OBJECTIVES = {
    "plain": Objective(),
    "weighted": Objective(weight=(0.2 + np.random.default_rng(5).random(SIZE)).astype(np.float32)),
    "far": Objective(far_share=0.5, far_px=2.5),
    "weighted, all of it far": Objective(
        weight=(0.2 + np.random.default_rng(5).random(SIZE)).astype(np.float32), far_share=1.0, far_px=1.2
    ),
    "wider than the picture": Objective(far_share=0.3, far_px=40.0),
}


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@pytest.mark.parametrize("palette", [free(), pens(("#000000", 1.0), ("#00ffff", 2.0), ink=Ink.TRANSPARENT)], ids=str)
def test_the_search_keeps_the_residual_of_what_it_has_drawn(palette: Palette, objective: Objective) -> None:
    for kind in (Points(count=1), Curves(count=1)):
        target, canvas, kept = left_after(kind, palette, objective)
        assert (canvas < 0.999).any()
        np.testing.assert_allclose(kept, residual(target, canvas, objective).residual, atol=1e-4)


def test_the_residual_is_half_the_slope_of_the_error_from_near_and_afar() -> None:
    """Compared with autograd, away from the edge and with an even weight."""
    rng = np.random.default_rng(2)
    target, canvas = (rng.random((40, 44, 3), np.float32) for _ in range(2))
    picture = torch.from_numpy(canvas).permute(2, 0, 1).double().requires_grad_()
    off = picture - torch.from_numpy(target).permute(2, 0, 1)
    (0.6 * (off**2).sum() + 0.4 * (blur(off, 1.5) ** 2).sum()).backward()
    assert picture.grad is not None
    found = residual(target, canvas, Objective(far_share=0.4, far_px=1.5)).residual.transpose(2, 0, 1)
    middle = np.s_[:, 12:-12, 12:-12]
    np.testing.assert_allclose(found[middle], picture.grad.numpy()[middle] / 2, atol=2e-3)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_energy_that_a_blur_leaves_is_the_same_in_kernel_and_twin(share: float) -> None:
    radii, lengths = np.array([0.3, 1.0, 2.5, 8.0], np.float32), np.array([0.0, 3.0, 30.0, 200.0], np.float32)
    objective = Objective(far_share=share, far_px=2.0)
    sigma = np.float32(math.sqrt(2) * objective.far_px)
    kernel = [search._energy(r, n, np.float32(share), sigma) for r, n in zip(radii, lengths, strict=True)]
    np.testing.assert_allclose(energies(radii, lengths, objective), kernel, atol=1e-5)
    assert all(1 - share <= each <= 1 for each in kernel)
    assert kernel == sorted(kernel)  # the larger, the more is seen from afar


# --- what a stroke is worth -------------------------------------------------------------------------------------------


def test_strokes_that_are_not_worth_their_ink_are_not_placed() -> None:
    target = paper()
    target[:, 10:30, 10:30] = 0.0
    target[:, 40:56, 10:40] = 0.97  # hardly off the paper: black ink saves little
    everything, worth = (
        greedy(Points(count=1), 120, pens(("#808080", 1.5)), FRAME, target, paper(), chance(), objective=objective)
        for objective in (Objective(), Objective(worth=1.0))
    )
    assert len(everything) == 120
    assert 10 < len(worth) < 120
    y_px = (worth.knots[:, 0, 1] - FRAME.y_mm) * FRAME.px_per_mm
    assert (y_px < 32).all()


def test_a_picture_that_is_all_paper_takes_no_strokes_that_must_be_worth_their_ink() -> None:
    found = greedy(
        Lines(count=1), 20, pens(("#000000", 1.0)), FRAME, paper(), paper(), chance(), objective=Objective(worth=0.04)
    )
    assert len(found) == 0
    assert found.knots.shape == (0, 2, 2) and found.inks.shape == (0, 1)


def test_the_dearer_a_lift_the_longer_the_strokes() -> None:
    def mean_px(lift_px: float) -> float:
        found = greedy(
            Lines(count=1), 25, pens(("#000000", 0.5)), FRAME, photograph(), paper(), chance(),
            objective=Objective(lift_px=lift_px),
        )  # fmt: skip
        return float((found.knots[:, 1] - found.knots[:, 0]).norm(dim=1).mean()) * FRAME.px_per_mm

    short, long = mean_px(1.0), mean_px(40.0)
    assert long > 1.5 * short


def test_guesses_along_the_form_lie_along_it() -> None:
    """Stripes from upper left to lower right: more strokes follow them where guesses and gains prefer the form."""
    y, x = torch.meshgrid(torch.arange(SIZE[0]), torch.arange(SIZE[1]), indexing="ij")
    target = (0.5 + 0.4 * torch.sin((x - y) / 2.0)).expand(3, *SIZE).float().contiguous()

    def off(objective: Objective) -> float:
        found = greedy(
            Lines(count=1), 30, pens(("#000000", 0.5)), FRAME, target, paper(), chance(), Effort(12, 12),
            objective=objective, form=directions(target, 3.0),
        )  # fmt: skip
        way = found.knots[:, 1] - found.knots[:, 0]
        length = way.norm(dim=1)
        return float(((way[:, 0] - way[:, 1]) ** 2 / 2 / length).sum() / length.sum())  # mean sin^2

    assert off(Objective(along=1.0, crossing=0.9)) < 0.02
    assert off(Objective(along=1.0, crossing=0.9)) < 0.5 * off(Objective())


def test_what_counts_more_is_drawn_first() -> None:
    weight = np.full(SIZE, 0.1, np.float32)
    weight[:, : SIZE[1] // 2] = 5.0
    target = torch.full((3, *SIZE), 0.4)
    found = greedy(
        Points(count=1),
        40,
        pens(("#000000", 1.0)),
        FRAME,
        target,
        paper(),
        chance(),
        objective=Objective(weight=weight),
    )
    x_px = (found.knots[:, 0, 0] - FRAME.x_mm) * FRAME.px_per_mm
    assert (x_px < SIZE[1] / 2 + 2).float().mean() > 0.9


# --- chance -----------------------------------------------------------------------------------------------------------


def test_chance_is_even_and_stays_below_one() -> None:
    state = np.array([7], np.uint64)
    numbers = np.array([search._uniform(state) for _ in range(20_000)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert np.histogram(numbers, 10, (0, 1))[0] == pytest.approx(2000, abs=200)
    assert numbers.mean() == pytest.approx(0.5, abs=0.01)
    assert math.sqrt(np.var(numbers)) == pytest.approx(math.sqrt(1 / 12), abs=0.01)
    # the largest number that splitmix64 gives: rounded to float32 it must not become 1
    assert search._uniform(state_before(2**64 - 1)) == 1 - 2**-24


def state_before(output: int) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    """The state from which splitmix64 makes this number next: its steps, reversed."""
    word = 2**64

    def unshifted(z: int, shift: int) -> int:
        result = z
        for _ in range(64 // shift + 1):
            result = z ^ (result >> shift)
        return result

    z = unshifted(output, 31) * pow(0x94D049BB133111EB, -1, word) % word
    z = unshifted(z, 27) * pow(0xBF58476D1CE4E5B9, -1, word) % word
    return np.array([(unshifted(z, 30) - 0x9E3779B97F4A7C15) % word], np.uint64)


# --- while somebody waits ---------------------------------------------------------------------------------------------


def placed_with(told: Callable[[int], bool], count: int = 600) -> Strokes:
    target = torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(0))
    frame = Frame(0, 0, 40, 40, 1.0)
    pen = Palette((Pen(name="free", colour="#000000", nib_mm=1.0),), True, Ink.OPAQUE, (1.0, 1.0))
    place = (Points(count=count), count, pen, frame, target, torch.ones(3, 40, 40), np.random.default_rng(3))
    return greedy(*place, placed=told)


def test_a_long_search_tells_how_far_it_is() -> None:
    told: list[int] = []
    placed_with(lambda count: told.append(count) or True)  # type: ignore[func-returns-value]
    assert told == [250, 500, 600]


def test_a_search_that_is_stopped_keeps_what_it_has() -> None:
    whole = placed_with(lambda _: True)
    part = placed_with(lambda count: count < 500)
    assert len(whole) == 600 and len(part) == 500
    assert all(torch.equal(mine, all_of[:500]) for mine, all_of in zip(part.tensors, whole.tensors, strict=True))
