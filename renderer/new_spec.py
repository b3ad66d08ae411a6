"""A picture -> a short spec for it, with comments, beside it: what `render new` writes."""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from hardware import starters
from hardware.machine import load_machine
from hardware.rack import load_rack
from renderer.colours import oklab
from renderer.spec import PAPERS_MM
from renderer.specfile import Fault, Place, SpecErrors, Work, load
from renderer.specfile.files import PICTURE_SUFFIXES, YAML_SUFFIXES, missing
from renderer.specfile.tree import plain
from renderer.specfile.yamltree import parse
from renderer.target import Picture, TargetError, load_picture, stretched

Style = Literal["curves", "lines", "points"]

COLOUR_RACK, GREY_RACK, MACHINE = "fineliners", "micron_black", "gantry_grbl_servo"
PENS_USED = 8  # of a larger rack: each is a change of pens
GREYISH = 0.04  # OKLab chroma that 99 in 100 pixels of a grey picture stay below, old paper and all
_LOOKED_AT_PX = 128  # longer side of the picture whose colours are judged
_HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1")
_LAYERS: dict[Style, tuple[str, ...]] = {
    "curves": ("curves",),
    "lines": ("lines",),
    "points": ("points", "curves"),
}


class NewSpecError(Exception):
    """A spec that cannot be written; the message says what would do."""


@dataclass(frozen=True)
class Wanted:
    """What a person says of the drawing."""

    photo: Path
    pens: str | None = None  # a starter rack or a file; None: by the picture's colours
    machine: str = MACHINE  # a starter machine or a file
    paper: str = "A4"  # a name, or `200x150` in mm
    minutes: float = 60  # of plotting
    style: Style = "curves"
    out: Path | None = None  # None: beside the photo
    force: bool = False  # replace a file that is there


@dataclass(frozen=True)
class Reason:
    """What was chosen, and why."""

    what: str  # `pens`
    choice: str
    why: str


@dataclass(frozen=True)
class NewSpec:
    """A spec that is written."""

    path: Path
    text: str
    work: Work
    reasons: tuple[Reason, ...]


