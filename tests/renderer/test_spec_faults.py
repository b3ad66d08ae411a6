"""The messages about bad specs and bad files, word for word."""

# ruff: noqa: E501  a table of messages is read line by line

from pathlib import Path

import pytest

from renderer.spec import KINDS, Loss
from renderer.specfile import SpecErrors, load

KINDS_TEXT, LOSSES = ", ".join(KINDS), ", ".join(Loss.model_fields)

GOOD = """\
version: 1
title: Two dots
target: {image: x.png}
canvas: {paper: A5, margin_mm: 8}
pens: {rack: rack.yaml, use: 1}
machine: machine.yaml
layers:
  - points: {count: 2}
    loss: [mse]
"""
RACK = """\
name: drawer
pens:
  - {name: black, colour: "#000000", nib_mm: 0.5}
  - {name: navy, colour: "#102050", nib_mm: 1}
"""
MACHINE = """\
name: gantry
width_mm: 300
height_mm: 230
pen_lift: {kind: servo, up: 60, down: 40}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a spec, a rack, a machine and a target."""
    for name, text in (("spec.yaml", GOOD), ("rack.yaml", RACK), ("machine.yaml", MACHINE), ("x.png", "pixels")):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults(*overrides: str, path: str = "spec.yaml") -> list[str]:
    with pytest.raises(SpecErrors) as caught:
        load(path, overrides)
    assert str(caught.value) == "\n".join(map(str, caught.value.faults))
    return str(caught.value).split("\n")


def test_the_spec_that_the_bad_ones_are_made_of_is_good(folder: Path) -> None:
    assert len(load("spec.yaml")) == 1


def test_paper_that_fits_the_bed_in_one_way_may_lie_in_that_way(folder: Path) -> None:
    assert len(load("spec.yaml", ("canvas.paper=A4",))) == 1
    assert len(load("spec.yaml", ("canvas.paper=A4", "canvas.orientation=landscape"))) == 1


