"""Layers of strokes -> pen passes: from the metadata of our own files, by a rack, or by colours and widths."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from xml.etree import ElementTree

from hardware.drawing import Ink, Line, Pen, PenPass
from hardware.rack import by_colour, by_name
from hardware.svgfile.layer_labels import LayerLabel, parsed, unused
from hardware.svgfile.sizing import Sizing
from hardware.svgfile.write import DRAWING
from hardware.svgfile.xml import SvgError
from hardware.toolpath.covering import in_order

PenMatch = Literal["name", "number", "colour"]
LayerOrder = Literal["file", "number"]
TextStyle = Literal["line", "outline"]


@dataclass(frozen=True)
class Options:
    """Options for reading a file."""

    hatch_mm: float | None = None  # distance of the lines that hatch fills; None: fills are left out
    pens: tuple[Pen, ...] | None = None  # the rack that layers and colours refer to
    by: PenMatch | None = None  # how they refer to its pens; None: by name, else by number, else by colour
    keep_order: bool = False  # strokes stay above those that they cover, even if that costs pen changes
    tolerance_mm: float = 0.005  # largest deviation of lines from curves; never more than the default
    strict: bool = False  # whatever cannot be drawn as the file shows it is an error
    layer_order: LayerOrder | None = None  # None: by the numbers of the layers, if each has one
    sizing: Sizing | None = None  # None: the size that the file gives
    feed_mm_min: float | None = None  # the machine's own: codes of layers are shares of it
    text: TextStyle = "line"  # texts in single-line letters, or in the outlines of their own typeface
    layer_pens: Mapping[str, Pen] = field(default_factory=dict)  # the pen of a layer, by its name or number


@dataclass(frozen=True)
class SvgStroke:
    """A line of a file with its colour, width and ink."""

    line: Line
    colour: str
    width_mm: float  # 0 for letters, whose width is found at the end
    ink: Ink


@dataclass
class SvgLayer:
    """A top-level group, or the elements outside all groups."""

    label: str
    attributes: dict[str, str]
    strokes: list[SvgStroke] = field(default_factory=list)  # bottom first


def passes_of(
    layers: list[SvgLayer],
    size_mm: tuple[float, float],
    known: dict[str, tuple[str, Pen]],
    options: Options,
    name: str,
    scale: float = 1.0,
) -> tuple[tuple[PenPass, ...], list[str]]:
    """Return the passes of the layers, bottom first, and notes. Raises SvgError.

    `known` gives pens by a layer's id. `scale` is how much larger than in the file the drawing is.
    """
    passes: list[PenPass] = []
    notes: list[str] = []
    for layer in _ordered([layer for layer in layers if layer.strokes], known, options, notes):
        own = _own_pass(layer, known, scale)
        made = [_meant(own, layer, options)] if own else [*_by_pens(_inked(layer), size_mm, options, notes)]
        passes += _as_the_label_says(made, layer, passes, options, notes)
    notes += _unmatched(layers, options)
    pens = options.pens
    if pens and (missed := [p for p in passes if not any(p.pen.is_same(pen) for pen in pens)]):
        wanted = ", ".join(pen.name for pen in pens)
        raise SvgError(
            "\n".join(f"{name}: layer {p.layer!r} names no pen of the rack; the rack has {wanted}" for p in missed)
        )
    return tuple(passes), notes


# --- what names of layers say -----------------------------------------------------------------------------------------


def _ordered(
    layers: list[SvgLayer], known: dict[str, tuple[str, Pen]], options: Options, notes: list[str]
) -> list[SvgLayer]:
    """Return the layers by their numbers, if each has one and not all are ours; else in the order of the file."""
    numbers = [parsed(layer.label).number for layer in layers]
    is_ours = all(layer.attributes.get("id") in known for layer in layers)
    if options.layer_order == "file" or (options.layer_order is None and (None in numbers or is_ours)):
        return layers
    last = 1 + max((number for number in numbers if number is not None), default=0)
    keys = [last if number is None else number for number in numbers]
    ordered = [layers[at] for at in sorted(range(len(layers)), key=keys.__getitem__)]
    if ordered != layers and options.layer_order is None:
        drawn = ", ".join(repr(layer.label) for layer in ordered[:5]) + (", ..." if len(ordered) > 5 else "")
        notes.append(f"layers are drawn by their numbers: {drawn}; --layer-order file keeps the order of the file")
    return ordered


def _unmatched(layers: list[SvgLayer], options: Options) -> Iterator[str]:
    """Yield a note for each layer of the mapping that the file does not have."""
    for key in options.layer_pens:
        if not any(_is_named(layer, key) for layer in layers):
            labels = ", ".join(repr(layer.label) for layer in layers if layer.label) or "none with names"
            yield f"the file has no layer {key!r}, which the pens are mapped to; its layers are {labels}"


def _is_named(layer: SvgLayer, key: str) -> bool:
    """Whether a key of the mapping means a layer: by its name, whole or without number and codes, or by its number."""
    label = parsed(layer.label)
    names = {" ".join(name.split()).casefold() for name in (layer.label, label.title)} - {""}
    return " ".join(key.split()).casefold() in names or (key.isdecimal() and label.number == int(key))


def _mapped(layer: SvgLayer, options: Options) -> Pen | None:
    """Return the pen that the mapping gives to a layer; None if it gives none."""
    return next((pen for key, pen in options.layer_pens.items() if _is_named(layer, key)), None)


def _as_the_label_says(
    made: list[PenPass], layer: SvgLayer, before: list[PenPass], options: Options, notes: list[str]
) -> list[PenPass]:
    """Return the passes of a layer with the speed that its name gives, as AxiDraw's software reads it."""
    label = parsed(layer.label)
    if left := unused(label):
        notes.append(f"layer {layer.label!r}: left out: {left}; a rack sets the height and the dwell of each pen")
    if label.pauses and before and made[0].pen.is_same(before[-1].pen):
        notes.append(f"layer {layer.label!r} asks for a pause (!), but a plot pauses only where the pen changes")
    return [_at_speed(each, label, options) for each in made]


