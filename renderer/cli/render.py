"""`render SPEC...`: load, fit, write, and print a summary."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.plurals import counted
from renderer import fitted_strokes, output
from renderer.assets import AssetError, weights
from renderer.cli import printing
from renderer.cli.codes import DONE, FAILED, INTERRUPTED, code_of, error_text, unexpected
from renderer.cli.fit_progress import watching
from renderer.cli.interrupt import Interrupt
from renderer.manifest import duration
from renderer.progress import Progress
from renderer.result import Result
from renderer.specfile import SpecErrors, Work, load


class DeviceError(Exception):
    """A device that this machine does not have."""


@dataclass(frozen=True)
class Settings:
    """The options of a render."""

    out: Path
    device: str
    draft: bool
    changes: tuple[str, ...]
    force: bool
    as_json: bool
    resume: Path | None = None  # the folder of a render that this one continues

    def folder(self, work: Work) -> Path:
        """The folder of a work. A draft has a folder of its own, so that it never replaces the finished work."""
        if self.resume is not None:
            return self.resume
        return self.out / (f"{work.name}-draft" if self.draft else work.name)


def run_specs(*, specs: tuple[Path, ...], threads: int | None, **options: Any) -> int:
    """Render all works of all specs and return the highest exit code.

    Raises DeviceError if there is no such device. With a single work, an error that is not foreseen is raised again.
    """
    settings = Settings(**options)
    if settings.resume is not None:
        specs, settings = _to_resume(settings.resume, specs, settings)
    works, results = _loaded(specs, settings)
    if works:
        results += _rendered(works, settings, threads)
    code = max(one["exit_code"] for one in results)
    _compare([Path(one["folder"]) for one in results if "folder" in one])
    if settings.as_json:
        printing.as_json({"works": results, "exit_code": code})
    return int(code)


def _compare(folders: list[Path]) -> None:
    """Print the finished works side by side, if there are several."""
    if len(folders) > 1:
        from renderer.cli.compare_command import show_comparison
        from renderer.comparison import compared

        printing.say("")
        show_comparison(compared(tuple(folders)))


def _to_resume(folder: Path, specs: tuple[Path, ...], settings: Settings) -> tuple[tuple[Path, ...], Settings]:
    """The spec and the settings of the render in a folder. Raises PlaceError, StrokesError."""
    if specs:
        raise PlaceError(f"--resume {folder} continues that render; leave out {specs[0]}")
    fitted_strokes.read(folder)  # an old or foreign folder is refused before anything else
    try:
        spec = json.loads((folder / "manifest.json").read_bytes())["spec"]
        file, changes, draft = Path(spec["file"]), tuple(spec["changes"]), bool(spec["draft"])
    except (OSError, ValueError, KeyError, TypeError):
        raise PlaceError(f"{folder}: has no manifest that can be read; name a folder that render wrote") from None
    if not file.exists():
        raise PlaceError(f"{folder}: was made from {file}, which is not there; run this where it was rendered")
    return (file,), dataclasses.replace(settings, changes=(*changes, *settings.changes), draft=draft)


def _loaded(specs: tuple[Path, ...], settings: Settings) -> tuple[list[Work], list[dict[str, Any]]]:
    """The works that can be rendered, and the faults of the others, reported before the first render starts."""
    works: list[Work] = []
    results: list[dict[str, Any]] = []
    for path in specs:
        try:
            found = load(path, settings.changes, opens_pictures=True)
        except SpecErrors as error:
            results.append(_failed(path, None, error))
            continue
        for work in _wanted(found, settings):
            try:
                _check_place(work, works, settings)
                weights.check(work.artwork, work.folder)
            except (SpecErrors, output.OutputError, PlaceError, AssetError) as error:
                results.append(_failed(path, work.name, error))
            else:
                works.append(work)
    return works, results


class PlaceError(Exception):
    """Two works that would be written to one folder, or a folder whose render cannot be continued."""


def _wanted(works: tuple[Work, ...], settings: Settings) -> list[Work]:
    """The works to render; to continue one of a matrix, that one."""
    if settings.resume is None or len(works) == 1:
        return list(works)
    name = json.loads((settings.resume / "manifest.json").read_bytes())["name"]
    found = [work for work in works if work.name == name]
    if not found:
        raise PlaceError(f"{settings.resume}: {works[0].path} no longer has a work {name!r}")
    return found


def _check_place(work: Work, others: list[Work], settings: Settings) -> None:
    other = next((one for one in others if settings.folder(one) == settings.folder(work)), None)
    if other is not None:
        where = settings.folder(work)
        raise PlaceError(f"{work.path}: would be written to {where}, as {other.path} is; render it with another --out")
    output.check(settings.folder(work), force=settings.force)


def _rendered(works: list[Work], settings: Settings, threads: int | None) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    device = device_of(settings.device)
    _use_threads(threads)
    with Interrupt() as interrupt:
        for work in works:
            try:
                with output.locked(settings.folder(work)):
                    results.append(_render(work, settings, device, interrupt))
            except Exception as error:
                if code_of(error) is None and len(works) == 1:
                    raise  # reported as unexpected, with its traceback if RENDER_DEBUG is set
                results.append(_failed(work.path, work.name, error))
            except KeyboardInterrupt:
                results.append(_interrupted(work))
            if results[-1]["exit_code"] == INTERRUPTED or interrupt.asked:
                break
    return results


def _render(work: Work, settings: Settings, device: str, interrupt: Interrupt) -> dict[str, Any]:
    interrupt.worth_keeping = False
    with watching(work.name) as watch:
        watch.starts()
        with interrupt.importing():
            from renderer import pipeline  # torch takes seconds to import

        def report(progress: Progress) -> None:
            interrupt.worth_keeping = interrupt.worth_keeping or (progress.stage == "fitting" and progress.step > 0)
            watch.report(progress)

        def fetched(done: int, total: int | None) -> None:
            watch.fetched("target or weights", done, total)

        def noted(note: str) -> None:
            early.add(note)
            printing.say(f"note: {note}")

        early: set[str] = set()
        how: dict[str, Any] = {"device": device, "draft": settings.draft, "stop": interrupt}
        start = () if settings.resume is None else fitted_strokes.read(settings.resume)
        result = pipeline.render(work, report, noted=noted, fetched=fetched, start=start, **how)
    folder = settings.folder(work)
    kept = (
        None
        if settings.force
        else output.earlier_to_keep(folder, result.interrupted or settings.resume is not None, settings.changes)
    )
    how = {"changes": settings.changes, "draft": settings.draft, "force": settings.force, "kept": kept}
    record = output.write(result, folder, **how)
    _summarise(result, record, folder, early)
    if kept is not None:
        printing.say(f"note: the finished drawing that was in {folder} is kept in {kept}")
    if not settings.as_json:
        printing.data(str(folder))
    return _summary(result, record, folder)


def device_of(name: str) -> str:
    """The device that an option names; `auto` is the processor. Raises DeviceError if torch can use no CUDA device."""
    if name != "cuda":
        return "cpu"
    import torch

    if not torch.cuda.is_available():
        raise DeviceError("there is no CUDA device that torch can use; use --device cpu (see render doctor)")
    return "cuda"


def _use_threads(count: int | None) -> None:
    if count is not None:
        import torch

        torch.set_num_threads(count)


# --- output ---


def _failed(path: Path, name: str | None, error: Exception) -> dict[str, Any]:
    code = code_of(error)
    text = error_text(error) if code is not None else unexpected(error)
    printing.say(text if name is None or code is None else f"render: {name}: {error}")
    status = {"name": name, "spec": str(path), "status": "failed", "error": text.removeprefix("render: ")}
    return status | {"exit_code": FAILED if code is None else code}


def _interrupted(work: Work) -> dict[str, Any]:
    text = f"{work.name}: interrupted; nothing was written"
    printing.say(f"render: {text}")
    return {"name": work.name, "spec": str(work.path), "status": "interrupted", "error": text, "exit_code": INTERRUPTED}


def _summary(result: Result, record: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The JSON of a work: the manifest without its long parts."""
    status = "interrupted" if result.interrupted else "done"
    head = {"name": record["name"], "spec": record["spec"]["file"], "status": status, "folder": str(folder)}
    keys = ("title", "metrics", "sheet", "passes", "plotting", "notes", "device")
    rest = {key: record[key] for key in keys} | {"seconds": record["time"]["seconds"]}
    return head | rest | {"exit_code": INTERRUPTED if result.interrupted else DONE}


