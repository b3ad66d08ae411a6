"""render from Python: a spec as a file, a dict or an Artwork -> a Rendering, whose parts can be looked at and saved."""

import io
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from hardware import kernel_cache
from hardware.drawing import Drawing
from hardware.plurals import counted
from hardware.svgfile import to_svg
from renderer import fitted_strokes, output, pipeline
from renderer.fit_log import EachStep
from renderer.fitted_strokes import LayerStrokes
from renderer.fitting import OwnStrokes
from renderer.marks import OwnMark
from renderer.pipeline import Loss, never
from renderer.primitives import Primitive
from renderer.progress import Progress, silent
from renderer.report import to_image
from renderer.result import Metrics, Result, Step
from renderer.spec import Artwork
from renderer.specfile import Work, load_text
from renderer.specfile import load as load_file

Spec = str | Path | Mapping[str, Any] | Artwork | Work


class SeveralWorksError(ValueError):
    """A spec with a matrix where one work is needed; the message names its works."""


@dataclass(frozen=True)
class Preview:
    """What the machine will draw, as a notebook shows it."""

    image: Image.Image
    svg: str

    def _repr_png_(self) -> bytes:
        file, small = io.BytesIO(), self.image.copy()
        small.thumbnail((_SHOWN_PX, _SHOWN_PX))
        small.quantize(128).save(file, "PNG", optimize=True)
        return file.getvalue()

    def _repr_svg_(self) -> str | None:
        """The drawing as SVG, unless it is so large that a notebook would become slow."""
        return self.svg if len(self.svg) < _LARGEST_SVG else None


_SHOWN_PX = 640
_LARGEST_SVG = 2_000_000


@dataclass(frozen=True, repr=False)
class Rendering:
    """A finished render. `result` has everything; the properties are its most useful parts."""

    result: Result
    changes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        count = sum(map(len, self.strokes))
        return f"<{self.artwork.title!r}: {counted(count, 'stroke')}, {self.metrics.psnr_blurred:.1f} dB from afar>"

    @property
    def strokes(self) -> tuple[LayerStrokes, ...]:
        """The strokes of each layer, as arrays: knots in mm, widths, pens."""
        return self.result.strokes

    @property
    def drawing(self) -> Drawing:
        """The drawing in mm: passes in the order of the pens, lines in the order in which they are drawn."""
        return self.result.drawing

    @property
    def metrics(self) -> Metrics:
        """How similar the drawing is to its target."""
        return self.result.metrics

    @property
    def history(self) -> tuple[Step, ...]:
        """The loss, step by step."""
        return self.result.history

    @property
    def artwork(self) -> Artwork:
        """The spec, with everything that it left open."""
        return self.result.work.artwork

    @property
    def preview(self) -> Preview:
        """The drawing with hard pen edges."""
        return Preview(to_image(self.result.preview), to_svg(self.drawing))

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the output folder, as `render` does, and return it. Raises OutputError."""
        output.write(self.result, Path(folder), changes=self.changes, force=force)
        return Path(folder)

    def _repr_png_(self) -> bytes:
        return self.preview._repr_png_()


def load(spec: Spec, changes: tuple[str, ...] = (), folder: str | Path = ".") -> tuple[Work, ...]:
    """The works of a spec: a file or the name of an example, a dict as YAML would have it, or an Artwork.

    `changes` are like `layers.0.steps=50`. `folder` is where the files start that a dict or an Artwork names.
    Raises SpecErrors.
    """
    place = Path(folder) / "artwork.yaml"  # names the work; the file need not exist
    match spec:
        case Work():
            return (spec,)
        case Artwork():
            return (Work("artwork", place, spec, (place,)),)
        case str() | Path():
            return load_file(spec, changes)
    return load_text(json.dumps(dict(spec)), place, changes)


def render(
    spec: Spec,
    *,
    changes: tuple[str, ...] = (),
    folder: str | Path = ".",
    device: str = "cpu",
    draft: bool = False,
    progress: bool | Callable[[Progress], None] = False,
    start: Rendering | tuple[LayerStrokes, ...] | str | Path = (),
    loss: Loss | None = None,
    primitive: Primitive | None = None,
    mark: OwnMark | None = None,
    each_step: EachStep | None = None,
    stop: Callable[[], bool] | None = None,
) -> Rendering:
    """Fit an artwork and return its drawing. Writes nothing.

    `spec`, `changes` and `folder` are as for `load`. `progress` prints a line now and then, or is called with each
    Progress. `start` has strokes to start from: an earlier rendering, its strokes, or the folder of a finished render.
    `loss` is a function of the drawing and the target, `[3, H, W]` sRGB tensors each, that returns a number to lower;
    it replaces the spec's losses. `primitive` is the shape of a stroke in layers of points, lines and curves: a
    function of knots `[N, K, 2]` that returns lines `[N, S, 2]`, in mm. `mark` places the strokes of layers that are a
    mark: a function of a MarkInput that returns knots `[K, 2]` in mm and the number of a pen, for each stroke.
    `each_step` is called after each gradient step with a FitStep. The fit ends when `stop` returns true, and the
    strokes so far are the drawing.

    Raises SpecErrors, SeveralWorksError, StrokesError, RenderError, TargetError, ProgramError and AssetError.
    """
    works = load(spec, changes, folder)
    if len(works) != 1:
        names = ", ".join(work.name for work in works)
        raise SeveralWorksError(f"the spec has {len(works)} works ({names}); render each that `load` returns")
    kernel_cache.ensure_writable()
    result = pipeline.render(
        works[0],
        _reporter(progress),
        device=device,
        draft=draft,
        start=_start(start),
        loss=loss,
        own=OwnStrokes(primitive, mark),
        each_step=each_step,
        stop=stop or never,
    )
    return Rendering(result, changes)


def read_strokes(folder: str | Path) -> tuple[LayerStrokes, ...]:
    """The strokes of a finished render, to look at or to start from. Raises StrokesError."""
    return fitted_strokes.read(Path(folder))


def _start(start: Rendering | tuple[LayerStrokes, ...] | str | Path) -> tuple[LayerStrokes, ...]:
    match start:
        case Rendering():
            return start.strokes
        case str() | Path():
            return read_strokes(start)
    return start


def _reporter(progress: bool | Callable[[Progress], None]) -> Callable[[Progress], None]:
    if callable(progress):
        return progress
    return _print if progress else silent


def _print(progress: Progress) -> None:
    """Write a line each tenth of a stage."""
    if progress.step % max(1, progress.steps // 10) == 0:
        loss = "" if progress.loss != progress.loss else f", loss {progress.loss:.5f}"
        sys.stderr.write(f"{progress.layer_name}: {progress.stage} {progress.step}/{progress.steps}{loss}\n")
