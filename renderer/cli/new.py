"""`render new`: a picture to a spec, with what was chosen and why."""

import dataclasses
import shlex
from pathlib import Path
from typing import Any

from hardware import starters
from renderer.cli import printing
from renderer.cli.codes import DONE
from renderer.new_spec import NewSpecRequest, new_spec


def write_spec(*, as_json: bool, **options: Any) -> int:
    """Write a spec. The file name goes to stdout, everything else to stderr. Raises NewSpecError, StarterError."""
    made = new_spec(NewSpecRequest(**options))
    for decision in made.decisions:
        printing.say(f"{decision.field}: {decision.value} ({decision.why})")
    for warning in made.warnings:
        printing.say(f"warning: {warning}")
    for line in _next(made.path):
        printing.say(line)
    if as_json:
        decisions = [dataclasses.asdict(decision) for decision in made.decisions]
        printing.as_json({"spec": str(made.path), "decisions": decisions, "warnings": list(made.warnings)})
    else:
        printing.data(str(made.path))
    return DONE


def _next(path: Path) -> list[str]:
    """The next commands."""
    spec = shlex.quote(str(path))
    return [
        "",
        f"render {spec} --draft   a quick look",
        f"render {spec}           the drawing",
        f"render plan {spec}      what it takes",
        "",
        f"The racks and machines that come with the program are in {starters.folder()}; to use your own, copy one,",
        "measure your pens or machine, and name the file with --pens or --machine.",
    ]
