"""A work -> what is odd about the wells of its machine and the brushes that return to them."""

from renderer.spec import RackPens
from renderer.specfile import Work


def brush_warnings(work: Work) -> tuple[str, ...]:
    """The warnings; none without wells."""
    artwork = work.artwork
    machine, size_mm = artwork.machine, artwork.canvas.size_mm
    if work.tiles is not None:
        machine, size_mm = work.tiles.machine, work.tiles.tiling.sheet_mm or size_mm
    if machine is None or not (machine.stations or machine.reload):
        return ()
    from hardware.reloading import station_warnings  # takes a moment, which most works need not wait

    choices = [artwork.pens, *map(artwork.pens_of, artwork.layers)]
    pens = tuple(pen for choice in choices if isinstance(choice, RackPens) for pen in choice.rack.pens)
    return station_warnings(machine, pens, *size_mm)