# fmt: off
CHANGES = [
    # keys
    ("{count: 2}", "{cuont: 2}", "8:14: layers.0.points.cuont: unknown key 'cuont'; did you mean 'count'?"),
    ("margin_mm: 8", "margin: 8", "4:21: canvas.margin: unknown key 'margin'; did you mean 'margin_mm'?"),
    ("margin_mm: 8", "margin_cm: 0.8", "4:21: canvas.margin_cm: unknown key 'margin_cm'; did you mean 'margin_mm'?"),
    ("margin_mm: 8", 'color: "#ffffff"', "4:21: canvas.color: unknown key 'color'; did you mean 'colour'?"),
    ("margin_mm: 8", "zoom: 8", "4:21: canvas.zoom: unknown key 'zoom'; the keys here are paper, orientation, margin_mm, overhang, colour, px_per_mm"),
    ("machine:", "margin_mm: 9\nmachine:", "6:1: margin_mm: unknown key 'margin_mm'; it belongs below 'canvas', one level further in"),
    ("{count: 2}", "{count: 2, steps: 9}", "8:24: layers.0.points.steps: unknown key 'steps'; it belongs beside 'points', one level further out"),
    ("[mse]", "[{mse: , weight: 2}]", "9:20: layers.0.loss.0.weight: unknown key 'weight'; it belongs below 'mse', one level further in"),
    ("[mse]", "[{vgg: {net: vgg}}]", f"9:13: layers.0.loss.0.vgg: 'vgg' is not one of {LOSSES}"),
    ("[mse]", "{lpips: {net: vgg19}}", "9:25: layers.0.loss.0.lpips.net: 'vgg19' is not one of vgg, alex, squeeze"),
    ("[mse]", "{lpips: {net: alex, weights: stylised_imagenet}}", "9:40: layers.0.loss.0.lpips.weights: stylised_imagenet is for vgg only; use net: vgg, or name a file with weights of alexnet"),
    ("[mse]", "{features: {layers: [relu3_3, relu6_1]}}", "9:41: layers.0.loss.0.features.layers.1: vgg16 has no layer 'relu6_1'; did you mean 'relu5_1'?"),
    ("[mse]", "{features: {layers: [relu3_3, relu3_3]}}", "9:41: layers.0.loss.0.features.layers.1: relu3_3 is listed twice; keep one"),
    ("[mse]", "{features: {net: alexnet, layers: [top]}}", "9:46: layers.0.loss.0.features.layers.0: alexnet has no layer 'top'; it has conv1, relu1, pool1, conv2, relu2, pool2, conv3, relu3, conv4, relu4, conv5, relu5, pool5"),
    ("[mse]", "{features: {layer_weights: [1, 2]}}", "9:38: layers.0.loss.0.features.layer_weights: has 2 weights for 5 layers"),
    ("[mse]", "{features: {layers: [relu1_1], layer_weights: [0]}}", "9:57: layers.0.loss.0.features.layer_weights: are all 0; at least one layer must count"),
    ("[mse]", "{features: {net: alexnet, weights: stylised_imagenet}}", "9:46: layers.0.loss.0.features.weights: stylised_imagenet is for vgg16 only; use net: vgg16, or name a file with weights of alexnet"),
    ("[mse]", "{features: {weights: imagnet}}", "9:32: layers.0.loss.0.features.weights: 'imagnet' is neither imagenet nor stylised_imagenet nor a file of weights beside the spec"),
    ("[mse]", "{gram: {weights: own.pth}}", "9:28: layers.0.loss.0.gram.weights: no file 'own.pth' beside the spec (looked in .); the folder has no such files"),
    ("[mse]", "{mse: {region: y.png}}", "9:26: layers.0.loss.0.mse.region: no file 'y.png' beside the spec (looked in .); did you mean 'x.png'?"),
    ("[mse]", "{gram: {style: y.png}}", "9:26: layers.0.loss.0.gram.style: no file 'y.png' beside the spec (looked in .); did you mean 'x.png'?"),
    ("[mse]", "{lpips: {augment: {crop: 0}}}", "9:36: layers.0.loss.0.lpips.augment.crop: 0 is too small; use more than 0.1"),
    ("title: Two dots\n", "", "1:1: the key 'title' is missing (title of the artwork)"),
    ("{count: 2}", "{count: many}", "8:21: layers.0.points.count: 'many' is a string; a whole number is needed"),
    ("points: {count: 2}", "points: Auto", "8:13: layers.0.points.count: 'Auto' is a string; a whole number is needed"),
    ("points: {count: 2}\n    loss: [mse]", "point", f"8:5: layers.0: 'point' is a string; a mapping is needed, with keys from {KINDS_TEXT}, name, pens, loss, steps, patience, tile_mm, start, fill, stages, form, cost, edge, temperature, rates"),
    ("machine: machine.yaml", "budget: {}", "6:9: budget: needs exactly one of minutes, metres, strokes; found none"),
    ("machine: machine.yaml", "budget: {minutes: 3, metres: 2}", "6:9: budget: needs exactly one of minutes, metres, strokes; found minutes and metres"),
    ("machine: machine.yaml", "budget: 60", "6:9: budget: 60 is a number; a mapping is needed, with keys from minutes, metres, strokes"),
    ("machine: machine.yaml", "budget: {hours: 1}", "6:10: budget.hours: unknown key 'hours'; the keys here are minutes, metres, strokes"),
    ("machine: machine.yaml", "budget: {minutes: 0}", "6:19: budget.minutes: 0 is too small; use more than 0"),
    ("{image: x.png}", "{image: x.png, tone: soft}", "3:30: target.tone: 'soft' is not one of auto, none"),
    ("{image: x.png}", "{image: x.png, tone: }", "3:30: target.tone: has no value; write auto or none"),
    ("margin_mm: 8", "orientation: wide", "4:34: canvas.orientation: 'wide' is not one of auto, portrait, landscape"),
    ("points: {count: 2}", "steps: 2", f"8:5: layers.0: needs exactly one of {KINDS_TEXT}; found none"),
    ("points: {count: 2}", "points: 2\n    lines: 3", f"8:5: layers.0: needs exactly one of {KINDS_TEXT}; found points and lines"),
    # numbers
    ("margin_mm: 8", "margin_mm: 8mm", "4:32: canvas.margin_mm: '8mm' is a string; write the number alone: 8 (the unit is in the name)"),
    ("margin_mm: 8", "margin_mm: 0.8 cm", "4:32: canvas.margin_mm: '0.8 cm' is a string; write the number alone: 8 (the unit is in the name)"),
    ("margin_mm: 8", 'margin_mm: "8"', "4:32: canvas.margin_mm: '8' is in quotes; write the number alone: 8"),
    ("margin_mm: 8", "margin_mm: wide", "4:32: canvas.margin_mm: 'wide' is a string; a number is needed"),
    ("margin_mm: 8", "margin_mm: true", "4:32: canvas.margin_mm: true is a truth value; a number is needed"),
    ("margin_mm: 8", "margin_mm: ", "4:32: canvas.margin_mm: has no value; a number is needed"),
    ("margin_mm: 8", "margin_mm: -1", "4:32: canvas.margin_mm: -1 is too small; use at least 0"),
    ("margin_mm: 8", "margin_mm: .nan", "4:32: canvas.margin_mm: .nan is not a finite number; write a finite one"),
    ("margin_mm: 8", "margin_mm: 1e999", "4:32: canvas.margin_mm: 1e999 is not a finite number; write a finite one"),
    ("margin_mm: 8", "margin_mm: 80", "4:32: canvas.margin_mm: margins of 80 mm leave less than 10 mm of a 148 x 210 mm sheet; use at most 69"),
    ("margin_mm: 8", "px_per_mm: 0", "4:32: canvas.px_per_mm: 0 is too small; use more than 0"),
    ("count: 2", "count: 2.5", "8:21: layers.0.points.count: 2.5 is not a whole number"),
    ("points: {count: 2}", "points: many", "8:13: layers.0.points.count: 'many' is a string; a whole number is needed"),
    ("count: 2", "count: 200001", "8:21: layers.0.points.count: 200001 is too large; use at most 200000"),
    # words, lists, mappings
    ("version: 1", "version: 2", "1:10: version: must be 1, not 2"),
    (
        "A5",
        "A55",
        "4:17: canvas.paper: 'A55' is not a paper; write A0 to A7, B0 to B7, JIS B4, letter, legal, tabloid, ANSI C, "
        "Arch C, pad 9x12, or {width_mm: 200, height_mm: 150}",
    ),
    ("A5", "A5 Landscape", "4:17: canvas.paper: 'A5 Landscape' is two values; write paper: A5, orientation: landscape"),
    ("margin_mm: 8", "margin_mm: 8,5", "4:34: canvas.5: the comma ends the number before it; write a decimal point: 8.5"),
    ("margin_mm: 8", "margin_mm: '8,5'", "4:32: canvas.margin_mm: '8,5' has a decimal comma; write a decimal point: 8.5"),
    ("rack.yaml", "pens\\rack.yaml", r"5:14: pens.rack: no file 'pens\rack.yaml' beside the spec; write folders with /, as in 'pens/rack.yaml'"),
    ("x.png", r"'C:\me\x.png'", r"3:17: target.image: 'C:\me\x.png' is a place on a Windows computer; copy the file beside the spec, and write its name alone"),
    ("x.png", r'"C:\Users\x.png"', "3:22: not YAML: a \\ that starts no escape; in double quotes write /, or use single quotes"),
    ("A5", "[210, 297]", "4:17: canvas.paper: found a list; write {width_mm: 210, height_mm: 297}"),
    (
        "A5",
        "[A4, A3]",
        "4:17: canvas.paper: found a list; for a work on each paper, write matrix: {canvas.paper: [A4, A3]} at the top "
        "of the spec",
    ),
    ("A5", "{width_mm: 100}", "4:17: canvas.paper: the key 'height_mm' is missing (height of the sheet, mm)"),
    ("title: Two dots", "title: 1893", '2:8: title: 1893 is a number; put it in quotes: "1893"'),
    ("title: Two dots", "title: ''", "2:8: title: is empty; write something"),
    ("margin_mm: 8", "colour: red", "4:29: canvas.colour: 'red' is not a colour; write #rrggbb, such as '#1e6ebe'"),
    ("canvas: {paper: A5, margin_mm: 8}", "canvas:\n  colour: #ffffff", '5:10: canvas.colour: has no value, because # starts a comment; put the colour in quotes, as in "#1e6ebe"'),
    ("canvas: {paper: A5, margin_mm: 8}", "canvas: A5", "4:9: canvas: 'A5' is a string; a mapping is needed, with keys from paper, orientation, margin_mm, overhang, colour, px_per_mm"),
    ("points: {count: 2}\n    loss: [mse]", "steps", "8:5: layers.0: 'steps' needs its own fields below it; write steps: and indent them"),
    ("[mse]", "[mse]\n    closed: on", "10:5: layers.0.closed: unknown key 'closed'; it belongs below 'curves', one level further in"),
    ("points: {count: 2}", "curves: {count: 2, closed: on}", "8:32: layers.0.curves.closed: 'on' is a string; write true or false"),
    ("[mse]", "[]", "9:11: layers.0.loss: has no loss; give at least 1"),
    ("points: {count: 2}", "lines: 2\n    start: stipple", "9:12: layers.0.start: only points can be stippled; use greedy or random for lines"),
    ("points: {count: 2}", "curves: 2\n    start: stipple", "9:12: layers.0.start: only points can be stippled; use greedy or random for curves"),
    ("loss: [mse]", "start: stippled", "9:12: layers.0.start: 'stippled' is not one of greedy, random, stipple"),
    # pens
    ("loss: [mse]", "pens: [blak]", "9:12: layers.0.pens.0: the rack has no pen named 'blak'; did you mean 'black'?"),
    ("loss: [mse]", "pens: [gold]", "9:12: layers.0.pens.0: the rack has no pen named 'gold'; it has black, navy"),
    ("loss: [mse]", "pens: black", "9:11: layers.0.pens: 'black' is a string; a list is needed: [black]"),
    ("use: 1", "use: 3", "5:30: pens.use: cannot use 3 pens out of a rack of 2"),
    ("{rack: rack.yaml, use: 1}", "[]", "5:7: pens.rack.pens: has no pens; give at least 1"),
    ("{rack: rack.yaml, use: 1}", "{colours: blue}", "5:17: pens.colours: must be free, not 'blue'"),
    ("{rack: rack.yaml, use: 1}", "{colours: free, nib_mm: {min_mm: 2, max_mm: 1}}", "5:40: pens.nib_mm.min_mm: 2 is above max_mm, which is 1"),
    # files
    ("rack.yaml", "rak.yaml", "5:14: pens.rack: no file 'rak.yaml' beside the spec (looked in .); did you mean 'rack.yaml'?"),
    ("rack.yaml", "pens/foo.yaml", "5:14: pens.rack: no file 'pens/foo.yaml' beside the spec (looked in pens); there is no such folder"),
    ("rack.yaml", "foo.yaml", "5:14: pens.rack: no file 'foo.yaml' beside the spec (looked in .); there are: machine.yaml, rack.yaml, spec.yaml"),
    ("rack.yaml", "..", "5:14: pens.rack: '..' is a folder (..); name a file"),
    ("rack.yaml", "7", "5:14: pens.rack: 7 is a number; a mapping is needed, with keys from name, pens, or the name of a file"),
    ("x.png", "painting.jpg", "3:17: target.image: no file 'painting.jpg' beside the spec (looked in .); there are: x.png"),
    ("x.png", "https://a.org/x.png", '3:17: target.image: is on the web; write image: {url: "https://a.org/x.png", sha256: "..."}'),
    ("image: x.png", "image: {url: ftp://a.org/x, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}", "3:23: target.image.url: 'ftp://a.org/x' is not a web address; write one that starts with https://"),
    ("image: x.png", "image: {url: https://a.org/x, sha256: f307}", "3:48: target.image.sha256: a sha256 has 64 hexadecimal digits, this has 4 characters"),
    ("image: x.png", "image: {url: https://a.org/x, sha256: '0000000000000000000000000000000000000000000000000000000000000000', fallback: y.png}", "3:126: target.image.fallback: no file 'y.png' beside the spec (looked in .); did you mean 'x.png'?"),
    ("A5, margin_mm: 8", "A4, orientation: portrait", "4:17: canvas.paper: the sheet is 297 mm high, but from origin_mm the bed of 'gantry' has only 230 mm; use smaller paper, rotate the sheet, or move origin_mm"),
    ("A5", "A3", "4:17: canvas.paper: the sheet is 420 mm high, but from origin_mm the bed of 'gantry' has only 230 mm; use smaller paper, rotate the sheet, or move origin_mm"),
    # YAML
    ("title: Two dots", "title: Two dots\ntitle: Three", "3:1: title: the key 'title' is here twice, first at spec.yaml:2:1; keep one"),
    ("canvas: {paper: A5", "canvas: {colour: #fff, paper: A5", '4:18: # starts a comment, so the line ends here; put the colour in quotes: "#fff"'),
    ("[mse]", "[mse", "9:11: not YAML: the bracket opened in line 9 is not closed, or a comma is missing"),
    ("    loss", "\tloss", "9:1: not YAML: a tab; indent with spaces"),
    ("    loss", "   loss", "9:4: not YAML: this line does not match the indentation or the kind of the lines from line 8 on"),
    ("title: Two dots", "title: Dots: two", "2:12: not YAML: a ':' that does not fit; put the value in quotes, indent this line like the one above, or end the one above with ':'"),
    ("title: Two dots", "title Two dots", "2:1: not YAML: a key without a value; write a colon and a space after it"),
    ("title: Two dots", "title: @two", "2:8: not YAML: a value cannot start with @; put it in quotes"),
    ("title: Two dots", 'title: "two', "2:8: not YAML: the quotes opened in line 2 are not closed"),
    ("title: Two dots", "title: \x07", "2:8: a control character, which YAML does not allow; remove it"),
    ("title: Two dots", "title: !!str two", "2:8: title: has the tag !!str; tags are not supported, remove it"),
    ("title: Two dots", "? [a]\n: b", "2:3: a key is a list or a mapping; a key must be a single word"),
    ("canvas: {paper: A5", "canvas: {<<: {}, paper: A5", "4:10: canvas.<<: merge keys are not part of YAML 1.2; write the keys out"),
    ("canvas: {paper: A5", "canvas: {paper: *x", "4:17: canvas.paper: the alias *x needs an anchor &x above it"),
    ("canvas: {paper: A5", "canvas: &x {paper: *x", "4:20: canvas.paper: the alias *x is inside the value of that name"),
    ("layers:", "---\nlayers:", "7:1: a second document starts here; keep one per file, without '---'"),
    # values that are wrong together
    ("{count: 2}", "{count: 2, diameter_mm: 0.8}", "8:37: layers.0.points.diameter_mm: 0.8 is less than the nib, 1 mm; a dot cannot be smaller than its nib"),
    ("{image: x.png}", "{image: x.png, crop: {left: 0.5, right: 0.5}}", "3:37: target.crop.left: left and right together cut off 100%; leave at least 10 %"),
    ("{image: x.png}", "{image: x.png, tone: {black: 0.5, white: 0.5}}", "3:38: target.tone.black: 0.5 is not below white, which is 0.5"),
    ("{image: x.png}", "{image: x.png, tone: {contrast: 2}}", "3:31: target.tone.contrast: unknown key 'contrast'; did you mean 'local_contrast'?"),
    ("{image: x.png}", "{image: x.png, focus: face.png}", "3:31: target.focus: no file 'face.png' beside the spec (looked in .); there are: x.png"),
    ("{image: x.png}", "{image: x.png, focus: faces}", "3:31: target.focus: 'faces' is neither auto nor none nor a picture beside the spec"),
    ("{image: x.png}", "{image: x.png, focus: 3}", '3:31: target.focus: 3 is a number; put it in quotes: "3"'),
    ("{image: x.png}", "{image: x.png, focus: }", "3:31: target.focus: has no value; text is needed"),
    ("{image: x.png}", "{image: x.png, focus: []}", "3:31: target.focus: has no focus; give at least 1"),
    ("{image: x.png}", "{image: x.png, focus: {x: 0.5, y: 0.5, radius: 0.1}}", "3:31: target.focus: found a mapping; a list is needed, each entry after '- '"),
    ("{image: x.png}", "{image: x.png, focus: [{x: 50, y: 0.5, radius: 0.1}]}", "3:36: target.focus.0.x: 50 is too large; use at most 1"),
    ("{image: x.png}", "{image: x.png, focus: [{x: 0.5, y: 0.5}]}", "3:32: target.focus.0: the key 'radius' is missing (radius: share of the picture's shorter side)"),
    ("{image: x.png}", "{image: x.png, focus: [{x: 0.5, y: 0.5, radius: 0.1, wieght: 9}]}", "3:62: target.focus.0.wieght: unknown key 'wieght'; did you mean 'weight'?"),
    ("use: 1", "only: [blak]", "5:32: pens.only.0: the rack has no pen named 'blak'; did you mean 'black'?"),
    ("use: 1", "only: [black], use: 2", "5:45: pens.use: cannot use 2 pens out of the 1 named"),
]
# fmt: on


