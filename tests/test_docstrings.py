"""Docstrings of the renderer's core: public functions name the shapes of arrays and the errors that they raise.

A shape is in a comment behind the parameter or the result, `# [N, K, 2] mm`, or in the docstring.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OTHERS = {"studio", "cli", "gallery"}
SHAPE = re.compile(r"\[(?!0, 1\])[^\[\]]*\]")  # `[0, 1]` is an interval
ARRAY = re.compile(r"\b(Tensor|NDArray)\b")

FILES = sorted(
    path for path in (ROOT / "renderer").rglob("*.py") if not OTHERS & set(path.relative_to(ROOT / "renderer").parts)
)
SOURCES = {path: path.read_text(encoding="utf-8") for path in FILES}
TREES = {path: ast.parse(source) for path, source in SOURCES.items()}


def comment(path: Path, first: int, last: int) -> str:
    """The comments of some lines, which are counted from 1."""
    return " ".join(line.partition("#")[2] for line in SOURCES[path].splitlines()[first - 1 : last])


def bare_aliases() -> set[str]:
    """Names of array types, such as `Floats`, whose definition does not name a shape."""
    return {
        node.targets[0].id
        for path, tree in TREES.items()
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if ARRAY.search(ast.unparse(node.value)) and not SHAPE.search(comment(path, node.lineno, node.end_lineno or 0))
    }


BARE = bare_aliases()


def own_errors() -> set[str]:
    """Names of the exceptions that our packages define."""
    trees = (
        ast.parse(path.read_text(encoding="utf-8"))
        for package in ("renderer", "hardware")
        for path in (ROOT / package).rglob("*.py")
    )
    return {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(ast.unparse(b).endswith(("Error", "Exception")) for b in node.bases)
    }


ERRORS = own_errors()


def public_functions(body: list[ast.stmt], above: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions, and methods of public classes, without a leading underscore; calls of an object too."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and (not node.name.startswith("_") or node.name == "__call__"):
            yield above + node.name, node


def arrays_of(function: ast.FunctionDef) -> list[str]:
    """The parameters that are tensors or arrays, and `return` where the result is one."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    types = {one.arg: ast.unparse(one.annotation) for one in arguments if one.annotation}
    if function.returns:
        types["return"] = ast.unparse(function.returns)
    return [name for name, text in types.items() if ARRAY.search(text) or set(re.findall(r"\w+", text)) & BARE]


def raised_by(function: ast.FunctionDef) -> set[str]:
    """The exceptions that a function itself raises."""
    raised = (node.exc for node in ast.walk(function) if isinstance(node, ast.Raise) and node.exc is not None)
    return {ast.unparse(exc.func if isinstance(exc, ast.Call) else exc) for exc in raised}


def case(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=case)
def test_public_functions_name_the_shape_of_each_array(path: Path) -> None:
    lacking = []
    for name, function in public_functions(TREES[path].body):
        arrays = arrays_of(function)
        text = comment(path, function.lineno, function.body[0].lineno - 1) + (ast.get_docstring(function) or "")
        shapes = SHAPE.findall(text)
        if len(shapes) < len(arrays):
            lacking.append(f"{case(path)}:{function.lineno}: {name}: {', '.join(arrays)}; shapes: {shapes or 'none'}")
    assert not lacking, (
        "name the shape of each tensor or array, in the signature (`picture: Tensor,  # [3, H, W]`, `# [N] -> []`) "
        "or in the docstring:\n" + "\n".join(lacking)
    )


@pytest.mark.parametrize("path", FILES, ids=case)
def test_public_functions_name_the_errors_that_they_raise(path: Path) -> None:
    lacking = [
        f"{case(path)}:{function.lineno}: {name}: {error}"
        for name, function in public_functions(TREES[path].body)
        for error in sorted(raised_by(function) & ERRORS)
        if error not in (ast.get_docstring(function) or "") and not error.startswith("_")
    ]
    assert not lacking, "name these errors in the docstring (`Raises FitError where ...`):\n" + "\n".join(lacking)
