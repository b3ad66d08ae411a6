"""`render gcode`: an SVG to G-code in a file, a folder or on stdout; `render card`: test cards in a folder."""

import sys
from pathlib import Path
from typing import Any

from hardware.card import card_files
from hardware.intake import intake_of
from hardware.machine import load_machine
from hardware.machine_files import needed_files
from hardware.rack import load_rack
from hardware.svgfile import to_svg
from renderer.cli import printing
from renderer.cli.atomic_file import write_atomically
from renderer.cli.codes import DONE
from renderer.output.place import explained
from renderer.plot_source import drawing_of


def write_gcode(
    *, svg: Path, machine: Path, out: str | None, as_svg: Path | None, pauses: bool, as_json: bool, **how: Any
) -> int:
    """Write an SVG as G-code. Everything is checked before the first file is written.

    Raises MachineError, SvgError, ProgramError and other errors of `renderer.plot_source.drawing_of`, and OutputError
    if a file cannot be written.
    """
    intake, own = intake_of(**how), load_machine(machine)
    drawing, _ = drawing_of(svg, own, intake, printing.say)
    chosen = intake.placed(own)
    texts = needed_files(drawing, chosen)
    whole = next(iter(texts.values()))
    if as_svg is not None:
        with explained(as_svg):
            write_atomically(as_svg, to_svg(drawing, pauses=pauses))
    if out == "-" and not as_json:
        sys.stdout.write(whole)
        sys.stdout.flush()
        return DONE
    written = [] if out == "-" else _written(texts, svg, out)
    for path in written if not as_json else []:
        printing.data(str(path))
    if as_json:
        inline = {"gcode": whole} if out == "-" else {}
        printing.as_json({"svg": str(svg), "files": [str(path) for path in written]} | inline)
    return DONE


def write_card(*, machine: Path, rack: Path, paper: str, out: Path, as_json: bool) -> int:
    """Write test cards. All cards are made before the first file is written.

    Raises MachineError, RackError, CardError and ProgramError, and OutputError if a file cannot be written.
    """
    texts = card_files(load_machine(machine), load_rack(rack), paper)
    paths = [out / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        with explained(path):
            write_atomically(path, text)
    if as_json:
        printing.as_json({"files": [str(path) for path in paths]})
    for path in paths if not as_json else []:
        printing.data(str(path))
    return DONE


def _written(texts: dict[str, str], svg: Path, out: str | None) -> list[Path]:
    if out is not None and Path(out).is_dir():
        chosen = {Path(out) / name: text for name, text in texts.items()}
    else:
        name, whole = next(iter(texts.items()))
        default = svg / name if svg.is_dir() else svg.with_suffix(Path(name).suffix)
        chosen = {Path(out) if out else default: whole}
    for path, text in chosen.items():
        with explained(path):
            write_atomically(path, text)
    return list(chosen)
