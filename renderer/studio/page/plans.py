"""What a render will take, before it is made: `render plan` in a process of its own, with a time limit.

To read a picture and compare it with the pens takes half a second and libraries that a server does not need.
"""

import json
import os
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from renderer.studio.page.folders import Folders, NotFound
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import StudioError

COMMAND = (sys.executable, "-c", "from renderer.cli import main; main()", "plan", "--json")
PATIENCE_S = 60.0
AT_ONCE = threading.BoundedSemaphore(2)  # however many browsers ask


def plan_of(job: Job, folders: Folders) -> dict[str, Any]:
    """Layers, minutes and warnings, from `render plan --json`. Raises NotFound, StudioError."""
    source = Path(job.source)
    if job.kind != "render" or not folders.holds_spec(source):
        raise NotFound("there is no plan")
    try:
        return _planned(str(source), job.name, job.changes, source.stat().st_mtime_ns)
    except OSError as error:
        raise StudioError(f"{source.name}: cannot be read ({error.strerror})") from error


@lru_cache(maxsize=64)
def _planned(source: str, name: str, changes: tuple[str, ...], _changed: int) -> dict[str, Any]:
    command = [*COMMAND, *(part for change in changes for part in ("--set", change)), "--", source]
    try:
        # The page downloads nothing from the web; a worker does so, once
        with AT_ONCE:
            done = subprocess.run(
                command, capture_output=True, timeout=PATIENCE_S, check=False, env=os.environ | {"RENDER_OFFLINE": "1"}
            )
        document = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise StudioError(f"the plan was not made within {PATIENCE_S:g} s") from error
    except ValueError as error:
        raise StudioError("there is no plan: render plan says why") from error
    works = {str(work.get("name")): work for work in document.get("works", ())}
    if name not in works or "layers" not in works[name]:
        raise StudioError(str(document.get("error") or works.get(name, {}).get("error") or f"there is no work {name}"))
    work: dict[str, Any] = works[name]
    return work
