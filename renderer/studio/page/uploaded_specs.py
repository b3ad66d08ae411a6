"""Uploaded specs: what is wrong with them, and how they are changed and removed on the page."""

from pathlib import Path

from renderer.specfile import SpecErrors, load
from renderer.specfile.files import YAML_SUFFIXES
from renderer.studio.page.folders import UPLOADS, Folders, NotFound
from renderer.studio.queue import listing
from renderer.studio.queue.states import Refused, StudioError
from renderer.studio.queue.store import Store

THUMBNAILS = ".small"  # folder of small copies, beside the pictures
MOST_SHOWN = 30_000  # bytes of a spec that is edited


def uploaded_names(folders: Folders) -> list[str]:
    """The uploaded specs, by name."""
    return [name.partition("/")[2] for name in folders.spec_names() if name.startswith(f"{UPLOADS}/")]


def place_of(folders: Folders, name: str) -> Path:
    """The path of an uploaded spec. Raises NotFound."""
    if "/" in name or "\\" in name or Path(name).suffix.lower() not in YAML_SUFFIXES:
        raise NotFound("there is no such spec")
    path = folders.spec(f"{UPLOADS}/{name}")
    if path.stat().st_size > MOST_SHOWN:
        raise NotFound("the spec is too long to be edited here")
    return path


def thumbnail_of(photo: Path) -> Path:
    """The path of the small copy of an uploaded picture; old uploads have none."""
    return photo.parent / THUMBNAILS / f"{photo.name}.webp"


def free_place(wanted: Path) -> Path:
    """A path that no file has: `owl.yaml`, `owl-2.yaml` and so on."""
    number, place = 1, wanted
    while place.exists():
        number += 1
        place = wanted.with_stem(f"{wanted.stem}-{number}")
    return place


def faults(path: Path, folders: Folders) -> str:
    """The faults of a spec, each with its line; empty if there are none."""
    try:
        load(path, (), folders.specs)
    except SpecErrors as error:
        return str(error).replace(f"{folders.specs}/", "")
    return ""


def change(folders: Folders, name: str, text: str) -> str:
    """Save an uploaded spec, complete or not at all; return its faults. Raises NotFound, StudioError."""
    path = place_of(folders, name)
    beside = path.with_name(f".{path.name}")
    try:
        beside.write_text(text.replace("\r\n", "\n"), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise StudioError(f"{path.name}: cannot be written ({error.strerror})") from error
    return faults(path, folders)


def remove(store: Store, folders: Folders, name: str) -> None:
    """Remove an uploaded spec. Raises NotFound, and Refused if a job still needs it."""
    path = place_of(folders, name)
    needs = next((job for job in listing.listed(store) if Path(job.source) == path), None)
    if needs is not None:
        raise Refused(f"{name}: job {needs.id} is made from it; cancel that job first")
    path.unlink()


def remove_photo(folders: Folders, photo: Path) -> None:
    """Remove a picture and its small copy. Raises Refused if a spec beside it names it."""
    needs = next((name for name in uploaded_names(folders) if _names(photo.with_name(name), photo.name)), None)
    if needs is not None:
        raise Refused(f"{photo.name}: the spec {needs} draws it; remove that spec first")
    photo.unlink()
    thumbnail_of(photo).unlink(missing_ok=True)


def _names(spec: Path, photo: str) -> bool:
    return photo in spec.read_text(encoding="utf-8", errors="replace")
