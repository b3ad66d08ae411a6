"""Uploaded specs: what is wrong with them, and how they are changed and removed on the page."""

import glob as _glob
import secrets
from pathlib import Path

from renderer.specfile import Fault, SpecErrors, load
from renderer.specfile.files import YAML_SUFFIXES
from renderer.studio.page.folders import UPLOADS, Folders, NotFound
from renderer.studio.queue import listing
from renderer.studio.queue.states import Refused, StudioError
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import events

THUMBNAILS = ".small"  # folder of small copies, beside the pictures
VERSIONS = ".versions"  # folder of earlier texts, beside the specs
MOST_VERSIONS = 30  # of each spec
MOST_SHOWN = 30_000  # bytes of a spec that is edited
TOO_LONG = f"the spec has more than {MOST_SHOWN // 1000} kB, which is more than can be edited here"


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


def faults_of(folders: Folders, name: str, text: str) -> list[tuple[int, str]]:
    """The faults of a text that is not saved: the line of each, or 0, and what is wrong. Raises NotFound."""
    path = place_of(folders, name)
    if len(_plain(text).encode()) > MOST_SHOWN:
        return [(0, TOO_LONG)]
    beside = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        beside.write_text(_plain(text), encoding="utf-8")
        load(beside, (), folders.specs)
    except SpecErrors as error:
        return [_fault(fault, beside, name, folders) for fault in error.faults]
    except OSError as error:
        raise StudioError(f"{name}: cannot be checked ({error.strerror})") from error
    finally:
        beside.unlink(missing_ok=True)
    return []


def _fault(fault: Fault, checked: Path, name: str, folders: Folders) -> tuple[int, str]:
    line = fault.place.line if Path(fault.place.file) == checked else 0
    return line, str(fault).replace(str(checked), name).replace(f"{folders.specs}/", "")


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def change(store: Store, folders: Folders, name: str, text: str, who: str) -> str:
    """Save an uploaded spec, complete or not at all, and keep the version before it; return the new faults.

    Raises NotFound, StudioError.
    """
    path = place_of(folders, name)
    if len(_plain(text).encode()) > MOST_SHOWN:
        raise StudioError(TOO_LONG)
    beside = path.with_name(f".{path.name}")
    before = path.read_bytes()
    if before == _plain(text).encode():
        return faults(path, folders)
    try:
        number = _keep_version(path, before)
        beside.write_text(_plain(text), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise StudioError(f"{path.name}: cannot be written ({error.strerror})") from error
    _note(store, name, "changed", who, f"changed; the text before is version {number}")
    return faults(path, folders)


# --- versions ---


def versions(path: Path) -> list[int]:
    """The numbers of the versions before the present text, the newest first."""
    found = path.parent.joinpath(VERSIONS).glob(f"{_glob.escape(path.name)}.*")
    return sorted((int(one.suffix[1:]) for one in found if one.suffix[1:].isdigit()), reverse=True)


def version_text(path: Path, number: int) -> str:
    """The text of a version. Raises NotFound."""
    if number not in versions(path):
        raise NotFound("there is no such version")
    return _version_place(path, number).read_text(encoding="utf-8", errors="replace")


def _keep_version(path: Path, content: bytes) -> int:
    """Keep a text as a version, and only the last MOST_VERSIONS; return its number. Raises OSError."""
    known = versions(path)
    number = (known[0] if known else 0) + 1
    path.parent.joinpath(VERSIONS).mkdir(exist_ok=True)
    _version_place(path, number).write_bytes(content)
    for old in known[MOST_VERSIONS - 1 :]:
        _version_place(path, old).unlink(missing_ok=True)
    return number


def _version_place(path: Path, number: int) -> Path:
    return path.parent / VERSIONS / f"{path.name}.{number}"


def _note(store: Store, name: str, after: str, who: str, why: str) -> None:
    """Write a change of a spec into the history, which no job has."""
    with store.begin() as connection:
        values = {"job": 0, "what": f"spec {name}", "before": "", "after": after, "who": who, "why": why}
        connection.execute(events.insert().values(at=store.now(connection), **values))


def remove(store: Store, folders: Folders, name: str, who: str) -> None:
    """Remove an uploaded spec and its versions. Raises NotFound, and Refused if a job still needs it."""
    path = place_of(folders, name)
    needs = next((job for job in listing.listed(store) if Path(job.source) == path), None)
    if needs is not None:
        raise Refused(f"{name}: job {needs.id} is made from it; cancel that job first")
    for number in versions(path):
        _version_place(path, number).unlink(missing_ok=True)
    path.unlink()
    _note(store, name, "removed", who, "removed")


def remove_photo(folders: Folders, photo: Path) -> None:
    """Remove a picture and its small copy. Raises Refused if a spec beside it names it."""
    needs = next((name for name in uploaded_names(folders) if _names(photo.with_name(name), photo.name)), None)
    if needs is not None:
        raise Refused(f"{photo.name}: the spec {needs} draws it; remove that spec first")
    photo.unlink()
    thumbnail_of(photo).unlink(missing_ok=True)


def _names(spec: Path, photo: str) -> bool:
    return photo in spec.read_text(encoding="utf-8", errors="replace")