@pytest.mark.parametrize(("old", "new", "text"), CHANGES)
def test_a_change_that_breaks_the_spec_is_told_in_one_line(folder: Path, old: str, new: str, text: str) -> None:
    assert GOOD.count(old) == 1
    (folder / "spec.yaml").write_text(GOOD.replace(old, new))
    assert faults() == [f"spec.yaml:{text}"]


def test_every_fault_is_told_at_once_each_in_its_own_file(folder: Path) -> None:
    (folder / "spec.yaml").write_text("""\
version: 1
title: The Scream
target: {image: targets/scream.png}
canvas: {paper: A5, margin: 8, margin_mm: 80}
pens: {rack: rack.yaml, use: 8}
machine: machine.yaml
layers:
  - points: {cuont: 2000}
    loss: [mse]
    steps: -4
    pens: [blak, navy]
  - curves: 500
    lines: 3
    loss: [{vgg: {net: vgg}}]
    edge: {from_px: 8px, profile: soft}
""")
    (folder / "rack.yaml").write_text(RACK.replace("nib_mm: 1", "nib_cm: 0.1") + "  - {name: navy}\n")
    (folder / "machine.yaml").write_text("name: gantry\nwidth_mm: wide\npen_lift: {kind: solenoid}\norigin_mm: [1]\n")
    assert faults("layers.9.steps=50", "seed=x") == [
        "spec.yaml:3:17: target.image: no file 'targets/scream.png' beside the spec (looked in targets); "
        "there is no such folder",
        "spec.yaml:4:21: canvas.margin: unknown key 'margin'; did you mean 'margin_mm'?",
        "spec.yaml:4:43: canvas.margin_mm: margins of 80 mm leave less than 10 mm of a 148 x 210 mm sheet; "
        "use at most 69",
        "spec.yaml:8:14: layers.0.points.cuont: unknown key 'cuont'; did you mean 'count'?",
        "spec.yaml:10:12: layers.0.steps: -4 is too small; use at least 0",
        "spec.yaml:11:12: layers.0.pens.0: the rack has no pen named 'blak'; did you mean 'black'?",
        f"spec.yaml:12:5: layers.1: needs exactly one of {KINDS_TEXT}; found lines and curves",
        f"spec.yaml:14:13: layers.1.loss.0.vgg: 'vgg' is not one of {LOSSES}",
        "spec.yaml:15:21: layers.1.edge.from_px: '8px' is a string; write the number alone: 8 (the unit is in the name)",
        "spec.yaml:15:35: layers.1.edge.profile: 'soft' is not one of smooth, gaussian",
        "--set layers.9.steps=50: layers has 2 entries, layers.0 to layers.1; there is no '9'",
        "--set seed=x: 'x' is a string; a whole number is needed",
        "machine.yaml:1:1: the key 'height_mm' is missing (travel of the y axis in mm)",
        "machine.yaml:2:11: width_mm: 'wide' is a string; a number is needed",
        "machine.yaml:3:11: pen_lift: the kind 'solenoid' is not one of servo, z, relay",
        "machine.yaml:4:12: origin_mm: has fewer than 2 entries; add what is missing",
        "rack.yaml:4:37: pens.1.nib_cm: unknown key 'nib_cm'; did you mean 'nib_mm'?",
        "rack.yaml:5:5: pens.2: the key 'colour' is missing (colour of its ink on white paper, `#rrggbb`)",
        "rack.yaml:5:5: pens.2: the key 'nib_mm' is missing (width of its stroke, mm)",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "rack.yaml:1:1: the file is empty"),
        ("pens: []\n", "rack.yaml:1:7: pens: has no pens; give at least 1"),
        ("pens:\n", "rack.yaml:1:6: pens: has no value; a list is needed, each entry after '- '"),
        ("name: mine\n", "rack.yaml:1:1: the key 'pens' is missing (the pens: `name`, `colour`, `nib_mm`, `ink`)"),
        (
            "black",
            "rack.yaml:1:1: 'black' is a string; a mapping is needed, with keys from name, pens, or the name of a file",
        ),
        (
            "pens: [black]\n",
            "rack.yaml:1:8: pens.0: 'black' is a string; a mapping is needed, with keys from name, colour, nib_mm, ink, feed_mm_min, dwell_s, "
            "down, up, offset_mm, max_draw_m, reload",
        ),
        (
            RACK.replace("navy", "black"),
            "rack.yaml:4:12: pens.1.name: two pens are named 'black'; give each pen a different name",
        ),
        (
            RACK.replace("nib_mm: 1", "nib_mm: 1, ink: shiny"),
            "rack.yaml:4:53: pens.1.ink: 'shiny' is not one of opaque, transparent",
        ),
        (RACK + "pens: []\n", "rack.yaml:5:1: pens: the key 'pens' is here twice, first at rack.yaml:2:1; keep one"),
        (
            "pens: [black\n",
            "rack.yaml:1:7: not YAML: the bracket opened in line 1 is not closed, or a comma is missing",
        ),
    ],
)
def test_a_bad_rack_is_told_at_its_own_line(folder: Path, text: str, fault: str) -> None:
    (folder / "rack.yaml").write_text(text)
    assert faults() == [fault]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "bad.yaml:1:1: the file is empty"),
        (b"# nothing yet\n", "bad.yaml:1:1: the file is empty"),
        (b"- 1\n", "bad.yaml:1:1: found a list; a spec is a mapping that starts with 'version: 1'"),
        (b"hello", "bad.yaml:1:1: found 'hello'; a spec is a mapping that starts with 'version: 1'"),
        (b"version: 1\ntitle: caf\xe9\n", "bad.yaml:2:11: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("version: 1\n".encode("utf-16"), "bad.yaml:1:1: byte 0xff is not UTF-8; save the file as UTF-8"),
        (b"# " + 1_000_000 * b"x", "bad.yaml: has more than 1000000 bytes; is it the right file?"),
        (
            b"a: " + 40 * b"[",
            "bad.yaml:1:35: a." + 30 * "0." + "0: lists and mappings are nested more than 32 deep; use fewer levels",
        ),
    ],
)
def test_a_file_that_is_no_spec_is_told_so(folder: Path, content: bytes, fault: str) -> None:
    (folder / "bad.yaml").write_bytes(content)
    assert faults(path="bad.yaml") == [fault]


