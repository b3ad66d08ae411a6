"""The strokes of a finished or stopped fit as arrays: what a notebook looks at, and what another fit can start from."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = "strokes.npz"
FORMAT = 1
_ARRAYS = ("knots", "counts", "width_mm", "inks")


class StrokesError(ValueError):
    """Strokes that cannot be read or used; the message says what would work."""


@dataclass(frozen=True)
class LayerStrokes:
    """The strokes of one layer, in mm on the sheet: origin top left, x right, y down."""

    name: str
    kind: str  # points, lines, curves, ...
    pens: tuple[str, ...]  # names, in the order of the passes; none where colours are free
    knots: NDArray[np.float32]  # [N, K, 2] mm; K = 1 for dots, 2 for lines
    counts: NDArray[np.int64]  # [N], how many of the knots a stroke has
    width_mm: NDArray[np.float32]  # [N]
    inks: NDArray[np.float32]  # [N, P] logits over the pens, or [N, 3] sRGB where colours are free
    step: int  # gradient steps taken
    steps: int  # that the spec asked for

    def __len__(self) -> int:
        return len(self.knots)

    @property
    def pen(self) -> NDArray[np.int64]:  # [N]
        """The number of each stroke's pen in `pens`."""
        likeliest: NDArray[np.int64] = self.inks.argmax(1)
        return likeliest


# --- files ------------------------------------------------------------------------------------------------------------


def to_bytes(layers: tuple[LayerStrokes, ...]) -> bytes:
    """The content of `strokes.npz`: arrays by layer and name, and `about`, a JSON text."""
    about = [{key: getattr(one, key) for key in ("name", "kind", "pens", "step", "steps")} for one in layers]
    arrays = {f"{number}_{key}": getattr(one, key) for number, one in enumerate(layers) for key in _ARRAYS}
    file = io.BytesIO()
    np.savez_compressed(file, about=np.array(json.dumps({"format": FORMAT, "layers": about})), **arrays)
    return file.getvalue()


def read(path: Path) -> tuple[LayerStrokes, ...]:
    """The strokes in a file, or in the output folder of a render. Raises StrokesError."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise StrokesError(f"{path}: has no {FILE}; render it again, from the spec, with this version of the program")
    try:
        with np.load(file, allow_pickle=False) as found:
            layers = json.loads(str(found["about"]))["layers"]
            return tuple(
                LayerStrokes(**{**one, "pens": tuple(one["pens"])}, **{key: found[f"{n}_{key}"] for key in _ARRAYS})
                for n, one in enumerate(layers)
            )
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise StrokesError(f"{file}: cannot be read ({error}); render it again from the spec") from None
