"""Papers that the spec's own table of names does not have: their sizes, or what to write instead."""

from pathlib import Path

from hardware import papers
from hardware.sheet_placement import check_sheet
from renderer.spec import PAPERS_MM, Machine
from renderer.specfile.check import valid
from renderer.specfile.faults import Fault
from renderer.specfile.files import beside, leads_within, picture_size
from renderer.specfile.tree import Fields, Items, Scalar, below, plain, shown

_FIELD = ("canvas", "paper")
_WIDE = 1.05  # width over height from which a picture is wider than high, as in planning


def with_sheet(tree: Fields, folder: Path, within: Path | None = None) -> tuple[Fields, list[Fault]]:
    """The tree with a size in mm in place of a paper's name, such as `B4` or `Arch C`, and what is wrong with it.

    Sizes that the spec knows by name stay. A paper without an orientation lies as the picture does, if the picture is
    a file, and is turned where only that fits the machine. Nothing outside `within` is opened.
    """
    canvas, node = tree.get("canvas"), below(tree, *_FIELD)
    if not isinstance(canvas, Fields):
        return tree, []
    if isinstance(node, Items):
        rest = tree.put("canvas", canvas.without("paper"))  # so that the list is reported once
        return rest, [Fault(node.place, _FIELD, _instead_of_list(node))]
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or node.value in PAPERS_MM:
        return tree, []
    name = papers.name_of(node.value)
    if name in PAPERS_MM:
        return tree.put("canvas", canvas.put("paper", Scalar(name, name, node.place))), []
    size_mm = papers.size_of(node.value)
    if size_mm is None:
        return tree, [Fault(node.place, _FIELD, _unknown(node))]
    return tree.put("canvas", _sized(canvas, node, _laid(size_mm, tree, folder, within))), []


def _sized(canvas: Fields, node: Scalar, size_mm: tuple[float, float]) -> Fields:
    sheet = Fields((), node.place)
    for key, side in zip(("width_mm", "height_mm"), size_mm, strict=True):
        sheet = sheet.put(key, Scalar(side, f"{side:g}", node.place))
    return canvas.put("paper", sheet).without("orientation")


def _laid(size_mm: tuple[float, float], tree: Fields, folder: Path, within: Path | None) -> tuple[float, float]:
    """The size in the orientation that the spec names; else as it suits the picture, and in any case the bed."""
    ways = {"portrait": (min(size_mm), max(size_mm)), "landscape": (max(size_mm), min(size_mm))}
    said = plain(below(tree, "canvas", "orientation") or Scalar(None, "", tree.place))
    if said in ways:
        return ways[said]
    wanted = _as_pictured(size_mm, ways, tree, folder, within)
    machine = valid(Machine, tree.get("machine"))
    if machine is not None and check_sheet(*wanted, machine) and not check_sheet(*wanted[::-1], machine):
        return wanted[::-1]
    return wanted


def _as_pictured(
    size_mm: tuple[float, float],
    ways: dict[str, tuple[float, float]],
    tree: Fields,
    folder: Path,
    within: Path | None,
) -> tuple[float, float]:
    """A paper with a name in the orientation of the picture; numbers as they are written."""
    paper = below(tree, *_FIELD)
    if isinstance(paper, Scalar) and papers.name_of(str(paper.value)) is None:
        return size_mm
    image = below(tree, "target", "image")
    px = None
    if isinstance(image, Scalar) and isinstance(image.value, str):
        file = beside(folder, image.value)
        px = picture_size(file) if within is None or leads_within(file, within) else None
    return ways["landscape" if px and px[0] > _WIDE * px[1] else "portrait"]


def _unknown(node: Scalar) -> str:
    pair = papers.turned(str(node.value))
    if pair is not None:
        return f"{shown(node)} is two values; write paper: {pair[0]}, orientation: {pair[1]}"
    return f"{shown(node)} is not a paper; write {papers.listed()}, or {{width_mm: 200, height_mm: 150}}"


def _instead_of_list(node: Items) -> str:
    values = [plain(item) for item in node.items]
    if len(values) == 2 and all(isinstance(value, int | float) for value in values):
        return f"found a list; write {{width_mm: {values[0]:g}, height_mm: {values[1]:g}}}"
    names = ", ".join(map(str, values))[:60]
    return f"found a list; for a work on each paper, write matrix: {{canvas.paper: [{names}]}} at the top of the spec"
