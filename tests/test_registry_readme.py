"""README.md in the package's metadata: no link that leads nowhere on another site."""

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The hook, without the build program, which is installed only while a package is built."""
    monkeypatch.setitem(sys.modules, "hatchling", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "hatchling.metadata", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "hatchling.metadata.plugin", SimpleNamespace())
    interface = SimpleNamespace(MetadataHookInterface=object)
    monkeypatch.setitem(sys.modules, "hatchling.metadata.plugin.interface", interface)
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    place = ROOT / pyproject["tool"]["hatch"]["metadata"]["hooks"]["custom"]["path"]
    spec = importlib.util.spec_from_file_location("registry_readme", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def targets(text: str) -> set[str]:
    return set(re.findall(r"\]\(([^)]+)\)", text)) | set(re.findall(r'src="([^"]+)"', text))


def test_links_lead_to_files_of_the_repository(hook: ModuleType) -> None:
    made = hook.for_registry(PAGE, "https://example.org/render/")
    inside = [one for one in targets(made) if not one.startswith("#")]
    assert all(one.startswith("https://") for one in inside)
    ours = [one.split("/", 6)[-1].split("#")[0] for one in inside if one.startswith("https://example.org/render/")]
    assert len(ours) > 30
    assert all((ROOT / path).exists() for path in ours), ours
    assert "![A study after The Scream, and the drawing of it" in made
    assert "https://example.org/render/raw/HEAD/docs/study.png" in made
    assert '<img src="https://example.org/render/raw/HEAD/docs/scream.png" width="420"' in made


def test_without_an_address_there_are_no_links_to_files(hook: ModuleType) -> None:
    made = hook.for_registry(PAGE, None)
    assert all(one.startswith(("https://", "#")) for one in targets(made))
    assert "docs/axidraw.md: AxiDraw and NextDraw" in made
    assert "<img" not in made


def test_the_metadata_has_the_page(hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RENDER_REPOSITORY", raising=False)
    reader = hook.RegistryReadme()
    reader.root = str(ROOT)
    metadata: dict[str, dict[str, str]] = {}
    reader.update(metadata)
    assert metadata["readme"]["content-type"] == "text/markdown"
    assert metadata["readme"]["text"].startswith("# render\n")
