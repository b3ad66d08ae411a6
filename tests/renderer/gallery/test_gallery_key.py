"""What makes a work stale, and what does not."""

import shutil
import textwrap
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from renderer.gallery.engine import APART, HOME, ROOTS, engine_sha256, modules, tree_sha256
from renderer.gallery.key import PARTS, canonical_sha256, key
from renderer.specfile import load

SOURCE = textwrap.dedent(
    '''
    """A module."""

    STEP = 0.5  # mm


    def moved(x: float, by: float = 1.0) -> float:
        """x, moved."""
        if x < 0:
            raise ValueError(f"{x} is below zero")
        return x + by * STEP


    class Pen:
        """A pen."""

        nib_mm: float = Field(1.0, description="Width.")
        """its width"""
    '''
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # mm", ""),
        ('"""A module."""', '"""Another text."""'),
        ('"""x, moved."""', ""),
        ('    """A pen."""\n\n', ""),
        ('    """its width"""', ""),
        ('description="Width."', 'description="How wide."'),
        ("below zero", "too small"),
        ("x + by * STEP", "(x\n        + by * STEP)"),
        ("\n", "\r\n"),
        ("0.5", "5e-1"),
    ],
    ids=range(10),
)
def test_what_only_people_read_changes_no_hash(old: str, new: str) -> None:
    assert old in SOURCE
    assert tree_sha256(SOURCE.replace(old, new).encode()) == tree_sha256(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5", "0.6"),
        ("1.0) -> float", "1) -> float"),
        ("by * STEP", "STEP * by"),
        ("x < 0", "x <= 0"),
        ("ValueError", "TypeError"),
        ("moved", "shifted"),
        ("Field(1.0", "Field(1.5"),
    ],
    ids=range(7),
)
def test_what_decides_changes_the_hash(old: str, new: str) -> None:
    assert old in SOURCE
    assert tree_sha256(SOURCE.replace(old, new)) != tree_sha256(SOURCE)


def test_one_and_one_point_zero_and_true_are_three_constants() -> None:
    assert len({tree_sha256(f"a = {text}") for text in ("1", "1.0", "True", "'1'", "b'1'", "None")}) == 6


def test_a_tree_has_the_same_hash_under_every_python() -> None:
    """Computed once, under 3.11; CI runs this under the others, whose `ast.dump` differs."""
    found = tree_sha256("async def f(a, /, b=1, *c, d=2.5, **e):\n    return [x async for x in a if f'{x!r:>{b}}']\n")
    assert found == "f6319ff6726b36408d3fe7f639b62ab6b0a330acbd02f743a3ad2398d368f8f1"


# --- the engine -------------------------------------------------------------------------------------------------------


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the program's sources."""
    for package in ("renderer", "hardware"):
        shutil.copytree(
            HOME / package, tmp_path / "home" / package, ignore=shutil.ignore_patterns("__pycache__", "*.html.j2")
        )
    return tmp_path / "home"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def changed(home: Path, before: str) -> bool:
    engine_sha256.cache_clear()
    return engine_sha256(home) != before


def test_the_engine_is_what_decides_and_nothing_else() -> None:
    found = set(modules())
    decide = {
        "pipeline",
        "placement",
        "stipple",
        "optimise.descent",
        "raster.cpu",
        "blur",
        "target",
        "spec.sheet",
        "palette",
    }
    assert {f"renderer.{name}" for name in decide} | {"hardware.toolpath", "hardware.svgfile.write"} <= found
    apart = {"renderer.report", "renderer.manifest", "renderer.cli", "renderer.gallery.pages", "hardware.gcode", *APART}
    assert not {name for name in found - {*ROOTS} for other in apart if f"{name}.".startswith(f"{other}.")}


def test_what_is_apart_is_there() -> None:
    assert not [
        name
        for name in APART
        if not (HOME / name.replace(".", "/")).exists() and not (HOME / f"{name.replace('.', '/')}.py").exists()
    ]


def test_a_docstring_in_the_optimiser_changes_nothing_and_a_constant_does(sources: Path) -> None:
    before = engine_sha256(sources)
    descent = sources / "renderer" / "optimise" / "descent.py"
    edit(descent, '"""', '"""It is said that. ')
    edit(descent, "\n", "\n# a comment\n")
    assert not changed(sources, before)
    descent.write_text(descent.read_text() + "\nMORE = 1\n")
    assert changed(sources, before)


def test_the_program_s_version_and_its_pages_change_nothing(sources: Path) -> None:
    before = engine_sha256(sources)
    (sources / "hardware" / "__init__.py").write_text('__version__ = "99"\n')
    (sources / "renderer" / "report.py").write_text("")
    (sources / "hardware" / "gcode.py").write_text("")
    assert not changed(sources, before)


