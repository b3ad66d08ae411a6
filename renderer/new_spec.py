"""A picture -> a short spec for it, with comments, in a file beside it: what `render new` writes."""

import json
import os
import re
import shlex
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardware import papers, starters
from hardware.machine import load_machine
from hardware.rack import load_rack
from renderer import assets
from renderer.colours import oklab
from renderer.planning import Decision, Planned, planned
from renderer.spec import Artwork, Tone
from renderer.specfile import Fault, Place, SpecErrors, Work, load
from renderer.specfile.files import PICTURE_SUFFIXES, YAML_SUFFIXES, missing
from renderer.specfile.tree import plain
from renderer.specfile.yamltree import parse
from renderer.styles import STYLES
from renderer.target import Picture, TargetError, load_picture, stretched

_LIKELY_RACKS = ("fineliners", "micron_black", "paint_markers_24", "pencil")
COLOUR_RACK, GREY_RACK, MACHINE = "fineliners", "micron_black", "gantry_grbl_servo"
PENS_USED = 8  # of a larger rack: each needs a pen change
GREYISH = 0.04  # OKLab chroma that 99 in 100 pixels of a grey picture stay below, yellowed paper included
_LOOKED_AT_PX = 128  # longer side of the reduced picture whose colours are judged


class NewSpecError(Exception):
    """A spec that cannot be written; the message says what would work."""


@dataclass(frozen=True)
class NewSpecRequest:
    """The choices of a person for the drawing."""

    photo: Path
    pens: str | None = None  # a starter rack or a file; None: depends on the picture's colours
    only: tuple[str, ...] = ()  # names of pens of that rack; empty: all
    machine: str = MACHINE  # a starter machine or a file
    paper: str = "A4"  # a name, or `200x150` in mm
    minutes: float = 60  # of plotting
    style: str = "curves"  # one of STYLES
    out: Path | None = None  # None: beside the photo
    force: bool = False  # replace an existing file


@dataclass(frozen=True)
class NewSpec:
    """A spec that was written."""

    path: Path
    text: str
    work: Work
    decisions: tuple[Decision, ...]  # choices first, then what was planned
    warnings: tuple[str, ...]


def new_spec(wanted: NewSpecRequest) -> NewSpec:
    """Write a spec that was checked, or nothing. Raises NewSpecError, RackError, MachineError, SpecErrors."""
    photo = wanted.photo.expanduser()
    _check_name(photo)
    picture = picture_of(photo)
    out = _place(photo, wanted)
    pens, machine = _pens(wanted, picture, out.parent), _machine(wanted, out.parent)
    rows, image = _rows(photo, out, pens, machine, wanted), _relative(photo, out.parent)
    with _beside(out) as temporary:
        plan = _planned(_checked(temporary, out, _text(photo, out, rows, {})).artwork, picture)
        text = _text(photo, out, rows, _notes(plan, image))
        work = _checked(temporary, out, text)
        os.replace(temporary, out)
    found = (_described(picture), pens, machine, *plan.decisions)
    return NewSpec(out, text, work, found, plan.warnings)


def unwritten_work(wanted: NewSpecRequest, picture: Picture) -> Work:
    """The work of the spec that `new_spec` would write for a picture that was read before. No spec stays.

    Nothing is planned yet. Raises what `new_spec` raises.
    """
    out = _place(wanted.photo, wanted)
    pens, machine = _pens(wanted, picture, out.parent), _machine(wanted, out.parent)
    rows = _rows(wanted.photo, out, pens, machine, wanted)
    with _beside(out) as temporary:
        return _checked(temporary, out, _text(wanted.photo, out, rows, {}))


def _planned(artwork: Artwork, picture: Picture) -> Planned:
    try:
        return planned(artwork, picture)
    except TargetError as error:  # a very narrow picture, of which nothing would be left on the sheet
        raise NewSpecError(str(error)) from None


# --- the picture ------------------------------------------------------------------------------------------------------


def picture_of(photo: Path) -> Picture:
    """A picture, `[H, W, 3]`, on white. Raises NewSpecError."""
    why = missing(Path(), str(photo), PICTURE_SUFFIXES)
    if why is not None:
        raise NewSpecError(why.replace(" beside the spec", "").replace("name a file", "name a picture"))
    try:
        return load_picture(assets.readable(photo)[0], "#ffffff")
    except (TargetError, assets.AssetError) as error:
        raise NewSpecError(str(error)) from None