def _summarise(result: Result, record: dict[str, Any], folder: Path, early: set[str]) -> None:
    """Print a table of the pens and what a person wants to know before plotting; `early` are printed notes."""
    plotting = record["plotting"]
    table = printing.table("", "<pen", "nib", "strokes", "metres", *(("lifts", "time") if plotting else ()))
    for pen_pass, row in zip(result.drawing.passes, record["passes"], strict=True):
        cells = [f"{pen_pass.pen.nib_mm:g} mm", str(row["strokes"]), f"{row['metres']:.1f}"]
        if plotting:
            cells += [str(row["lifts"]), duration((row["minutes"] or 0) * 60)]
        table.add_row(str(row["number"]), printing.swatch(pen_pass.pen, pen_pass.is_free), *cells)
    printing.say("")
    printing.show_table(table)
    printing.say("")
    printing.say(_likeness(result))
    if plotting and result.work.artwork.machine:
        time, changes = duration(plotting["minutes"] * 60), counted(plotting["pen_changes"], "pen change")
        printing.say(f"plotting: about {time} on {result.work.artwork.machine.name}, {changes} included")
    if result.work.tiles is not None:
        printing.say(f"sheets: {result.work.tiles.text}; plot each of {folder / 'sheets'}/*, one by one")
    for note in record["notes"]:
        if note in early:
            continue
        printing.say(f"note: {note}")
    how = "interrupted after" if result.interrupted else "done in"
    printing.say(f"{how} {duration(result.seconds)}; see {folder / 'report.html'}")


def _likeness(result: Result) -> str:
    psnr, afar, ssim, coverage = dataclasses.astuple(result.metrics)
    return f"likeness: {psnr:.1f} dB close up, {afar:.1f} dB from afar, SSIM {ssim:.2f}; {coverage:.0%} inked"
