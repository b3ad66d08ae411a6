"""From a spec to a finished drawing: the whole way of the data."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from hardware.drawing import Drawing, PenPass
from hardware.intake import prepared
from renderer import assets, losses, placement, preview
from renderer.colours import from_hex
from renderer.cores import placed
from renderer.losses.looks import looks
from renderer.losses.views import resized
from renderer.optimise import (
    FitError,
    Ground,
    LossAt,
    Part,
    State,
    draw,
    fit,
    lines_mm,
    pruned,
    refine,
    shares,
    stacked,
)
from renderer.palette import Palette, palette
from renderer.passes import passes
from renderer.plan import doubted, remarks
from renderer.planning import planned, thinnest_nib_mm
from renderer.primitives import spot_mm
from renderer.progress import Picture, Progress, Report, silent
from renderer.result import Film, Result, Step, pen_choices
from renderer.sources import RenderError, is_grey, networks_of, sources_of
from renderer.spec import Artwork, FreeColours, Layer, Points, RackPens, Tone
from renderer.specfile import Work
from renderer.stipple import stipple
from renderer.strokes import Strokes
from renderer.target import Frame, fit_picture, frame, load_picture
from renderer.tone import cropped, greyed, toned

Stop = Callable[[], bool]
Noted = Callable[[str], None]
PREVIEW_PX = 1600  # the longer side of the preview
FRAMES = 24  # of the film
FRAME_PX = 900  # the longer side of one: two dozen pictures of a large sheet would fill the memory
DRAFT_RESOLUTION = 0.6  # of the finished work's
NO_PICTURE = np.ones((3, 1, 1), np.float32)


def never() -> bool:
    """Do not stop."""
    return False


def unsaid(note: str) -> None:
    """Keep a note for the end."""


def render(
    work: Work,
    report: Report = silent,
    *,
    device: str = "cpu",
    draft: bool = False,
    stop: Stop = never,
    noted: Noted = unsaid,
    fetched: assets.Report | None = None,
) -> Result:
    """Fit a work and make its drawing. When `stop()` turns true, what there is by then is finished.

    `fetched` is told of the bytes of weights and of a target that have to be downloaded; `noted` of what a person
    should know before the fit. The result's work has everything planned that its spec leaves open.

    Raises RenderError, TargetError, ProgramError and AssetError, each with a message that says what would do.
    """
    artwork = drafted(work.artwork) if draft else work.artwork
    networks = networks_of(artwork, work.folder, fetched)  # first: what is missing is told before any work is done
    source = assets.resolve(artwork.target.image, work.folder, fetched)
    painting = cropped(load_picture(source.path, artwork.canvas.colour), artwork.target.crop)
    plan = planned(artwork, painting)
    artwork = plan.artwork
    early = (*([source.note] if source.note else []), *remarks(artwork, painting), *doubted(plan, painting))
    for note in early:
        noted(note)
    aspect = painting.shape[1] / painting.shape[0]
    area = frame(artwork.canvas, artwork.target.fit, aspect, thinnest_nib_mm(artwork))
    if draft:
        area = replace(area, px_per_mm=DRAFT_RESOLUTION * area.px_per_mm)
    target = toned(fit_picture(painting, area, artwork.target.fit), tone_of(artwork))
    if is_grey(artwork):
        target = greyed(target)
    sources = sources_of(work, networks, area, painting.shape[:2])
    wanted = placed(torch.from_numpy(target), device)
    judges = [losses.build(layer.loss, wanted, area.px_per_mm, sources) for layer in artwork.layers]
    tiles = [partial(losses.through, layer.loss, wanted, area.px_per_mm, sources) for layer in artwork.layers]
    diary = Diary(artwork, report, stop)
    layers = _fit_layers(artwork, wanted, area, diary, list(zip(judges, tiles, strict=True)))
    drawing = _drawing(artwork, layers)
    drawn = torch.from_numpy(preview.framed(drawing, area)).to(device)
    return Result(
        work=replace(work, artwork=artwork),
        drawing=drawing,
        frame=area,
        target=target,
        preview=preview.picture(drawing, PREVIEW_PX / max(drawing.width_mm, drawing.height_mm)),
        believed=diary.believed,
        metrics=preview.metrics(drawing, area, target),
        history=tuple(diary.history),
        film=diary.film(),
        target_source=source.sha256,
        notes=(*early, *diary.notes),
        interrupted=diary.interrupted,
        seconds=diary.seconds,
        device=device,
        choices=pen_choices((_name(artwork, number), part.ground.palette.choice) for number, part in enumerate(layers)),
        looks=tuple(look for n, judge in enumerate(judges) for look in looks(_name(artwork, n), judge, drawn)),
        weights=tuple((trunk.name, network.sha256) for trunk, network in networks.items()),
        decisions=plan.decisions,
    )


def drafted(artwork: Artwork) -> Artwork:
    """The same work in a quarter of the steps."""
    layers = tuple(layer.model_copy(update={"steps": -(-layer.steps // 4)}) for layer in artwork.layers)
    return artwork.model_copy(update={"layers": layers})


def tone_of(artwork: Artwork) -> Tone:
    """The tone of a planned work."""
    assert isinstance(artwork.target.tone, Tone)
    return artwork.target.tone


# --- layers -----------------------------------------------------------------------------------------------------------


def _fit_layers(
    artwork: Artwork, target: Tensor, area: Frame, diary: "Diary", judges: list[tuple[losses.Sum, LossAt]]
) -> list[Part]:
    """Each layer over the frozen picture of those below, then, if the spec says so, all together.

    `judges` has each layer's loss, of the whole page and through a window. Strokes and pictures live on the target's
    device; what is returned, on the processor.
    """
    generator = np.random.default_rng(artwork.seed)
    paper = torch.from_numpy(from_hex(artwork.canvas.colour)).float()
    below = placed(paper[:, None, None].expand_as(target), target.device)
    chosen: dict[RackPens | FreeColours, Palette] = {}  # layers that share pens share the choice among them
    parts: list[Part] = []
    for number, layer in enumerate(artwork.layers):
        if parts and diary.stopped():
            diary.notes.append(
                f"interrupted: {len(artwork.layers) - number} of {len(artwork.layers)} layers are missing"
            )
            return [part.to("cpu") for part in parts]
        pens = artwork.pens_of(layer)
        if pens not in chosen:
            chosen[pens] = palette(pens, target.cpu().numpy(), below.cpu().numpy())
        ground = Ground(area, target, below, replace(chosen[pens], spot_mm=spot_mm(layer.kind)))
        loss, loss_at = judges[number]
        state = _fit_layer(layer, number, ground, loss, loss_at, generator, diary)
        parts.append(_pruned(layer, state, loss, diary))
        with torch.no_grad():
            below = draw(layer, parts[-1].strokes, state.ground)
    return [part.to("cpu") for part in _refined(parts, loss, artwork.refine.steps, diary)]


def _pruned(layer: Layer, state: State, loss: losses.Sum, diary: "Diary") -> Part:
    if layer.start == "stipple" and layer.steps == 0:  # its evenness would be lost
        return Part(layer, state.strokes, state.ground)
    strokes = pruned(layer, state.strokes, state.ground, loss)
    if len(strokes) < len(state.strokes):
        idle = len(state.strokes) - len(strokes)
        diary.notes.append(f"left out: {idle} of {len(state.strokes)} {layer.kind_name}, which nobody would miss")
    return Part(layer, strokes, state.ground)


def _refined(parts: list[Part], loss: losses.Sum, steps: int, diary: "Diary") -> list[Part]:
    try:
        for step, (moved, total, terms) in enumerate(refine(parts, loss, steps), 1):
            parts = moved
            diary.refined(step, steps, parts, total, terms)
            if diary.stopped():
                diary.notes.append(f"interrupted: all layers have had {step} of {steps} steps together")
                break
    except FitError as error:
        raise RenderError(str(error)) from error
    return parts


def _fit_layer(
    layer: Layer,
    number: int,
    ground: Ground,
    loss: losses.Sum,
    loss_at: LossAt,
    generator: np.random.Generator,
    diary: "Diary",
) -> State:
    """Place the strokes of a layer and move them until the steps are done or somebody stops it."""
    diary.placing(number, layer, 0)
    strokes = _placed(layer, number, ground, generator, diary)
    with torch.no_grad():
        begun = draw(layer, strokes, ground)
        state = State(0, strokes, ground, loss(begun).item(), {})
    diary.step(number, layer, state)
    try:
        for state in fit(layer, strokes, ground, loss, generator, loss_at):
            diary.step(number, layer, state)
            if diary.stopped():
                diary.notes.append(f"interrupted: layer {number + 1} has had {state.step} of its {layer.steps} steps")
                break
    except FitError as error:
        raise RenderError(str(error)) from error
    if state.step < layer.steps and not diary.interrupted:
        diary.rests(number, layer, state)
    return state


def _placed(layer: Layer, number: int, ground: Ground, generator: np.random.Generator, diary: "Diary") -> Strokes:
    """The strokes of a layer's first stage, where they start."""
    target, below = ground.target.cpu(), ground.background.cpu()  # places are sought on the processor
    where = (layer.kind, shares(layer)[0], ground.palette, ground.frame, target, below, generator)
    match layer.start:
        case "greedy":
            fill = 0.5 if isinstance(layer.kind, Points) else 0.3
            fill = layer.fill if layer.fill is not None else fill if ground.palette.free else 0.0
            told = partial(diary.placing, number, layer)
            strokes = placement.greedy(*where, fill=fill, placed=told)
        case "random":
            strokes = placement.scatter(*where)
        case "stipple":
            strokes = stipple(*where)
    return strokes.to(ground.target.device)


