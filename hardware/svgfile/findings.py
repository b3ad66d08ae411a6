"""What a person should know about how a file was read: faults, losses and notes, each with the element and its line."""

from collections.abc import Iterator
from functools import cached_property
from xml.etree import ElementTree
from xml.parsers import expat

_FAULTS_SHOWN = 3


class Findings:
    """Collects what is found while a file is read.

    `faults` refuse the file. `losses` are what the drawing lacks or shows differently; with --strict they refuse the
    file too. `notes` are good to know.
    """

    def __init__(
        self, root: ElementTree.Element, text: str, losses: tuple[str, ...] = (), notes: tuple[str, ...] = ()
    ) -> None:
        self._root, self._text, self._imported = root, text, losses
        self.faults: list[str] = []
        self.notes: list[str] = [*notes]
        self._losses: dict[str, dict[ElementTree.Element, None]] = {}
        self._counts: dict[tuple[str, bool], int] = {}

    def lost(self, element: ElementTree.Element, what: str) -> None:
        """Note a loss of an element. The same loss of several elements becomes one note."""
        self._losses.setdefault(what, {})[element] = None

    def counted(self, what: str, is_loss: bool = True) -> None:
        """Note something of a shape that is only counted."""
        self._counts[what, is_loss] = self._counts.get((what, is_loss), 0) + 1

    def losses(self) -> list[str]:
        """Return a sentence for each kind of loss."""
        counted = [f"{_shapes(n)} {what}" for (what, is_loss), n in self._counts.items() if is_loss]
        return [*self._imported, *counted] + [
            f"{self._who(list(several))}: {what}" for what, several in self._losses.items()
        ]

    def all_notes(self) -> Iterator[str]:
        """Yield a sentence for each loss and each note."""
        yield from (f"{_shapes(n)} {what}" for (what, is_loss), n in self._counts.items() if not is_loss)
        yield from self.losses()
        yield from self.notes

    def shown_faults(self) -> list[str]:
        """Return the first faults, and how many more there are."""
        more = len(self.faults) - _FAULTS_SHOWN
        return [*self.faults[:_FAULTS_SHOWN], *([f"and {more} more"] if more > 0 else [])]

    def line(self, element: ElementTree.Element) -> int:
        """Return the line of the file on which an element begins."""
        return self._lines.get(element, 1)

    @cached_property
    def _lines(self) -> dict[ElementTree.Element, int]:
        found: list[int] = []
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = lambda *_: found.append(parser.CurrentLineNumber)
        parser.Parse(self._text.encode(), True)
        return dict(zip(self._root.iter(), found, strict=False))

    def _who(self, several: list[ElementTree.Element]) -> str:
        first = f"{named(several[0])} (line {self.line(several[0])})"
        return first if len(several) == 1 else f"{first} and {len(several) - 1} more"


def named(element: ElementTree.Element) -> str:
    """Return how messages name an element: its tag and its id, or its text."""
    tag, identity = element.tag.rpartition("}")[2], element.get("id")
    if tag == "text":
        return f"<text> {' '.join(''.join(element.itertext()).split())[:30]!r}"
    return f"<{tag}> {identity!r}" if identity else f"<{tag}> without an id"


def _shapes(count: int) -> str:
    return "1 shape is" if count == 1 else f"{count} shapes are"
