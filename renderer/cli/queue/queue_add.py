"""`render queue add`."""

from pathlib import Path
from typing import Any

from hardware.starters import spec_path
from renderer.cli import printing
from renderer.cli.codes import DONE
from renderer.cli.queue.database import opened, print_jobs, user_name
from renderer.studio.queue import requests
from renderer.studio.queue.submission import JobOptions, new_jobs


def add(*, what: tuple[Path, ...], db: str | None, as_json: bool, **options: Any) -> int:
    """Add the jobs of all files, or none if one is wrong. Raises StudioError, and what `submission.new_jobs` raises."""
    wanted = JobOptions(**{name: value for name, value in options.items() if value is not None})
    news = [pair for path in map(spec_path, what) for pair in new_jobs(path, wanted, printing.say)]
    with opened(db) as store:
        print_jobs(requests.add_all(store, news, user_name()), as_json, "added")
    return DONE
