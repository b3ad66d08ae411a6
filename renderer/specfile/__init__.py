"""A spec file -> the artworks that it describes, or every fault in it and in the files that it names, with places."""

import difflib
import shlex
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hardware.starters import example_names, is_name, spec_path
from renderer.spec import Artwork
from renderer.specfile.check import checked, validated
from renderer.specfile.expand import Reader, spelt_out
from renderer.specfile.faults import Fault, Place, SpecErrors
from renderer.specfile.faults import Path as FieldPath
from renderer.specfile.files import YAML_SUFFIXES, is_picture, missing, read_tree
from renderer.specfile.homes import with_homes
from renderer.specfile.overrides import overridden, variants
from renderer.specfile.sheet_tiles import SheetTiles, put_together, tiles_of
from renderer.specfile.sheets import with_sheet
from renderer.specfile.text_lines import TextLine, text_faults, texts_of
from renderer.specfile.translate import misfits, translated, unknown_keys
from renderer.specfile.tree import Fields, Node, removed, shown
from renderer.specfile.yamltree import parse

__all__ = ["Fault", "Place", "SpecErrors", "Work", "load", "load_text"]


@dataclass(frozen=True)
class Work:
    """One artwork of a spec file. A file with a matrix makes several, named by their values: `scream-count-1000`."""

    name: str
    path: Path  # of the spec file
    artwork: Artwork
    sources: tuple[Path, ...]  # the spec file, then the racks and machines that it names
    texts: tuple[TextLine, ...] = ()  # on the sheet, beside the drawing
    tiles: SheetTiles | None = None  # the sheets of a drawing on several; the artwork is that of all of them together

    @property
    def folder(self) -> Path:
        """The folder that a relative `target.image` starts from."""
        return self.path.parent

    @property
    def sheet_names(self) -> tuple[str, ...]:
        """The names of its sheets, such as `scream-r1-c2`; none if it is on one."""
        return () if self.tiles is None else tuple(f"{self.name}-{sheet}" for sheet in self.tiles.tiling.names)


def load(
    path: str | Path, overrides: tuple[str, ...] = (), within: Path | None = None, *, opens_pictures: bool = False
) -> tuple[Work, ...]:
    """The artworks of a spec file or an example, by its name, one for each combination of its matrix.

    `overrides` are like `layers.0.steps=50`. Only small files are read: the target must exist, but is not opened, or,
    with `opens_pictures`, only its header is read.
    `within` is a folder that must contain the spec and every file that it names. Raises SpecErrors with every fault.
    """
    path = spec_path(path) if within is None else Path(path)
    return _works(*_tree(path, within), path, overrides, within, opens_pictures)


def load_text(text: str, path: Path, overrides: tuple[str, ...] = ()) -> tuple[Work, ...]:
    """The artworks of a spec that is not in a file, as `load` returns them. `path` is where it would be.

    Raises SpecErrors.
    """
    tree, faults = parse(text, str(path))
    if not isinstance(tree, Fields):
        why = "a spec is a mapping that starts with 'version: 1'"
        raise SpecErrors(faults or [Fault(Place(str(path)), (), why)])
    return _works(tree, faults, path, overrides, None, opens_pictures=False)


def _works(
    tree: Fields,
    faults: list[Fault],
    path: Path,
    overrides: tuple[str, ...],
    within: Path | None,
    opens_pictures: bool,
) -> tuple[Work, ...]:
    tree, wrong = overridden(spelt_out(tree), tuple(overrides))
    tree = tree if within else with_homes(tree)
    found, more = variants(tree)
    faults += wrong + more
    reader, works = Reader(path.parent, within, opens_pictures), []
    for variant in found:
        name = f"{path.stem}-{variant.suffix}" if variant.suffix else path.stem
        work, wrong = _work(name, variant.tree, path, reader, {fault.place for fault in faults}, within)
        faults += wrong
        works += [work] if work else []
    faults += reader.faults
    if faults:
        raise SpecErrors(sorted(faults, key=lambda f: (f.place.file != str(path), f.place)))
    return tuple(works)


def _work(
    name: str, tree: Fields, path: Path, reader: Reader, reported: set[Place], within: Path | None
) -> tuple[Work | None, list[Fault]]:
    """The work of one variant, and its faults. `reported`: the places of values whose faults are already reported."""
    tree, files = reader.with_files(tree)
    whole, faults = with_sheet(tree, path.parent, within)
    rest, texts, wrong = texts_of(whole)
    faults += wrong
    rest, fields, wrong = tiles_of(rest)
    faults += wrong
    artwork, wrong = _artwork(rest, reader, reported | {fault.place for fault in faults} | reader.unread)
    faults += wrong
    if artwork is None:
        return None, faults
    tiles = None
    if fields is not None:
        artwork, tiles, wrong = put_together(artwork, fields, whole, path.parent, within)
        faults += wrong
    faults += text_faults(texts, whole, artwork)
    return Work(name, path, artwork, (path, *files), texts, tiles), faults


def _tree(path: Path, within: Path | None) -> tuple[Fields, list[Fault]]:
    """The mapping in a spec file, and its faults. SpecErrors where there is no mapping to go on with."""
    file = str(path)
    why = missing(Path(), file, YAML_SUFFIXES, within)
    if why is not None:
        raise SpecErrors([Fault(Place(file), (), f"{why.replace(' beside the spec', '')}{_example_like(file)}")])
    if is_picture(path):
        why = f"is a picture, not a spec; write a spec for it with: render new {shlex.quote(file)}"
        raise SpecErrors([Fault(Place(file), (), why)])
    tree, faults = read_tree(path)
    if isinstance(tree, Fields):
        return tree, faults
    if tree is not None:
        text = f"found {shown(tree)}; a spec is a mapping that starts with 'version: 1'"
        faults.append(Fault(tree.place, (), text))
    raise SpecErrors(faults)


def _example_like(name: str) -> str:
    """What to add to the message about a file that is not there, if its name is nearly that of an example."""
    near = difflib.get_close_matches(name, example_names(), n=1, cutoff=0.7) if is_name(name) else []
    return f"; did you mean the example {near[0]!r}?" if near else ""


def _artwork(tree: Fields, reader: Reader, reported: set[Place]) -> tuple[Artwork | None, list[Fault]]:
    """The artwork of a tree, and its faults. `reported`: the places of values whose faults are already reported."""
    faults = checked(tree, reader.missing)
    try:
        return validated(Artwork, tree), faults
    except ValidationError as error:
        faults += translated(Artwork, error, tree, reported | {fault.place for fault in faults})
        return None, [*faults, *_hidden(tree, unknown_keys(error))]


def _hidden(tree: Fields, unknown: list[FieldPath]) -> list[Fault]:
    """Faults that involve several fields of a part; pydantic looks for them only where the part has no unknown keys."""
    known: Node = tree
    for path in unknown:
        known = removed(known, path)
    try:
        validated(Artwork, known)
    except ValidationError as error:
        return misfits(error, known) if unknown else []
    return []
