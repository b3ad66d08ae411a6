"""Layers of strokes: how many of which kind, the loss that they are fitted by, and how they are fitted."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from renderer.spec.base import AUTO, MisfitError, SpecModel, exactly_one_of
from renderer.spec.kinds import (
    KINDS,
    Areas,
    Contours,
    Curves,
    Flow,
    Halftone,
    Hatching,
    Kind,
    Length,
    Lines,
    OneLine,
    Points,
    Scribble,
    Spiral,
    Traits,
    Waves,
    counted,
    kind_name,
    traits,
)
from renderer.spec.losses import FAR_MM, MSE, SSIM, BlurredMSE, Loss
from renderer.spec.pens import RackPens, layer_pens_tag

STRUCTURE = 0.003  # weight of `ssim` beside the other terms, which sum to 1
FINE_STRUCTURE = 0.012  # additional weight for the finest strokes
NEAR = 0.5  # share of the loss that is pixel by pixel, for nibs as wide as the blur from afar
FINEST_NEAR = 0.3  # share of NEAR for the finest nibs


class Edge(SpecModel):
    """How a stroke fades at its edge while it is fitted. The finished drawing always has hard edges."""

    profile: Literal["smooth", "gaussian"] = Field(
        "smooth",
        description="`smooth`: a compact ramp round the true edge; `gaussian`: exp(-d^2 / sigma^2), the paper's own.",
    )
    from_px: float = Field(3.0, ge=0.5, le=50, description="Width of the ramp at the first step, pixels.")
    to_px: float = Field(1.3, ge=0.5, le=50, description="Width of the ramp at the last step, pixels.")


class Temperature(SpecModel):
    """Annealing of the softmax that chooses a stroke's pen. High values mix pens, low ones pick a single pen."""

    start: float | None = Field(
        None,
        gt=0,
        le=100,
        description="Temperature at the first step. Default: 0.1 for points, 0.3 for lines and curves.",
    )
    end: float | None = Field(
        None,
        gt=0,
        le=100,
        description="Temperature at the last step that mixes pens. Default: a hundredth of `start`.",
    )


class Rates(SpecModel):
    """Adam's learning rates at the first step. All fall to a tenth along a cosine."""

    position_mm: float | None = Field(None, gt=0, le=100, description="For knots, mm per step. Default: half a pixel.")
    pens: float = Field(
        0.1, gt=0, le=10, description="For the logits that choose the pens; free colours use 0.2 times this."
    )
    width_mm: float | None = Field(
        None, gt=0, le=10, description="For free widths, mm per step. Default: a tenth of a pixel."
    )


class Cost(SpecModel):
    """What a layer's strokes cost when they are plotted. Useful weights are about a hundredth of the loss."""

    length: float = Field(
        0.0, ge=0, le=1e6, description="Loss that each metre drawn must save; shortens strokes that hardly help."
    )
    curvature: float = Field(
        0.0, ge=0, le=1e6, description="Loss that each full turn of a line must save; straightens scribbles."
    )
    crossing: float = Field(
        0.0,
        ge=0,
        le=1e6,
        description="Loss that a thousand crossings of lines must save; untangles lines, above all one line.",
    )
    evenness: float = Field(
        0.0,
        ge=0,
        le=1e6,
        description="Loss that lines must save that touch a neighbour; moves them to the middle between neighbours.",
    )
    most_per_pen: int | None = Field(
        None,
        ge=1,
        description="Most strokes of this layer for each pen; further strokes get their next best pen. Default: no "
        "limit.",
    )


def usual_loss(width_mm: float, *, is_free: bool = False) -> tuple[Loss, ...]:
    """The default loss: pixel by pixel and from afar, half each for broad strokes.

    Fine strokes make tones out of lines, which a comparison pixel by pixel punishes. Strokes of given colours lose
    structure in favour of tone, and finer strokes lose more; a little `ssim` keeps it (row K1 of benchmarks.quality:
    SSIM +0.02 to +0.05 for -0.3 to +0.2 dB; with one black pen, a face gets its eyes).
    """
    share = min(1.0, width_mm / FAR_MM)
    near = round(NEAR * (FINEST_NEAR + (1 - FINEST_NEAR) * share), 3)
    terms = [Loss(mse=MSE(weight=near)), Loss(blurred_mse=BlurredMSE(weight=round(1 - near, 3)))]
    if not is_free:
        terms.append(Loss(ssim=SSIM(weight=round(STRUCTURE + FINE_STRUCTURE * (1 - share), 4))))
    return tuple(terms)