def test_a_new_module_that_the_pipeline_imports_is_part_of_the_engine(sources: Path) -> None:
    before = engine_sha256(sources)
    (sources / "renderer" / "magic.py").write_text("A = 1\n")
    assert not changed(sources, before)
    pipeline = sources / "renderer" / "pipeline.py"
    pipeline.write_text(pipeline.read_text() + "\nfrom renderer import magic\n")
    now = engine_sha256(sources) if changed(sources, before) else ""
    (sources / "renderer" / "magic.py").write_text("A = 2\n")
    assert now
    assert changed(sources, now)


# --- the key ----------------------------------------------------------------------------------------------------------


def stale(spec: Path, before: Path, *changes: str) -> tuple[str, ...]:
    """Parts in which a spec differs from another."""
    return key(load(spec, changes)[0]).stale(key(load(before)[0]).parts)


@pytest.fixture
def copy(spec: Path) -> Path:
    """The spec once more, with its picture, in another folder and under another name."""
    folder = spec.parent.parent / "elsewhere"
    shutil.copytree(spec.parent, folder)
    return (folder / "disc.yaml").rename(folder / "other.yaml")


def test_the_key_knows_nothing_of_places_comments_and_line_endings(spec: Path, copy: Path) -> None:
    text = copy.read_text().replace("version: 1", "version: 1  # a comment").replace("seed", "seed")
    copy.write_bytes(text.replace("\n", "\r\n").encode())
    assert stale(copy, spec) == ()


def test_a_default_that_is_written_out_is_the_same(spec: Path, copy: Path) -> None:
    assert stale(copy, spec, "seed=1", "canvas.orientation=auto", "target.tone=auto", "canvas.margin_mm=8.0") == ()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ("seed=2", "spec"),
        ("title=Another", "spec"),
        ("layers.0.steps=11", "spec"),
        ("layers.0.loss=lpips", "weights"),
        ("pens.rack.pens.0.nib_mm=3.5", "pens"),
        ("machine.accel_mm_s2=501", "machine"),
    ],
)
def test_a_value_that_changes_makes_its_part_stale(spec: Path, copy: Path, change: str, part: str) -> None:
    found = stale(copy, spec, change)
    assert part in found
    assert set(found) <= {part, "spec"}


def test_paper_that_may_lie_either_way_is_another_work_than_paper_that_lies_in_one(spec: Path, copy: Path) -> None:
    assert "spec" in stale(copy, spec, "canvas.orientation=portrait")


def test_what_a_rack_is_called_changes_nothing(spec: Path, copy: Path) -> None:
    assert stale(copy, spec, "pens.rack.name=my drawer") == ()


def test_a_picture_is_its_pixels_and_not_its_file(spec: Path, copy: Path) -> None:
    picture = copy.parent / "disc.png"
    with Image.open(picture) as image:
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", "saved again")
        image.save(picture, compress_level=0, pnginfo=notes)
        assert picture.read_bytes() != (spec.parent / "disc.png").read_bytes()
        assert stale(copy, spec) == ()
        image.putpixel((3, 4), (1, 2, 3))
        image.save(picture)
    assert stale(copy, spec) == ("target",)


def test_a_picture_of_what_counts_is_part_of_the_target(spec: Path, copy: Path) -> None:
    for folder in (spec.parent, copy.parent):
        Image.new("L", (8, 8), 255).save(folder / "focus.png")
    here = key(load(spec, ("target.focus=focus.png",))[0])
    assert key(load(copy, ("target.focus=focus.png",))[0]).stale(here.parts) == ()
    Image.new("L", (8, 8), 254).save(copy.parent / "focus.png")
    assert key(load(copy, ("target.focus=focus.png",))[0]).stale(here.parts) == ("target",)


def test_a_picture_from_the_web_is_the_hash_that_the_spec_gives(spec: Path, copy: Path) -> None:
    def image(url: str, digit: str) -> str:
        return f'target.image={{url: "https://{url}", sha256: "{digit * 64}"}}'

    here = key(load(spec, (image("one.example/a.jpg", "a"),))[0])
    assert key(load(copy, (image("two.example/b.jpg", "a"),))[0]) == here
    assert key(load(copy, (image("one.example/a.jpg", "b"),))[0]).stale(here.parts) == ("target",)


def test_the_whole_key_changes_with_any_part(spec: Path) -> None:
    found = key(load(spec)[0])
    assert set(found.parts) == set(PARTS)
    others = [type(found)({**found.parts, part: "0"}).sha256 for part in PARTS]
    assert len({found.sha256, *others}) == 1 + len(PARTS)


def test_canonical_json_has_one_text_for_equal_values() -> None:
    assert canonical_sha256({"a": 1.0, "b": [0.0]}) == canonical_sha256({"b": (-0.0,), "a": 1.0})
    assert canonical_sha256({"a": 1}) != canonical_sha256({"a": 2})
    with pytest.raises(ValueError):
        canonical_sha256(float("nan"))
