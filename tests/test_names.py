"""A glossary that is checked: one public class name has one meaning, and one file name one place."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = sorted(path for package in ("hardware", "renderer") for path in (ROOT / package).rglob("*.py"))


def public_classes(path: Path) -> list[str]:
    """The names of a module's own classes, at its top level and without a leading underscore."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return [node.name for node in body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def repeated(names: list[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def test_a_public_class_and_a_file_name_occur_once() -> None:
    classes = repeated([name for path in FILES for name in public_classes(path)])
    files = repeated([path.name for path in FILES if path.name not in {"__init__.py", "__main__.py"}])
    assert classes | files == set()


def test_a_name_that_occurs_twice_is_found() -> None:
    assert repeated(["Layer", "Pen", "Layer"]) == {"Layer"}
