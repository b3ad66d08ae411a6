import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from hardware.controllers import dialect_names, language_of
from hardware.dialect import DIALECTS, PROTOCOLS, Dialect, DialectName, dialect_of
from hardware.machine import Machine, MachineError, load_machine
from hardware.pen_lift import RelayLift, ServoLift, ZLift

MACHINES = sorted((Path(__file__).parents[2] / "specs" / "machines").glob("*.yaml"))
DIALECTS_TEXT = re.sub(r", ([^,]*)$", r" or \1", ", ".join(map(repr, get_args(DialectName))))
ALL_TEXT = re.sub(r", ([^,]*)$", r" or \1", ", ".join(map(repr, dialect_names())))
GOOD = "name: gantry\nwidth_mm: 300\nheight_mm: 200\npen_lift: {kind: servo, up: 600, down: 300}\n"


def loaded(tmp_path: Path, text: str) -> Machine:
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    return load_machine(path)


def test_there_are_machines_with_every_pen_lift_and_every_dialect() -> None:
    assert {load_machine(path).pen_lift.kind for path in MACHINES} == {"servo", "z", "relay"}
    assert {dialect_of(load_machine(path).dialect).base for path in MACHINES} == set(get_args(DialectName))


def test_every_dialect_says_whether_its_lines_are_streamed() -> None:
    assert set(PROTOCOLS) == set(get_args(DialectName))


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_a_machine_file_says_every_number_itself(path: Path) -> None:
    machine = load_machine(path)
    absent = {"ebb", "hpgl"} - {language_of(machine.dialect)} | {"stations", "reload"}
    wanted = set(Machine.model_fields) - {"centre", *absent}  # or else origin_mm
    assert machine.model_fields_set | {"sheet_corner"} == wanted  # which is the bottom left one unless the file says so


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    machine = loaded(tmp_path, GOOD)
    assert (machine.dialect, machine.origin_mm, machine.tolerance_mm) == ("grbl", (0, 0), 0.05)


def test_the_dialects_of_a_machine_are_those_that_can_be_written() -> None:
    assert set(get_args(DialectName)) == set(DIALECTS)


@pytest.mark.parametrize("model", [Machine, ServoLift, ZLift, RelayLift, Dialect])
def test_every_field_is_described_and_every_quantity_has_its_unit(model: type[BaseModel]) -> None:
    units = {"_mm": "mm", "_mm_min": "mm/min", "_mm_s2": "mm/s^2", "_s": "(s)"}
    for name, field in model.model_fields.items():
        assert field.description
        unit = next((unit for ending, unit in units.items() if re.search(f"[a-z]{ending}$", name)), "")
        assert unit in field.description or name == "pen_change_s", name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a machine file is a mapping of fields such as `name: gantry`"),
        ("a: [", "not YAML: while parsing a flow node expected the node content, but found '<stream end>'"),
        (GOOD.replace("width_mm: 300\n", ""), "width_mm: is missing"),
        (GOOD + "feed_mm_mn: 3", "feed_mm_mn: no such field; did you mean feed_mm_min?"),
        (GOOD + "colour: red", "colour: no such field"),
        (GOOD + "dialect: marlim", f"dialect: Input should be {ALL_TEXT}"),
        (GOOD + "dialect: {base: tinyg}", f"dialect.base: Input should be {DIALECTS_TEXT}"),
        (GOOD + "dialect: {paus: M0}", "dialect.paus: no such field; did you mean pause?"),
        (GOOD + "dialect: {draw: 'G1 X{x}'}", "dialect: draw: 'G1 X{x}' lacks {y}"),
        (GOOD + "dialect: {dwell: 'G4 P{time}'}", "dialect: dwell: 'G4 P{time}' cannot be filled in; in braces it can"),
        (GOOD + "dialect: {end: 'M2 é'}", "dialect: end: 'M2 é' is not a single line of plain ASCII"),
        (GOOD + "accel_mm_s2: [600, 0]", "accel_mm_s2.1: Input should be greater than 0"),
        (GOOD + "rotate: 45", "rotate: Input should be 0, 90, 180 or 270"),
        (GOOD + "centre: true\norigin_mm: [1, 2]", "`centre` and origin_mm exclude each other; leave one of"),
        (GOOD + "pen_change_mm: [301, 0]", "pen_change_mm [301, 0] is off the bed, which is 300 x 200 mm"),
        (GOOD + "feed_mm_min: 0", "feed_mm_min: Input should be greater than 0"),
        (GOOD + "accel_mm_s2: .inf", "accel_mm_s2: Input should be a finite number"),
        (GOOD + "park_mm: [0, 201]", "park_mm [0, 201] is off the bed, which is 300 x 200 mm"),
        (GOOD.replace("servo", "magnet"), "pen_lift: Input tag 'magnet' found using 'kind' does not match any of the"),
        (GOOD.replace("servo", "relay"), "pen_lift.up: does not belong here"),
        (GOOD.replace("up: 600", "upp: 600"), "pen_lift.up: is missing"),
        (GOOD.replace("up: 600", "upp: 600"), "pen_lift.upp: no such field; did you mean up?"),
        (
            GOOD.replace("servo, up: 600, down: 300", "z, up_mm: 1, down_mm: 1"),
            "pen_lift: up_mm 1 must be above down_mm 1, or write `grows: down` if a larger Z lies further down",
        ),
        (
            GOOD.replace("servo, up: 600, down: 300", "z, grows: down, up_mm: 5, down_mm: 0"),
            "pen_lift: up_mm 5 must be below down_mm 0, or write `grows: up` if a larger Z lies further up",
        ),
        (
            GOOD + "dialect: {raise_z: ['$1=254', 'G0 Z{z}']}",
            "dialect: raise_z: '$1=254' is a setting, which a controller takes only at rest; move it to `header`",
        ),
        (GOOD + "dialect: {lower_z: [M5, G4 P0]}", "dialect: lower_z: 'M5', 'G4 P0' lacks {z}"),
        (GOOD + "origin_mm: [-5, 0]\npark_mm: [1, 0]", "park_mm [1, 0] is off the bed, which reaches from [-300, 0] "),
        (
            GOOD + "bed_min_mm: [-300, -200]\npark_mm: [-301, 0]",
            "park_mm [-301, 0] is off the bed, which reaches from [-300, -200] (bed_min_mm) to [0, 0] mm",
        ),
    ],
)
def test_a_fault_is_named_with_file_and_field(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MachineError) as fault:
        loaded(tmp_path, text)
    lines = str(fault.value).splitlines()
    assert any(each.startswith(f"{tmp_path / 'm.yaml'}: {message}") for each in lines), lines


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as fault:
        loaded(tmp_path, "name: ''\nwidth_mm: wide\npen_lift: {kind: z}\n")
    assert len(str(fault.value).splitlines()) == 5


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"^no\.yaml: cannot be read: No such file or directory$"):
        load_machine("no.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MachineError, match="not a text file in UTF-8"):
        load_machine(tmp_path / "b.yaml")
