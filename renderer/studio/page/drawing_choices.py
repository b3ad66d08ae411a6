"""What a person chooses for the drawing of a picture: pens, paper, machine, style, minutes. Written as a query.

The racks and machines are those of the folder of specs and those that come with the program; a file of the folder
takes the place of one with the same name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hardware import papers, starters
from hardware.machine import MachineError, load_machine
from hardware.pen import Pen
from hardware.rack import RackError, load_rack
from renderer.new_spec import MACHINE
from renderer.studio.page.folders import Folders
from renderer.studio.queue.states import StudioError
from renderer.styles import STYLES

PAPERS = ("A3", "A4", "A5", "A6", "letter", "tabloid", "pad 9x12")
LEAST_MINUTES, MOST_MINUTES = 1.0, 3000.0
MOST_BESIDE = 3  # variants beside the one at hand
OTHER_RACKS = ("micron_black", "stabilo_point_88", "fineliners")  # to compare with
OTHER_STYLES = ("curves", "hatching", "flow")


@dataclass(frozen=True)
class DrawingChoices:
    """One variant."""

    rack: str = ""  # a name of `racks`; empty: what suits the picture's colours
    pens: tuple[str, ...] = ()  # names of single pens of the rack; empty: all
    machine: str = MACHINE
    paper: str = "A4"
    minutes: float = 60
    style: str = "curves"

    def query(self) -> str:
        """The choices as a query: `rack=fineliners&pen=red&machine=...`."""
        pairs = [("rack", self.rack), *(("pen", pen) for pen in self.pens), ("machine", self.machine)]
        return urlencode([*pairs, ("paper", self.paper), ("minutes", f"{self.minutes:g}"), ("style", self.style)])

    @property
    def text(self) -> str:
        """The choices in words."""
        pens = ", ".join(self.pens) or (shown(self.rack) if self.rack else "pens that suit the picture")
        return f"{self.style}, {pens}, {self.paper}, {self.minutes:g} minutes"


def choices_of(query: str, folders: Folders) -> DrawingChoices:
    """The choices in a query. Pens that the rack does not have are left out, because another rack may be chosen now.

    Raises StudioError if a value is not one of those offered.
    """
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=200)
    given = dict(pairs)
    usual = DrawingChoices()
    known = racks(folders)
    rack = _one("rack", given.get("rack", ""), ("", *known))
    own = {pen.name for pen in known.get(rack, ())}
    pens = tuple(dict.fromkeys(pen for name, pen in pairs if name == "pen" and pen in own))
    return DrawingChoices(
        rack, pens, _machine_of(given.get("machine", usual.machine), folders),
        _paper(given.get("paper", usual.paper)), _minutes(given.get("minutes", "60")),
        _one("style", given.get("style", usual.style), STYLES),
    )  # fmt: skip


def _one(what: str, value: str, known: Iterable[str]) -> str:
    if value in known:
        return value
    raise StudioError(f"{what}: {value[:60]!r} is not one of those offered here")


def _machine_of(name: str, folders: Folders) -> str:
    """A machine by its name; a file of the folder can have taken the place of a starter."""
    known = machines(folders)
    return known_machine(name, known)


def known_machine(name: str, known: Iterable[str]) -> str:
    """A machine by its name or by the name of a starter that it replaces. Raises StudioError."""
    return _one("machine", name if name in known else f"machines/{name}.yaml", known)


def _paper(text: str) -> str:
    size_mm = papers.size_of(text)
    if size_mm is None or not 20 <= min(size_mm) <= max(size_mm) <= 5000:
        raise StudioError(f"paper: {text[:40]!r} is not a paper; write {papers.listed()}, or mm as in 200x150")
    return text


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not LEAST_MINUTES <= value <= MOST_MINUTES:
        raise StudioError(f"minutes: {text[:20]!r} is not a number from {LEAST_MINUTES:g} to {MOST_MINUTES:g}")
    return value


# --- racks and machines ---


def racks(folders: Folders) -> dict[str, tuple[Pen, ...]]:
    """The pens of all racks that can be read, by the name of the rack."""
    found = {}
    for name, path in named_files(folders, "pens").items():
        try:
            found[name] = _pens(path, path.stat().st_mtime_ns)
        except (RackError, OSError):
            continue
    return found


def machines(folders: Folders) -> dict[str, str]:
    """What all machines that can be read are called, by the name of the file."""
    found = {}
    for name, path in named_files(folders, "machines").items():
        try:
            found[name] = _machine(path, path.stat().st_mtime_ns)
        except (MachineError, OSError):
            continue
    return found


@lru_cache(maxsize=256)
def _pens(path: Path, _changed: int) -> tuple[Pen, ...]:
    return load_rack(path)


@lru_cache(maxsize=256)
def _machine(path: Path, _changed: int) -> str:
    return load_machine(path).name


def named_files(folders: Folders, kind: starters.Kind) -> dict[str, Path]:
    """The files of a kind by name: `fineliners` for a starter, `pens/mine.yaml` for a file of the folder."""
    own = folders.rack_names() if kind == "pens" else folders.machine_names()
    replaced = {Path(name).stem for name in own}
    given = {name: starters.path(kind, name) for name in starters.names(kind) if name not in replaced}
    return given | {name: folders.machine(name) for name in own}


def shown(name: str) -> str:
    """The name of a rack or machine for people: `paint markers 24`."""
    return Path(name).stem.replace("_", " ")


def _file_or_name(folders: Folders, name: str) -> str:
    """A file of the folder by its path, a starter by its name."""
    return str(folders.machine(name)) if "/" in name else name


# --- requests for the process that makes drafts ---


def spec_request(folders: Folders, photo: Path, choices: DrawingChoices, out: Path, *, force: bool) -> dict[str, Any]:
    """The choices as `NewSpecRequest` takes them."""
    return {
        "photo": str(photo), "out": str(out), "force": force, "only": list(choices.pens), "paper": choices.paper,
        "pens": _file_or_name(folders, choices.rack) if choices.rack else None,
        "machine": _file_or_name(folders, choices.machine), "minutes": choices.minutes,
        "style": choices.style,
    }  # fmt: skip


# --- variants side by side ---


def compared(choices: DrawingChoices, what: str, folders: Folders) -> tuple[DrawingChoices, ...]:
    """The variants to put beside one, which differ in one thing: `minutes`, `style` or `rack`."""
    match what:
        case "minutes":
            times = (choices.minutes / 2, choices.minutes * 2)
            return tuple(replace(choices, minutes=t) for t in times if LEAST_MINUTES <= t <= MOST_MINUTES)
        case "style":
            others = [style for style in OTHER_STYLES if style != choices.style]
            return tuple(replace(choices, style=style) for style in others[:1])
        case "rack":
            known = {Path(name).stem: name for name in racks(folders)}
            named = [known[name] for name in OTHER_RACKS if name in known and known[name] != choices.rack]
            return tuple(replace(choices, rack=rack, pens=()) for rack in named[:1])
    raise StudioError(f"compare: {what[:20]!r} is not one of minutes, style, rack")
