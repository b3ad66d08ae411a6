"""From a declarative artwork spec to a drawing made of strokes that real pens can draw.

    import renderer as r

    result = r.render("spec.yaml")
    result.preview          # a picture, shown in a notebook
    result.strokes          # knots, widths and pens of each layer, as arrays
    result.save("out/mine")

The names below are the interface for other programs; docs/python.md describes them. They are imported when they are
first used, so that `import renderer` takes a moment only.
"""

from importlib import import_module
from typing import Any

_PLACES = {
    "Artwork": "renderer.spec",
    "EdgeRamp": "renderer.raster",
    "FitStep": "renderer.fit_log",
    "Ink": "hardware.drawing",
    "LayerStrokes": "renderer.fitted_strokes",
    "MarkInput": "renderer.marks",
    "Rendering": "renderer.notebook",
    "Shapes": "renderer.raster",
    "SpecErrors": "renderer.specfile",
    "TensorBoardLog": "renderer.tensorboard_log",
    "catmull_rom": "renderer.primitives",
    "encoder_loss": "renderer.losses.own_encoder",
    "load": "renderer.notebook",
    "rasterise": "renderer.raster",
    "read_strokes": "renderer.notebook",
    "render": "renderer.notebook",
}
__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'renderer' has no attribute {name!r}; its names are {', '.join(_PLACES)}")
    found = getattr(import_module(_PLACES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
