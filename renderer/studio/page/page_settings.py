"""What the person who starts the page sets for it: cameras beside machines."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from renderer.studio.queue.states import StudioError


@dataclass(frozen=True)
class PageSettings:
    """The settings of one page. Addresses in it are never shown."""

    cameras: dict[str, str] = field(default_factory=dict)  # by machine: the address of a picture


def cameras_of(given: tuple[str, ...]) -> dict[str, str]:
    """Cameras by machine, from `NAME=http://ADDRESS`. Raises StudioError."""
    found = {}
    for text in given:
        name, equals, address = text.partition("=")
        split = urlsplit(address)
        if not equals or not name or split.scheme not in {"http", "https"} or not split.hostname:
            raise StudioError(f"--camera {text}: write the machine and the address of a picture: NAME=http://HOST/PATH")
        found[name] = address
    return found
