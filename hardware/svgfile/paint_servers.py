"""A fill or stroke that refers to a gradient or a pattern -> one plain colour, where there is one."""

from xml.etree import ElementTree

import numpy as np

from hardware.svgfile.scene import SceneItem, SvgScene, href_of, local_name
from hardware.svgfile.svg_paint import NO_PAINT, Paint

_GRADIENTS = ("linearGradient", "radialGradient")
_LONGEST_CHAIN = 20  # of gradients that refer to others for their stops
PLAIN_ADVICE = "pens draw plain colours"


def solid(scene: SvgScene, item: SceneItem, kind: str) -> Paint:
    """Return the paint of an item's `stroke` or `fill`: a colour, nothing, or a reference that has not one colour.

    A stroke with a gradient of several colours gets their mean. What is lost by that is found.
    """
    style = item.style
    own = style.stroke if kind == "stroke" else style.fill
    if own.word is not None:
        own = _of_marked_shape(item, own.word)
    if own.reference is None:
        return own
    server = scene.named.get(own.reference)
    if server is None:
        scene.findings.lost(item.element, f"has the {kind} 'url(#{own.reference})', which is not in the file")
        return own.fallback or NO_PAINT
    if local_name(server) not in _GRADIENTS:
        return own
    colours = _stops(scene, server)
    if not colours:
        return NO_PAINT
    if len(set(colours)) > 1 and kind == "fill" and item.tag != "text":
        return own
    mean = _mean(colours)
    if len(set(colours)) > 1:
        scene.findings.lost(item.element, f"has a gradient as its {kind}; drawn in the mean colour, {mean}")
    return Paint(mean, own.alpha)


def _of_marked_shape(item: SceneItem, word: str) -> Paint:
    around = item.context.marked
    if around is None:
        return NO_PAINT
    return around.fill if word == "context-fill" else around.stroke


def _stops(scene: SvgScene, gradient: ElementTree.Element) -> list[str]:
    """Return the colours of a gradient's stops, which may be those of another gradient."""
    server: ElementTree.Element | None = gradient
    for _ in range(_LONGEST_CHAIN):
        if server is None:
            break
        styles = [scene.styles.in_place(stop) for stop in server if local_name(stop) == "stop"]
        if styles:
            paints = [style.colour(style["stop-color"], style["stop-opacity"]) for style in styles]
            return [paint.colour for paint in paints if paint.colour is not None and paint.alpha > 0]
        server = scene.named.get(href_of(server).removeprefix("#"))
    return []


def _mean(colours: list[str]) -> str:
    values = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours]
    return "#" + "".join(f"{round(value):02x}" for value in np.mean(values, axis=0).tolist())