class Layer(SpecModel):
    """Strokes of one kind, fitted over the layers below: exactly one of the keys of a kind."""

    points: Points | None = Field(None, description="Dots.")
    lines: Lines | None = Field(None, description="Straight lines.")
    curves: Curves | None = Field(None, description="Catmull-Rom curves.")
    hatching: Hatching | None = Field(None, description="Nearly parallel strokes along the form, or at an angle.")
    flow: Flow | None = Field(None, description="Long lines along the form.")
    one_line: OneLine | None = Field(None, description="One line through the whole picture.")
    scribble: Scribble | None = Field(None, description="One looping line.")
    spiral: Spiral | None = Field(None, description="One spiral that waves.")
    waves: Waves | None = Field(None, description="Parallel rows that wave.")
    halftone: Halftone | None = Field(None, description="A screen of dots.")
    contours: Contours | None = Field(None, description="Lines of equal tone.")
    areas: Areas | None = Field(None, description="Areas of one colour, outlined and hatched.")
    name: str | None = Field(
        None, min_length=1, max_length=40, description="Name in file names and labels. Default: the kind."
    )
    pens: (
        Annotated[
            Annotated[tuple[str, ...], Field(min_length=1), Tag("names")] | Annotated[RackPens, Tag("RackPens")],
            Discriminator(layer_pens_tag),
        ]
        | None
    ) = Field(
        None,
        description="Names of the pens in the artwork's rack that this layer may use, or pens of another rack. "
        "Default: the artwork's pens.",
    )
    loss: tuple[Loss, ...] | None = Field(
        None,
        min_length=1,
        description="Terms, which are summed. Default: `mse` and `blurred_mse`, half each for nibs of 1 mm and more. "
        "Finer nibs draw hatching, so they get a larger share of `blurred_mse`. Pens get a little `ssim` too.",
    )
    steps: int = Field(300, ge=0, le=100_000, description="Gradient steps. 0 keeps the strokes where they start.")
    patience: int | None = Field(
        None,
        ge=0,
        le=100_000,
        description="Early stop: once every stroke has its pen, the layer is done when the loss falls by less than "
        "0.02 % within this many steps. 0: all steps are taken. Default: a tenth of `steps`, at least 20.",
    )
    tile_mm: Length | None = Field(
        None,
        description="Side of a tile, mm. Each step then looks at one tile of the sheet only, every time in another "
        "place. For sheets too large to fit at once; they need more steps. Default: no tiles.",
    )
    start: Literal["greedy", "random", "stipple"] = Field(
        "greedy",
        description="`greedy`: each stroke starts where it lowers the error most; `random`: anywhere; `stipple`: "
        "points, evenly spread, as dense as the picture is dark (Voronoi stippling). `steps: 0` keeps the stippling.",
    )
    fill: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Least error that the greedy search sees on bare ground, so that areas that look like the ground "
        "are drawn too. Default: 0 with pens; with free colours 0.5 for points, 0.3 for lines and curves.",
    )
    stages: int = Field(
        1,
        ge=1,
        le=100,
        description="Rounds in which the strokes are added. Later rounds add strokes where earlier ones fall short.",
    )
    form: float | None = Field(
        None,
        ge=0,
        le=1,
        description="How strictly lines and curves follow the form under them: 0 not at all, 1 as in an engraving. "
        "Default: 1 with pens, 0 with free colours.",
    )
    cost: Cost = Field(Cost(), description="What strokes cost when they are plotted.")
    edge: Edge = Field(Edge(), description="How strokes fade at their edge while they are fitted.")
    temperature: Temperature = Field(Temperature(), description="Annealing of the choice of pens.")
    rates: Rates = Field(Rates(), description="Learning rates.")

    @property
    def kind(self) -> Kind:
        """The kind of stroke, with its fields."""
        [kind] = [kind for kind in (getattr(self, name) for name in KINDS) if kind is not None]
        found: Kind = kind
        return found

    @property
    def traits(self) -> Traits:
        """The traits of this kind of stroke."""
        return traits(self.kind)

    @property
    def terms(self) -> tuple[Loss, ...]:
        """The terms of the loss; half and half where the spec leaves them open and nothing is planned yet."""
        return self.loss or usual_loss(1.0, is_free=True)

    @property
    def kind_name(self) -> str:
        """`points`, `lines` or `curves`."""
        return kind_name(self.kind)

    @property
    def count(self) -> int:
        """The number of strokes. ValueError before it is planned."""
        return counted(self.kind)

    @property
    def is_auto(self) -> bool:
        """Whether the count is still to be planned."""
        return self.kind.count == AUTO

    @model_validator(mode="after")
    def _exactly_one_kind(self) -> Self:
        exactly_one_of(self, tuple(KINDS))
        return self

    @model_validator(mode="after")
    def _only_points_are_stippled(self) -> Self:
        if self.start == "stipple" and self.points is None and not self.traits.is_mark:
            raise MisfitError((("start",), f"only points can be stippled; use greedy or random for {self.kind_name}"))
        return self

    @model_validator(mode="after")
    def _marks_have_their_own_start(self) -> Self:
        if self.start != "greedy" and self.traits.is_mark:
            raise MisfitError((("start",), f"{self.kind_name} has its own construction; leave start out"))
        return self


class Refine(SpecModel):
    """Fitting all layers together after each is done, so that lower layers adapt to the upper ones."""

    steps: int = Field(0, ge=0, le=100_000, description="Gradient steps, against the loss of the top layer. 0: none.")
