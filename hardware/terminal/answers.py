"""What people press or type, as commands and answers."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from hardware.sender.control import Control
from hardware.terminal.words import KEYS

STEP_MM = 0.1
_ARROWS = {"\x1b[A": (0.0, 1.0), "\x1b[B": (0.0, -1.0), "\x1b[C": (1.0, 0.0), "\x1b[D": (-1.0, 0.0)}


def pressed(control: Control, key: str) -> None:
    """A key: `e` stops everything at once, whatever else is going on; else an answer, or a command."""
    if key == "e":
        control.emergency()
        return
    prompt = control.prompt
    if prompt is None:
        if key in {"p", "P"}:
            control.pause(now=key == "P")
        elif key == "q":
            control.abort()
        elif key in {"\r", "\n", "g"}:
            control.resume()
        return
    offered = {choice.key for choice in prompt.choices}
    if key in {"\r", "\n"}:
        control.answer(prompt.id, prompt.default)
    elif "nudge" in offered and key in _ARROWS:
        x, y = _ARROWS[key]
        control.answer(prompt.id, "nudge", x=x * STEP_MM, y=y * STEP_MM)
    elif "nudge" in offered and key in {"+", "-"}:
        control.answer(prompt.id, "nudge", z=STEP_MM if key == "+" else -STEP_MM)
    else:
        for choice in offered - {"nudge"}:
            if KEYS[choice] == key:
                control.answer(prompt.id, choice)


def typed(control: Control, line: str) -> None:
    """A line that was typed: a key, the name of a choice, or `n X Y Z`."""
    parts = line.split()
    prompt = control.prompt
    if parts and parts[0] in {"n", "nudge"} and prompt is not None:
        with suppress(ValueError):
            numbers = dict(zip("xyz", map(float, parts[1:4]), strict=False))
            control.answer(prompt.id, "nudge", **numbers)
        return
    if prompt is not None and line.strip() in {choice.key for choice in prompt.choices}:
        control.answer(prompt.id, line.strip())
        return
    pressed(control, line.strip()[:1] or "\n")


def asked(control: Control, line: str) -> None:
    """A line of JSON: `{"answer": 3, "choice": "done"}`, or `{"do": "pause"}`: pause, pause now, resume, abort,
    emergency. What is neither is left out.
    """
    try:
        wanted: Any = json.loads(line)
        if "answer" in wanted:
            values = {name: float(wanted[name]) for name in "xyz" if name in wanted}
            control.answer(int(wanted["answer"]), str(wanted["choice"]), **values)
            return
        match wanted.get("do"):
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
    """Keys of a terminal, or lines of a pipe, are heard by a thread of their own while the block lasts."""
    if as_json or not sys.stdin.isatty():
        read = asked if as_json else typed
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


@contextmanager
def _single_keys() -> Iterator[None]:
    """Keys come at once and are not shown."""
    try:
        import termios
        import tty
    except ImportError:  # Windows: msvcrt does so by itself
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
        pressed(control, key)


def _key() -> str | None:
    if sys.platform == "win32":
        import msvcrt

        return msvcrt.getwch()
    try:
        pressed_bytes = os.read(sys.stdin.fileno(), 8)
    except OSError:
        return None
    return pressed_bytes.decode("utf-8", "replace") if pressed_bytes else None