def test_aliases_of_aliases_are_stopped_before_they_fill_the_memory(folder: Path) -> None:
    lines = ["a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]" for n in range(1, 30)]
    (folder / "bomb.yaml").write_text("\n".join(lines))
    assert faults(path="bomb.yaml") == [
        "bomb.yaml:5:5: a4.6: more than 50000 values, aliases spelt out; this is not a spec"
    ]


def test_a_spec_that_is_not_there_is_told_with_what_is(folder: Path) -> None:
    assert faults(path="spce.yaml") == ["spce.yaml: no file 'spce.yaml' (looked in .); did you mean 'spec.yaml'?"]
    assert faults(path="none/spec.yaml") == [
        "none/spec.yaml: no file 'none/spec.yaml' (looked in none); there is no such folder"
    ]
    assert faults(path=".") == [".: '.' is a folder (.); name a file"]
    assert faults(path="/dev/zero") == ["/dev/zero: '/dev/zero' is not an ordinary file (/dev/zero); name a file"]


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("steps", "write a field and its value, as in --set layers.0.steps=50"),
        ("layers..steps=1", "write a field and its value, as in --set layers.0.steps=50"),
        ("layers.1.steps=5", "layers has 1 entry, layers.0; there is no '1'"),
        ("layers.first.steps=5", "layers has 1 entry, layers.0; there is no 'first'"),
        ("layers.-1.steps=5", "layers has 1 entry, layers.0; there is no '-1'"),
        ("layers.0.pens.0=red", "the spec does not write out layers.0.pens, so it has no '0'; set the field itself"),
        ("layers.0.steps=-5", "-5 is too small; use at least 0"),
        ("layers.0.stpes=5", "layers.0.stpes: unknown key 'stpes'; did you mean 'steps'?"),
        ("layer.0.steps=5", "layer: unknown key 'layer'; did you mean 'layers'?"),
        ("title.x=5", "title is 'Two dots', so it has no 'x'; set the field itself"),
        ("machine.width_mm=5", "machine is 'machine.yaml', a file, so change it there"),
        ("seed=[1", "not YAML: the bracket opened in line 1 is not closed, or a comma is missing"),
        ("seed=", "has no value; a whole number is needed"),
        ("seed=1\n---\n2", "a second document starts here; keep one per file, without '---'"),
        (
            "pens.rack=other.yaml",
            "pens.rack: no file 'other.yaml' beside the spec (looked in .); there are: machine.yaml, rack.yaml, spec.yaml",
        ),
    ],
)
def test_a_bad_override_is_told_with_the_option(folder: Path, override: str, fault: str) -> None:
    assert faults(override) == f"--set {override}: {fault}".split("\n")


