"""A work -> what is odd about the wells of its machine and the brushes that return to them."""

from renderer.spec import RackPens
from renderer.specfile import Work


def brush_warnings(work: Work) -> tuple[str, ...]:
    """The warnings; none without brushes."""
    artwork = work.artwork
    machine, size_mm = artwork.machine, artwork.canvas.size_mm
    if work.tiles is not None:
        machine, size_mm = work.tiles.machine, work.tiles.tiling.sheet_mm or size_mm
    choices = [artwork.pens, *map(artwork.pens_of, artwork.layers)]
    racks = {choice.rack: None for choice in choices if isinstance(choice, RackPens)}
    pens = [pen for rack in racks for pen in rack.pens if pen.brush is not None]
    if machine is None or not pens:
        return ()
    from hardware.reloading import well_faults  # takes a moment, which most works need not wait

    return well_faults(pens, *size_mm, machine)
