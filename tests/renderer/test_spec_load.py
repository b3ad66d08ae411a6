"""Good specs: YAML 1.2, short forms, files by name, --set and matrix; and no text raises more than a fault."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.drawing import Ink
from renderer.spec import MSE, Artwork, BlurredMSE, Curves, FreeColours, Lines, Points, RackPens
from renderer.specfile import Fault, SpecErrors, Work, load
from renderer.specfile.tree import plain
from renderer.specfile.yamltree import parse

SPECS = Path(__file__).parents[2] / "specs"
SPEC = """\
version: 1
title: Two dots
target: {image: x.png}
canvas: {paper: A5, margin_mm: 8}
pens: {rack: pens/rack.yaml}
layers:
  - points: 2
"""
RACK = """\
pens:
  - {name: black, colour: "#000000", nib_mm: 0.5}
  - {name: navy, colour: "#102050", nib_mm: 1}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("specs")
    (path / "pens").mkdir()
    (path / "spec.yaml").write_text(SPEC)
    (path / "pens" / "rack.yaml").write_text(RACK)
    (path / "x.png").touch()
    return path


def works(folder: Path, text: str, *overrides: str) -> tuple[Work, ...]:
    (folder / "scream.yaml").write_text(text)
    return load(folder / "scream.yaml", overrides)


def artwork(folder: Path, text: str, *overrides: str) -> Artwork:
    [work] = works(folder, text, *overrides)
    return work.artwork


def faults(path: Path, *overrides: str) -> tuple[Fault, ...]:
    """The faults of a spec, none where it is good. Any other exception fails the test."""
    try:
        assert load(path, overrides)
    except SpecErrors as errors:
        return errors.faults
    return ()


def value(text: str) -> object:
    tree, faults = parse(text, "x.yaml")
    assert tree is not None
    assert not faults
    return plain(tree)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1e-3", 0.001),
        ("2e3", 2000),
        (".5", 0.5),
        ("-.5E+1", -5),
        ("010", 10),
        ("0o17", 15),
        ("0xff", 255),
        ("+3", 3),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2020-01-01", "2020-01-01"),
        ("on", "on"),
        ("yes", "yes"),
        ("y", "y"),
        ("True", True),
        ("false", False),
        ("~", None),
        ("null", None),
        ("'true'", "true"),
        ('"1"', "1"),
        ("0b1", "0b1"),
        ("=", "="),
        ("-", [None]),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, meaning: object) -> None:
    found = value(text)
    assert (found, type(found)) == (meaning, type(meaning))


PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=20)
NUMBERS = st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | PRINTABLE
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PRINTABLE, inner, max_size=4))


@given(TREES)
def test_json_is_read_as_json(tree: object) -> None:
    if "<<" not in json.dumps(tree):
        assert value(json.dumps(tree, ensure_ascii=False)) == tree


def test_every_value_knows_its_place() -> None:
    tree, _ = parse('a: 1\nb:\n  - x\n  - {é: "y", z: [1,\n 22]}\n', "x.yaml")
    assert tree is not None
    places: dict[str, str] = {}

    def collect(node: object) -> None:
        for entry in getattr(node, "entries", ()):
            places[entry.key] = str(entry.place)
            collect(entry.value)
        for item in getattr(node, "items", ()):
            places[getattr(item, "text", "")] = str(item.place)
            collect(item)

    collect(tree)
    assert places == {
        "a": "x.yaml:1:1",
        "b": "x.yaml:2:1",
        "x": "x.yaml:3:5",
        "": "x.yaml:4:5",
        "é": "x.yaml:4:6",
        "z": "x.yaml:4:14",
        "1": "x.yaml:4:18",
        "22": "x.yaml:5:2",
    }


def test_a_work_is_named_by_its_file_and_knows_what_it_was_made_from(folder: Path) -> None:
    [work] = load(folder / "spec.yaml")
    assert work.name == "spec"
    assert work.folder == folder
    assert work.sources == (folder / "spec.yaml", folder / "pens" / "rack.yaml")
    assert isinstance(work.artwork.pens, RackPens)
    assert work.artwork.pens.rack.name == "rack"
    assert [pen.ink for pen in work.artwork.pens.rack.pens] == [Ink.OPAQUE, Ink.OPAQUE]
    assert work.artwork.matrix == {}


