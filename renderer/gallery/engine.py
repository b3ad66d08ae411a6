"""The program's own sources -> a hash that changes with whatever decides the bytes of a drawing, and with nothing else.

These sources are found by following imports from ROOTS, so that a new module cannot be forgotten. APART lists modules
that are found this way but decide nothing, or are in the key by value. The syntax tree of each module is hashed, which
has no comments, layout and line endings; docstrings, descriptions of fields and texts of errors are left out.

`ast.dump` differs from one Python to the next (3.12 adds fields, 3.13 leaves out empty ones). Here a node is its class
and those of its fields that are not empty, so that a tree has the same text under every Python.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ENGINE = 1  # raise it for changes that no source shows, such as a torch that draws another picture
HOME = Path(__file__).parents[2]  # the folder of the packages
ROOTS = ("renderer.pipeline", "renderer.preview", "hardware.svgfile.write", "renderer.gallery.exhibit")
APART = {
    "hardware.machine": "the machine is in the key",
    "hardware.pen_lift": "the machine is in the key",
    "hardware.rack": "pens are in the key",
    "hardware.svgfile": "reads other people's files; what writes ours is a root",
    "renderer.feasibility": "warns about the spec",
    "renderer.assets": "files are identified by their content, which is in the key",
    "renderer.losses.network_views": "describes what a loss sees",
    "renderer.plan": "describes the spec",
    "renderer.progress": "reports on the fit",
    "renderer.raster.cuda": "another device, which is recorded",
    "renderer.raster.reference": "the kernels' plain twin",
    "renderer.result": "records",
    "renderer.specfile": "what it reads is in the key",
}
PACKAGES = {"hardware", "renderer"}
_POSITION = {"ctx", "kind", "type_comment", "type_ignores"}  # fields that do not change what a module does
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class EngineError(Exception):
    """Sources that cannot be read."""


@cache
def engine_sha256(home: Path = HOME) -> str:
    """The sha256 of all modules that decide the bytes of a drawing. Raises EngineError."""
    total = hashlib.sha256()
    for name, tree in sorted(modules(home).items()):
        total.update(f"{name} {_sha256(tree)}\n".encode())
    return total.hexdigest()


def tree_sha256(source: str | bytes) -> str:
    """The sha256 of a module's syntax tree. Raises SyntaxError."""
    return _sha256(ast.parse(source))


def _sha256(tree: ast.Module) -> str:
    parts: list[str] = []
    _write(tree, parts)
    return hashlib.sha256("".join(parts).encode()).hexdigest()


# --- which modules ----------------------------------------------------------------------------------------------------


def modules(home: Path = HOME) -> dict[str, ast.Module]:
    """The syntax tree of every module that decides a drawing, by dotted name. Raises EngineError."""
    found: dict[str, ast.Module] = {}
    waiting = [*ROOTS]
    while waiting:
        name = waiting.pop()
        path = _file(home, name)
        if path is None or name in found or _is_apart(name):
            continue
        found[name] = ast.parse(_source(path))
        waiting += _imported(found[name])
    return found


def _is_apart(name: str) -> bool:
    """Whether a module decides nothing. The packages themselves hold only their version."""
    return name not in ROOTS and (name in PACKAGES or any(f"{name}.".startswith(f"{apart}.") for apart in APART))


def _imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names that a module imports, as modules and as names inside them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(home: Path, name: str) -> Path | None:
    """The file of one of our modules; None for a name inside a module and for other packages."""
    if name.split(".", maxsplit=1)[0] not in PACKAGES:
        return None
    path = home.joinpath(*name.split("."))
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def _source(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EngineError(
            f"{path}: cannot be read: {error.strerror}; the gallery needs the program's sources"
        ) from None


# --- the text of a tree -----------------------------------------------------------------------------------------------


def _write(value: object, parts: list[str]) -> None:
    """Add a node as text that is the same under every Python."""
    if isinstance(value, ast.AST):
        parts.append(f"({type(value).__name__}")
        for name, field in _fields(value):
            parts.append(f" {name}=")
            _write(field, parts)
        parts.append(")")
    elif isinstance(value, list):
        parts.append("[")
        for item in value:
            _write(item, parts)
            parts.append(",")
        parts.append("]")
    else:  # a constant: its type too, as 1, 1.0 and True are equal
        parts.append(f"{type(value).__name__}:{value!a}")


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name in sorted(node._fields):
        value = getattr(node, name, None)
        if name == "body" and isinstance(node, _DOCUMENTED):
            value = _undocumented(node)
        elif isinstance(node, ast.Call) and name == "keywords":
            value = [keyword for keyword in node.keywords if keyword.arg != "description"]
        elif isinstance(node, ast.Raise) and name == "exc" and isinstance(node.exc, ast.Call):
            value = node.exc.func  # the error, without its message
        if name not in _POSITION and (value or isinstance(node, ast.Constant)) and value != []:
            yield name, value


def _undocumented(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """The statements without the docstring and without other strings that only document."""
    return [
        statement
        for statement in node.body
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant | ast.JoinedStr))
    ]
