"""The JSON Schema and the page about specs agree with the models."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from renderer.specfile import load
from renderer.specfile.readme import all_models, with_tables
from renderer.specfile.schema import file_schema_text, schema, schema_text
from renderer.specfile.tree import plain
from renderer.specfile.yamltree import parse

ROOT = Path(__file__).parents[2]
README = (ROOT / "specs" / "README.md").read_text(encoding="utf-8")
ANEW = "run `python -m renderer.specfile`"


def in_yaml(text: str) -> Any:
    tree, faults = parse(text, "x.yaml")
    assert tree is not None
    assert not faults
    return plain(tree)


def test_the_schema_in_the_package_is_current() -> None:
    assert (ROOT / "renderer" / "spec.schema.json").read_text(encoding="utf-8") == schema_text(), ANEW


def test_the_tables_of_the_page_are_current() -> None:
    assert with_tables(README) == README, ANEW


@pytest.mark.parametrize("what", ["rack", "machine"])
def test_the_racks_and_machines_of_the_repository_follow_their_schema(what: str) -> None:
    validator = pytest.importorskip("jsonschema").Draft7Validator(json.loads(file_schema_text(what)))
    folder = {"rack": "pens", "machine": "machines"}[what]
    files = sorted((ROOT / "specs" / folder).glob("*.yaml"))
    assert files
    for path in files:
        assert not list(validator.iter_errors(in_yaml(path.read_text(encoding="utf-8")))), path
    assert list(validator.iter_errors({"pens": [{"name": "x"}]}))


@pytest.mark.parametrize("name", ["Gram", "BlurredMSE", "Curves"])
def test_a_model_that_has_no_section_gets_one(name: str) -> None:
    [section] = re.findall(rf"^#+ {name}$.*?^<!-- end -->\n\n", README, re.MULTILINE | re.DOTALL)
    page = with_tables(README.replace(section, ""))
    assert re.findall(rf"^(#+ {name})$", page, re.MULTILINE) == [section.splitlines()[0]]
    assert section[section.index("<!-- fields") :] in page
    assert with_tables(page) == page


def test_every_model_has_its_table_and_its_heading() -> None:
    names = [model.__name__ for model in all_models()]
    assert sorted(re.findall(r"<!-- fields of (\w+) -->", README)) == sorted(names)
    assert [name for name in names if not re.search(rf"^#+ {name}$", README, re.MULTILINE)] == []


def test_every_field_and_default_stands_in_a_table() -> None:
    for model in all_models():
        _, _, rest = README.partition(f"<!-- fields of {model.__name__} -->")
        table = rest.partition("<!-- end -->")[0]
        assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(model.model_fields)
        for field in model.model_fields.values():
            if isinstance(field.default, int | str) and not isinstance(field.default, bool):
                assert f"| `{field.default}` |" in table


def test_every_field_says_what_it_means() -> None:
    for model in all_models():
        assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_every_link_of_the_page_leads_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", README, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target[1:] in anchors if target.startswith("#") else (ROOT / "specs" / target).exists(), target


def test_the_examples_of_the_page_load(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    first = examples[0]
    for example in examples[1:]:
        keys = re.findall(r"^(\w+):", example, re.MULTILINE)
        if keys[0] == "name":  # a rack
            continue
        kept = "".join(
            part for part in re.split(r"^(?=\w+:)", first, flags=re.MULTILINE) if part.split(":")[0] not in keys
        )
        spec = ROOT / "specs" / "pens" / "unused"
        (tmp_path / "spec.yaml").write_text(
            re.sub(r"\b(pens|targets|machines)/", rf"{spec.parents[1]}/\1/", kept + example)
        )
        assert load(tmp_path / "spec.yaml")


@pytest.mark.parametrize("path", sorted((ROOT / "specs" / "pens").glob("*.yaml")), ids=lambda path: path.name)
def test_every_rack_of_the_repository_loads(path: Path, tmp_path: Path) -> None:
    (tmp_path / "x.png").touch()
    spec = f"version: 1\ntitle: x\ntarget: {{image: x.png}}\npens: {{rack: {path}}}\nlayers: [{{points: 1}}]\n"
    (tmp_path / "spec.yaml").write_text(spec)
    assert load(tmp_path / "spec.yaml")


SPECS = sorted([*(ROOT / "specs").glob("*.yaml"), *(ROOT / "specs" / "paper").glob("*.yaml")])


def test_the_schema_takes_the_specs_of_the_repository() -> None:
    validator = pytest.importorskip("jsonschema").Draft7Validator
    validator.check_schema(schema())
    for path in SPECS:
        assert not list(validator(schema()).iter_errors(in_yaml(path.read_text(encoding="utf-8"))))


GOOD = "{version: 1, title: x, target: {image: a}, pens: {rack: a.yaml}, layers: [{points: 3, loss: [mse]}]}"


@pytest.mark.parametrize(
    ("old", "new", "is_good"),
    [
        ("points: 3", "points: {count: 3}", True),
        ("{rack: a.yaml}", '[{name: a, colour: "#000000", nib_mm: 1}]', True),
        ("{rack: a.yaml}", "{colours: free, nib_mm: {min_mm: 1, max_mm: 2}}", True),
        ("[mse]", "mse", True),
        ("[mse]", "[{mse: {weight: 2}}, blurred_mse]", True),
        ("layers:", "machine: m.yaml, matrix: {seed: [1, 2]}, layers:", True),
        ("points: 3", "points: auto", True),
        ("points: 3", "points: {count: auto}", True),
        ("points: 3", "points: null", True),
        ("{points: 3, loss: [mse]}", "points", True),
        ("{points: 3, loss: [mse]}", "dots", False),
        ("layers:", "budget: {minutes: 3}, layers:", True),
        ("layers:", "budget: {minutes: 3, metres: 2}, layers:", False),
        ("image: a", "image: a, tone: none", True),
        ("image: a", "image: a, tone: soft", False),
        ("points: 3", "points: 0", False),
        ("points: 3", "points: 3, lines: 3", False),
        ("[mse]", "[{mse: {}, blurred_mse: {}}]", False),
        ("[mse]", "[lpips]", True),
        ("[mse]", "{features: {net: vgg16, layers: [relu3_3]}}", True),
        ("[mse]", "{lpips: {weights: stylised_imagenet}}", True),
        ("[mse]", "[lpisp]", False),
        ("image: a", "image: a, margin_mm: 3", False),
        ("layers:", 'canvas: {colour: "red"}, layers:', False),
        ("version: 1, ", "", False),
    ],
)
def test_the_schema_judges_like_the_loader(tmp_path: Path, old: str, new: str, is_good: bool) -> None:
    validator = pytest.importorskip("jsonschema").Draft7Validator
    assert GOOD.count(old) == 1
    assert validator(schema()).is_valid(in_yaml(GOOD.replace(old, new))) is is_good


def test_the_spec_in_the_readme_is_the_one_that_made_its_picture() -> None:
    shown = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    assert shown[1] == (ROOT / "specs" / "scream_study.yaml").read_text(encoding="utf-8")
