"""A drawing -> the files that its machine runs by itself: G-code or HP-GL. An EBB runs none."""

from hardware import gcode, hpgl
from hardware.controllers import language_of
from hardware.drawing import Drawing
from hardware.machine import Machine
from hardware.program import ProgramError, Step, program

SUFFIXES = {None: "gcode", "hpgl": "hpgl", "ebb": ""}


def suffix_of(machine: Machine) -> str:
    """Return the suffix of the files that a machine runs; empty if it runs none."""
    return SUFFIXES[language_of(machine.dialect)]


def files(drawing: Drawing, machine: Machine) -> dict[str, str]:
    """Return all files for a machine by name; none if it runs none. Raises ProgramError where it cannot draw it."""
    match suffix_of(machine):
        case "hpgl":
            return hpgl.files(drawing, machine)
        case "gcode":
            return gcode.files(drawing, machine)
    program(drawing, machine)  # which says what it cannot draw
    return {}


def needed_files(drawing: Drawing, machine: Machine) -> dict[str, str]:
    """Return the files like `files`. Raises ProgramError also for a machine that runs none."""
    texts = files(drawing, machine)
    if not texts:
        raise ProgramError(f"{machine.name!r} runs no files: its board gets each move from `render plot`")
    return texts


def program_text(steps: tuple[Step, ...], machine: Machine) -> str:
    """Return the program of steps for a machine; empty if it runs none."""
    match suffix_of(machine):
        case "hpgl":
            return hpgl.hpgl(steps, machine)
        case "gcode":
            return gcode.gcode(steps, machine)
    return ""