def is_grey(picture: Picture) -> bool:
    """Whether a picture `[H, W, 3]` has no colour, or hardly any."""
    scale = min(1, _LOOKED_AT_PX / max(picture.shape[:2]))
    height_px, width_px = (max(1, round(side * scale)) for side in picture.shape[:2])
    lab = oklab(stretched(picture, (height_px, width_px)).astype(np.float64))
    return bool(np.quantile(np.hypot(lab[..., 1], lab[..., 2]), 0.99) < GREYISH)


# --- choices ----------------------------------------------------------------------------------------------------------


def _place(photo: Path, wanted: NewSpecRequest) -> Path:
    """The path of the spec. An existing file is replaced only with `force`."""
    out = wanted.out.expanduser() if wanted.out else photo.with_suffix(".yaml")
    _check_name(out)
    if out.is_dir():
        out /= f"{photo.stem}.yaml"
    if out.suffix.lower() not in YAML_SUFFIXES:
        raise NewSpecError(f"{out}: is not the name of a spec; use a name that ends in .yaml")
    if os.path.lexists(out) and not wanted.force:
        raise NewSpecError(f"{out}: already exists; name another file with --out, or replace it with --force")
    return out


def _check_name(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise NewSpecError(f"{str(path)!a}: the name is not UTF-8; rename it") from None


def _described(picture: Picture) -> Decision:
    height_px, width_px = picture.shape[:2]
    return Decision("picture", f"{width_px} x {height_px} px", "in grey" if is_grey(picture) else "in colour")


def _pens(wanted: NewSpecRequest, picture: Picture, folder: Path) -> Decision:
    grey = is_grey(picture)
    named = wanted.pens or (GREY_RACK if grey else COLOUR_RACK)
    rack = f"rack: {_quoted(_named(named, folder))}"
    if wanted.only:
        return Decision("pens", f"{{{rack}, only: {_flow(wanted.only)}}}", "the pens that you chose")
    count = len(load_rack(_expanded(named)))
    why = "as you said" if wanted.pens else f"as the picture is in {'grey' if grey else 'colour'}"
    if count <= PENS_USED:
        return Decision("pens", f"{{{rack}}}", why)
    use = f"{why}; the {PENS_USED} of its {count} pens that suit the picture best"
    return Decision("pens", f"{{{rack}, use: {PENS_USED}}}", use)


def _machine(wanted: NewSpecRequest, folder: Path) -> Decision:
    machine = load_machine(_expanded(wanted.machine))
    why = "a common one for A3; name yours with --machine" if wanted.machine == MACHINE else "as you said"
    return Decision("machine", _quoted(_named(wanted.machine, folder)), f"{machine.name}, {why}")


def _paper(said: str) -> str:
    """The value of `paper` in the spec."""
    name = papers.name_of(said)
    if name:
        return name
    size_mm = papers.size_of(said)
    if size_mm is None:
        raise NewSpecError(f"--paper {said}: not a paper size; write {papers.listed()}, or mm as in 200x150")
    return f"{{width_mm: {size_mm[0]:g}, height_mm: {size_mm[1]:g}}}"


def _named(said: str, folder: Path) -> str:
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


@dataclass(frozen=True)
class _Row:
    """A line of the spec."""

    text: str
    comment: str = ""  # alternatives
    field: str = ""  # the field under which planning reports its value


def _rows(photo: Path, out: Path, pens: Decision, machine: Decision, wanted: NewSpecRequest) -> list[_Row]:
    image, paper = _relative(photo, out.parent), _paper(wanted.paper)
    stem = " ".join(re.sub(r"[-_]+", " ", photo.stem).split()) or "Untitled"
    likely = ", ".join(name for name in _LIKELY_RACKS if f"rack: {name}" not in pens.value)
    return [
        _Row("version: 1"),
        _Row(f"title: {_quoted(stem[0].upper() + stem[1:])}"),
        _Row(f"target: {{image: {_quoted(image)}}}", field="target"),
        _Row(f"canvas: {{paper: {paper}}}", "or A3, A5, letter, {width_mm: 200, height_mm: 150}", "canvas"),
        _Row(f"pens: {pens.value}", f"or {likely}; all: render examples"),
        _Row(f"machine: {machine.value}", "or your own file: copy one and measure"),
        _Row(f"budget: {{minutes: {wanted.minutes:g}}}", "of plotting; or {metres: 120}, {strokes: 4000}"),
        _Row("layers:", "bottom first; docs/marks.md shows all kinds"),
        *(_Row(f"  - {kind}", field=f"layers.{number}") for number, kind in enumerate(STYLES[wanted.style])),
    ]


def _text(photo: Path, out: Path, rows: list[_Row], notes: dict[str, list[str]]) -> str:
    """The text of the file. `notes`: lines that follow the row of a field."""
    spec, picture = shlex.quote(_line(out.name)), _line(photo.name)
    width = max(len(row.text) for row in rows if row.comment) + 2
    lines = [
        f"# A drawing of {picture}: render {spec}",
        f"# For a quick look first: render {spec} --draft",
        "# Values planned for this picture are in comments, each below the line that it would replace, with the reason",
        "# in brackets. To set one yourself, uncomment it and remove the line above it.",
    ]
    for row in rows:
        lines.append(f"{row.text.ljust(width)}# {row.comment}" if row.comment else row.text)
        lines += notes.get(row.field, [])
    return "\n".join(lines) + "\n"


def _line(name: str) -> str:
    """A name for a comment, without line breaks."""
    return "".join(mark if mark.isprintable() else " " for mark in name)


def _notes(plan: Planned, image: str) -> dict[str, list[str]]:
    """What was planned, as the spec would say it, and why, by the field that it could replace."""
    artwork, notes = plan.artwork, {}
    paper = artwork.canvas.model_dump(mode="json")["paper"]
    written: dict[str, Any] = {"canvas": {"paper": paper, "orientation": artwork.canvas.orientation}}
    if isinstance(artwork.target.tone, Tone):
        tone = artwork.target.tone.model_dump(mode="json", exclude_defaults=True)
        written["target"] = {"image": image, "tone": tone or "none"}
    for number, layer in enumerate(artwork.layers):
        kind = layer.kind.model_dump(mode="json", exclude_defaults=True)
        start = {"start": layer.start} if "start" in layer.model_fields_set else {}
        written[f"layers.{number}"] = {layer.kind_name: kind, **start, "steps": layer.steps}
    for field, value in written.items():
        why = [d for d in plan.decisions if d.field.startswith(f"{field}.") and not d.field.endswith(_FINE)]
        if why:
            notes[field] = _note(field, value, why)
    return notes


_FINE = (".px_per_mm", ".loss", ".steps", ".knots")  # details that no artist needs to see
_WIDE = 116  # columns of a comment


def _note(field: str, value: dict[str, Any], why: list[Decision]) -> list[str]:
    """`# canvas: {paper: A4, orientation: landscape}`, with the reasons below it."""
    indent, text = ("", f"{field}: {_flow(value)}") if "." not in field else ("  ", f"- {_flow(value)}")
    lines = _wrapped(text.replace(": ", ":\xa0"), indent, "# ")  # a key stays with its value
    lines = [line.replace("\xa0", " ") for line in lines]
    for decision in why:
        lines += _wrapped(f"({decision.field.rsplit('.', 1)[1]}: {decision.why})", indent, "#   ")
    return lines


def _wrapped(text: str, indent: str, first: str) -> list[str]:
    return textwrap.wrap(text, _WIDE, initial_indent=indent + first, subsequent_indent=f"{indent}#   ")


def _flow(value: Any) -> str:
    """A value as YAML in one line."""
    match value:
        case dict():
            return f"{{{', '.join(f'{key}: {_flow(inner)}' for key, inner in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(_flow, value))}]"
        case str():
            return _quoted(value)
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.6g}"
    return str(value)