@pytest.mark.parametrize(
    ("matrix", "fault"),
    [
        ("7", "10:9: matrix: found 7; a mapping is needed, as in layers.0.points.count: [1000, 2000]"),
        ("{seed: 1}", "10:16: matrix.seed: found 1; a list of values is needed"),
        ("{seed: []}", "10:16: matrix.seed: has no values; give at least one"),
        ("{seed: [1, 1]}", "10:9: matrix: 2 artworks would be named 'seed-1'; give each value once"),
        ("{layers.3.steps: [1]}", "10:10: matrix.layers.3.steps: layers has 1 entry, layers.0; there is no '3'"),
        ("{seed: [1, x]}", "10:20: seed: 'x' is a string; a whole number is needed"),
        ("{sede: [1, 2]}", "10:17: sede: unknown key 'sede'; did you mean 'seed'?"),
    ],
)
def test_a_bad_matrix_is_told_at_its_line(folder: Path, matrix: str, fault: str) -> None:
    (folder / "spec.yaml").write_text(GOOD + f"matrix: {matrix}\n")
    assert faults()[0] == f"spec.yaml:{fault}"


def test_a_matrix_does_not_make_thousands_of_works(folder: Path) -> None:
    (folder / "spec.yaml").write_text(
        GOOD + f"matrix: {{seed: {list(range(40))}, layers.0.steps: {list(range(40))}}}\n"
    )
    assert faults() == ["spec.yaml:10:9: matrix: makes 1600 artworks; the limit is 1000"]
