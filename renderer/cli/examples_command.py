"""`render examples`: lists what comes with the program, or writes it as files to edit."""

from pathlib import Path

from renderer.cli import printing
from renderer.cli.codes import DONE
from renderer.examples import examples, written


def examples_command(*, names: tuple[str, ...], out: Path, force: bool, as_json: bool) -> int:
    """List the examples, or write those that are named. Raises ExampleError."""
    if names:
        return _write(names, out.expanduser(), force, as_json)
    if as_json:
        printing.as_json([{"kind": one.kind, "name": one.name, "title": one.title} for one in examples()])
        return DONE
    for one in examples():
        printing.data(f"{one.kind:<8} {one.name:<26} {one.title}")
    return DONE


def _write(names: tuple[str, ...], out: Path, force: bool, as_json: bool) -> int:
    files = [str(path) for name in names for path in written(name, out, force)]
    if as_json:
        printing.as_json({"files": files})
    for file in () if as_json else files:
        printing.data(file)
    return DONE