def _at_speed(made: PenPass, label: LayerLabel, options: Options) -> PenPass:
    percent = label.codes.get("S")
    if not percent or options.feed_mm_min is None:
        return made
    feed = made.pen.feed_mm_min or options.feed_mm_min
    pen = made.pen.model_copy(update={"feed_mm_min": round(feed * min(percent, 100) / 100, 1)})
    return PenPass(made.layer, pen, made.lines, made.colours, made.widths_mm)


# --- our own files ----------------------------------------------------------------------------------------------------


def known_pens(root: ElementTree.Element) -> dict[str, tuple[str, Pen]]:
    """Return what <metadata> says of the layers that `to_svg` wrote: by id, the name and the pen of each."""
    found = {}
    for element in root.iterfind(f".//{{{DRAWING}}}pen"):
        fields: dict[str, object] = dict(element.attrib)
        number, layer = str(fields.pop("pass", "")), str(fields.pop("layer", ""))
        if "offset_mm" in fields:
            fields["offset_mm"] = str(fields["offset_mm"]).split()
        try:
            if "reload" in fields:
                fields["reload"] = json.loads(str(fields["reload"]))
            found[number] = layer, Pen.model_validate(fields)
        except ValueError:
            continue  # damaged: the layer itself is used
    return found


def _own_pass(layer: SvgLayer, known: dict[str, tuple[str, Pen]], scale: float) -> PenPass | None:
    """Return the pass of a layer that `to_svg` wrote; None if it is not one or was recoloured since."""
    attributes, strokes = layer.attributes, layer.strokes
    free_colours, free_widths = "data-colours" in attributes, "data-widths" in attributes
    if attributes.get("id") not in known:
        return None
    title, pen = known[attributes["id"]]
    same = all(
        (free_colours or stroke.colour == pen.colour)
        and (free_widths or abs(stroke.width_mm - scale * pen.nib_mm) <= 1e-3 * max(scale, 1.0))
        and stroke.ink is pen.ink
        for stroke in strokes
    )
    if not same:
        return None
    return PenPass(
        layer=title,
        pen=pen,
        lines=tuple(s.line for s in strokes),
        colours=tuple(s.colour for s in strokes) if free_colours else None,
        widths_mm=tuple(s.width_mm for s in strokes) if free_widths else None,
    )


# --- files of others --------------------------------------------------------------------------------------------------


