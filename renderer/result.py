"""The result of a render: the drawing, its previews and metrics, and the history of the fit."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Drawing
from renderer.colours import Choice
from renderer.fitted_strokes import LayerStrokes
from renderer.planning import Decision
from renderer.progress import Picture
from renderer.specfile import Work
from renderer.target import Frame


@dataclass(frozen=True)
class Metrics:
    """How similar the exported drawing is to its target, inside the frame, with hard pen edges."""

    psnr: float  # dB, over all pixels and channels
    psnr_blurred: float  # dB, with both pictures blurred with sigma 2 px: as seen from afar
    ssim: float  # Wang et al. 2004, Gaussian window of sigma 1.5 px
    coverage: float  # share of the frame that carries ink, 0 to 1


@dataclass(frozen=True)
class Step:
    """One row of the loss curve."""

    layer: int
    layer_name: str
    step: int
    loss: float
    terms: tuple[tuple[str, float], ...]
    seconds: float


@dataclass(frozen=True)
class Film:
    """Pictures of the fit, first to last, spread over its steps."""

    frames: tuple[Picture, ...]  # [3, H, W] each
    captions: tuple[str, ...]  # "points 120/300"


@dataclass(frozen=True)
class NetworkView:
    """How a network sees the finished drawing: one term of a layer's loss, which compares it with the target."""

    layer_name: str
    term: str  # its name in the loss
    depths: tuple[tuple[str, float], ...]  # each layer of the network, first to last, and the loss there
    map: NDArray[np.float32]  # [H, W] of the frame, where the loss is still high: 1 is the highest place
    is_pull: bool  # whether the map shows the loss's gradient instead, because its term has no places: style

    @property
    def loss(self) -> float:
        """The loss of all depths together."""
        return sum(loss for _, loss in self.depths)


@dataclass(frozen=True)
class PenChoice:
    """How the pens of some layers were chosen from a rack."""

    layers: tuple[str, ...]  # their names
    choice: Choice


def pen_choices(chosen: Iterable[tuple[str, Choice | None]]) -> tuple[PenChoice, ...]:
    """The different choices of pens, each with its layers; free colours have none."""
    layers: dict[Choice, list[str]] = {}
    for name, choice in chosen:
        if choice is not None:
            layers.setdefault(choice, []).append(name)
    return tuple(PenChoice(tuple(names), choice) for choice, names in layers.items())


@dataclass(frozen=True)
class Result:
    """A finished render."""

    work: Work  # planned: nothing is left open in its artwork
    drawing: Drawing  # on the complete sheet, passes in drawing order, lines in toolpath order
    frame: Frame  # the drawn area on the sheet
    target: Picture  # [3, H, W], only the frame
    preview: Picture  # [3, h, w], the complete sheet, hard pen edges
    believed: float  # loss of the optimiser's own soft picture at the last step, to compare with the metrics
    metrics: Metrics
    history: tuple[Step, ...]
    film: Film
    target_source: str  # sha256 of the target's file
    notes: tuple[str, ...]  # for a person: a fallback target, an interrupted fit, strokes left out
    interrupted: bool  # by Ctrl-C: the drawing is the best so far
    seconds: float
    device: str
    choices: tuple[PenChoice, ...] = ()  # of pens from racks
    network_views: tuple[NetworkView, ...] = ()  # of the losses that use networks
    weights: tuple[tuple[str, str], ...] = ()  # of those networks: name, sha256 of the file
    decisions: tuple[Decision, ...] = ()  # what the spec left open; `work` has the values
    strokes: tuple[LayerStrokes, ...] = ()  # of each layer
