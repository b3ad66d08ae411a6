"""`tiles:` of a canvas: one drawing on several sheets, each as large as `paper`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from hardware.machine import Machine
from hardware.sheet_placement import check_sheet
from hardware.tile_grid import LEAST_MARGIN_MM, MARK_MM, Tiling
from renderer.spec import Artwork, Canvas, MisfitError, Sheet, SpecModel
from renderer.specfile.check import validated
from renderer.specfile.faults import Fault
from renderer.specfile.files import beside, leads_within, picture_size
from renderer.specfile.translate import translated
from renderer.specfile.tree import Fields, Node, below

KEYS = ("tiles", "overlap_mm")
MOST_MM = 5000.0  # side of the complete drawing, as of any sheet
_PLACE = ("canvas", "tiles")


class TileFields(SpecModel):
    """How the drawing is distributed among sheets."""

    tiles: tuple[Annotated[int, Field(ge=1, le=50)], Annotated[int, Field(ge=1, le=50)]] = Field(
        description="Columns and rows of sheets on which the drawing is distributed, as in `[3, 2]`. `paper` and "
        "`margin_mm` are those of each sheet."
    )
    overlap_mm: float = Field(
        10, ge=0, le=500, description="With `tiles`: by how much a sheet goes on under its right and lower neighbour."
    )


@dataclass(frozen=True)
class SheetTiles:
    """The sheets of an artwork, and the machine that draws each of them."""

    tiling: Tiling
    machine: Machine | None

    @property
    def text(self) -> str:
        """`3 x 2 sheets of 210 x 297 mm, which overlap by 10 mm`."""
        one = self.tiling
        width_mm, height_mm = one.sheet_mm or (0.0, 0.0)
        overlap = f", which overlap by {one.overlap_mm:g} mm" if one.overlap_mm else ""
        return f"{one.columns} x {one.rows} sheets of {width_mm:g} x {height_mm:g} mm{overlap}"


def tiles_of(tree: Fields) -> tuple[Fields, TileFields | None, list[Fault]]:
    """The tree without the tiles of its canvas, the tiles, and what is wrong with them."""
    canvas = tree.get("canvas")
    if not isinstance(canvas, Fields) or not any(key in canvas for key in KEYS):
        return tree, None, []
    rest = tree.put("canvas", canvas.without("tiles").without("overlap_mm"))
    node = canvas.get("tiles")
    if node is None:
        alone = canvas.get("overlap_mm") or canvas
        return rest, None, [Fault(alone.place, ("canvas", "overlap_mm"), "needs tiles, as in tiles: [3, 2]")]
    own = Fields(tuple(entry for entry in canvas if entry.key in KEYS), canvas.place)
    try:
        return rest, validated(TileFields, own), []
    except ValidationError as error:
        faults = translated(TileFields, error, own, set())
        return rest, None, [Fault(one.place, ("canvas", *one.path), one.text) for one in faults]


def put_together(
    artwork: Artwork,  # of one sheet
    fields: TileFields,
    tree: Fields,
    folder: Path,
    within: Path | None,
) -> tuple[Artwork, SheetTiles | None, list[Fault]]:
    """The artwork on all its sheets as one, its sheets, and what is wrong with them.

    Its machine has a bed for all sheets together: the fit and its plan are for the complete drawing.
    """
    canvas = artwork.canvas
    sheet_mm = _as_it_lies(artwork, fields, folder, within)
    tiling = Tiling(*fields.tiles, fields.overlap_mm, canvas.margin_mm, sheet_mm)
    node = below(tree, *_PLACE) or tree
    faults = [Fault(node.place, _PLACE, why) for why in _misfits(tiling, sheet_mm, artwork.machine)]
    if faults:
        return artwork, None, faults
    try:
        whole = _one_sheet(canvas, tiling.whole_mm(sheet_mm))
    except ValidationError as error:
        return artwork, None, _canvas_faults(error, node)
    machine = artwork.machine and _with_room(artwork.machine)
    made = artwork.model_copy(update={"canvas": whole, "machine": machine})
    return made, SheetTiles(tiling, artwork.machine), []


def _as_it_lies(
    artwork: Artwork, fields: TileFields, folder: Path, within: Path | None
) -> tuple[float, float]:  # width and height of a sheet
    """The sheet in the orientation in which the sheets together are most like the picture, and which the bed has."""
    ways = artwork.canvas.sizes_mm
    if artwork.machine is not None:
        ways = tuple(way for way in ways if not check_sheet(*way, artwork.machine)) or ways
    image = artwork.target.image
    file = beside(folder, image) if isinstance(image, str) else None
    px = None if file is None or not (within is None or leads_within(file, within)) else picture_size(file)
    if px is None or len(ways) == 1:
        return ways[0]
    columns, rows = fields.tiles
    return max(ways, key=lambda way: _likeness(columns * way[0] / (rows * way[1]), px[0] / px[1]))


def _likeness(one: float, other: float) -> float:
    return min(one / other, other / one)


def _misfits(tiling: Tiling, sheet_mm: tuple[float, float], machine: Machine | None) -> Iterator[str]:
    clear_mm = 0.0 if machine is None else machine.margin_mm
    least_mm = max(LEAST_MARGIN_MM, clear_mm + MARK_MM[1])
    if tiling.margin_mm < least_mm:
        whose = f", of which {machine.name} keeps {clear_mm:g} mm clear" if machine is not None and clear_mm else ""
        yield f"margins of {tiling.margin_mm:g} mm have no room for marks{whose}; use margin_mm: {least_mm:g}"
        return
    inner_mm = min(sheet_mm) - 2 * tiling.margin_mm
    if tiling.overlap_mm > inner_mm / 2:
        yield f"an overlap of {tiling.overlap_mm:g} mm is over half a sheet; use at most {inner_mm / 2:g}"
        return
    longer_mm = max(tiling.whole_mm(sheet_mm))
    if longer_mm > MOST_MM:
        yield f"the drawing would be {longer_mm:.0f} mm long; use fewer or smaller sheets, at most {MOST_MM:g} mm"


def _one_sheet(canvas: Canvas, size_mm: tuple[float, float]) -> Canvas:
    paper = Sheet(width_mm=round(size_mm[0], 3), height_mm=round(size_mm[1], 3))
    values = {name: getattr(canvas, name) for name in ("margin_mm", "overhang", "colour", "px_per_mm")}
    return Canvas(paper=paper, **values)


def _canvas_faults(error: ValidationError, node: Node) -> list[Fault]:
    """The resolution may be too high for all sheets together."""
    own = [detail["ctx"]["error"] for detail in error.errors() if detail["type"] == "value_error"]
    found = [fault for one in own if isinstance(one, MisfitError) for fault in one.faults]
    return [Fault(node.place, ("canvas", *path), text) for path, text in found]


def _with_room(machine: Machine) -> Machine:
    """The machine with a bed for all sheets. Each sheet is planned and plotted with the machine itself."""
    room: dict[str, object] = {"width_mm": 2 * MOST_MM, "height_mm": 2 * MOST_MM, "bed_min_mm": (0.0, 0.0)}
    room |= {"origin_mm": (0.0, 0.0), "centre": False, "park_mm": (0.0, 0.0), "pen_change_mm": None}
    return machine.model_copy(update=room | {"stations": (), "reload": ()})
