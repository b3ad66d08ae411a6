"""The progress of a fit: reported to the caller, and kept for the loss curve and the film."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor

from renderer.blur import blur
from renderer.difference import mean_square
from renderer.losses.views import resized
from renderer.optimise import FittedLayer, State, draw, shares, stacked
from renderer.progress import Picture, Progress, Report, unknown
from renderer.result import Film, Step
from renderer.spec import Artwork, Layer
from renderer.strokes import Strokes


@dataclass(frozen=True)
class FitStep:
    """What a call each step gets: the state of one layer."""

    layer: int  # from 0
    layer_name: str
    step: int  # done so far; 0 where the strokes start
    steps: int
    loss: float
    terms: dict[str, float]
    strokes: Strokes  # on the device of the fit; copy what you keep


EachStep = Callable[[FitStep], None]
Stop = Callable[[], bool]
Likeness = Callable[[Picture], float]
FRAMES = 24  # of the film
FRAME_PX = 900  # longer side of a frame: two dozen full pictures of a large sheet would fill the memory
NO_PICTURE = np.ones((3, 1, 1), np.float32)


def likeness_to(
    target: Tensor,  # [3, H, W]
    paper: Tensor,  # [3]
    sigma_px: float,
) -> Likeness:
    """A function that says how much of a target's tones a picture `[3, H, W]` shows, as seen from afar.

    1 - RMS(drawing - target) / RMS(bare paper - target), both blurred: 0 for the bare sheet or worse, 1 for the target
    itself, NaN where that is the bare sheet. It is meant for drawings with hard edges and one pen for each stroke.
    """
    seen = blur(target.cpu().float(), sigma_px)

    def off(picture: Tensor) -> float:
        return math.sqrt(mean_square(blur(picture, sigma_px), seen).item())

    bare = off(paper[:, None, None].expand_as(seen).contiguous())
    return lambda picture: max(0.0, 1 - off(torch.from_numpy(picture)) / bare) if bare > 1e-6 else math.nan


def name_of(artwork: Artwork, number: int) -> str:
    """The name of a layer: its own, or its kind."""
    layer = artwork.layers[number]
    return layer.name or layer.kind_name


def _frame(picture: Picture) -> Picture:
    """A picture, reduced for the film."""
    scale = FRAME_PX / max(picture.shape[1:])
    if scale >= 1:
        return picture
    size = round(scale * picture.shape[1]), round(scale * picture.shape[2])
    return resized(torch.from_numpy(picture), size).numpy()


@dataclass
class FitLog:
    """Reports the progress of a fit to the caller, and keeps it for the loss curve and the film."""

    artwork: Artwork
    report: Report
    stop: Stop
    likeness: Likeness
    history: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    frames: list[tuple[str, Picture]] = field(default_factory=list)
    believed: float = float("nan")  # the last loss
    interrupted: bool = False
    started: float = field(default_factory=time.perf_counter)
    each_step: EachStep | None = None
    taken: dict[int, int] = field(default_factory=dict)  # steps of each layer

    @property
    def seconds(self) -> float:
        """Seconds since the render began."""
        return time.perf_counter() - self.started

    def stopped(self) -> bool:
        """Whether the caller asked to stop; once true, always true."""
        self.interrupted = self.interrupted or self.stop()
        return self.interrupted

    def placing(self, number: int, layer: Layer, placed: int) -> bool:
        """Report the strokes placed so far, before there is a loss; return whether to continue."""
        nothing = State(placed, None, None, float("nan"), {})  # type: ignore[arg-type]
        wanted = shares(layer)[0]
        self._tell(number, "placing", nothing, wanted, lambda: NO_PICTURE, unknown)
        return placed in (0, wanted) or not self.stopped()

    def step(self, number: int, layer: Layer, state: State) -> None:
        """Record a step and report it."""
        self.believed = state.loss

        def picture() -> Picture:
            return self._picture(layer, state)

        self._tell(number, "fitting", state, layer.steps, picture, partial(self._likeness, picture))
        name = name_of(self.artwork, number)
        terms = tuple(state.terms.items())
        if state.step:
            self.history.append(Step(number, name, state.step, state.loss, terms, self.seconds))
        if self._filmed(state.step, layer.steps):
            self.frames.append((f"{name} {state.step}/{layer.steps}", _frame(picture())))
        self.taken[number] = state.step
        if self.each_step is not None:
            self.each_step(FitStep(number, name, state.step, layer.steps, state.loss, state.terms, state.strokes))

    def rests(self, number: int, layer: Layer, state: State) -> None:
        """Report the last step of a layer that is done early, and note why."""
        name = name_of(self.artwork, number)
        picture = partial(self._picture, layer, state)
        self._tell(number, "fitting", state, state.step, picture, partial(self._likeness, picture))
        self.notes.append(f"{name}: done after {state.step} of {layer.steps} steps; the loss stopped falling")
        if not self._filmed(state.step, layer.steps):
            self.frames.append((f"{name} {state.step}/{layer.steps}", _frame(self._picture(layer, state))))

    def refined(self, step: int, steps: int, parts: list[FittedLayer], loss: float, terms: dict[str, float]) -> None:
        """Record and report a step of all layers together."""
        number, name = len(self.artwork.layers), "all layers"
        self.believed = loss

        def picture() -> Picture:
            with torch.no_grad():
                return stacked(parts).clamp(0, 1).cpu().numpy()

        seconds, likeness = self.seconds, partial(self._likeness, picture)
        self.report(
            Progress("settling", number - 1, number, name, step, steps, loss, terms, seconds, picture, likeness)
        )
        self.history.append(Step(number, name, step, loss, tuple(terms.items()), self.seconds))
        if step == steps:
            self.frames.append((f"{name} {step}/{steps}", _frame(picture())))

    def film(self) -> Film:
        """The pictures that were kept, with captions."""
        return Film(tuple(picture for _, picture in self.frames), tuple(caption for caption, _ in self.frames))

    @staticmethod
    def _picture(layer: Layer, state: State) -> Picture:
        with torch.no_grad():
            return draw(layer, state.strokes, state.ground).clamp(0, 1).cpu().numpy()

    def _likeness(self, picture: Callable[[], Picture]) -> float:
        return self.likeness(picture())

    def _filmed(self, step: int, steps: int) -> bool:
        """Whether the film has this step: about FRAMES in all, the same for each layer, more at the beginning."""
        each = max(2, FRAMES // len(self.artwork.layers))
        wanted = {round(steps * (k / (each - 1)) ** 1.6) for k in range(each)}
        return step in wanted

    def _tell(
        self,
        number: int,
        stage: str,
        state: State,
        steps: int,
        picture: Callable[[], Picture],
        likeness: Callable[[], float],
    ) -> None:
        self.report(
            Progress(
                stage=stage,  # type: ignore[arg-type]
                layer=number,
                layers=len(self.artwork.layers),
                layer_name=name_of(self.artwork, number),
                step=state.step,
                steps=steps,
                loss=state.loss,
                terms=state.terms,
                seconds=self.seconds,
                picture=picture,
                likeness=likeness,
            )
        )
