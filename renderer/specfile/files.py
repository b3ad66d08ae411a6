"""The files of a spec: read as text, with what would do where one cannot be read."""

import difflib
import os
import stat
from pathlib import Path

from hardware import starters
from renderer.specfile.faults import Fault, Place
from renderer.specfile.tree import Node
from renderer.specfile.yamltree import parse

MOST_BYTES = 1_000_000
YAML_SUFFIXES = (".yaml", ".yml")
WEIGHTS_SUFFIXES = (".safetensors", ".pth", ".pt", ".tar")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".ppm", ".pgm", ".avif")

UNREAD_PICTURE_SUFFIXES = (".heic", ".heif")  # of telephones; to be exported as JPEG


def is_picture(path: Path) -> bool:
    """Whether a file that is there is a picture, by its ending."""
    return path.suffix.lower() in (*PICTURE_SUFFIXES, *UNREAD_PICTURE_SUFFIXES) and path.is_file()


def beside(folder: Path, name: str) -> Path:
    """The file that a spec names, written as short as possible: never `specs/../specs/pens/x.yaml`."""
    return Path(os.path.normpath(folder / name))


def not_a_file(path: Path) -> str | None:
    """What is at a path, where it is no file that can be read; nothing is opened, so that no pipe can hang us."""
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return "may not be looked at: a folder on its path is closed to this user"
    except (OSError, ValueError):  # ValueError: a null byte
        return "does not exist"
    if stat.S_ISDIR(mode):
        return "is a folder"
    if not stat.S_ISREG(mode):
        return "is no ordinary file"
    return None if os.access(path, os.R_OK) else "may not be read by this user"


def leads_within(path: Path, folder: Path) -> bool:
    """Whether a path stays in a folder, whatever links there are on its way."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a null byte, a ring of links
        return False


def missing(folder: Path, name: str, suffixes: tuple[str, ...], within: Path | None = None) -> str | None:
    """What is wrong with a file that a spec names, and what would do; None where it is there.

    `within`: the folder out of which nothing may lead, not even a link; what lies elsewhere is not looked at.
    """
    path = beside(folder, name)
    if within is not None and not leads_within(path, within):
        return f"{name[:60]!r} leads out of the folder of the specs; copy the file there, and name it there"
    why = not_a_file(path)
    if why is None:
        return None
    if why != "does not exist":
        return f"{name!r} {why} ({path}); name a file"
    if len(name) > 200:
        return f"no file {name[:60] + '...'!r} beside the spec"
    return f"no file {name!r} beside the spec (looked in {path.parent}){_others(path, name, suffixes)}"


def _others(path: Path, name: str, suffixes: tuple[str, ...]) -> str:
    """The files that are there, as they would be written."""
    try:
        found = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix.lower() in suffixes)
    except OSError:
        return "; there is no such folder"
    near = difflib.get_close_matches(path.name, found, n=1, cutoff=0.7)
    if near:
        return f"; did you mean {name[: -len(path.name)] + near[0]!r}?"
    written = [name[: -len(path.name)] + other for other in found] if name.endswith(path.name) else found
    more = f" and {len(written) - 8} more" if len(written) > 8 else ""
    return f"; there are: {', '.join(written[:8])}{more}" if written else "; the folder has no such files"


def names_starter(folder: Path, name: str) -> bool:
    """Whether a spec means a starter: a name without a folder and an ending, and no file of that name beside the spec.

    A link counts as a file, wherever it leads.
    """
    file = beside(folder, name)
    is_free = not os.path.lexists(file) or (file.is_dir() and not file.is_symlink())
    return starters.is_name(name) and len(name) <= 200 and is_free


def starter(kind: starters.Kind, name: str, folder: Path) -> tuple[Path, str | None]:
    """The file of a starter, or what is wrong with its name."""
    if name in starters.names(kind):
        return starters.path(kind, name), None
    twin = next((name + suffix for suffix in YAML_SUFFIXES if (folder / (name + suffix)).is_file()), None)
    instead = f"did you mean {twin!r}?" if twin else starters.suggestion(kind, name)
    what = "rack" if kind == "pens" else "machine"
    return folder / name, f"{name!r} is neither a file beside the spec nor a starter {what}; {instead}"


def read_tree(path: Path) -> tuple[Node | None, list[Fault]]:
    """The tree of a file that is there, and what is wrong in it. The tree is None where there is none to speak of."""
    file = str(path)
    try:
        content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    except OSError as error:
        return None, [Fault(Place(file), (), f"cannot be read: {error.strerror or error}")]
    if content is None:
        return None, [Fault(Place(file), (), f"has more than {MOST_BYTES} bytes; is it the right file?")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = Place(file, line, error.start - content.rfind(b"\n", 0, error.start))
        return None, [Fault(place, (), f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8")]
    tree, faults = parse(text, file)
    if tree is None and not faults:
        faults = [Fault(Place(file, 1, 1), (), "the file is empty")]
    return tree, faults
