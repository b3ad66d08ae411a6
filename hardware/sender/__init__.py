"""Drives a plotter or drawing robot over a serial line: streams, asks for pens, survives what goes wrong.

    from hardware.sender import Control, Options, Plot, from_drawing, opener

    job = from_drawing(drawing, machine, "my card")
    control = Control(print)
    Plot(job, opener("/dev/ttyUSB0", machine), control, Path("my-card.journal")).run()

`hardware.sender.control` says how a plot is watched and steered. Nothing is imported before it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hardware.sender.control import Control
    from hardware.sender.job import Job, JobError
    from hardware.sender.plot import Options, Plot
    from hardware.sender.port import Port, PortError, opener
    from hardware.sender.prepare import from_drawing, from_gcode

__all__ = ["Control", "Job", "JobError", "Options", "Plot", "Port", "PortError", "from_drawing", "from_gcode", "opener"]

_HOMES = {
    "Control": "control", "Job": "job", "JobError": "job", "Options": "plot", "Plot": "plot", "Port": "port",
    "PortError": "port", "opener": "port", "from_drawing": "prepare", "from_gcode": "prepare",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"hardware.sender.{_HOMES[name]}"), name)
