"""Writes the pictures of docs/studio-photo.md: `python docs/studio_photo.py`. Needs Chromium and a free minute.

A page is served on this machine. A curator brings a painting of the repository, compares two styles, edits the spec.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PICTURE = ROOT / "specs" / "targets" / "scream_study.png"
RENDER = [sys.executable, "-c", "from renderer.cli import main; main()"]
PATIENCE_MS = 300_000


def shot(page: Any, name: str, *, full: bool = False) -> None:
    """A picture of the page as a small JPEG."""
    image = Image.open(io.BytesIO(page.screenshot(full_page=full))).convert("RGB")
    image.save(DOCS / f"studio-{name}.jpg", quality=72, optimize=True)


def drawn(page: Any, count: int = 1) -> None:
    """Wait until so many drafts are there."""
    page.locator(".drawn .holds").nth(count - 1).wait_for()
    page.locator(".drawn.waiting").first.wait_for(state="detached")


def story(page: Any, address: str) -> None:
    """From the picture to the spec."""
    page.goto(f"{address}/photos")
    page.locator("[name=file]").set_input_files(str(PICTURE))
    drawn(page)
    page.locator("label.rack", has_text="stabilo").click()
    page.get_by_label("curves").check(force=True)
    drawn(page)
    shot(page, "photo")
    page.get_by_role("link", name="another style").click()
    drawn(page, 2)
    shot(page, "variants")
    page.get_by_role("button", name="Write its spec, to edit it").click()
    page.locator("#spec-text").wait_for()
    drawn(page)
    text = page.locator("#spec-text").input_value()
    page.locator("#spec-text").fill(text.replace("layers:", "layres:"))
    page.locator("#faults button").first.wait_for()
    shot(page, "spec", full=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "specs").mkdir()
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        command = [*RENDER, "serve", "--port", "8761", "--db", str(folder / "queue.db")]
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            links = [server.stdout.readline() for _ in range(3)]
            link = next(line.split()[1] for line in links if line.startswith("curator"))
            time.sleep(1)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1180, "height": 860})
                page.set_default_timeout(PATIENCE_MS)
                page.goto(link)
                story(page, "http://127.0.0.1:8761")
                browser.close()
            server.terminate()


if __name__ == "__main__":
    main()
