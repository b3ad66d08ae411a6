"""`render queue add`."""

from pathlib import Path
from typing import Any

from renderer.cli import show
from renderer.cli.codes import DONE
from renderer.cli.queue.database import me, opened, told
from renderer.studio.queue import requests
from renderer.studio.queue.submission import Wanted, new_jobs


def add(*, what: tuple[Path, ...], db: str | None, as_json: bool, **options: Any) -> int:
    """All of them, or none where one is wrong."""
    wanted = Wanted(**options)
    news = [pair for path in what for pair in new_jobs(path, wanted, show.say)]
    with opened(db) as store:
        told(requests.add_all(store, news, me()), as_json, "added")
    return DONE
