"""The <style> elements of a file -> what they declare for each element, in the order in which declarations win."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from hardware.svgfile.findings import Findings

_STYLE = "{http://www.w3.org/2000/svg}style"
_SCREEN = {"", "all", "screen"}
_WITHOUT_EFFECT = {"font-face", "keyframes", "-webkit-keyframes", "charset", "page", "counter-style", "property"}
_NEEDS_PARSER = frozenset("\"'\\{}@(/!")  # text without these can be split at ; and :


@dataclass(frozen=True)
class Declaration:
    """A property and its value, as one rule or one `style` attribute declares them."""

    name: str
    value: str
    important: bool = False


Declarations = tuple[Declaration, ...]  # those that win last


@dataclass(frozen=True)
class _Rule:
    selectors: Any  # of cssselect2
    declarations: Declarations


@lru_cache(maxsize=65536)
def declarations_in(text: str) -> Declarations:
    """Return the declarations of a `style` attribute."""
    if _NEEDS_PARSER.isdisjoint(text):
        pairs = [part.partition(":") for part in text.split(";")]
        return tuple(Declaration(_name(name), value.strip()) for name, colon, value in pairs if colon)
    import tinycss2

    return tuple(_declared(tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True)))


def _declared(nodes: list[Any]) -> Iterator[Declaration]:
    import tinycss2

    for node in nodes:
        if node.type == "declaration":
            value = tinycss2.serialize([token for token in node.value if token.type != "comment"])
            yield Declaration(_name(node.name), value.strip(), node.important)


def _name(name: str) -> str:
    """Return a property's name in lower case, except for one of the author's own (`--Name`)."""
    plain = name.strip()
    return plain if plain.startswith("--") else plain.lower()


def declared_by_sheets(
    root: ElementTree.Element, known: frozenset[str], findings: Findings
) -> dict[ElementTree.Element, Declarations]:
    """Return the declarations of all style sheets for each element that they match; weakest first.

    Declarations of properties that are not `known` are left out. What cannot be read is found.
    """
    rules = [rule for sheet in root.iter(_STYLE) if _applies(sheet) for rule in _rules(sheet, known, findings)]
    if not rules:
        return {}
    import cssselect2

    matcher = cssselect2.Matcher()
    for rule in rules:
        for selector in rule.selectors:
            matcher.add_selector(selector, rule)
    found = {}
    for wrapped in cssselect2.ElementWrapper.from_xml_root(root).iter_subtree():
        if matches := [match for match in matcher.match(wrapped) if match[2] is None]:
            found[wrapped.etree_element] = _strongest_last(matches)
    return found


def _strongest_last(matches: list[Any]) -> Declarations:
    """Return the declarations of rules that match an element: (specificity, order, pseudo-element, rule) each."""
    matches.sort(key=lambda match: (match[0], match[1]))
    return tuple(each for match in matches for each in match[3].declarations)


def _applies(sheet: ElementTree.Element) -> bool:
    is_css = sheet.get("type", "text/css").strip().lower() in ("", "text/css")
    return is_css and bool(_media(sheet.get("media", "")) & _SCREEN)


def _media(query: str) -> set[str]:
    return {part.strip().lower().removeprefix("only ") for part in query.split(",")}


def _rules(sheet: ElementTree.Element, known: frozenset[str], findings: Findings) -> Iterator[_Rule]:
    import tinycss2

    text = "".join(sheet.itertext()).replace("<!--", "").replace("-->", "")
    if not text.strip():
        return
    nodes = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    yield from _rules_of(nodes, sheet, known, {}, findings)


def _rules_of(
    nodes: list[Any],
    sheet: ElementTree.Element,
    known: frozenset[str],
    namespaces: dict[str | None, str],
    findings: Findings,
) -> Iterator[_Rule]:
    import tinycss2

    for node in nodes:
        line = findings.line(sheet) + node.source_line - 1
        if node.type == "error":
            findings.lost(sheet, f"line {line} is not valid CSS ({node.message})")
        elif node.type == "at-rule" and node.lower_at_keyword == "namespace":
            namespaces |= _namespace(node)
        elif node.type == "at-rule" and _is_read(node):
            inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            yield from _rules_of(inner, sheet, known, namespaces, findings)
        elif node.type == "at-rule" and node.lower_at_keyword not in {*_WITHOUT_EFFECT, "media"}:
            findings.lost(sheet, f"line {line} has @{node.at_keyword}, which is not read")
        elif node.type == "qualified-rule":
            yield from _rule(node, line, sheet, known, namespaces, findings)


def _is_read(node: Any) -> bool:
    """Whether the rules inside an at-rule count: those for a screen do, those for print do not."""
    import tinycss2

    if node.lower_at_keyword != "media" or node.content is None:
        return False
    return bool(_media(tinycss2.serialize(node.prelude)) & _SCREEN)


def _namespace(node: Any) -> dict[str | None, str]:
    names = [token.value for token in node.prelude if token.type == "ident"]
    addresses = [token.value for token in node.prelude if token.type in ("string", "url")]
    return {names[0] if names else None: addresses[0]} if addresses else {}


def _rule(
    node: Any,
    line: int,
    sheet: ElementTree.Element,
    known: frozenset[str],
    namespaces: dict[str | None, str],
    findings: Findings,
) -> Iterator[_Rule]:
    import cssselect2
    import tinycss2

    inner = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
    declared = tuple(each for each in _declared(inner) if each.name in known or each.name.startswith("--"))
    if any(part.type == "qualified-rule" for part in inner):
        findings.lost(sheet, f"line {line} has a rule inside a rule, which is not read")
    if not declared:
        return
    try:
        yield _Rule(cssselect2.compile_selector_list(node.prelude, namespaces), declared)
    except cssselect2.SelectorError as fault:
        selector = tinycss2.serialize(node.prelude).strip()
        findings.lost(sheet, f"line {line} has the selector {selector!r}, which cannot be read ({fault})")
