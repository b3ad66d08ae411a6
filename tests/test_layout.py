"""The order of the modules: each imports only what stands above it, so a file is understood without those below."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = {
    "hardware": "pen drawing toolpath yamlfile starters rack dialect machine arcs program gcode planner estimate "
    "svgfile intake picture lettering card simulator sender terminal __main__",
    "renderer": "spec specfile assets target colours strokes primitives cores blur form error difference raster "
    "encoders palette tone focus planning progress result losses sources placement stipple optimise visible "
    "diary fitting passes finish preview manifest charts report output intake doubts plan new_spec pipeline film "
    "gallery studio cli",
}
TORCHLESS = {"hardware", "renderer.spec", "renderer.specfile", "renderer.assets", "renderer.target", "renderer.colours"}
TORCHLESS |= {
    "renderer.intake",
    "renderer.planning",
    "renderer.doubts",
    "renderer.plan",
    "renderer.new_spec",
    "renderer.gallery",
    "renderer.studio",
    "renderer.cli",
}
# imported when there is something to order
KERNELS = {f"hardware.toolpath.{name}" for name in ("tour", "start", "moves")}
LAZY = {"torch", "torchvision", "numba", "lpips"}

FILES = sorted(path for package in ORDER for path in (ROOT / package).rglob("*.py"))


def imports(node: ast.AST) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)


def rank(module: str) -> tuple[int, int] | None:
    """Package and place of a dotted name; None where it is not ours. ValueError where it has no place."""
    package, _, rest = module.partition(".")
    if package not in ORDER:
        return None
    name = rest.split(".")[0]
    is_module = (ROOT / package / name).is_dir() or (ROOT / package / f"{name}.py").exists()
    return list(ORDER).index(package), ORDER[package].split().index(name) if name and is_module else -1


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", FILES, ids=dotted)
def test_a_module_imports_only_what_stands_above_it(path: Path) -> None:
    own = rank(dotted(path))
    assert own is not None
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        other = rank(name)
        assert other is None or other <= own, f"{dotted(path)} imports {name}, which stands below it"
        if dotted(path).startswith("hardware"):
            assert name.split(".")[0] not in {"torch", "torchvision", "lpips", "renderer"}, (
                f"{dotted(path)} imports {name}"
            )


@pytest.mark.parametrize(
    "path", [p for p in FILES if dotted(p).startswith(tuple(TORCHLESS)) and dotted(p) not in KERNELS], ids=dotted
)
def test_a_module_that_every_command_needs_imports_nothing_slow_at_its_top(path: Path) -> None:
    top = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if not isinstance(node, ast.FunctionDef)]
    slow = {name.split(".")[0] for node in top for name in imports(node)} & LAZY
    assert not slow


def test_a_file_that_has_no_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "renderer").mkdir()
    (tmp_path / "renderer" / "utils.py").touch()
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    with pytest.raises(ValueError, match="'utils' is not in list"):
        rank("renderer.utils")
