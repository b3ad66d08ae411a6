"""The manifests of a gallery -> its two pages: `index.html` for browsers, `README.md` for sites that show sources.

Both are made only from the manifests, so they can be made anywhere, and the same manifests give the same bytes.
"""

import math
import os
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from renderer.gallery.label import SPARK_HEIGHT, SPARK_WIDTH, loss_text, pens, spark_path
from renderer.gallery.names import DRAWING, LOSS, MANIFEST, ORIGINAL, PENS, PREVIEW
from renderer.gallery.state import finished
from renderer.gallery.statement import WorkManifest, read
from renderer.manifest import duration
from renderer.spec import KINDS

PAGES = {"index.html": "gallery.html.j2", "README.md": "gallery.md.j2"}


def write_pages(gallery: Path) -> None:
    """Write both pages, each complete or not at all. Raises OSError."""
    if not gallery.is_dir():
        return
    for name, text in pages(gallery).items():
        path = gallery / name
        if path.exists() and path.read_bytes() == text.encode():
            continue
        beside = path.with_name(f".{name}.{os.getpid()}")
        beside.write_bytes(text.encode())
        beside.replace(path)


def outdated_pages(gallery: Path) -> list[str]:
    """Names of pages that do not agree with the manifests. Line endings do not count."""
    if not finished(gallery):
        return []
    made = pages(gallery)
    return [name for name, text in made.items() if _read(gallery / name) != text]


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None


def pages(gallery: Path) -> dict[str, str]:
    """The text of each page."""
    made = [(folder, read(folder)) for folder in finished(gallery)]
    works = [_work(folder, one) for folder, one in made if one is not None]
    environment = Environment(
        loader=PackageLoader("renderer.gallery", "."),
        autoescape=lambda name: bool(name and "html" in name),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    values = {"works": works, "totals": _totals(works), "spark": (SPARK_WIDTH, SPARK_HEIGHT)}
    return {name: environment.get_template(template).render(values) for name, template in PAGES.items()}


def _work(folder: Path, made: WorkManifest) -> dict[str, Any]:
    """The values of one work on a page."""
    said = made.predicate
    sheet, totals, metrics = said["render_sheet"], said["render_totals"], said["render_metrics"]
    return {
        "name": folder.name,
        "title": said["render_title"],
        "credit": _target(said).get("credit"),
        "original": f"{folder.name}/{ORIGINAL}" if ORIGINAL in made.subjects else None,
        "preview": f"{folder.name}/{PREVIEW}",
        "drawing": f"{folder.name}/{DRAWING}",
        "manifest": f"{folder.name}/{MANIFEST}",
        "pens_svg": f"{folder.name}/{PENS}",
        "loss_svg": f"{folder.name}/{LOSS}",
        "spec": said["buildDefinition"]["externalParameters"]["spec"],
        "width_mm": sheet["width_mm"],
        "height_mm": sheet["height_mm"],
        "aspect": round(sheet["width_mm"] / sheet["height_mm"], 4),
        "paper": sheet["paper"],
        "sheet": _sheet(said),
        "kinds": _kinds(said),
        "pens": pens(said["render_passes"]),
        "strokes": totals["strokes"],
        "metres": totals["metres"],
        "lifts": totals["lifts"],
        "minutes": totals["minutes"],
        "time": None if totals["minutes"] is None else duration(totals["minutes"] * 60),
        "loss": spark_path(said["render_loss"]),
        "loss_text": loss_text(said["render_loss"]),
        "close": _decibel(metrics["psnr"]),
        "afar": _decibel(metrics["psnr_blurred"]),
        "ssim": metrics["ssim"],
        "inked": metrics["coverage"],
        "networks": _loss_networks(said),
        "alt": _alt(said),
        "notes": said["render_notes"],
        "render_time": duration(said["render_cost"]["seconds"]),
    }


def _target(said: dict[str, Any]) -> dict[str, Any]:
    """The target in the spec."""
    return dict(said["buildDefinition"]["externalParameters"]["resolved"]["target"])


def _sheet(said: dict[str, Any]) -> str:
    """`A4, 297 x 210 mm`."""
    paper = said["buildDefinition"]["externalParameters"]["resolved"]["canvas"]["paper"]
    size = f"{said['render_sheet']['width_mm']:g} x {said['render_sheet']['height_mm']:g} mm"
    return f"{paper}, {size}" if isinstance(paper, str) else size


def _kinds(said: dict[str, Any]) -> str:
    """`2000 points, then 500 curves`, from the spec."""
    layers = said["buildDefinition"]["externalParameters"]["resolved"]["layers"]
    names = [(kind, layer[kind]["count"]) for layer in layers for kind in KINDS if layer.get(kind)]
    return ", then ".join(f"{count} {kind}" for kind, count in names)


def _loss_networks(said: dict[str, Any]) -> str:
    """What the losses compare: `pixels`, `pixels and VGG16`."""
    layers = said["buildDefinition"]["externalParameters"]["resolved"]["layers"]
    terms = [(name, term) for layer in layers for loss in layer["loss"] or () for name, term in loss.items() if term]
    names = [_network_name(name, term) for name, term in terms]
    return " and ".join(dict.fromkeys(names)) or "pixels"


def _network_name(name: str, term: dict[str, Any]) -> str:
    nets = {"vgg": "VGG16", "alex": "AlexNet", "squeeze": "SqueezeNet"}
    net = str(term.get("net", ""))
    shown = next((word for start, word in nets.items() if net.startswith(start)), "pixels")
    return f"LPIPS with {shown}" if name == "lpips" else shown


def _alt(said: dict[str, Any]) -> str:
    """The alternative text of the picture."""
    shown = pens(said["render_passes"])
    names = [pen["name"] for pen in shown if not pen["free"]]
    ink = f"{'one pen' if len(names) == 1 else f'{len(names)} pens'}: {', '.join(names)}" if names else "any colours"
    return f"{said['render_title']}. A drawing of {_kinds(said)} in {ink}, on {_sheet(said)}."


def _decibel(value: float | None) -> str:
    return "the same" if value is None or not math.isfinite(value) else f"{value:.1f} dB"


def _totals(works: list[dict[str, Any]]) -> dict[str, Any]:
    minutes = sum(work["minutes"] or 0 for work in works)
    return {
        "works": len(works),
        "strokes": f"{sum(work['strokes'] for work in works):,}".replace(",", "\u202f"),
        "metres": f"{sum(work['metres'] for work in works):.0f}",
        "time": duration(minutes * 60),
    }
