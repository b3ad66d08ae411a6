"""The warm process that makes drafts: `python -m renderer.studio.drafting.draft_process`.

It can be killed at any moment. Lines of JSON on stdin say what to make, one after another; the line `stop` ends the one
at work. Each gets one line of JSON on stdout: `made`, `stopped` or `failed`. The first line is `ready`: by then the
engine is imported and its kernels are compiled. If stdin is closed, the page's server is gone and the process ends at
once.
"""

import base64
import json
import os
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from PIL import Image

from renderer import assets
from renderer.new_spec import NewSpecError, NewSpecRequest, new_spec, picture_of, unwritten_work
from renderer.planning.cost import Costs
from renderer.small_sheet import Draft, Importance, draft_of, importance
from renderer.spec import Artwork
from renderer.specfile import Work, load
from renderer.studio.queue import previews
from renderer.studio.rendering.render_process import ORPHANED, MessageWriter
from renderer.target import Frame, Picture, stretched

KEPT = 8  # pictures, and weights of their pixels
LOOKED_AT_PX = 900  # longer side of the picture that a draft is made from


class Drafter:
    """Makes drafts, and keeps the pictures that it has read and searched for faces."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped
        self._kept_arrays: OrderedDict[tuple[object, ...], Picture] = OrderedDict()

    def made(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a request; None if it was stopped. Raises the errors of a wrong spec or picture."""
        if "write" in wanted:
            return {"spec": str(new_spec(_request(wanted["write"])).path)}
        if "choices" in wanted:
            request = _request(wanted["choices"])
            work = unwritten_work(request, self._picture(request.photo))
        else:
            work = _first(Path(wanted["spec"]), Path(wanted["within"]))
        image = work.artwork.target.image
        if not isinstance(image, str):
            raise NewSpecError("the picture is on the web, and a draft needs a file; render it with `small and quick`")
        picture = self._picture(work.folder / image)
        draft = draft_of(work, picture, self._stopped.is_set, self._weights)
        return None if draft is None else _answer(work, draft)

    def _picture(self, path: Path) -> Picture:
        """A picture, reduced. Read again if the file has changed."""
        return self._kept(("picture", str(path), path.stat().st_mtime_ns), lambda: _reduced(picture_of(path)))

    def _weights(self, artwork: Artwork, picture: Picture, area: Frame) -> Importance:
        size = (area.height_px, area.width_px, artwork.target.fit, str(artwork.target.focus))
        key = ("weights", hash(picture.tobytes()), *size)
        return self._kept(key, lambda: importance(artwork, picture, area))

    def _kept(self, key: tuple[object, ...], make: Callable[[], Picture]) -> Picture:
        if key not in self._kept_arrays:
            self._kept_arrays[key] = make()
        self._kept_arrays.move_to_end(key)
        while len(self._kept_arrays) > KEPT:
            self._kept_arrays.popitem(last=False)
        return self._kept_arrays[key]


def _request(choices: dict[str, Any]) -> NewSpecRequest:
    places = {name: Path(choices[name]) for name in ("photo", "out")}
    return NewSpecRequest(**{**choices, **places, "only": tuple(choices["only"])})


def _first(path: Path, within: Path) -> Work:
    """The first work of a spec: one with a matrix has several."""
    return load(path, (), within)[0]


def _reduced(picture: Picture) -> Picture:
    scale = min(1.0, LOOKED_AT_PX / max(picture.shape[:2]))
    height_px, width_px = (max(1, round(side * scale)) for side in picture.shape[:2])
    return stretched(picture, (height_px, width_px)) if scale < 1 else picture


def _answer(work: Work, draft: Draft) -> dict[str, Any]:
    content = previews.webp_of(draft.picture, max(draft.picture.shape))
    return {
        "media": previews.MEDIA, "base64": base64.b64encode(content).decode(), "strokes": draft.strokes,
        "sheet_mm": [draft.width_mm, draft.height_mm], "finished_mm": list(draft.sheet_mm),
        "pens": [list(pen) for pen in draft.pens], "finished": _finished(draft.plan.costs),
        "warnings": list(draft.plan.warnings), "machine": work.artwork.machine.name if work.artwork.machine else "",
    }  # fmt: skip


def _finished(costs: Costs | None) -> dict[str, float] | None:
    """What the finished drawing will hold; None if the spec gives all counts, so that nothing was planned."""
    if costs is None:
        return None
    return {
        "strokes": costs.strokes, "metres": round(costs.metres, 1), "minutes": round(costs.minutes, 1),
        "changes": costs.changes,
    }  # fmt: skip


def warmed(drafter: Drafter) -> None:
    """Make a small draft, so that all kernels are compiled or read from their cache."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "warm.png"
        Image.radial_gradient("L").resize((64, 48)).save(photo)
        drafter.made(
            {"choices": {"photo": str(photo), "out": f"{folder}/warm.yaml", "only": ["black"],
                         "pens": "micron_black", "paper": "A6", "minutes": 5.0}}
        )  # fmt: skip


def main() -> None:
    writer, stopped, lines = MessageWriter(), threading.Event(), SimpleQueue[str]()
    assets.only_public()
    threading.Thread(target=_listen, args=(lines, stopped), daemon=True).start()
    drafter = Drafter(stopped)
    try:
        warmed(drafter)
    except Exception as error:  # the first real draft reports it
        sys.stderr.write(f"the first draft failed: {error}\n")
    writer.say("ready", {})
    while True:
        wanted = json.loads(lines.get())
        try:
            made = drafter.made(wanted)
        except Exception as error:
            foreseen = type(error).__module__.split(".")[0] in {"renderer", "hardware"}
            writer.say("failed", str(error) if foreseen else f"{type(error).__name__}: {error}")
        else:
            writer.say("stopped" if made is None else "made", made)
        stopped.clear()


def _listen(lines: "SimpleQueue[str]", stopped: threading.Event) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            stopped.set()
        else:
            stopped.clear()
            lines.put(line)
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
