"""`render gallery check --verify NAME`: a work rendered again and compared with the one in the gallery."""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from renderer.cli import printing
from renderer.cli.codes import DONE, FAILED
from renderer.cli.gallery.gallery_progress import watching
from renderer.gallery.build import Builder
from renderer.gallery.collect import Collection, GalleryError
from renderer.gallery.statement import WorkManifest, read
from renderer.gallery.verify import Comparison, compared, same_files
from renderer.specfile import Work


def verify_work(collection: Collection, gallery: Path, pattern: str, as_json: bool) -> int:
    """Render the works with this name again into a temporary folder, and compare.

    Raises GalleryError if no work has this name, if a work is not in the gallery, or if its render fails.
    """
    results = [_verified(work, gallery, quiet=as_json) for work in collection.only((pattern,))]
    code = DONE if all(one["ok"] for one in results) else FAILED
    if as_json:
        printing.as_json({"works": results, "exit_code": code})
    return code


def _verified(work: Work, gallery: Path, *, quiet: bool) -> dict[str, Any]:
    kept = read(gallery / work.name)
    if kept is None:
        raise GalleryError(f"{work.name}: is not in {gallery}; run render gallery build first")
    with tempfile.TemporaryDirectory(prefix="render-verify-") as folder:
        rerendered = _rendered(work, Path(folder))
    figures, same = compared(kept, rerendered), same_files(kept, rerendered)
    ok = all(figure.ok for figure in figures)
    lines = [f"{work.name}: {_line(figure)}" for figure in figures]
    equal = sum(same.values())
    lines.append(f"{work.name}: {'ok' if ok else 'differs'}; {equal} of {len(same)} files are the same byte for byte")
    for line in lines if not quiet else ():
        printing.data(line)
    rows = [{"name": f.name, "hangs": f.kept, "again": f.rerendered, "within": f.within, "ok": f.ok} for f in figures]
    return {"name": work.name, "ok": ok, "figures": rows, "same_files": same}


def _rendered(work: Work, folder: Path) -> WorkManifest:
    with watching(1) as watch, closing(Builder(folder, 1).build([work])) as messages:
        for message in messages:
            watch.report(message)
            if "failed" in message.content:
                raise GalleryError(f"{work.name}: {message.content['failed']}")
    made = read(folder / work.name)
    assert made is not None  # it was just written
    return made


def _line(figure: Comparison) -> str:
    verdict = "" if figure.ok else f", more than {figure.within:.3g} apart"
    return f"{figure.name} {_shown(figure.kept)} -> {_shown(figure.rerendered)}{verdict}"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
