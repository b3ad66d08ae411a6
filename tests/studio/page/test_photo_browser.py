"""From a photo to a queued work in a browser: with keys alone, with a draft process that is killed, and when an upload
is cut off.
"""

import io
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from test_page_browser import Studio, browser, studio, tab  # noqa: F401  fixtures

from renderer.studio.queue import listing

pytestmark = pytest.mark.browser
DRAWN_MS = 240_000  # the engine has to be imported first, beside much else


def tab_to(page: Any, selector: str, most: int = 80) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("text => document.activeElement?.matches(text)", selector):
            return
    raise AssertionError(f"no key leads to {selector}")


def drawn(page: Any, text: str) -> None:
    page.locator(".variant.now figcaption", has_text=text).wait_for()
    page.locator(".variant.now .holds").wait_for(timeout=DRAWN_MS)
    page.locator(".variant.now .drawn.waiting").wait_for(state="detached", timeout=DRAWN_MS)


def test_keys_alone_lead_from_a_photo_to_a_queued_work(browser: Any, studio: Studio) -> None:  # noqa: F811
    studio.serves()
    with tab(browser, studio, "curator") as page:
        page.goto(f"{studio.address}/photos")
        tab_to(page, "[name=file]")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(str(studio.folder / "specs" / "two.png"))
        page.wait_for_url("**/photos/two.png")
        drawn(page, "Curves")
        tab_to(page, "[name=style]")
        page.keyboard.press("ArrowRight")
        drawn(page, "Lines")
        assert page.evaluate("document.activeElement.id") == "style-lines"  # the view was drawn again around it
        tab_to(page, "[name=rack]")
        page.keyboard.press("ArrowDown")
        drawn(page, "Lines, cmyk")
        tab_to(page, "#queue-it")
        page.keyboard.press("Enter")
        page.locator(".toast", has_text="added 1 Two").wait_for(timeout=DRAWN_MS)
        assert [job.kind for job in listing.listed(studio.store)] == ["render", "plot"]
        assert "rack: cmyk" in (studio.folder / "specs/uploads/two.yaml").read_text()


def test_a_killed_draft_process_and_a_restarted_server_cost_one_change(browser: Any, studio: Studio) -> None:  # noqa: F811
    server = studio.serves()
    with tab(browser, studio, "curator") as page:
        page.goto(f"{studio.address}/photos")
        page.locator("[name=file]").set_input_files(str(studio.folder / "specs" / "two.png"))
        page.wait_for_url("**/photos/two.png")
        drawn(page, "Curves")
        [process] = drafters(server.pid)
        page.locator("label.pill", has_text="hatching").click()
        os.kill(process, signal.SIGKILL)
        page.locator(".variant.now .holds, .variant.now .bad").first.wait_for(timeout=DRAWN_MS)
        page.locator("label.pill", has_text="lines").first.click()
        drawn(page, "Lines")
        [process] = drafters(server.pid)
        page.locator("label.pill", has_text="waves").click()
        server.kill()
        server.wait()
        page.locator(".variant.now .bad, #connection.lost").first.wait_for(timeout=DRAWN_MS)
        assert not alive(process)
        studio.serves()
        page.reload()
        drawn(page, "Waves")
        page.said.clear()  # a browser reports each answer that failed


def test_an_upload_that_is_cut_off_leaves_nothing(browser: Any, studio: Studio) -> None:  # noqa: F811
    studio.serves()
    file = io.BytesIO()
    Image.effect_noise((1200, 900), 90).save(file, "PNG")
    with tab(browser, studio, "curator") as page:
        page.goto(f"{studio.address}/photos")
        page.route("**/uploads/*", lambda route: route.abort())
        page.locator("[name=file]").set_input_files(
            [{"name": "noise.png", "mimeType": "image/png", "buffer": file.getvalue()}]
        )
        page.locator(".toast.error", has_text="noise.png").wait_for()
        assert not (studio.folder / "specs/uploads").exists()
        page.said.clear()


def drafters(server: int) -> list[int]:
    """The processes of a server that make drafts."""
    children: list[int] = []
    for task in Path(f"/proc/{server}/task").iterdir():  # a thread starts them
        children += map(int, (task / "children").read_text(encoding="utf-8").split())
    return sorted({one for one in children if b"draft_process" in command(one)})


def command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists() and b"draft_process" in command(process)
