"""Make the pictures of a plot on the page: a finished work is plotted on the simulator, from the page, in Chromium.

python docs/studio_pictures.py gallery/great_wave_curves docs

It starts the page and a worker, as a person would, and releases, answers and clears in the browser. It writes
studio-live-1.webp to studio-live-3.webp while the drawing grows, and studio-done.webp.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

RENDER = [sys.executable, "-c", "from renderer.cli import main; main()"]
MACHINE, QUEUE = "specs/machines/gantry_grbl_servo.yaml", "/machines/gantry%20with%20a%20servo"
SHARES = (0.2, 0.5, 0.85)
WIDTH_PX = 900
PATIENCE_MS = 120_000


@contextmanager
def started(*command: str) -> Iterator[None]:
    """A program of the studio, as long as the block lasts."""
    process = subprocess.Popen([*RENDER, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


def keep(page: Any, path: Path) -> None:
    """A picture of what the window shows, small enough for a repository."""
    shown = Image.open(BytesIO(page.screenshot())).convert("RGB")
    shown = shown.resize((WIDTH_PX, round(shown.height * WIDTH_PX / shown.width)), Image.Resampling.LANCZOS)
    shown.save(path, quality=70, method=6)


def plot(page: Any, address: str, folder: Path) -> None:
    """From the release to the cleared sheet."""
    page.get_by_role("button", name="Release").first.click()
    page.goto(address + QUEUE)
    page.get_by_role("button", name="The machine is ready").click()
    page.get_by_role("button", name="A new sheet is in place").click()
    wanted = list(enumerate(SHARES, 1))
    while page.get_by_role("heading", name="Clear the sheet").count() == 0:
        for button in page.get_by_role("button", name="Continue").all():
            button.click()
        if wanted and page.evaluate("document.querySelector('.front progress')?.value ?? 0") >= wanted[0][1]:
            keep(page, folder / f"studio-live-{wanted.pop(0)[0]}.webp")
        time.sleep(0.3)
    page.get_by_role("button", name="The sheet is off the bed").click()
    page.get_by_role("heading", name="Ready").wait_for()
    page.goto(f"{address}/pieces/1")
    page.locator("#connection.live").wait_for()
    keep(page, folder / "studio-done.webp")


def main(work: Path, folder: Path) -> None:
    """Plot a finished work and write the pictures."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    port, address = free_port(), ""
    with tempfile.TemporaryDirectory() as place, ExitStack() as programs:
        db = ("--db", str(Path(place) / "queue.db"))
        subprocess.run([*RENDER, "queue", "add", str(work), "--machine", MACHINE, *db], check=True)
        programs.enter_context(started("serve", "--port", str(port), *db))
        programs.enter_context(started("worker", "--kind", "plot", "--machine", MACHINE, "--port", "sim:speed=30", *db))
        links = subprocess.run(
            [*RENDER, "serve", "--links", "--json", "--port", str(port), *db], check=True, capture_output=True
        )
        address = f"http://127.0.0.1:{port}"
        browser = programs.enter_context(sync_playwright()).chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(json.loads(links.stdout)["links"]["operator"])
        page.wait_for_url(f"{address}/")
        plot(page, address, folder)
        browser.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
