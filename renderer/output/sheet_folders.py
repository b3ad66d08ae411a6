"""A drawing on several sheets -> a folder for each sheet, which plans, plots and queues like a render of its own."""

import json
from dataclasses import replace
from pathlib import PurePosixPath

from hardware.drawing import Drawing
from hardware.drawing_part import PartError
from hardware.estimate import Estimate, PenEstimate, estimate
from hardware.machine import Machine
from hardware.machine_files import files as program_files
from hardware.machine_files import suffix_of
from hardware.program import ProgramError, program
from hardware.svgfile import to_svg
from hardware.tiling import tiles
from renderer import preview
from renderer.manifest import FORMAT, MADE_BY, drawing_record
from renderer.output.picture_file import png
from renderer.report import to_image
from renderer.result import Result

FOLDER = "sheets"
_PREVIEW_PX = 800  # the longer side


def sheet_files(result: Result, key: str) -> tuple[Result, dict[str, bytes], Estimate | None]:
    """The files of all sheets by their path in the folder, and what they take together.

    A drawing that cannot be distributed, or that the machine cannot draw, gets a note, not an error.
    """
    wanted = result.work.tiles
    assert wanted is not None
    try:
        sheets = tiles(result.drawing, wanted.tiling)
        plans = [] if wanted.machine is None else [_planned(sheet.drawing, wanted.machine) for sheet in sheets]
    except (PartError, ProgramError) as error:
        return replace(result, notes=(*result.notes, f"there are no sheets: {error}")), {}, None
    made: dict[str, bytes] = {}
    for number, sheet in enumerate(sheets):
        plan = plans[number] if plans else None
        name = result.work.sheet_names[number]
        for file, content in _files(name, sheet.drawing, wanted.machine, plan, key).items():
            made[f"{FOLDER}/{sheet.name}/{file}"] = content
    return result, made, _together(result.drawing, plans) if plans else None


def sheet_folders(files: dict[str, bytes]) -> list[str]:
    """The folders of the sheets among these files."""
    return sorted({str(PurePosixPath(*PurePosixPath(path).parts[:2])) for path in files if path.startswith(FOLDER)})


def _planned(drawing: Drawing, machine: Machine) -> Estimate:
    return estimate(program(drawing, machine), machine)


def _files(name: str, drawing: Drawing, machine: Machine | None, plan: Estimate | None, key: str) -> dict[str, bytes]:
    made = {"drawing.svg": to_svg(drawing, key).encode()}
    if machine is not None:
        folder = suffix_of(machine)
        made |= {f"{folder}/{file}": text.encode("ascii") for file, text in program_files(drawing, machine).items()}
    picture = preview.picture(drawing, _PREVIEW_PX / max(drawing.width_mm, drawing.height_mm))
    made["preview.png"] = png(to_image(picture), px_per_mm=picture.shape[2] / drawing.width_mm)
    record = {
        "made_by": MADE_BY,
        "format": FORMAT,
        "name": name,
        "title": drawing.title,
        "spec": {"resolved": {"machine": machine and machine.model_dump(mode="json")}},
        **drawing_record(drawing, plan),
    }
    made["manifest.json"] = (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()
    return made


def _together(drawing: Drawing, plans: list[Estimate]) -> Estimate:
    """What all sheets take, by the passes of the complete drawing; each sheet has its own pen changes."""
    parts = [pen for plan in plans for pen in plan.pens]
    pens = []
    for number, one in enumerate(drawing.passes, 1):
        own = [part for part in parts if part.layer == one.layer and part.pen.is_same(one.pen)]
        pens.append(
            PenEstimate(
                number,
                one.pen,
                one.layer,
                len(one.lines),
                sum(part.drawn_mm for part in own),
                sum(part.travel_mm for part in own),
                sum(part.lifts for part in own),
                sum(part.seconds for part in own),
            )
        )
    return Estimate(
        tuple(pens),
        sum(plan.seconds for plan in plans),
        sum(plan.drawn_mm for plan in plans),
        sum(plan.travel_mm for plan in plans),
        sum(plan.lifts for plan in plans),
        sum(plan.pen_changes for plan in plans),
        sum(plan.pen_change_s for plan in plans),
        sum(plan.refills for plan in plans),
    )
