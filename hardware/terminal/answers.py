"""Keys and lines from people -> commands and answers."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from hardware.plotting.control import Control
from hardware.plotting.events import Prompt
from hardware.terminal.event_text import KEYS

STEP_MM = 0.1
ENTER = {"\r", "\n"}
LOOK_S = 0.02
COMMANDS = {"p", "P", "q", "e"}
_ARROWS = {"\x1b[A": (0.0, 1.0), "\x1b[B": (0.0, -1.0), "\x1b[C": (1.0, 0.0), "\x1b[D": (-1.0, 0.0)}


def on_key(control: Control, key: str) -> bool:
    """Handle a key: `e` stops everything at once; any other is an answer or a command. Return whether it is one."""
    if key == "e":
        control.emergency()
        return True
    if (prompt := control.prompt) is not None:
        return _answered(control, prompt, key)
    if key in {"p", "P"}:
        control.pause(now=key == "P")
    elif key == "q":
        control.abort()
    elif key in {*ENTER, "g"}:
        control.resume()
    return True


def _answered(control: Control, prompt: Prompt, key: str) -> bool:
    offered = {choice.key for choice in prompt.choices}
    if "nudge" in offered and key in _ARROWS:
        x, y = _ARROWS[key]
        control.answer(prompt.id, "nudge", x=x * STEP_MM, y=y * STEP_MM)
        return True
    if "nudge" in offered and key in {"+", "-"}:
        control.answer(prompt.id, "nudge", z=STEP_MM if key == "+" else -STEP_MM)
        return True
    if key in ENTER and not prompt.default:
        control.resume()  # asks again
        return False
    chosen = prompt.default if key in ENTER else next((c for c in offered - {"nudge"} if KEYS[c] == key), None)
    if chosen is not None:
        control.answer(prompt.id, chosen)
    return chosen is not None


def on_line(control: Control, line: str) -> None:
    """Handle a typed or piped line: a key, the name of a choice, or `n X Y Z`.

    An answer waits for its question, so that all answers can be given in advance.
    """
    text = line.strip()
    if text in COMMANDS:
        on_key(control, text)
        return
    _until(lambda: control.prompt is not None)
    prompt = control.prompt
    if prompt is not None and _typed_answer(control, prompt, text):
        _until(lambda: control.prompt is not prompt)


def _typed_answer(control: Control, prompt: Prompt, text: str) -> bool:
    offered = {choice.key for choice in prompt.choices}
    name, *rest = text.split() or [""]
    if name in {"n", "nudge"} and "nudge" in offered:
        with suppress(ValueError):
            control.answer(prompt.id, "nudge", **dict(zip("xyz", map(float, rest[:3]), strict=False)))
            return True
        return False
    if name in offered:
        control.answer(prompt.id, name)
        return True
    return len(name) <= 1 and _answered(control, prompt, name or "\n")


def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(LOOK_S)


def on_json_line(control: Control, line: str) -> None:
    """Handle a line of JSON: `{"answer": 3, "choice": "done"}` or `{"do": "pause"}`. Other lines are ignored.

    Commands are pause, pause now, resume, abort and emergency.
    """
    try:
        message: Any = json.loads(line)
        if "answer" in message:
            values = {name: float(message[name]) for name in "xyz" if name in message}
            control.answer(int(message["answer"]), str(message["choice"]), **values)
            return
        match message.get("do"):
            case "pause":
                control.pause()
            case "pause now":
                control.pause(now=True)
            case "resume":
                control.resume()
            case "abort":
                control.abort()
            case "emergency":
                control.emergency()
    except (ValueError, KeyError, TypeError, AttributeError):
        return


@contextmanager
def listening(control: Control, *, as_json: bool) -> Iterator[None]:
    """Read keys of a terminal, or lines of a pipe, in a separate thread during the block."""
    if as_json or not sys.stdin.isatty():
        read = on_json_line if as_json else on_line
        threading.Thread(target=_lines, args=(control, read), daemon=True).start()
        yield
        return
    with _single_keys():
        threading.Thread(target=_keys, args=(control,), daemon=True).start()
        yield


def _lines(control: Control, read: Any) -> None:
    with suppress(ValueError, OSError):  # closed
        for line in sys.stdin:
            read(control, line)
        if read is on_line:
            _end_at_a_question(control)


def _end_at_a_question(control: Control) -> None:
    """Once all answers are read, stop the plot at its next question, instead of waiting for ever."""
    _until(lambda: control.prompt is not None)
    click.echo("no one can answer: stdin has ended. The plot stops here, and --resume continues it", err=True)
    control.abort()


@contextmanager
def _single_keys() -> Iterator[None]:
    """Deliver keys at once and without echo during the block."""
    try:
        import termios
        import tty
    except ImportError:  # Windows: msvcrt does this by itself
        yield
        return
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    tty.setcbreak(number)
    try:
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _keys(control: Control) -> None:
    while True:
        key = _key()
        if key is None:
            return
        on_key(control, key)


def _key() -> str | None:
    if sys.platform == "win32":
        import msvcrt

        return msvcrt.getwch()
    try:
        pressed_bytes = os.read(sys.stdin.fileno(), 8)
    except OSError:
        return None
    return pressed_bytes.decode("utf-8", "replace") if pressed_bytes else None
