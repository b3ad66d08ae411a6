"""The files of a spec: their trees, or what is wrong with them and what would work."""

import difflib
import os
import re
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

UNREAD_PICTURE_SUFFIXES = (".heic", ".heif")  # from phones; people must export them as JPEG


def is_picture(path: Path) -> bool:
    """Whether a path is an existing file with the ending of a picture."""
    return path.suffix.lower() in (*PICTURE_SUFFIXES, *UNREAD_PICTURE_SUFFIXES) and path.is_file()


def picture_size(path: Path) -> tuple[int, int] | None:
    """The width and height of a picture in px, upright as its camera says; None where its header cannot be read."""
    from PIL import Image, UnidentifiedImageError  # 30 ms

    try:
        with Image.open(path) as image:
            width_px, height_px = image.size
            is_turned = image.getexif().get(_ORIENTATION, 1) in _ON_THEIR_SIDES
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return (height_px, width_px) if is_turned else (width_px, height_px)


_ORIENTATION, _ON_THEIR_SIDES = 0x0112, (5, 6, 7, 8)  # Exif


def beside(folder: Path, name: str) -> Path:
    """The path of a file that a spec names, as short as possible: never `specs/../specs/pens/x.yaml`."""
    return Path(os.path.normpath(folder / name))


def not_a_file(path: Path) -> str | None:
    """Why a path is not a readable file; None where it is one. Nothing is opened, so that no pipe can block."""
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return "cannot be accessed: this user may not open a folder on its path"
    except (OSError, ValueError):  # ValueError: a null byte
        return "does not exist"
    if stat.S_ISDIR(mode):
        return "is a folder"
    if not stat.S_ISREG(mode):
        return "is not an ordinary file"
    return None if os.access(path, os.R_OK) else "cannot be read by this user"


def leads_within(path: Path, folder: Path) -> bool:
    """Whether a path is inside a folder after all links are followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a null byte, a loop of links
        return False


def missing(folder: Path, name: str, suffixes: tuple[str, ...], within: Path | None = None) -> str | None:
    """What is wrong with a file that a spec names, and what would work; None where it is there.

    `within`: the folder that must contain the file, links followed; nothing outside it is looked at.
    """
    path = beside(folder, name)
    if within is not None and not leads_within(path, within):
        return f"{name[:60]!r} is outside the folder of the specs; copy the file into it, and name the copy"
    why = not_a_file(path)
    if why is None:
        return None
    if why != "does not exist":
        return f"{name!r} {why} ({path}); name a file"
    if len(name) > 200:
        return f"no file {name[:60] + '...'!r} beside the spec"
    if "\\" in name and os.name != "nt":
        return _windows_path(name)
    return f"no file {name!r} beside the spec (looked in {path.parent}){_others(path, name, suffixes)}"


def _windows_path(name: str) -> str:
    if re.match(r"[A-Za-z]:\\", name):
        return f"'{name}' is a place on a Windows computer; copy the file beside the spec, and write its name alone"
    slashed = re.sub(r"\\+", "/", name)
    return f"no file '{name}' beside the spec; write folders with /, as in '{slashed}'"


def _others(path: Path, name: str, suffixes: tuple[str, ...]) -> str:
    """The files that are there, written as the spec would name them."""
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
    """Whether a spec names a starter: without a folder or an ending, and with no file of that name beside the spec.

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
    """The tree of an existing file, and its faults. The tree is None where the file has no content that can be read."""
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
