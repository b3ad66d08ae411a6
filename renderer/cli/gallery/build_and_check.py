"""`render gallery build` and `render gallery check`."""

import shutil
import time
from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hardware.plurals import counted
from renderer.cli import printing
from renderer.cli.codes import DONE, FAILED, INTERRUPTED, USAGE, error_text
from renderer.gallery.collect import Collection, GalleryError, collect, shard
from renderer.gallery.names import MANIFEST
from renderer.gallery.pages import outdated_pages, write_pages
from renderer.gallery.state import WorkState, modified, orphans, states
from renderer.gallery.statement import read
from renderer.manifest import duration
from renderer.specfile import Work

if TYPE_CHECKING:
    from renderer.gallery.build import BuildMessage

SPECS = Path("specs/gallery")


class WorkBuilder(Protocol):
    """A builder: it renders works and reports on each."""

    def build(self, works: Iterable[Work]) -> "Generator[BuildMessage, None, None]": ...


def check_gallery(
    *, specs: tuple[Path, ...], gallery: Path, only: tuple[str, ...], verify: str | None, as_json: bool
) -> int:
    """Print every work that is not up to date. Only `verify` renders anything.

    Raises GalleryError if there are no specs or no such work, and EngineError if the program's sources cannot be read.
    """
    collection = _collect(specs)
    if verify is not None:
        from renderer.cli.gallery.gallery_verify import verify_work

        return verify_work(collection, gallery, verify, as_json)
    works = collection.only(only)
    found = states(works, gallery)
    if not only and not collection.faults:
        found += orphans(collection.works, gallery)
    not_up_to_date = [state for state in found if not state.is_up_to_date]
    for state in not_up_to_date if not as_json else ():
        printing.data(f"{state.name}: {state.text}")
    pages = outdated_pages(gallery) if not only and not not_up_to_date else []
    for name in pages if not as_json else ():
        printing.data(f"{name}: out of date")
    code = USAGE if collection.faults else FAILED if not_up_to_date or pages else DONE
    if as_json:
        printing.as_json({"works": [_record(state) for state in found], "pages": pages, "exit_code": code})
    well = f"{len(found) - len(not_up_to_date)} of {counted(len(found), 'work')} up to date"
    due = any(state.is_due for state in found) or pages
    printing.say(f"gallery: {well}" + ("; render gallery build renders what is due" if due else ""))
    return code


def build_gallery(  # each an option of the command
    *,
    specs: tuple[Path, ...],
    gallery: Path,
    jobs: int,
    device: str,
    cluster: str | None,
    part: tuple[int, int] | None,
    only: tuple[str, ...],
    out: Path | None,
    force: bool,
    prune: bool,
    as_json: bool,
) -> int:
    """Render the works that are due and write the pages.

    Raises GalleryError, EngineError, UsageError, DeviceError; ClusterError if the cluster cannot be used.
    """
    builder = _builder(gallery, jobs, device, cluster, out)
    collection = _collect(specs)
    works = collection.only(only)
    works = works if part is None else shard(works, part)
    found = states(works, gallery)
    due, kept = _due_and_kept(found, force)
    for state in kept:
        printing.say(f"{state.name}: {state.text}; kept as it is, --force renders it again")
    began = time.perf_counter()
    try:
        ended, interrupted = _build([state.work for state in due if state.work is not None], builder)
    except Exception:  # a cluster that is gone: the finished works are in the gallery
        write_pages(gallery)
        raise
    failed = [name for name, result in ended.items() if "failed" in result]
    left_over = [] if collection.faults or only or part else orphans(collection.works, gallery)
    if prune:
        _prune(left_over, gallery)
    for state in left_over if not prune else ():
        printing.say(f"{state.name}: orphan; --prune removes it")
    write_pages(gallery)
    code = INTERRUPTED if interrupted else USAGE if collection.faults else FAILED if failed or kept else DONE
    _summarise(found, due, ended, time.perf_counter() - began, as_json, code)
    return code


