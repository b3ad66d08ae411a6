"""Documents are true to the files.

Links lead somewhere, the tree of ARCHITECTURE.md names the modules, and CHANGELOG.md describes this version.
"""

import re
from pathlib import Path

import pytest

from hardware import __version__

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path for folder in (".", "docs", "specs", "benchmarks", "gallery") for path in (ROOT / folder).glob("*.md")
)
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        if "://" in target:
            continue
        other = path.parent / name if name else path
        assert other.exists(), target
        assert not anchor or anchor in anchors(other.read_text(encoding="utf-8")), target


def listed(package: str) -> list[str]:
    """The files and folders that the tree lists directly below a package."""
    [tree] = re.findall(rf"^{package}/\n((?:  .*\n)+)", ARCHITECTURE, re.MULTILINE)
    return [name.removesuffix("/") for name in re.findall(r"^  (\w\S*)", tree, re.MULTILINE)]


@pytest.mark.parametrize("package", ["hardware", "renderer"])
def test_the_tree_names_every_module_and_no_other(package: str) -> None:
    there = {
        path.name
        for path in (ROOT / package).iterdir()
        if (path.suffix == ".py" and path.name != "__init__.py") or (path / "__init__.py").exists()
    }
    names = listed(package)
    assert {name.split("/")[0] for name in names} == there
    assert [name for name in names if not (ROOT / package / name).exists()] == []


def test_the_tree_names_what_is_inside_folders() -> None:
    [tree] = re.findall(r"^renderer/\n((?:  .*\n)+)", ARCHITECTURE, re.MULTILINE)
    modules = {path.stem for path in (ROOT / "renderer").rglob("*.py")}
    named = set(re.findall(r"\b[a-z]+_[a-z_]+\b", tree))
    assert named <= modules, named - modules


def test_the_changelog_begins_with_what_is_unreleased_and_then_this_version() -> None:
    titles = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert titles[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(__version__)} - \d{{4}}-\d\d-\d\d", titles[1])
