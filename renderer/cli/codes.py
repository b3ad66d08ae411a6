"""Errors to exit codes and messages."""

DONE, FAILED, USAGE, DEVICE, INTERRUPTED = 0, 1, 2, 3, 130

# By name, because importing them all takes a second, which is too long for `render --help`.
CODES = {
    "SpecErrors": USAGE,
    "MachineError": USAGE,
    "RackError": USAGE,
    "NewSpecError": USAGE,
    "StarterError": USAGE,
    "ExampleError": USAGE,
    "CompareError": USAGE,
    "CardError": USAGE,
    "MeasureError": FAILED,
    "AssetError": FAILED,
    "TargetError": FAILED,
    "RenderError": FAILED,
    "OutputError": FAILED,
    "PlaceError": USAGE,
    "StrokesError": USAGE,
    "SvgError": FAILED,
    "PartError": USAGE,
    "ProgramError": FAILED,
    "GalleryError": USAGE,
    "WorkError": FAILED,
    "ClusterError": DEVICE,
    "EngineError": FAILED,
    "FilmError": FAILED,
    "PrintError": FAILED,
    "JobError": FAILED,
    "JournalError": FAILED,
    "PortError": DEVICE,
    "ControllerError": DEVICE,
    "DeviceError": DEVICE,
    "StudioError": FAILED,
}


def code_of(error: Exception) -> int | None:
    """The exit code of an error that the library foresees; None for any other."""
    ours = [kind for kind in type(error).__mro__ if kind.__module__.split(".")[0] in {"renderer", "hardware"}]
    return next((CODES[kind.__name__] for kind in ours if kind.__name__ in CODES), None)


def error_text(error: Exception) -> str:
    """The message of a foreseen error. Faults of a spec have no prefix, so that editors can find their places."""
    return str(error) if type(error).__name__ == "SpecErrors" else f"render: {error}"


def unexpected(error: Exception) -> str:
    """The message of an error that the library does not foresee."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"render: unexpected error: {' '.join(what.split())} (please report; RENDER_DEBUG=1 shows the traceback)"
