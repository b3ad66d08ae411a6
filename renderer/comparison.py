"""Finished renders side by side: the settings in which they differ, their figures, and a page with their previews."""

import base64
import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.manifest import MADE_BY

# what the table shows, by where the manifest has it; the unit is in the heading
FIGURES = {
    "dB from afar": ("metrics", "psnr_blurred"),
    "dB close up": ("metrics", "psnr"),
    "SSIM": ("metrics", "ssim"),
    "inked": ("metrics", "coverage"),
    "strokes": ("strokes",),
    "metres": ("plotting", "metres"),
    "minutes": ("plotting", "minutes"),
    "fit s": ("time", "seconds"),
}
_LONGEST = 40  # characters of a setting


class CompareError(ValueError):
    """Folders that cannot be compared; the message says what would work."""


@dataclass(frozen=True)
class Compared:
    """One render in a comparison."""

    folder: Path
    name: str
    settings: dict[str, str]  # only those in which the renders differ
    figures: dict[str, float | None]
    interrupted: bool


def compared(folders: tuple[Path, ...]) -> tuple[Compared, ...]:
    """The renders in these folders. Raises CompareError."""
    records = [_record(folder) for folder in folders]
    settings = [_settings(record["spec"]["resolved"], ()) for record in records]
    keys = sorted({key for one in settings for key in one})
    differing = [key for key in keys if len({one.get(key) for one in settings}) > 1]
    return tuple(
        Compared(
            folder,
            str(record["name"]),
            {key: _short(one.get(key, "-")) for key in differing},
            {name: _at(record, path) for name, path in FIGURES.items()},
            bool(record["interrupted"]),
        )
        for folder, record, one in zip(folders, records, settings, strict=True)
    )


def _record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / "manifest.json").read_bytes())
        if record["made_by"] != MADE_BY:
            raise ValueError
        strokes = sum(one["strokes"] for one in record["passes"])
        return {**record, "strokes": strokes, "plotting": record["plotting"] or {}}
    except (OSError, ValueError, KeyError, TypeError):
        raise CompareError(f"{folder}: is not a finished render; name folders that render wrote") from None


def _settings(value: Any, path: tuple[str, ...]) -> dict[str, str]:
    """Every value of a resolved spec by its dotted path, as JSON. Pens are compared by name."""
    match value:
        case dict():
            inner = [_settings(one, (*path, key)) for key, one in value.items()]
        case list() if path[-1:] == ("pens",) and all(isinstance(one, dict) for one in value):
            return {".".join(path): ", ".join(str(one.get("name")) for one in value)}
        case list():
            inner = [_settings(one, (*path, str(at))) for at, one in enumerate(value)]
        case _:
            return {".".join(path): json.dumps(value, ensure_ascii=False).strip('"')}
    return {key: text for one in inner for key, text in one.items()}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _at(record: dict[str, Any], path: tuple[str, ...]) -> float | None:
    value: Any = record
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, int | float) else None


def figure_text(name: str, value: float | None) -> str:
    """A figure for people: `24.1`, `0.53`, `61%`."""
    if value is None:
        return "-"
    match name:
        case "SSIM":
            return f"{value:.3f}"
        case "inked":
            return f"{value:.0%}"
        case "strokes":
            return f"{value:.0f}"
    return f"{value:.1f}"


def page(works: tuple[Compared, ...]) -> str:
    """A page with the previews beside each other and the table below each. It needs no other file."""
    return _PAGE.format(title=f"{len(works)} renders", works="\n".join(map(_work, works)))


def _work(one: Compared) -> str:
    rows = [*one.settings.items(), *((name, figure_text(name, value)) for name, value in one.figures.items())]
    cells = "".join(f"<tr><th>{html.escape(key)}</th><td>{html.escape(text)}</td></tr>" for key, text in rows)
    name = html.escape(one.name + (" (interrupted)" if one.interrupted else ""))
    return f"<figure>{_preview(one)}<figcaption><h2>{name}</h2><table>{cells}</table></figcaption></figure>"


def _preview(one: Compared) -> str:
    """The preview as part of the page, reduced; nothing where it is missing."""
    import io

    from PIL import Image

    try:
        with Image.open(one.folder / "preview.png") as image:
            image.thumbnail((900, 900))
            file = io.BytesIO()
            image.convert("RGB").save(file, "WEBP", quality=80)
    except OSError:
        return ""
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{html.escape(one.name, quote=True)}" src="data:image/webp;base64,{data}">'


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #222; background: #f4f3f0; }}
main {{ display: grid; gap: 2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }}
figure {{ margin: 0; }}
img {{ width: 100%; box-shadow: 0 1px 6px #0003; }}
h2 {{ font-size: 1.1rem; margin: .6rem 0 .3rem; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; }}
th {{ text-align: left; font-weight: normal; color: #666; overflow-wrap: anywhere; }}
td {{ text-align: right; overflow-wrap: anywhere; }}
</style>
<main>
{works}
</main>
</html>
"""
