"""A fit that starts from the strokes of an earlier one, and keeps its own."""

import numpy as np
import torch
from torch import Tensor

from renderer.fitted_strokes import LayerStrokes, StrokesError
from renderer.optimise import FittedLayer
from renderer.optimise.descent import annealed
from renderer.palette import Palette
from renderer.ragged import Ragged
from renderer.spec import Artwork, Edge, Layer, Temperature
from renderer.strokes import Strokes

_ABSENT = -1e4  # logit of a pen that the earlier fit did not have


def check(start: tuple[LayerStrokes, ...], artwork: Artwork) -> None:
    """Raise StrokesError where the strokes are not those of this artwork's layers."""
    for number, (one, layer) in enumerate(zip(start, artwork.layers, strict=False)):
        if one.kind != layer.kind_name:
            text = f"layer {number + 1} was {one.kind} and is {layer.kind_name} now; render the spec afresh"
            raise StrokesError(text)
    if len(start) > len(artwork.layers):
        raise StrokesError(f"had {len(start)} layers, the spec has {len(artwork.layers)}; render the spec afresh")


def remaining(layer: Layer, earlier: LayerStrokes) -> Layer:
    """The layer with the steps that are left, or, after a finished fit, all its steps, from where edges and pens were.

    All strokes are there already, so there is one stage.
    """
    left = layer.steps - earlier.step
    done = min(earlier.step / layer.steps, 1.0) if layer.steps else 1.0
    edges, hot = annealed(layer, done)
    _, cold = annealed(layer, 1.0)
    edge = Edge(profile=layer.edge.profile, from_px=max(edges.softness_px, 0.5), to_px=layer.edge.to_px)
    temperature = Temperature(start=hot, end=min(hot, cold))
    steps = left if left > 0 else layer.steps
    return layer.model_copy(update={"steps": steps, "stages": 1, "edge": edge, "temperature": temperature})


def strokes_of(earlier: LayerStrokes, inks: Palette) -> Strokes:
    """Earlier strokes, for a fit with these pens. Raises StrokesError where none of the pens is the same."""
    arrays = (earlier.knots, earlier.width_mm, earlier.inks)
    knots, width_mm, logits = (torch.from_numpy(array.copy()) for array in arrays)
    ragged = None
    if earlier.kind not in ("points", "lines", "curves"):
        ragged = Ragged(torch.from_numpy(earlier.counts.copy()), earlier.knots.shape[1])
    return Strokes(knots, width_mm, _matched(earlier, logits, inks), ragged)


def _matched(earlier: LayerStrokes, logits: Tensor, inks: Palette) -> Tensor:  # [N, P] -> [N, Q]
    """The logits in the order of another palette."""
    if inks.free != (not earlier.pens):
        had = "pens" if earlier.pens else "free colours"
        raise StrokesError(f"layer {earlier.name!r} had {had}; render the spec afresh")
    if inks.free:
        return logits
    names = [pen.name for pen in inks.pens]
    if not set(names) & set(earlier.pens):
        listed = ", ".join(earlier.pens)
        raise StrokesError(f"layer {earlier.name!r}: its pens were {listed}, and none of them is there now")
    found = torch.full((len(logits), inks.inks), _ABSENT)
    for column, name in enumerate(earlier.pens):
        if name in names:
            found[:, names.index(name)] = logits[:, column]
    return found


def layer_strokes(name: str, part: FittedLayer, step: int) -> LayerStrokes:
    """The strokes of a fitted layer, on the CPU."""
    strokes, layer = part.strokes.to("cpu").detached(), part.layer
    count, most = strokes.knots.shape[:2]
    counts = np.full(count, most) if strokes.ragged is None else strokes.ragged.counts.cpu().numpy()
    palette = part.ground.palette
    return LayerStrokes(
        name=name,
        kind=layer.kind_name,
        pens=() if palette.free else tuple(pen.name for pen in palette.pens),
        knots=strokes.knots.numpy(),
        counts=counts.astype(np.int64),
        width_mm=strokes.width_mm.numpy(),
        inks=strokes.inks.numpy(),
        step=step,
        steps=layer.steps,
    )