def new_spec(wanted: Wanted) -> NewSpec:
    """Writes a spec that is known to be good, or nothing. NewSpecError, RackError, MachineError, SpecErrors."""
    photo = wanted.photo.expanduser()
    picture = _picture(photo)
    out = _place(photo, wanted)
    pens, pens_why = _pens(wanted, picture, out.parent)
    machine, machine_why = _machine(wanted, out.parent)
    paper = _paper(wanted.paper)
    height_px, width_px = picture.shape[:2]
    reasons = (
        Reason("picture", f"{width_px} x {height_px} px", "in grey" if is_grey(picture) else "in colour"),
        Reason("pens", pens, pens_why),
        Reason("machine", machine, machine_why),
    )
    text = _text(photo, out, paper, pens, machine, wanted)
    with _beside(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
        work = _checked(temporary, out)
        os.replace(temporary, out)
    return NewSpec(out, text, work, reasons)


# --- the picture ------------------------------------------------------------------------------------------------------


def _picture(photo: Path) -> Picture:
    why = missing(Path(), str(photo), PICTURE_SUFFIXES)
    if why is not None:
        raise NewSpecError(why.replace(" beside the spec", "").replace("name a file", "name a picture"))
    try:
        return load_picture(photo, "#ffffff")
    except TargetError as error:
        if _is_heic(photo):
            raise NewSpecError(f"{photo}: HEIC pictures are not read; export it as JPEG") from None
        raise NewSpecError(str(error)) from None


def _is_heic(photo: Path) -> bool:
    with photo.open("rb") as stream:
        return stream.read(12)[4:] in _HEIC


def is_grey(picture: Picture) -> bool:
    """Whether a picture has no colour, or hardly any."""
    scale = min(1, _LOOKED_AT_PX / max(picture.shape[:2]))
    height_px, width_px = (max(1, round(side * scale)) for side in picture.shape[:2])
    lab = oklab(stretched(picture, (height_px, width_px)).astype(np.float64))
    return bool(np.quantile(np.hypot(lab[..., 1], lab[..., 2]), 0.99) < GREYISH)


# --- what is chosen ---------------------------------------------------------------------------------------------------


def _place(photo: Path, wanted: Wanted) -> Path:
    """Where the spec goes. It does not replace a file unasked."""
    out = wanted.out.expanduser() if wanted.out else photo.with_suffix(".yaml")
    if out.is_dir():
        out /= f"{photo.stem}.yaml"
    if out.suffix.lower() not in YAML_SUFFIXES:
        raise NewSpecError(f"{out}: the name of a spec ends in .yaml")
    if os.path.lexists(out) and not wanted.force:
        raise NewSpecError(f"{out}: is there already; name another file with --out, or replace it with --force")
    return out


def _pens(wanted: Wanted, picture: Picture, folder: Path) -> tuple[str, str]:
    """The value of `pens`, and why."""
    grey = is_grey(picture)
    named = wanted.pens or (GREY_RACK if grey else COLOUR_RACK)
    count = len(load_rack(_expanded(named)))
    rack = f"rack: {_quoted(_named('pens', named, folder))}"
    why = "as you said" if wanted.pens else f"as the picture is in {'grey' if grey else 'colour'}"
    if count <= PENS_USED:
        return f"{{{rack}}}", why
    return f"{{{rack}, use: {PENS_USED}}}", f"{why}; the {PENS_USED} of its {count} pens that suit the picture best"


def _machine(wanted: Wanted, folder: Path) -> tuple[str, str]:
    """The value of `machine`, and why."""
    machine = load_machine(_expanded(wanted.machine))
    is_default = wanted.machine == MACHINE
    why = "a usual A3 gantry; name yours with --machine" if is_default else "as you said"
    return _quoted(_named("machines", wanted.machine, folder)), f"{machine.name}, {why}"


def _paper(said: str) -> str:
    """The value of `paper`."""
    name = next((name for name in PAPERS_MM if name.lower() == said.strip().lower()), None)
    if name:
        return name
    size = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[xX]\s*(\d+(?:\.\d+)?)\s*", said)
    if size is None:
        listed = ", ".join(PAPERS_MM)
        raise NewSpecError(f"--paper {said}: not a paper size; write {listed}, or mm as in 200x150")
    return f"{{width_mm: {size[1]}, height_mm: {size[2]}}}"


def _named(kind: starters.Kind, said: str, folder: Path) -> str:
    """How a spec in a folder names a starter, or a file."""
    file = _expanded(said)
    return said if starters.is_name(said) and not file.is_file() else _relative(file, folder)


def _expanded(said: str) -> Path:
    return Path(said).expanduser()


def _relative(file: Path, folder: Path) -> str:
    """How a spec in a folder names a file."""
    try:
        return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return file.resolve().as_posix()


# --- the text ---------------------------------------------------------------------------------------------------------


def _text(photo: Path, out: Path, paper: str, pens: str, machine: str, wanted: Wanted) -> str:
    stem = " ".join(re.sub(r"[-_]+", " ", photo.stem).split()) or "Untitled"
    others = ", ".join(name for name in starters.names("pens") if f"rack: {name}" not in pens)
    rows = [
        ("version: 1", ""),
        (f"title: {_quoted(stem[0].upper() + stem[1:])}", ""),
        (f"target: {{image: {_quoted(_relative(photo, out.parent))}}}", ""),
        (f"canvas: {{paper: {paper}}}", "or A3, A5, letter, {width_mm: 200, height_mm: 150}"),
        (f"pens: {pens}", f"or {others}, or a file with your own pens"),
        (f"machine: {machine}", "or a file: copy one and measure your own machine"),
        (f"budget: {{minutes: {wanted.minutes:g}}}", "of plotting; or {metres: 120}, {strokes: 4000}"),
        ("layers:", "bottom first: points, lines or curves"),
        *((f"  - {layer}", "") for layer in _LAYERS[wanted.style]),
    ]
    width = max(len(row) for row, comment in rows if comment) + 2
    lines = [f"{row.ljust(width)}# {comment}" if comment else row for row, comment in rows]
    return "\n".join([*_head(photo, out), *lines]) + "\n"


def _head(photo: Path, out: Path) -> list[str]:
    return [f"# A drawing of {photo.name}. Render it: render {out.name}   A quick look first: add --draft"]


def _quoted(value: str) -> str:
    """A text as YAML, in quotes where it needs them."""
    tree, faults = parse(f"{{x: {value}}}", "")
    is_plain = not faults and tree is not None and plain(tree) == {"x": value}
    return value if is_plain else json.dumps(value, ensure_ascii=False)


# --- the file ---------------------------------------------------------------------------------------------------------


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A file beside the one that is to be written, gone at the end. NewSpecError where nothing can be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{out.stem}-", suffix=".yaml", dir=out.parent)
        os.close(descriptor)
        temporary = Path(name)
        temporary.chmod(0o644)
    except FileExistsError:
        raise _unwritable(out, f"{out.parent} is not a folder") from None
    except OSError as error:
        raise _unwritable(out, error.strerror) from None
    try:
        yield temporary
    except (OSError, UnicodeEncodeError) as error:
        raise _unwritable(out, getattr(error, "strerror", None) or "a name is not UTF-8") from None
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(out: Path, why: str) -> NewSpecError:
    return NewSpecError(f"{out}: cannot be written ({why}); name another place with --out")


def _checked(temporary: Path, out: Path) -> Work:
    """The work of a spec that is written beside its place. SpecErrors, whose place is the spec's own."""
    try:
        [work] = load(temporary)
    except SpecErrors as error:
        here = str(temporary)
        faults = [Fault(Place(str(out)) if f.place.file == here else f.place, f.path, f.text) for f in error.faults]
        raise SpecErrors(faults) from None
    return work
