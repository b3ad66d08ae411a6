"""`render measure`: photographs of cards to a measured rack, and a page that shows every field."""

from pathlib import Path

from hardware.card_sheet import sheet_size
from hardware.machine import load_machine
from hardware.measured_card import measured_cards
from hardware.rack import load_rack
from renderer.cli import printing
from renderer.cli.atomic_file import write_atomically
from renderer.cli.codes import DONE
from renderer.measure import check_extra
from renderer.output.place import explained


def write_measured(
    *, photos: tuple[Path, ...], machine: Path, rack: Path, paper: str, out: Path | None, as_json: bool
) -> int:
    """Write the measured rack and its page. Both are made before the first is written.

    Raises MachineError, RackError, CardError and MeasureError, and OutputError if a file cannot be written.
    """
    check_extra()
    from renderer.measure.card_photo import card_readings
    from renderer.measure.measure_page import measure_page
    from renderer.measure.measured_rack import measured_pens, rack_text

    own, pens = load_machine(machine), load_rack(rack)
    size_mm = sheet_size(own, paper)
    cards = measured_cards(own, pens, size_mm)
    found = [(photo.name, card_readings(photo, cards)) for photo in photos]
    measured = measured_pens(pens, {one.pen.name: one for _, each in found for one in each.pens}, own, size_mm)
    target = out or photos[0].with_name(f"{photos[0].stem}_measured.yaml")
    page = target.with_suffix(".html")
    texts = {
        target: rack_text(f"{rack.stem}, measured", measured, [photo.name for photo in photos]),
        page: measure_page(f"{rack.stem}, measured", found, measured),
    }
    for path, text in texts.items():
        with explained(path):
            write_atomically(path, text)
    if as_json:
        kept = {one.pen.name: one.kept for one in measured if one.kept}
        printing.as_json({"files": [str(path) for path in texts], "kept": kept})
        return DONE
    for one in measured:
        for field, why in one.kept.items():
            printing.say(f"{one.pen.name}: {field}: {why}")
    for path in texts:
        printing.data(str(path))
    return DONE
