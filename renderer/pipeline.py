"""From a spec to a finished drawing: the whole way of the data."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from renderer import assets, focus, losses, preview
from renderer.colours import from_hex
from renderer.cores import placed
from renderer.diary import Diary, Stop, likeness_to, name_of
from renderer.finish import drawing_of, within_budget, without_hidden
from renderer.fitting import fit_layers
from renderer.losses.looks import looks
from renderer.plan import doubted, remarks
from renderer.planning import planned, thinnest_nib_mm
from renderer.progress import Report, silent
from renderer.result import Result, pen_choices
from renderer.sources import RenderError, is_grey, networks_of, sources_of
from renderer.spec import Artwork, Tone
from renderer.spec.losses import FAR_MM
from renderer.specfile import Work
from renderer.target import Frame, Picture, fit_picture, frame, load_picture
from renderer.tone import cropped, greyed, stressed, toned

__all__ = ["RenderError", "Stop", "is_grey", "never", "render"]

Noted = Callable[[str], None]
PREVIEW_PX = 1600  # the longer side of the preview
DRAFT_RESOLUTION = 0.6  # of the finished work's


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

    `fetched` reports the bytes of weights and targets that have to be downloaded; `noted`, what a person
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
    target, importance = wanted_picture(artwork, work.folder, painting, area)
    sources = sources_of(work, networks, area, painting.shape[:2], importance)
    wanted = placed(torch.from_numpy(target), device)
    judges = [losses.build(layer.terms, wanted, area.px_per_mm, sources) for layer in artwork.layers]
    tiles = [partial(losses.through, layer.terms, wanted, area.px_per_mm, sources) for layer in artwork.layers]
    paper = torch.from_numpy(from_hex(artwork.canvas.colour)).float()
    diary = Diary(artwork, report, stop, likeness_to(wanted, paper, FAR_MM * area.px_per_mm))
    layers = fit_layers(plan, wanted, area, importance, diary, list(zip(judges, tiles, strict=True)))
    layers = within_budget(plan, without_hidden(artwork, layers, diary), diary)
    drawing = drawing_of(artwork, layers)
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
        choices=pen_choices(
            (name_of(artwork, number), part.ground.palette.choice) for number, part in enumerate(layers)
        ),
        looks=tuple(look for n, judge in enumerate(judges) for look in looks(name_of(artwork, n), judge, drawn)),
        weights=tuple((trunk.name, network.sha256) for trunk, network in networks.items()),
        decisions=plan.decisions,
    )


def wanted_picture(
    artwork: Artwork,  # planned
    folder: Path,  # of the spec
    painting: Picture,  # [H, W, 3], cropped
    area: Frame,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """The target on the frame's pixels, `[3, H, W]` in the tones of ink, and how much each of them counts, `[H, W]`.

    No importance where the spec says `focus: none`. TargetError.
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
    """The same work in a quarter of the steps."""
    layers = tuple(layer.model_copy(update={"steps": -(-layer.steps // 4)}) for layer in artwork.layers)
    return artwork.model_copy(update={"layers": layers})
