"""A finished render -> what was made from what, as values for `manifest.json`, the only file that contains times."""

import hashlib
import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hardware import __version__
from hardware.drawing import Drawing, PenPass, length_mm
from hardware.estimate import Estimate, PenEstimate
from renderer.result import NetworkView, PenChoice, Result
from renderer.spec import Artwork

MADE_BY = "artwork-renderer"
FORMAT = 1
_TELLING = ("torch", "numpy", "numba", "pillow")  # packages whose version can change the picture


def manifest(
    result: Result,
    files: Mapping[str, str],  # path in the folder -> sha256
    *,
    plotting: Estimate | None = None,
    finished: datetime | None = None,
    changes: tuple[str, ...] = (),  # like `layers.0.steps=50`
    draft: bool = False,
) -> dict[str, Any]:
    """The content of `manifest.json`. `plotting` is None where there is no machine; `finished` is now by default."""
    work, artwork = result.work, result.work.artwork
    finished = finished or datetime.now(UTC)
    return {
        "made_by": MADE_BY,
        "format": FORMAT,
        "name": work.name,
        "title": artwork.title,
        "spec": {
            "file": work.path.as_posix(),
            "sources": [path.as_posix() for path in work.sources],
            "changes": list(changes),
            "draft": draft,
            "sha256": spec_sha256(artwork),
            "resolved": artwork.model_dump(mode="json"),
            **({"text": [one.model_dump(mode="json") for one in work.texts]} if work.texts else {}),
        },
        "target": {"sha256": result.target_source, "image": artwork.model_dump(mode="json")["target"]["image"]},
        "decisions": [vars(decision) for decision in result.decisions],
        "seed": artwork.seed,
        "device": result.device,
        "versions": versions(),
        "time": {
            "started": _second(finished - timedelta(seconds=result.seconds)),
            "finished": _second(finished),
            "seconds": round(result.seconds, 1),
        },
        "interrupted": result.interrupted,
        "metrics": {name: _rounded(value) for name, value in vars(result.metrics).items()},
        "believed_loss": _rounded(result.believed),
        "sheet": _sheet(result.drawing),
        "weights": [{"name": name, "sha256": sha256} for name, sha256 in result.weights],
        "looks": [_look(look) for look in result.network_views],
        "pen_choices": [_choice(one) for one in result.choices],
        "passes": _passes(result.drawing.passes, plotting),
        "plotting": plotting and _plotting(plotting),
        "notes": list(result.notes),
        "files": {path: files[path] for path in sorted(files)},
    }


def drawing_record(drawing: Drawing, plotting: Estimate | None) -> dict[str, Any]:
    """What a manifest says about a drawing alone: its sheet, its passes and what its plot takes."""
    return {
        "sheet": _sheet(drawing),
        "passes": _passes(drawing.passes, plotting),
        "plotting": plotting and _plotting(plotting),
    }


def _sheet(drawing: Drawing) -> dict[str, Any]:
    return {"width_mm": drawing.width_mm, "height_mm": drawing.height_mm, "paper": drawing.paper}


def spec_sha256(artwork: Artwork) -> str:
    """The sha256 of the resolved spec.

    It changes with any value, including those of racks and machines, but not with comments or layout.
    """
    text = json.dumps(artwork.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def versions() -> dict[str, str]:
    """The versions of this program, of Python and of the packages that can change the picture."""
    return {"renderer": __version__, "python": platform.python_version()} | {name: _version(name) for name in _TELLING}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # a custom build, without metadata
        return "unknown"


def _second(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _rounded(value: float) -> float | None:
    """Six digits; None for what is not finite (the PSNR of equal pictures), which JSON cannot express."""
    return float(f"{value:.6g}") if abs(value) < float("inf") else None


def _choice(one: PenChoice) -> dict[str, Any]:
    """A choice of pens. Differences are root mean square OKLab distances of the target to the nearest colour."""
    choice = one.choice
    return {
        "layers": list(one.layers),
        "used": choice.used,
        "difference_without": _rounded(choice.errors[0]),
        "picks": [
            {"pen": pen.name, "colour": pen.colour, "difference": _rounded(error)}
            for pen, error in zip(choice.pens, choice.errors[1:], strict=True)
        ],
    }


def _look(look: NetworkView) -> dict[str, Any]:
    depths = {name: _rounded(loss) for name, loss in look.depths}
    return {"layer": look.layer_name, "term": look.term, "loss": _rounded(look.loss), "depths": depths}


def _passes(passes: tuple[PenPass, ...], plotting: Estimate | None) -> list[dict[str, Any]]:
    times = {} if plotting is None else {pen.number: pen for pen in plotting.pens}
    return [_pass(number, pen_pass, times.get(number)) for number, pen_pass in enumerate(passes, 1)]


def _pass(number: int, pen_pass: PenPass, time: PenEstimate | None) -> dict[str, Any]:
    return {
        "number": number,
        "layer": pen_pass.layer,
        "pen": pen_pass.pen.model_dump(mode="json"),
        "free_colours": pen_pass.is_free,
        "strokes": len(pen_pass.lines),
        "metres": round(sum(map(length_mm, pen_pass.lines)) / 1000, 3),
        "lifts": time and time.lifts,
        "minutes": time and round(time.seconds / 60, 3),
    }


def _plotting(plotting: Estimate) -> dict[str, Any]:
    return {
        "minutes": round(plotting.total_s / 60, 2),
        "drawing_minutes": round(plotting.seconds / 60, 2),
        "pen_changes": plotting.pen_changes,
        "metres": round(plotting.drawn_mm / 1000, 3),
        "travel_metres": round(plotting.travel_mm / 1000, 3),
        "lifts": plotting.lifts,
    }


def duration(seconds: float) -> str:
    """A duration, as exact as an estimate deserves: `45 s`, `12 min`, `1 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
