"""The process in which one job is rendered: `python -m renderer.studio.rendering.render_process`.

It can be killed at any moment. A line of JSON on stdin says what to render. Lines of JSON go out on stdout: `progress`,
`picture`, and finally one of `done`, `stopped`, `failed`. The line `stop` on stdin asks it to end. If stdin is closed,
the worker is gone and the process ends at once.
"""

import base64
import hashlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from renderer.studio.queue import previews
from renderer.studio.rendering import job_progress

if TYPE_CHECKING:
    from renderer.progress import Progress

REPORT_S = 0.5  # between two progress reports
ORPHANED = 3  # the exit code if the worker is gone


class MessageWriter:
    """Writes lines to the worker. What libraries print goes to stderr instead."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
        os.dup2(2, 1)

    def say(self, what: str, word: Any) -> None:
        self._out.write(json.dumps({what: word}) + "\n")

    def show(self, name: str, content: bytes) -> None:
        """Send a picture as a line of text."""
        self.say("picture", {"name": name, "media": previews.MEDIA, "base64": base64.b64encode(content).decode()})


class ProgressReporter:
    """Reports now and then how far the fit is and what the drawing looks like."""

    def __init__(self, writer: MessageWriter, follower: job_progress.JobProgress) -> None:
        self._writer, self._progress = writer, follower
        self._reported = 0.0
        self._last: Progress | None = None

    def report(self, progress: "Progress") -> None:
        self._progress.follow(progress)
        self._last, now = progress, time.monotonic()
        if now - self._reported < REPORT_S:
            return
        self._reported = now
        self._writer.say("progress", self._progress.row(progress))
        if (content := self._progress.picture(progress)) is not None:
            self._writer.show("progress", content)

    def ends(self) -> None:
        """Report the last record too, however soon it came."""
        if self._last is not None:
            self._writer.say("progress", self._progress.row(self._last))


def listen(asked: threading.Event) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            asked.set()
    os._exit(ORPHANED)


def main() -> None:
    writer, asked = MessageWriter(), threading.Event()
    instructions = json.loads(sys.stdin.readline())
    threading.Thread(target=listen, args=(asked,), daemon=True).start()
    try:
        _render(instructions, writer, asked)
    except Exception as error:
        from renderer.output.place import is_disk_full

        foreseen = type(error).__module__.split(".")[0] in {"renderer", "hardware"}
        can_retry = not foreseen or type(error).__name__ == "AssetError"  # the download may work later
        what = str(error) if foreseen else f"{type(error).__name__}: {error}"
        is_full = is_disk_full(error)
        failed = {"why": " ".join(what.split()), "again": can_retry, "bug": not foreseen}
        writer.say("failed", failed | ({"full": True} if is_full else {}))


def _render(instructions: dict[str, Any], writer: MessageWriter, asked: threading.Event) -> None:
    from renderer import assets, output
    from renderer.specfile import load

    if not instructions.get("private_addresses"):  # the spec is another person's
        assets.only_public()

    changes, folder, staged = tuple(instructions["changes"]), Path(instructions["folder"]), Path(instructions["staged"])
    works = {work.name: work for work in load(instructions["source"], changes)}
    if instructions["name"] not in works:
        raise output.OutputError(f"{instructions['source']}: the spec no longer has a work {instructions['name']}")
    output.check(folder)
    _use_threads(instructions["threads"])
    from renderer import pipeline

    work = works[instructions["name"]]
    follower = job_progress.JobProgress(len(work.artwork.layers), refines=work.artwork.refine.steps > 0)
    reporter = ProgressReporter(writer, follower)
    result = pipeline.render(
        work, reporter.report, device=instructions["device"], draft=instructions["draft"], stop=asked.is_set
    )
    if asked.is_set():
        writer.say("stopped", {})
        return
    reporter.ends()
    record = output.write(result, staged, changes=changes, draft=instructions["draft"], force=True)
    writer.show("preview", previews.webp_of(result.preview, previews.PREVIEW_PX))
    writer.say(
        "done", {"sha256": digest(record["files"]), "seconds": round(result.seconds, 1), **_kept(record, staged)}
    )


def _use_threads(count: int | None) -> None:
    if count is not None:
        import torch

        torch.set_num_threads(count)


def digest(files: dict[str, str]) -> str:
    """A sha256 that identifies a result: that of the sha256 of its files, by name."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _kept(record: dict[str, Any], folder: Path) -> dict[str, Any]:
    kept = {key: record[key] for key in ("metrics", "passes", "plotting", "notes")}
    kept["drawing"] = record["files"]["drawing.svg"]
    sheets = {}
    for name in record.get("sheets", ()):
        one = json.loads((folder / name / "manifest.json").read_bytes())
        drawing = record["files"][f"{name}/drawing.svg"]
        sheets[one["name"]] = {"folder": name, "drawing": drawing} | {key: one[key] for key in ("passes", "plotting")}
    return kept | ({"sheets": sheets} if sheets else {})


if __name__ == "__main__":
    main()
