"""Hatchling calls this when it builds a package: README.md as a registry shows it, where links to files lead nowhere.

With RENDER_REPOSITORY, the address of the repository's page, links and pictures lead there. Without it, links become
text and pictures are left out.
"""

import os
import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

_BRANCH = "HEAD"
_PICTURE = re.compile(r"!\[([^]]*)\]\((?!https?://|#)([^)]+)\)\n*|<img src=\"(?!https?://)([^\"]+)\"([^>]*)>\n*")
_LINK = re.compile(r"(?<!!)\[([^]]+)\]\((?!https?://|#|mailto:)([^)]+)\)")


def for_registry(text: str, repository: str | None) -> str:
    """The page with links to the repository, or without links to its files."""
    if repository is None:
        return _LINK.sub(r"\1", _PICTURE.sub("", text))
    base = repository.rstrip("/")

    def picture(found: re.Match[str]) -> str:
        alt, path, source, rest = found.groups()
        end = "\n" * (len(found[0]) - len(found[0].rstrip("\n")))
        if path is not None:
            return f"![{alt}]({base}/raw/{_BRANCH}/{path}){end}"
        return f'<img src="{base}/raw/{_BRANCH}/{source}"{rest}>{end}'

    return _LINK.sub(lambda found: f"[{found[1]}]({base}/blob/{_BRANCH}/{found[2]})", _PICTURE.sub(picture, text))


class RegistryReadme(MetadataHookInterface):
    """The hook: `readme` of the package's metadata."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, object]) -> None:
        """Put the page in its place."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository = os.environ.get("RENDER_REPOSITORY") or None
        metadata["readme"] = {"content-type": "text/markdown", "text": for_registry(text, repository)}
