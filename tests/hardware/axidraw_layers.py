"""The rules by which AxiDraw's software reads the name of a layer, as its documentation gives them.

https://wiki.evilmadscientist.com/AxiDraw_Layer_Control. Leading spaces do not count. `%` first: the layer is not drawn.
`!` first: the plot pauses before it. Then a number from 0 to 1000 can follow, and directly behind it codes: `+H` is the
height of the pen, `+S` its speed in percent, `+D` a delay in ms. Of several codes of a kind the last counts.
"""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

_SVG = "{http://www.w3.org/2000/svg}"
_INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"


@dataclass(frozen=True)
class AxidrawLayer:
    """How AxiDraw's software plots a layer."""

    is_drawn: bool
    pauses: bool
    number: int | None
    codes: dict[str, int]


def axidraw_layer(name: str) -> AxidrawLayer:
    """Return what the name of a layer means to AxiDraw's software."""
    mark, number, codes = re.fullmatch(
        r"\s*([%!]?)\s*(\d*)((?:\+[HSD]\d+)*).*", name, re.IGNORECASE | re.DOTALL
    ).groups()  # type: ignore[union-attr]
    given = {kind.upper(): int(value) for kind, value in re.findall(r"\+(.)(\d+)", codes)}
    return AxidrawLayer(mark != "%", mark == "!", int(number) if number and int(number) <= 1000 else None, given)


def axidraw_layers(svg: str) -> list[AxidrawLayer]:
    """Return what the layers of a file mean to AxiDraw's software, in drawing order."""
    groups = ElementTree.fromstring(svg).findall(f"{_SVG}g[@{_INKSCAPE}groupmode='layer']")
    return [axidraw_layer(group.get(f"{_INKSCAPE}label", "")) for group in groups]
