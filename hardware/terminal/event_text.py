"""The texts of a plot's events, shared by all observers."""

from hardware.job.formatting import amount_text, duration_text
from hardware.plotting.events import Connected, Finished, Note, PassBegun, PlotEvent, PlotFault, PlotProgress, Prompt
from hardware.plurals import counted

KEYS = {
    "done": "d", "resume": "g", "go-on": "g", "retry": "g", "redo": "r", "skip": "s", "pass": "b", "abort": "q",
    "home": "h", "here": "o", "still": "m", "known": "k", "test": "t", "nudge": "n",
    "set": "y", "reset": "x",
}  # fmt: skip


def line(event: PlotEvent) -> str | None:
    """Return an event as one line; None if it needs none."""
    match event:
        case Connected():
            reset = "; it restarted when the port was opened" if event.reset else ""
            buffer = f", {event.buffer_bytes} bytes of buffer" if event.buffer_bytes else ""
            return f"{event.firmware or 'a controller'} on {event.port}{buffer}{reset}"
        case Note():
            return event.text if event.level == "info" else f"{event.level}: {event.text}"
        case PassBegun():
            return (
                f"pen {event.number} of {event.passes}: {event.pen}, {amount_text(event.strokes, event.drawn_mm)},"
                f" {duration_text(event.seconds)}"
            )
        case PlotFault():
            where = f" at line {event.line}: {event.text}" if event.line else ""
            return f"{event.what}{where}: {event.meaning}; {event.remedy}"
        case Finished():
            drawn = f"{event.strokes} of {counted(event.of_strokes, 'stroke')}"
            return f"{event.text}; {drawn} in {duration_text(event.elapsed_s)}"
        case _:
            return None


def progress(event: PlotProgress) -> str:
    """Return `pen 1 of 3 black 0.5: stroke 14 of 120, 1.42 of 6.41 m, 8:12 drawn, 19:40 left`."""
    return (
        f"pen {event.number} of {event.passes} {event.pen}: stroke {event.stroke} of {event.strokes},"
        f" {metres(event)}, {duration_text(event.elapsed_s)} drawn, {duration_text(event.left_s)} left"
    )


def metres(event: PlotProgress) -> str:
    return f"{event.drawn_mm / 1000:.2f} of {event.total_mm / 1000:.2f} m"


def question(prompt: Prompt) -> list[str]:
    """Return a prompt as lines of text, with the keys that answer it."""
    pen = "The pen is up." if prompt.pen_up else "The pen may be down: lift it by hand."
    rows = [prompt.title, f"{sentence(prompt.text)} {pen}"]
    for choice in prompt.choices:
        key = f"{KEYS[choice.key]}" + (" or Enter" if choice.key == prompt.default else "")
        if choice.key == "nudge":
            key = "n X Y Z"
        rows.append(f"  {key:<10}  {choice.label}")
    return rows


def sentence(text: str) -> str:
    """Return a text with a capital letter and a full stop."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