def _by_pens(layer: SvgLayer, size_mm: tuple[float, float], options: Options, notes: list[str]) -> Iterator[PenPass]:
    """Yield a pass for each colour, width and ink; more where strokes would otherwise end up below those they cover."""
    looks = list(dict.fromkeys((s.colour, s.width_mm, s.ink) for s in layer.strokes))
    pens = [_pen(layer, look, len(looks) == 1) for look in looks]
    if options.pens is not None:
        pens = [_of_rack(pen, layer, options, alone=len(looks) == 1) for pen in pens]
    merged = list(dict.fromkeys(pens))  # several looks can give the same pen
    number = {look: merged.index(pen) for look, pen in zip(looks, pens, strict=True)}
    pen_of = [number[s.colour, s.width_mm, s.ink] for s in layer.strokes]
    title = _without_nib(_plain(layer.label), {s.width_mm for s in layer.strokes}) or "drawing"
    parts = [[at for at, pen in enumerate(pen_of) if pen == each] for each in range(len(merged))]
    order = list(range(len(merged)))
    if len(merged) > 1:
        kept, kept_parts, buried = in_order(
            [s.line for s in layer.strokes],
            [s.width_mm for s in layer.strokes],
            pen_of,
            [pen.ink is Ink.TRANSPARENT for pen in merged],
            size_mm,
        )
        if options.keep_order or len(kept) == len(merged):
            order, parts = kept, kept_parts
        if len(kept) > len(merged):
            notes.append(_cost(title, buried, len(kept), len(merged), options.keep_order))
    for pen, part in zip(order, parts, strict=True):
        yield PenPass(title, merged[pen], tuple(layer.strokes[at].line for at in part))


def _cost(title: str, buried: int, kept: int, fewest: int, keeps: bool) -> str:
    lie = "stroke lies" if buried == 1 else "strokes lie"
    if keeps:
        return f"layer {title!r}: {kept} passes instead of {fewest}, since {buried} {lie} over others of another colour"
    return (
        f"layer {title!r}: {buried} {lie} over others of another colour, and will end up below them;"
        f" --keep-order keeps the order, in {kept} passes instead of {fewest}"
    )


def _pen(layer: SvgLayer, look: tuple[str, float, Ink], alone: bool) -> Pen:
    colour, width_mm, ink = look
    plain = _without_nib(_plain(layer.label), {width_mm}) if alone else _plain(layer.label)
    name = plain if plain and alone else f"{plain} {colour}".strip()
    return Pen(name=name[-60:], colour=colour, nib_mm=width_mm, ink=ink)


def _plain(label: str) -> str:
    """Return a layer's name without its number and codes and the words that programs put before it."""
    return parsed(label).title


def _without_nib(name: str, widths_mm: set[float]) -> str:
    """Return a layer's name without the nib and the ink at its end, which `to_svg` writes and vpype keeps."""
    nib = _nib(name, widths_mm)
    return name if nib is None else name[: nib.start()]


def _nib(name: str, widths_mm: set[float]) -> re.Match[str] | None:
    """Return the end of a layer's name that repeats the width of all its strokes; None if there is none."""
    nib = re.search(r" (\d+\.?\d*)( transparent)?$", name)
    return nib if nib and all(abs(float(nib[1]) - width) <= 1e-3 for width in widths_mm) else None


def _inked(layer: SvgLayer) -> SvgLayer:
    """Return the layer with transparent ink if its name says so: vpype keeps the name, but no mix-blend-mode."""
    nib = _nib(_plain(layer.label), {s.width_mm for s in layer.strokes})
    if nib is None or not nib[2]:
        return layer
    strokes = [replace(s, ink=Ink.TRANSPARENT) for s in layer.strokes]
    return SvgLayer(layer.label, layer.attributes, strokes)


def _meant(own: PenPass, layer: SvgLayer, options: Options) -> PenPass:
    if options.pens is None or own.is_free:
        return own
    pen = _of_rack(own.pen, layer, options, alone=True)
    return PenPass(own.layer, pen, own.lines, own.colours, own.widths_mm)


def _of_rack(pen: Pen, layer: SvgLayer, options: Options, alone: bool) -> Pen:
    """Return the pen of the rack that a layer or a colour refers to; the given pen if there is none."""
    pens, by = options.pens or (), options.by
    if (mapped := _mapped(layer, options)) is not None:
        return mapped
    digits = re.match(r"\D*(\d+)", layer.label)
    if by in (None, "name") and alone:
        found = by_name(pens, pen.name) or by_name(pens, _plain(layer.label))
        if found or by == "name":
            return found or pen
    if by in (None, "number") and alone and digits and (by == "number" or not _plain(layer.label)):
        return pens[int(digits[1]) - 1] if 1 <= int(digits[1]) <= len(pens) else pen
    return pen if by in ("name", "number") else by_colour(pens, pen.colour)
