"""From a spec to a finished drawing: the whole way of the data."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from hardware import toolpath
from hardware.drawing import Drawing, PenPass
from hardware.program import park_on_sheet
from renderer import assets, losses, placement, preview
from renderer.colours import from_hex
from renderer.losses.looks import looks
from renderer.optimise import FitError, Ground, Part, State, draw, fit, lines_mm, pruned, refine, shares, stacked
from renderer.palette import Palette, palette
from renderer.passes import passes
from renderer.primitives import spot_mm
from renderer.progress import Picture, Progress, Report, silent
from renderer.result import Film, Result, Step, pen_choices
from renderer.sources import RenderError, is_grey, networks_of, sources_of
from renderer.spec import Artwork, FreeColours, Layer, Points, RackPens
from renderer.specfile import Work
from renderer.stipple import stipple
from renderer.strokes import Strokes
from renderer.target import Frame, fit_picture, frame, load_picture
from renderer.tone import cropped, greyed, toned

Stop = Callable[[], bool]
PREVIEW_PX = 1600  # the longer side of the preview
FRAMES = 24  # of the film
DRAFT_RESOLUTION = 0.6  # of the finished work's


def never() -> bool:
    """Do not stop."""
    return False


def render(
    work: Work,
    report: Report = silent,
    *,
    device: str = "cpu",
    draft: bool = False,
    stop: Stop = never,
    fetched: assets.Report | None = None,
) -> Result:
    """Fit a work and make its drawing. When `stop()` turns true, what there is by then is finished.

    `fetched` is told of the bytes of weights and of a target that have to be downloaded.

    Raises RenderError, TargetError and AssetError, each with a message that says what would do.
    """
    artwork = drafted(work.artwork) if draft else work.artwork
    networks = networks_of(artwork, work.folder, fetched)  # first: what is missing is told before any work is done
    source = assets.resolve(artwork.target.image, work.folder, fetched)
    painting = cropped(load_picture(source.path, artwork.canvas.colour), artwork.target.crop)
    aspect = painting.shape[1] / painting.shape[0]
    area = frame(artwork.canvas, artwork.target.fit, aspect, thinnest_nib_mm(artwork))
    if draft:
        area = replace(area, px_per_mm=DRAFT_RESOLUTION * area.px_per_mm)
    target = toned(fit_picture(painting, area, artwork.target.fit), artwork.target.tone)
    if is_grey(artwork):
        target = greyed(target)
    sources = sources_of(work, networks, area, painting.shape[:2])
    wanted = torch.from_numpy(target).to(device)
    judges = [losses.build(layer.loss, wanted, area.px_per_mm, sources) for layer in artwork.layers]
    diary = Diary(artwork, report, stop)
    layers = _fit_layers(artwork, torch.from_numpy(target), area, diary, judges)
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
        notes=(*([source.note] if source.note else []), *diary.notes),
        interrupted=diary.interrupted,
        seconds=diary.seconds,
        device=device,
        choices=pen_choices((_name(artwork, number), part.ground.palette.choice) for number, part in enumerate(layers)),
        looks=tuple(look for n, judge in enumerate(judges) for look in looks(_name(artwork, n), judge, drawn)),
        weights=tuple((trunk.name, network.sha256) for trunk, network in networks.items()),
    )


def drafted(artwork: Artwork) -> Artwork:
    """The same work in a quarter of the steps."""
    layers = tuple(layer.model_copy(update={"steps": -(-layer.steps // 4)}) for layer in artwork.layers)
    return artwork.model_copy(update={"layers": layers})


def thinnest_nib_mm(artwork: Artwork) -> float:
    """The thinnest stroke that any layer may draw."""
    nibs: list[float] = []
    for layer in artwork.layers:
        pens = artwork.pens_of(layer)
        nibs += [pen.nib_mm for pen in pens.pens] if isinstance(pens, RackPens) else [pens.widths_mm[0]]
    return min(nibs)


# --- layers -----------------------------------------------------------------------------------------------------------


def _fit_layers(artwork: Artwork, target: Tensor, area: Frame, diary: "Diary", judges: list[losses.Sum]) -> list[Part]:
    """Each layer over the frozen picture of those below, then, if the spec says so, all together."""
    generator = np.random.default_rng(artwork.seed)
    paper = torch.from_numpy(from_hex(artwork.canvas.colour)).float()
    below = paper[:, None, None].expand_as(target).contiguous()
    chosen: dict[RackPens | FreeColours, Palette] = {}  # layers that share pens share the choice among them
    parts: list[Part] = []
    for number, layer in enumerate(artwork.layers):
        if parts and diary.stopped():
            diary.notes.append(
                f"interrupted: {len(artwork.layers) - number} of {len(artwork.layers)} layers are missing"
            )
            return parts
        pens = artwork.pens_of(layer)
        if pens not in chosen:
            chosen[pens] = palette(pens, target.numpy(), below.numpy())
        ground = Ground(area, target, below, replace(chosen[pens], spot_mm=spot_mm(layer.kind)))
        loss = judges[number]
        state = _fit_layer(layer, number, ground, loss, generator, diary)
        parts.append(_pruned(layer, state, loss, diary))
        with torch.no_grad():
            below = draw(layer, parts[-1].strokes, state.ground)
    return _refined(parts, loss, artwork.refine.steps, diary)


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
    generator: np.random.Generator,
    diary: "Diary",
) -> State:
    """Place the strokes of a layer and move them until the steps are done or somebody stops it."""
    diary.begins(number, "placing")
    strokes = _placed(layer, ground, generator)
    with torch.no_grad():
        begun = draw(layer, strokes, ground)
        state = State(0, strokes, ground, loss(begun.to(loss.device)).item(), {})
    diary.step(number, layer, state)
    try:
        for state in fit(layer, strokes, ground, loss, generator):
            diary.step(number, layer, state)
            if diary.stopped():
                diary.notes.append(f"interrupted: layer {number + 1} has had {state.step} of its {layer.steps} steps")
                break
    except FitError as error:
        raise RenderError(str(error)) from error
    return state


def _placed(layer: Layer, ground: Ground, generator: np.random.Generator) -> Strokes:
    """The strokes of a layer's first stage, where they start."""
    where = (layer.kind, shares(layer)[0], ground.palette, ground.frame, ground.target, ground.background, generator)
    match layer.start:
        case "greedy":
            fill = 0.5 if isinstance(layer.kind, Points) else 0.3
            fill = layer.fill if layer.fill is not None else fill if ground.palette.free else 0.0
            return placement.greedy(*where, fill=fill)
        case "random":
            return placement.scatter(*where)
        case "stipple":
            return stipple(*where)


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
    drawing = toolpath.clip(drawing)
    drawing = toolpath.join(drawing)
    park_mm = park_on_sheet(height_mm, artwork.machine) if artwork.machine else None
    return toolpath.order(drawing, park_mm)