def _name(artwork: Artwork, number: int) -> str:
    layer = artwork.layers[number]
    return layer.name or layer.kind_name


def _drawing(artwork: Artwork, parts: list[Part]) -> Drawing:
    """The drawing on its sheet, in an order that keeps the pen from travelling far."""
    width_mm, height_mm = artwork.canvas.size_mm
    drawn: list[PenPass] = []
    for number, part in enumerate(parts):
        lines = lines_mm(part.layer, part.strokes, part.ground)
        drawn += passes(_name(artwork, number), lines, part.strokes, part.ground.palette)
    drawing = Drawing(width_mm, height_mm, artwork.canvas.colour, tuple(drawn), artwork.title)
    return prepared(drawing, artwork.machine)[0]


# --- what is kept of the way ------------------------------------------------------------------------------------------


def _frame(picture: Picture) -> Picture:
    """A picture for the film."""
    scale = FRAME_PX / max(picture.shape[1:])
    if scale >= 1:
        return picture
    size = round(scale * picture.shape[1]), round(scale * picture.shape[2])
    return resized(torch.from_numpy(picture), size).numpy()


@dataclass
class Diary:
    """The fit as it goes: told to whoever asked, and kept for the loss curve and the film."""

    artwork: Artwork
    report: Report
    stop: Stop
    history: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    frames: list[tuple[str, Picture]] = field(default_factory=list)
    believed: float = float("nan")  # the last loss
    interrupted: bool = False
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Since the render began."""
        return time.perf_counter() - self.started

    def stopped(self) -> bool:
        """Whether somebody asked to stop; once true, always true."""
        self.interrupted = self.interrupted or self.stop()
        return self.interrupted

    def placing(self, number: int, layer: Layer, placed: int) -> bool:
        """Tell of strokes that find their place, before there is a loss; whether to go on."""
        nothing = State(placed, None, None, float("nan"), {})  # type: ignore[arg-type]
        wanted = shares(layer)[0]
        self._tell(number, "placing", nothing, wanted, lambda: NO_PICTURE)
        return placed in (0, wanted) or not self.stopped()

    def step(self, number: int, layer: Layer, state: State) -> None:
        """Keep a step and tell of it."""
        self.believed = state.loss

        def picture() -> Picture:
            return self._picture(layer, state)

        self._tell(number, "fitting", state, layer.steps, picture)
        name = _name(self.artwork, number)
        terms = tuple(state.terms.items())
        if state.step:
            self.history.append(Step(number, name, state.step, state.loss, terms, self.seconds))
        if self._filmed(state.step, layer.steps):
            self.frames.append((f"{name} {state.step}/{layer.steps}", _frame(picture())))

    def rests(self, number: int, layer: Layer, state: State) -> None:
        """The same for the last step of a layer that is done before its time."""
        name = _name(self.artwork, number)
        self._tell(number, "fitting", state, state.step, lambda: self._picture(layer, state))
        self.notes.append(f"{name}: done after {state.step} of {layer.steps} steps; the loss fell no more")
        if not self._filmed(state.step, layer.steps):
            self.frames.append((f"{name} {state.step}/{layer.steps}", _frame(self._picture(layer, state))))

    def refined(self, step: int, steps: int, parts: list[Part], loss: float, terms: dict[str, float]) -> None:
        """The same for a step of all layers together."""
        number, name = len(self.artwork.layers), "all layers"
        self.believed = loss

        def picture() -> Picture:
            with torch.no_grad():
                return stacked(parts).clamp(0, 1).cpu().numpy()

        self.report(Progress("settling", number - 1, number, name, step, steps, loss, terms, self.seconds, picture))
        self.history.append(Step(number, name, step, loss, tuple(terms.items()), self.seconds))
        if step == steps:
            self.frames.append((f"{name} {step}/{steps}", _frame(picture())))

    def film(self) -> Film:
        """All pictures that were kept."""
        return Film(tuple(picture for _, picture in self.frames), tuple(caption for caption, _ in self.frames))

    @staticmethod
    def _picture(layer: Layer, state: State) -> Picture:
        with torch.no_grad():
            return draw(layer, state.strokes, state.ground).clamp(0, 1).cpu().numpy()

    def _filmed(self, step: int, steps: int) -> bool:
        """About FRAMES pictures in all, as many of each layer, denser at the beginning where more happens."""
        each = max(2, FRAMES // len(self.artwork.layers))
        wanted = {round(steps * (k / (each - 1)) ** 1.6) for k in range(each)}
        return step in wanted

    def _tell(self, number: int, stage: str, state: State, steps: int, picture: Callable[[], Picture]) -> None:
        self.report(
            Progress(
                stage=stage,  # type: ignore[arg-type]
                layer=number,
                layers=len(self.artwork.layers),
                layer_name=_name(self.artwork, number),
                step=state.step,
                steps=steps,
                loss=state.loss,
                terms=state.terms,
                seconds=self.seconds,
                picture=picture,
            )
        )