def test_short_forms_mean_their_long_ones(folder: Path) -> None:
    pens = '[{name: red, colour: "#ff0000", nib_mm: 1}]'
    layers = f"""
  - lines: 3
    loss: mse
    pens: [red]
  - curves: {{count: 1e3}}
    loss: {{blurred_mse: {{weight: 2}}}}
    pens: {pens}
  - points: 2
    loss: [mse, {{blurred_mse: }}, {{mse: {{weight: 3}}}}]
"""
    long = artwork(folder, SPEC.replace("{rack: pens/rack.yaml}", pens).replace("\n  - points: 2\n", layers))
    assert [layer.kind for layer in long.layers] == [Lines(count=3), Curves(count=1000), Points(count=2)]
    assert [[loss.term[1] for loss in layer.loss] for layer in long.layers] == [
        [MSE()],
        [BlurredMSE(weight=2)],
        [MSE(), BlurredMSE(), MSE(weight=3)],
    ]
    assert long.layers[0].pens == ("red",)
    assert long.layers[1].pens == long.pens


@pytest.mark.parametrize("kind", [Points(), Lines(), Curves()])
def test_a_kind_alone_is_a_layer_whose_count_is_planned(folder: Path, kind: Points | Lines | Curves) -> None:
    name = type(kind).__name__.lower()
    forms = (name, f"{name}:", f"{name}: auto", f"{name}: {{}}", f"{name}: {{count: auto}}")
    work = artwork(folder, SPEC.replace("  - points: 2\n", "".join(f"  - {form}\n" for form in forms)))
    assert [layer.kind for layer in work.layers] == [kind] * 5
    assert artwork(folder, SPEC, f"layers.0={name}").layers[0].kind == kind
    assert artwork(folder, SPEC, "layers.0.points.count=auto").layers[0].kind == Points()


def test_a_rack_and_a_machine_may_stand_in_the_spec(folder: Path) -> None:
    machine = "machine: {name: m, width_mm: 300, height_mm: 300, pen_lift: {kind: z, up_mm: 2, down_mm: 0}}"
    rack = '{name: own, pens: [{name: red, colour: "#ff0000", nib_mm: 1}]}'
    work = artwork(folder, SPEC.replace("pens/rack.yaml", rack) + machine)
    assert work.machine is not None
    assert work.machine.height_mm == 300
    assert isinstance(work.pens, RackPens)
    assert work.pens.rack.name == "own"


def test_aliases_repeat_a_value(folder: Path) -> None:
    text = SPEC.replace("  - points: 2\n", "  - &dots {points: 2, steps: 7}\n  - *dots\n")
    first, second = artwork(folder, text).layers
    assert first == second
    assert first.steps == 7


def test_overrides_reach_every_field_and_make_what_is_not_there(folder: Path) -> None:
    work = artwork(
        folder,
        SPEC,
        "layers.0.steps=50",
        "canvas.colour='#aabbcc'",
        "layers.0.edge.to_px=2",
        "layers.0.loss=[mse]",
        "layers.0.points=9",
        "layers.0.points.count=10",
        "title=a=b",
    )
    [layer] = work.layers
    assert (layer.steps, layer.edge.to_px, layer.kind) == (50, 2, Points(count=10))
    assert [loss.term for loss in layer.loss] == [("mse", MSE())]
    assert (work.canvas.colour, work.title) == ("#aabbcc", "a=b")


def test_an_override_may_replace_a_file_that_is_not_there(folder: Path) -> None:
    work = artwork(folder, SPEC.replace("rack.yaml", "lost.yaml"), "pens={colours: free}")
    assert work.pens == FreeColours(colours="free", nib_mm=1.0)


