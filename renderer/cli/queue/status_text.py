"""How jobs stand, in a few words."""

from typing import Any

from renderer.studio.queue.states import said


def stand(state: str, wanted: str, progress: dict[str, Any]) -> str:
    """`running 40 %`, `queued, held`."""
    share = progress.get("share")
    done = f" {share:.0%}" if state == "running" and share is not None else ""
    pause = {"queued": ", held", "paused": ""}.get(state, ", pausing")
    asked = {"pause": pause, "cancel": ", stopping", "emergency": ", emergency stop"}.get(wanted, "")
    return f"{said(state)}{done}{asked}"
