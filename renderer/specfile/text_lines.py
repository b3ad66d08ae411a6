"""`text:` of a spec: a title, a signature or an edition on the sheet, in lettering of single lines."""

import unicodedata
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, ValidationError

from hardware.lettering import can_write, length_of
from renderer.spec import Artwork, FreeColours, RackPens, SpecModel, unknown_pens
from renderer.specfile.check import validated
from renderer.specfile.faults import Fault
from renderer.specfile.translate import translated
from renderer.specfile.tree import Fields, Items, Node, Scalar

LINE_SPACING = 1.6  # of the height
Corner = Literal[
    "top left", "top", "top right", "left", "centre", "right", "bottom left", "bottom", "bottom right"
]  # fmt: skip


class TextLine(SpecModel):
    """Text on the sheet, in letters of single lines."""

    say: str = Field(min_length=1, max_length=300, description="The text. A line break begins a new line.")
    at: Corner = Field("bottom right", description="Where it is on the sheet: a corner, an edge or the centre.")
    height_mm: float = Field(3.0, ge=1, le=200, description="Height of a capital, mm.")
    inset_mm: float = Field(6.0, ge=0, le=500, description="Distance from the edges of the sheet, mm.")
    pen: str | None = Field(
        None, min_length=1, description="Name of a pen of the rack. Default: the darkest pen that the drawing uses."
    )

    @property
    def size_mm(self) -> tuple[float, float]:
        """The width and height of the text, mm."""
        lines = self.say.splitlines()
        height_mm = self.height_mm * (1 + LINE_SPACING * (len(lines) - 1))
        return max(length_of(line, self.height_mm) for line in lines), height_mm


class _Texts(SpecModel):
    text: tuple[TextLine, ...] = Field(max_length=50)


def texts_of(tree: Fields) -> tuple[Fields, tuple[TextLine, ...], list[Fault]]:
    """The tree without its `text:`, the texts, and what is wrong with them. One text need not be in a list."""
    node = tree.get("text")
    if node is None:
        return tree, (), []
    holder = Fields((), tree.place).put("text", _listed(node))
    try:
        return tree.without("text"), validated(_Texts, holder).text, []
    except ValidationError as error:
        return tree.without("text"), (), translated(_Texts, error, holder, set())


def _listed(node: Node) -> Node:
    """`text: A title` and `text: {say: A title}` are lists of one; each text alone is `{say: ...}`."""
    items = node.items if isinstance(node, Items) else (node,)
    said = [Fields((), item.place).put("say", item) if isinstance(item, Scalar) else item for item in items]
    return Items(tuple(said), node.place)


def text_faults(texts: tuple[TextLine, ...], tree: Fields, artwork: Artwork) -> Iterator[Fault]:
    """Texts that do not fit the sheet, that name an unknown pen, or that have letters without lines."""
    node = tree.get("text") or tree
    for number, one in enumerate(texts):
        item = node.items[number] if isinstance(node, Items) and number < len(node.items) else node
        for why in _misfits(one, artwork):
            yield Fault(item.place, ("text", number), why)


def _misfits(one: TextLine, artwork: Artwork) -> Iterator[str]:
    unwritten = sorted(
        {letter for letter in unicodedata.normalize("NFC", one.say) if letter != "\n" and not can_write(letter)}
    )
    if unwritten:
        yield (
            f"the lettering has no {' '.join(unwritten)}; write Latin letters, also with diacritics, digits and "
            ". , : ; - + / ( ) = # % & * _ ' ! ?"
        )
    machine = artwork.machine
    if machine is not None and one.inset_mm < machine.margin_mm:
        yield (
            f"is {one.inset_mm:g} mm from the edges, but {machine.name} keeps {machine.margin_mm:g} mm clear; "
            f"use inset_mm: {machine.margin_mm:g}"
        )
    width_mm = one.size_mm[0]
    free_mm = max(min(size[0] - 2 * one.inset_mm for size in artwork.canvas.sizes_mm), 0.1)
    if width_mm > free_mm:
        fitting = one.height_mm * free_mm / width_mm
        yield (
            f"{one.say.splitlines()[0][:40]!r} is {width_mm:.0f} mm long, but the sheet has {free_mm:.0f} mm for it; "
            f"use height_mm: {int(10 * fitting) / 10:g} or break the line"
        )
    pens = artwork.pens
    if isinstance(pens, FreeColours):
        yield "needs a pen, but the colours are free; give the artwork a rack"
    elif one.pen is not None and isinstance(pens, RackPens):
        for _, why in unknown_pens([one.pen], [pen.name for pen in pens.rack.pens]):
            yield why