def gather_works(*, sources: tuple[Path, ...], specs: tuple[Path, ...], gallery: Path, as_json: bool) -> int:
    """Take works that are due from other galleries, and write the pages.

    Raises GalleryError, EngineError, OutputError.
    """
    from renderer.gallery.gather import take_from

    collection = _collect(specs)
    due, _ = _due_and_kept(states(collection.works, gallery), force=False)
    works = [state.work for state in due if state.work is not None]
    found = {work.name: take_from(work, sources, gallery) for work in works}
    write_pages(gallery)
    lacking = [name for name, source in found.items() if source is None]
    code = USAGE if collection.faults else FAILED if lacking else DONE
    if as_json:
        printing.as_json({"taken": {name: source and str(source) for name, source in found.items()}, "exit_code": code})
    for name, source in found.items() if not as_json else ():
        printing.data(f"{name}: {'not up to date in any gallery' if source is None else f'from {source}'}")
    return code


def _collect(specs: tuple[Path, ...]) -> Collection:
    if not specs and not SPECS.is_dir():
        raise GalleryError(f"there is no folder {SPECS} here; name the gallery's specs, or a folder of them")
    collection = collect(specs or (SPECS,))
    for fault in collection.faults:
        printing.say(error_text(fault))
    return collection


def _due_and_kept(found: list[WorkState], force: bool) -> tuple[list[WorkState], list[WorkState]]:
    """The works to render, and those that are kept because they were changed by hand."""
    due = [state for state in found if (state.is_due or state.modified) and (force or not state.modified)]
    return due, [state for state in found if state.modified and not force]


# --- building ---------------------------------------------------------------------------------------------------------


def _builder(gallery: Path, jobs: int, device: str, cluster: str | None, out: Path | None) -> "WorkBuilder":
    """The builder: processes of this machine, or workers of a cluster. Raises UsageError, DeviceError."""
    if cluster is not None:
        from renderer.cli.gallery.cluster_options import builder

        return builder(gallery, cluster, jobs, device, out)
    from renderer.cli.render import device_of
    from renderer.gallery.build import Builder

    return Builder(gallery, jobs, out, device_of(device))


def _build(works: list[Work], builder: "WorkBuilder") -> tuple[dict[str, dict[str, Any]], bool]:
    """How each work ended, and whether Ctrl-C ended the build."""
    from renderer.cli.gallery.gallery_progress import watching

    ended: dict[str, dict[str, Any]] = {}
    if not works:
        return ended, False
    with watching(len(works)) as watch, closing(builder.build(works)) as messages:
        try:
            for message in messages:
                watch.report(message)
                if message.is_last:
                    ended[message.name] = message.content
        except KeyboardInterrupt:
            return ended, True
    return ended, False


def _prune(left_over: list[WorkState], gallery: Path) -> None:
    """Remove works without a spec, unless they were changed or have other files. Raises OSError."""
    for state in left_over:
        folder = gallery / state.name
        made = read(folder)
        strange = {path.name for path in folder.iterdir()} - {MANIFEST, *(made.subjects if made else ())}
        if made is None or strange or modified(folder, made):
            printing.say(f"{state.name}: orphan; kept as it is, because it was changed")
            continue
        shutil.rmtree(folder)
        printing.say(f"{state.name}: orphan; removed")


def _summarise(
    found: list[WorkState],
    due: list[WorkState],
    ended: dict[str, dict[str, Any]],
    seconds: float,
    as_json: bool,
    code: int,
) -> None:
    done = [result["done"] for result in ended.values() if "done" in result]
    failed = {name: result["failed"] for name, result in ended.items() if "failed" in result}
    if as_json:
        works = [_record(state) | {"result": ended.get(state.name)} for state in found]
        printing.as_json({"works": works, "seconds": round(seconds, 1), "exit_code": code})
    parts = [f"{len(done)} rendered", f"{len(found) - len(due)} not due"]
    parts += [f"{len(failed)} failed ({', '.join(failed)})"] if failed else []
    unfinished = len(due) - len(ended)
    parts += [f"{unfinished} not finished"] if unfinished else []
    text = f"gallery: {', '.join(parts)}"
    if done:
        cpu = sum(one["cost"]["cpu_seconds"] for one in done)
        peak = max(one["cost"]["peak_mb"] for one in done)
        text += f"; {duration(seconds)}, {duration(cpu)} of processor, at most {peak:.0f} MB a work"
    printing.say(text)


def _record(state: WorkState) -> dict[str, Any]:
    return {
        "name": state.name,
        "status": "ok" if state.is_up_to_date else state.text,
        "missing": state.missing,
        "stale": list(state.stale),
        "modified": list(state.modified),
        "orphan": state.work is None,
    }