def _quoted(value: str) -> str:
    """A string as YAML, in quotes where it needs them."""
    tree, faults = parse(f"{{x: {value}}}", "")
    is_plain = not faults and tree is not None and plain(tree) == {"x": value}
    if is_plain:
        return value
    marks = (mark if mark.isprintable() else f"\\U{ord(mark):08x}" for mark in json.dumps(value, ensure_ascii=False))
    return "".join(marks)


# --- the file ---------------------------------------------------------------------------------------------------------


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A temporary file beside `out`, removed at the end. NewSpecError where nothing can be written there."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{out.stem}-", suffix=".yaml", dir=out.parent)
        os.close(descriptor)
        temporary = Path(name)
        temporary.chmod(0o644)
    except FileExistsError:
        raise _unwritable(out, f"{out.parent} is not a folder") from None
    except OSError as error:
        raise _unwritable(out, error.strerror or str(error)) from None
    try:
        yield temporary
    except OSError as error:
        raise _unwritable(out, error.strerror or str(error)) from None
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(out: Path, why: str) -> NewSpecError:
    return NewSpecError(f"{out}: cannot be written ({why}); name another place with --out")


def _checked(temporary: Path, out: Path, text: str) -> Work:
    """The work of a spec that is written to the temporary file. SpecErrors, whose places name the spec itself."""
    temporary.write_text(text, encoding="utf-8")
    try:
        [work] = load(temporary)
    except SpecErrors as error:
        here = str(temporary)
        faults = [Fault(Place(str(out)) if f.place.file == here else f.place, f.path, f.text) for f in error.faults]
        raise SpecErrors(faults) from None
    return work