def test_a_matrix_makes_a_work_for_each_combination(folder: Path) -> None:
    matrix = "matrix:\n  layers.0.points.count: [1000, 2e3]\n  canvas.paper: [A5, A4]\n"
    found = works(folder, SPEC + matrix)
    assert [work.name for work in found] == [
        "scream-count-1000-paper-A5",
        "scream-count-1000-paper-A4",
        "scream-count-2e3-paper-A5",
        "scream-count-2e3-paper-A4",
    ]
    sizes = [(work.artwork.layers[0].kind.count, work.artwork.canvas.paper) for work in found]
    assert sizes == [(1000, "A5"), (1000, "A4"), (2000, "A5"), (2000, "A4")]


def test_names_of_a_matrix_tell_its_fields_apart(folder: Path) -> None:
    matrix = """
  - lines: 5
matrix:
  layers.0.points.count: [1, 2]
  layers.1.lines.count: [3]
  pens.rack: [pens/rack.yaml, [{name: red, colour: "#ff0000", nib_mm: 1}]]
  layers.0.start: [random]
"""
    names = [work.name for work in works(folder, SPEC.rstrip() + matrix)]
    assert names == [
        "scream-points-count-1-lines-count-3-pens-rack-rack-0-start-random",
        "scream-points-count-1-lines-count-3-pens-rack-2-0-start-random",
        "scream-points-count-2-lines-count-3-pens-rack-rack-0-start-random",
        "scream-points-count-2-lines-count-3-pens-rack-2-0-start-random",
    ]


def test_mappings_and_lists_of_one_are_called_by_what_tells_them_apart(folder: Path) -> None:
    matrix = """matrix:
  layers.0.loss: [mse, {lpips: {net: alex}}, [{ssim: {}}], {edges: {}}, {edges: {sigma_mm: 2}}]
"""
    names = [work.name.removeprefix("scream-loss-") for work in works(folder, SPEC + matrix)]
    assert names == ["mse", "lpips-alex", "3", "edges", "edges-2"]
    names = [work.name for work in works(folder, SPEC + "matrix: {layers.0.pens: [[black], [navy]]}\n")]
    assert names == ["scream-pens-black", "scream-pens-navy"]


def test_an_override_holds_a_field_of_the_matrix_at_one_value(folder: Path) -> None:
    found = works(folder, SPEC + "matrix: {seed: [1, 2], canvas.paper: [A5, A4]}\n", "seed=7")
    assert [(work.name, work.artwork.seed) for work in found] == [
        ("scream-seed-7-paper-A5", 7),
        ("scream-seed-7-paper-A4", 7),
    ]


def test_the_specs_folder_is_its_own_example() -> None:
    for path in sorted([*SPECS.glob("*.yaml"), *(SPECS / "paper").glob("*.yaml")]):
        assert load(path)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mangled_spec_is_read_or_refused_at_a_place_in_it(folder: Path, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SPEC) - 1))
    stop = data.draw(st.integers(start, min(start + 20, len(SPEC))))
    junk = data.draw(st.text(st.sampled_from("{}[]:,-#&*!|>'\"%@ \t\nab1.\x00é?"), max_size=6))
    mangled = SPEC[:start] + junk + SPEC[stop:]
    (folder / "mangled.yaml").write_text(mangled)
    for fault in faults(folder / "mangled.yaml"):
        assert fault.place.line <= mangled.count("\n") + 1
        assert fault.text


FIELDS = [
    "version",
    "target",
    "target.image",
    "canvas",
    "canvas.paper",
    "pens",
    "pens.rack",
    "pens.use",
    "machine",
    "layers",
    "layers.0",
    "layers.0.points",
    "layers.0.loss",
    "layers.0.pens",
    "layers.0.edge",
    "layers.0.edge.from_px",
    "matrix",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FIELDS), TREES)
def test_any_value_anywhere_is_taken_or_refused(folder: Path, field: str, tree: object) -> None:
    override = f"{field}={json.dumps(tree, ensure_ascii=False)}"
    assert all(fault.text for fault in faults(folder / "spec.yaml", override))
