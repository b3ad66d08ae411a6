"""The files of the documentation site: Markdown from the whole repository, at the places where it links to itself."""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGES = (
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/*.md",
    "specs/README.md",
    "plotter/README.md",
)
LARGEST_BYTES = 4_000_000
_LINK = re.compile(r"(?:\]\(|src=\")([^)#\s\"]+)")
REFERENCE = """# Reference of the Python interface

[From Python](python.md) explains these names with examples. Each is in `renderer`: `import renderer as r`.

::: renderer.notebook.render
::: renderer.notebook.load
::: renderer.notebook.read_strokes
::: renderer.notebook.Rendering
::: renderer.fitted_strokes.LayerStrokes
::: renderer.fit_log.FitStep
::: renderer.raster.rasterise
::: renderer.raster.Shapes
::: renderer.primitives.catmull_rom
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace the files of docs/ by those of the repository: pages, and what they link to."""
    root = Path(config.config_file_path).parent
    pages = [path for pattern in PAGES for path in sorted(root.glob(pattern))]
    linked = {target for page in pages for target in _targets(page, root)}
    made = [file for file in files if file.src_uri.startswith("assets/")]
    for path in [*pages, *sorted(linked - set(pages))]:
        made.append(File.generated(config, path.relative_to(root).as_posix(), abs_src_path=str(path)))
    made.append(File.generated(config, "docs/reference.md", content=REFERENCE))
    return Files(made)


def _targets(page: Path, root: Path) -> list[Path]:
    """The files of the repository that a page links to or shows."""
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    paths = [(page.parent / link).resolve() for link in links if ":" not in link]
    return [path for path in paths if path.is_relative_to(root) and _is_shown(path)]


def _is_shown(path: Path) -> bool:
    return path.is_file() and path.suffix != ".md" and path.stat().st_size < LARGEST_BYTES


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Point links to folders and to pages that the site does not have at nothing: their text is left."""
    here = Path(page.file.abs_src_path).parent if page.file.abs_src_path else Path()
    return re.sub(r"\[([^\]]+)\]\(([^):#\s]+)(#[^)]*)?\)", lambda link: _kept(link, here), markdown)


def _kept(link: re.Match[str], here: Path) -> str:
    target = (here / link[2]).resolve()
    is_page = target.suffix == ".md" and "gallery" not in target.parts
    return link[0] if target.suffix and (is_page or _is_shown(target)) else link[1]
