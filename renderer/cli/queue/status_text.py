"""The states of jobs in a few words."""

from typing import Any

from renderer.studio.queue.states import state_text


def status_text(state: str, wanted: str, progress: dict[str, Any]) -> str:
    """The state, progress and request of a job: `running 40 %`, `queued, held`."""
    share = progress.get("share")
    done = f" {share:.0%}" if state == "running" and share is not None else ""
    pause = {"queued": ", held", "paused": ""}.get(state, ", pausing")
    asked = {"pause": pause, "cancel": ", stopping", "emergency": ", emergency stop"}.get(wanted, "")
    return f"{state_text(state)}{done}{asked}"
