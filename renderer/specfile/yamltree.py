"""The text of a YAML file -> a tree of its values. YAML 1.2, core schema: `1e-3` is a number, `on` a string.

PyYAML reads only the syntax. The meaning of a scalar is decided here: PyYAML follows YAML 1.1, where `on` is true.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from renderer.specfile.faults import Fault, Path, Place
from renderer.specfile.tree import Entry, Fields, Items, Node, Scalar

MOST_DEPTH = 32
MOST_VALUES = 50_000  # with aliases spelt out, so that a few lines cannot grow without limit

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", "")),
}
_COLOUR_COMMENT = re.compile(r":\s+(?P<colour>#[0-9a-fA-F]{3,8})\b")


def parse(text: str, file: str, label: Place | None = None) -> tuple[Node | None, list[Fault]]:
    """The tree of a file's one document, None where it is empty or not YAML, and its faults.

    `label`: the place of every value, for a value that came from an option.
    """
    builder = _Builder(file, label)
    try:
        # CSafeLoader gives the same marks and is about thirty times as fast; a wheel always has it
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.take(event)
    except _StopError:
        return None, builder.faults
    except yaml.MarkedYAMLError as error:
        return None, [*builder.faults, _syntax_fault(error, text, builder)]
    except yaml.reader.ReaderError as error:
        line, column = text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position)
        fault = Fault(
            label or Place(file, line, column), (), "a control character, which YAML does not allow; remove it"
        )
        return None, [*builder.faults, fault]
    return builder.root, builder.faults


class _StopError(Exception):
    """The file cannot be read any further; the last fault is the reason."""


@dataclass
class _Open:
    """A list or mapping that has begun but not ended."""

    place: Place
    anchor: str | None
    keyed: bool
    values: list[Any] = field(default_factory=list)  # entries of a mapping, items of a list
    key: tuple[str, Place] | None = None
    places: dict[str, Place] = field(default_factory=dict)  # of the keys so far
    spare: bool = False  # whether to leave out the value of this key
    size: int = 1


class _Builder:
    """Builds a tree from the events of PyYAML's parser. It has its own stack, so that no depth exhausts Python's."""

    def __init__(self, file: str, label: Place | None) -> None:
        self.file, self.label = file, label
        self.root: Node | None = None
        self.faults: list[Fault] = []
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._documents = 0

    def at(self, mark: Any) -> Place:
        return self.label or Place(self.file, mark.line + 1, mark.column + 1)

    def _path(self) -> Path:
        return tuple(o.key[0] if o.key else len(o.values) for o in self._stack if o.key or not o.keyed)

    def _fault(self, place: Place, text: str) -> None:
        self.faults.append(Fault(place, self._path(), text))

    def take(self, event: Any) -> None:  # Any, as PyYAML's marks are of two unrelated classes
        if getattr(event, "tag", None) is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._fault(self.at(event.start_mark), f"has the tag {tag}; tags are not supported, remove it")
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    text = "a second document starts here; keep one per file, without '---'"
                    self._fault(self.at(event.start_mark), text)
                    raise _StopError
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.ScalarEvent() if self._stack and self._stack[-1].keyed and self._stack[-1].key is None:
                self._key(event)
            case yaml.ScalarEvent():
                self._add(self._scalar(event), 1, event.anchor)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._open(event)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._stack.pop()
                self._add(_closed(done), done.size, done.anchor)

    def _open(self, event: Any) -> None:
        place = self.at(event.start_mark)
        if self._stack and self._stack[-1].keyed and self._stack[-1].key is None:
            self._fault(place, "a key is a list or a mapping; a key must be a single word")
            raise _StopError
        if len(self._stack) >= MOST_DEPTH:
            self._fault(place, f"lists and mappings are nested more than {MOST_DEPTH} deep; use fewer levels")
            raise _StopError
        self._stack.append(_Open(place, event.anchor, isinstance(event, yaml.MappingStartEvent)))

    def _key(self, event: Any) -> None:
        place, opened, key = self.at(event.start_mark), self._stack[-1], event.value
        twin = opened.places.setdefault(key, place)
        opened.key, opened.spare = (key, place), key == "<<" or twin is not place
        if key == "<<":
            self._fault(place, "merge keys are not part of YAML 1.2; write the keys out")
        elif twin is not place:
            self._fault(place, f"the key {key!r} is here twice, first at {twin}; keep one")

    def _alias(self, event: Any) -> None:
        place = self.at(event.start_mark)
        if event.anchor not in self._anchors:
            inside = any(opened.anchor == event.anchor for opened in self._stack)
            why = "is inside the value of that name" if inside else f"needs an anchor &{event.anchor} above it"
            self._fault(place, f"the alias *{event.anchor} {why}")
            raise _StopError
        if self._stack and self._stack[-1].keyed and self._stack[-1].key is None:
            self._fault(place, f"the alias *{event.anchor} is used as a key; write the key out")
            raise _StopError
        self._add(*self._anchors[event.anchor], None)

    def _add(self, node: Node, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node, size
        if not self._stack:
            self.root = node
            return
        opened = self._stack[-1]
        opened.size += size
        if opened.size > MOST_VALUES:
            self._fault(opened.place, f"more than {MOST_VALUES} values, aliases spelt out; this is not a spec")
            raise _StopError
        if opened.key is None:
            opened.values.append(node)
        elif not opened.spare:
            opened.values.append(Entry(*opened.key, node))
        opened.key = None

    def _scalar(self, event: Any) -> Scalar:
        text, place = event.value, self.at(event.start_mark)
        try:
            return Scalar(_value(text) if event.implicit[0] else text, text, place)
        except ValueError as error:
            self._fault(place, str(error))
            return Scalar(text, text, place)


def _closed(opened: _Open) -> Node:
    values = tuple(opened.values)
    return Fields(values, opened.place) if opened.keyed else Items(values, opened.place)


def _value(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar in YAML 1.2's core schema. ValueError for a number that is not finite."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 100:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and abs(float(text)) == float("inf")):
        raise ValueError(f"{text} is not a finite number; write a finite one")
    return float(text) if _FLOAT.fullmatch(text) else text


def _syntax_fault(error: Any, text: str, builder: _Builder) -> Fault:
    lines = text.rstrip().split("\n")
    begun = error.context_mark or error.problem_mark
    # a bracket or quote that is open at the end of the file, or a key without a colon, is reported where it begins
    is_open = error.problem_mark.line >= len(lines) or error.context == _SIMPLE_KEY
    mark = begun if is_open else error.problem_mark
    line = min(mark.line, len(lines) - 1)
    column = min(mark.column, len(lines[line])) if mark.line == line else len(lines[line])
    for number in range(begun.line, line + 1):
        comment = _COLOUR_COMMENT.search(lines[number])
        if comment and builder.label is None:
            place = Place(builder.file, number + 1, comment.start("colour") + 1)
            quoted = f'"{comment["colour"]}"'
            return Fault(place, (), f"# starts a comment, so the line ends here; put the colour in quotes: {quoted}")
    place = builder.label or Place(builder.file, line + 1, column + 1)
    return Fault(place, (), f"not YAML: {_syntax_text(error, min(begun.line, line) + 1, lines[line][column:])}")


_SIMPLE_KEY = "while scanning a simple key"


def _syntax_text(error: Any, begun: int, rest: str) -> str:
    """The message for a common mistake. PyYAML's and libyaml's own differ and do not say what would work.

    `begun` is the number of a line.
    """
    if rest.startswith("\t"):
        return "a tab; indent with spaces"
    if rest[:1] in ("@", "`", "%"):
        return f"a value cannot start with {rest[:1]}; put it in quotes"
    if (error.problem or "").startswith("mapping values are not allowed"):
        return (
            "a ':' that does not fit; put the value in quotes, indent this line like the one above, "
            "or end the one above with ':'"
        )
    for context, text in (
        (_SIMPLE_KEY, "a key without a value; write a colon and a space after it"),
        ("while parsing a flow", f"the bracket opened in line {begun} is not closed, or a comma is missing"),
        ("while parsing a quoted", "a \\ that starts no escape; in double quotes write /, or use single quotes"),
        ("while scanning a quoted", f"the quotes opened in line {begun} are not closed"),
        (
            "while parsing a block",
            f"this line does not match the indentation or the kind of the lines from line {begun} on",
        ),
    ):
        if (error.context or "").startswith(context):
            return text
    return " ".join(filter(None, (error.context, error.problem)))
