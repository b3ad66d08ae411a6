"""A spec -> a finished drawing: all the steps of the data."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Drawing
from renderer import assets, focus, losses, preview
from renderer.colours import from_hex
from renderer.cores import placed
from renderer.finish import drawing_of, within_budget, without_hidden
from renderer.fit_log import EachStep, FitLog, Stop, likeness_to, name_of
from renderer.fitted_strokes import LayerStrokes
from renderer.fitting import AS_IN_THE_SPEC, OwnStrokes, fit_layers
from renderer.losses import Sum
from renderer.losses.network_views import network_views
from renderer.optimise import FittedLayer, LossAt
from renderer.plan import remarks, spec_warnings
from renderer.planning import Planned, planned, thinnest_nib_mm
from renderer.progress import Report, silent
from renderer.result import Result, pen_choices
from renderer.sheet_text import with_text
from renderer.sources import RenderError, is_grey, networks_of, sources_of
from renderer.spec import Artwork, RackPens, Tone
from renderer.spec.losses import FAR_MM
from renderer.specfile import Work
from renderer.target import Frame, Picture, fit_picture, frame, load_picture
from renderer.tone import cropped, greyed, stressed, toned
from renderer.warm_fit import layer_strokes

__all__ = ["RenderError", "Stop", "is_grey", "never", "render"]

Noted = Callable[[str], None]
Loss = Callable[[Tensor, Tensor], Tensor]  # drawing [3, H, W], target [3, H, W] -> []
PREVIEW_PX = 1600  # the longer side of the preview
DRAFT_RESOLUTION = 0.6  # of the full resolution


def never() -> bool:
    """Never stop."""
    return False


def ignore_note(note: str) -> None:
    """Ignore a note: the result has it too."""


def render(
    work: Work,
    report: Report = silent,
    *,
    device: str = "cpu",
    draft: bool = False,
    stop: Stop = never,
    noted: Noted = ignore_note,
    fetched: assets.Report | None = None,
    start: tuple[LayerStrokes, ...] = (),
    loss: Loss | None = None,
    own: OwnStrokes = AS_IN_THE_SPEC,
    each_step: EachStep | None = None,
) -> Result:
    """Fit an artwork and make its drawing. When `stop()` becomes true, the strokes so far are finished.

    `start` has strokes of an earlier fit, layer by layer; layers that it does not have are placed. `loss` replaces the
    losses of all layers: a function of the drawing and the target, `[3, H, W]` sRGB each, that returns a number to
    lower. `own` has a shape of strokes or a mark of the caller's own. `each_step` is called after each gradient step.

    `fetched` gets the bytes of weights and targets as they are downloaded; `noted` gets notes that a person should see
    before the fit. In the result's work, everything that the spec leaves open is planned.

    Raises RenderError, TargetError, ProgramError, AssetError and StrokesError, each with a message that says what would
    work.
    """
    job = _prepared(work, draft=draft, noted=noted, fetched=fetched)
    artwork, area = job.plan.artwork, job.area
    wanted = placed(torch.from_numpy(job.target), device)
    judges = _judges(artwork, wanted, area.px_per_mm, job.sources, loss)
    paper = torch.from_numpy(from_hex(artwork.canvas.colour)).float()
    log = FitLog(artwork, report, stop, likeness_to(wanted, paper, FAR_MM * area.px_per_mm), each_step=each_step)
    layers = fit_layers(job.plan, wanted, area, job.importance, log, judges, start, own)
    layers = within_budget(job.plan, without_hidden(artwork, layers, log), log)
    result = _result(replace(work, artwork=artwork), job, layers, _views(judges, loss), log, device)
    return replace(result, strokes=_kept(artwork, layers, log, start))


@dataclass(frozen=True)
class _Prepared:
    """Everything that is known before the fit."""

    plan: Planned
    source: assets.Resolved  # of the target
    area: Frame
    target: NDArray[np.float32]  # [3, H, W]
    importance: NDArray[np.float32] | None  # [H, W]
    sources: losses.Sources
    weights: tuple[tuple[str, str], ...]  # of the networks: name, sha256 of the file
    notes: tuple[str, ...]


def _prepared(work: Work, *, draft: bool, noted: Noted, fetched: assets.Report | None) -> _Prepared:
    """The plan, the target on the frame's pixels, and what the losses need; `noted` gets the notes."""
    artwork = drafted(work.artwork) if draft else work.artwork
    networks = networks_of(artwork, work.folder, fetched)  # first: a missing file is reported before any work is done
    source = assets.resolve(artwork.target.image, work.folder, fetched)
    painting = cropped(load_picture(source.path, artwork.canvas.colour), artwork.target.crop)
    plan = planned(artwork, painting)
    artwork = plan.artwork
    notes = (*([source.note] if source.note else []), *remarks(artwork, painting), *spec_warnings(plan, painting))
    for note in notes:
        noted(note)
    aspect = painting.shape[1] / painting.shape[0]
    area = frame(artwork.canvas, artwork.target.fit, aspect, thinnest_nib_mm(artwork))
    if draft:
        area = replace(area, px_per_mm=DRAFT_RESOLUTION * area.px_per_mm)
    target, importance = wanted_picture(artwork, work.folder, painting, area)
    sources = sources_of(work, networks, area, painting.shape[:2], importance)
    weights = tuple((trunk.name, network.sha256) for trunk, network in networks.items())
    return _Prepared(plan, source, area, target, importance, sources, weights, notes)