# --- what is kept of the way ------------------------------------------------------------------------------------------


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

    def begins(self, number: int, stage: str) -> None:
        """Tell of a stage that has no loss yet."""
        layer = self.artwork.layers[number]
        blank = np.ones((3, 1, 1), np.float32)
        self._tell(number, stage, State(0, None, None, float("nan"), {}), layer, lambda: blank)  # type: ignore[arg-type]

    def step(self, number: int, layer: Layer, state: State) -> None:
        """Keep a step and tell of it."""
        self.believed = state.loss

        def picture() -> Picture:
            with torch.no_grad():
                return draw(layer, state.strokes, state.ground).clamp(0, 1).numpy()

        self._tell(number, "fitting", state, layer, picture)
        name = _name(self.artwork, number)
        terms = tuple(state.terms.items())
        if state.step:
            self.history.append(Step(number, name, state.step, state.loss, terms, self.seconds))
        if self._filmed(state.step, layer.steps):
            self.frames.append((f"{name} {state.step}/{layer.steps}", picture()))

    def refined(self, step: int, steps: int, parts: list[Part], loss: float, terms: dict[str, float]) -> None:
        """The same for a step of all layers together."""
        number, name = len(self.artwork.layers), "all layers"
        self.believed = loss

        def picture() -> Picture:
            with torch.no_grad():
                return stacked(parts).clamp(0, 1).numpy()

        self.report(Progress("settling", number - 1, number, name, step, steps, loss, terms, self.seconds, picture))
        self.history.append(Step(number, name, step, loss, tuple(terms.items()), self.seconds))
        if step == steps:
            self.frames.append((f"{name} {step}/{steps}", picture()))

    def film(self) -> Film:
        """All pictures that were kept."""
        return Film(tuple(picture for _, picture in self.frames), tuple(caption for caption, _ in self.frames))

    def _filmed(self, step: int, steps: int) -> bool:
        """About FRAMES pictures in all, as many of each layer, denser at the beginning where more happens."""
        each = max(2, FRAMES // len(self.artwork.layers))
        wanted = {round(steps * (k / (each - 1)) ** 1.6) for k in range(each)}
        return step in wanted

    def _tell(self, number: int, stage: str, state: State, layer: Layer, picture: Callable[[], Picture]) -> None:
        self.report(
            Progress(
                stage=stage,  # type: ignore[arg-type]
                layer=number,
                layers=len(self.artwork.layers),
                layer_name=_name(self.artwork, number),
                step=state.step,
                steps=layer.steps,
                loss=state.loss,
                terms=state.terms,
                seconds=self.seconds,
                picture=picture,
            )
        )
