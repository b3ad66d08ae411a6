"""A canvas and a picture -> the orientation of the paper, and the resolution at which strokes are fitted."""

from hardware.machine import Machine
from hardware.sheet_placement import check_sheet
from renderer.planning.decision import Decision
from renderer.spec import AUTO, Canvas, Sheet
from renderer.target import Frame

WIDE = 1.05  # width over height from which a picture is wider than high: below, turning the paper gains nothing
THIN_PX = (
    1.3  # width of the thinnest nib: if it is less, the nib's edges are between two pixels and help the fit little
)
LEAST_PX, MOST_PX = 320, 800  # of the longer side: below, a portrait loses its face; above, a fit takes minutes


def laid(canvas: Canvas, aspect: float, machine: Machine | None) -> tuple[Canvas, tuple[Decision, ...]]:
    """The canvas with its orientation. `aspect` is the picture's width over its height."""
    if canvas.orientation != AUTO or isinstance(canvas.paper, Sheet):
        return canvas, ()
    wanted, other = ("landscape", "portrait") if aspect > WIDE else ("portrait", "landscape")
    turned = {way: canvas.model_copy(update={"orientation": way}) for way in (wanted, other)}
    if machine is not None and _is_off(turned[wanted], machine) and not _is_off(turned[other], machine):
        why = f"{canvas.paper} in {wanted}, like the picture, does not fit the bed of {machine.name!r}"
        return turned[other], (Decision("canvas.orientation", other, why),)
    return turned[wanted], (Decision("canvas.orientation", wanted, _lies(aspect)),)


def _is_off(canvas: Canvas, machine: Machine) -> bool:
    return bool(check_sheet(*canvas.size_mm, machine))


def _lies(aspect: float) -> str:
    if aspect > WIDE:
        return f"the picture is {aspect:.2f} times as wide as high"
    if aspect * WIDE < 1:
        return f"the picture is {1 / aspect:.2f} times as high as wide"
    return "the picture is about as wide as high"


def sharpened(canvas: Canvas, area: Frame, thinnest_mm: float) -> tuple[Canvas, tuple[Decision, ...]]:
    """The canvas with its resolution; `area` is the frame at the default resolution, which is the minimum."""
    if canvas.px_per_mm is not None:
        return canvas, ()
    longer_mm = max(area.width_mm, area.height_mm)
    wanted = max(area.px_per_mm, THIN_PX / thinnest_mm)
    px_per_mm = float(f"{min(max(wanted, LEAST_PX / longer_mm), MOST_PX / longer_mm):.3g}")
    why = (
        f"the thinnest nib, {thinnest_mm:g} mm, is {thinnest_mm * px_per_mm:.2g} px wide, "
        f"and the longer side {longer_mm * px_per_mm:.0f} px"
    )
    return canvas.model_copy(update={"px_per_mm": px_per_mm}), (Decision("canvas.px_per_mm", f"{px_per_mm:g}", why),)