def _result(
    work: Work,  # planned
    job: _Prepared,
    layers: list[FittedLayer],  # fewer than the artwork has if the fit was stopped
    judges: list[losses.Sum],
    log: FitLog,
    device: str,
) -> Result:
    """The drawing of the fitted layers, its previews and metrics, and the history of the fit."""
    artwork, area = work.artwork, job.area
    drawing = _lettered(drawing_of(artwork, layers), work)
    drawn = torch.from_numpy(preview.framed(drawing, area)).to(device)
    names = [name_of(artwork, number) for number in range(len(artwork.layers))]
    return Result(
        work=work,
        drawing=drawing,
        frame=area,
        target=job.target,
        preview=preview.picture(drawing, PREVIEW_PX / max(drawing.width_mm, drawing.height_mm)),
        believed=log.believed,
        metrics=preview.metrics(drawing, area, job.target),
        history=tuple(log.history),
        film=log.film(),
        target_source=job.source.sha256,
        notes=(*job.notes, *log.notes),
        interrupted=log.interrupted,
        seconds=log.seconds,
        device=device,
        choices=pen_choices((name, one.ground.palette.choice) for name, one in zip(names, layers, strict=False)),
        network_views=tuple(
            view for name, judge in zip(names, judges, strict=True) for view in network_views(name, judge, drawn)
        ),
        weights=job.weights,
        decisions=job.plan.decisions,
    )


def _lettered(drawing: Drawing, work: Work) -> Drawing:
    """The drawing with the texts of its spec, which are drawn beside the fit."""
    pens = work.artwork.pens
    return with_text(drawing, work.texts, pens.rack.pens) if work.texts and isinstance(pens, RackPens) else drawing


def wanted_picture(
    artwork: Artwork,  # planned
    folder: Path,  # of the spec
    painting: Picture,  # [H, W, 3], cropped
    area: Frame,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """The target on the frame's pixels, `[3, H, W]` in the tones of ink, and how much each pixel counts, `[H, W]`.

    The importance is None where the spec says `focus: none`. Raises TargetError.
    """
    tone = artwork.target.tone
    assert isinstance(tone, Tone)
    target = toned(fit_picture(painting, area, artwork.target.fit), tone)
    importance = None
    if artwork.target.focus != "none":
        importance = focus.of_target(artwork.target, folder, painting, area)
        target = stressed(target, importance, tone)
    return greyed(target) if is_grey(artwork) else target, importance


def drafted(artwork: Artwork) -> Artwork:
    """The same artwork with a quarter of the steps."""
    layers = tuple(layer.model_copy(update={"steps": -(-layer.steps // 4)}) for layer in artwork.layers)
    return artwork.model_copy(update={"layers": layers})


# --- what a caller wants ----------------------------------------------------------------------------------------------


def _judges(
    artwork: Artwork, wanted: Tensor, px_per_mm: float, sources: losses.Sources, own: Loss | None
) -> list[tuple[Sum, LossAt]]:
    """Each layer's loss, for the complete frame and for a tile."""
    if own is not None:
        return [(_sum(own, wanted), partial(_tile_of, own, wanted)) for _ in artwork.layers]
    return [
        (
            losses.build(layer.terms, wanted, px_per_mm, sources),
            partial(losses.windowed, layer.terms, wanted, px_per_mm, sources),
        )
        for layer in artwork.layers
    ]


def _sum(own: Loss, wanted: Tensor) -> Sum:
    return Sum({"own": (1.0, partial(_against, own, wanted))}, wanted.device)


def _against(own: Loss, wanted: Tensor, picture: Tensor) -> Tensor:
    return own(picture, wanted)


def _tile_of(own: Loss, wanted: Tensor, rows: slice, columns: slice) -> Sum:
    return _sum(own, wanted[:, rows, columns])


def _views(judges: list[tuple[Sum, LossAt]], own: Loss | None) -> list[Sum]:
    """The losses whose networks the report shows; of a loss of the caller's own it shows nothing."""
    return [Sum({}, judge.device) if own is not None else judge for judge, _ in judges]


def _kept(
    artwork: Artwork, layers: list[FittedLayer], log: FitLog, start: tuple[LayerStrokes, ...]
) -> tuple[LayerStrokes, ...]:
    """The strokes of the layers, with all steps that they took, in this fit and the earlier one."""
    kept = []
    for number, part in enumerate(layers):
        earlier = start[number].step if number < len(start) else 0
        complete = artwork.layers[number].steps if not log.interrupted else 0  # it may have rested before its last step
        taken = max(earlier + log.taken.get(number, 0), complete)
        wanted = replace(part, layer=artwork.layers[number])
        kept.append(layer_strokes(name_of(artwork, number), wanted, taken))
    return tuple(kept)
