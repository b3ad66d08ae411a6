"""No text of the repository has a phrase that docs/style.md rules out.

Markdown and the comments of specs are checked everywhere; code and templates in the folders of CHECKED. Of Python only
strings, docstrings and comments are looked at, so a phrase is never found in a name.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
# files, and folders of code, that have been rewritten: none is ever taken out again
CHECKED: tuple[str, ...] = ("benchmarks", "docs", "hardware", "renderer", "specs", "tests")


class Phrase(NamedTuple):
    pattern: str  # a space stands for any white space: a phrase may run on into the next line
    instead: str
    example: str  # of what it must find


_BE = r"(?:is|are|was|were)"
_FEWER = "longer|more|less|fewer|better|worse|larger|smaller|shorter|slower|faster|higher|lower|wider|later|earlier"
_EXISTS = "one|use|good|need|harm|help|doubt|reason|room|network|such"  # "is no good", "where is no network access"
_WORKS = r"(?:works?|artworks?|drawings?|specs?|paintings?|pictures?)"
_LINKS = r"(?: (?:to|start|from|that|which|is|are|was|were|be|will|can|now|still|already|also))*"

PHRASES = (
    Phrase(r"\btold\b(?! apart)", "say who reports, prints or asks it", "All faults are told at once."),
    Phrase(
        r"\btells?\b(?! (?:\w+ ){0,2}apart\b)",
        "reports, prints, shows, asks or knows",
        "The line tells what answers.",
    ),
    Phrase(r"\bsuch that\b", "so that", "It stops such that it can be resumed."),
    Phrase(r"\banew\b", "again", "The file is written anew."),
    Phrase(r"\bwho(?:so)?m?ever\b", "anyone who, or the person who", "Whoever has a link may look."),
    Phrase(
        rf"(?<!\bthere\s)\b{_BE} no (?!(?:{_FEWER}|{_EXISTS})\b)[a-z{{][\w}}]*",
        "is not a ..., or: has no ...",
        "'many' is no whole number",
    ),
    Phrase(
        r"\bnobody (?:owns?|owned|ha[sd] an?)\b", "name the thing: the rack has no pen ...", "Nobody owns such pens."
    ),
    Phrase(
        rf"\b{_WORKS}{_LINKS} (?:hangs?|hung)\b(?! on (?:a|the) walls?)|\bwhat hangs\b",
        "is rendered, plotted or displayed",
        "Specs to start from hang in the gallery.",
    ),
    Phrase(r"\bgoes wrong again and again\b", "fails repeatedly", "Nothing goes wrong again and again."),
    Phrase(r"\band as well on\b", "and equal on", "Better on 12 works, and as well on the other."),
    Phrase(r"\bwhat would do\b", "what would work, or: what to use instead", "It says what would do."),
    Phrase(r"\b(?:have|has|had) to do with\b", "concerns, or: belongs to", "What the host has to do with it."),
    Phrase(r"\breckon(?:s|ed|ing)?\b", "computes, or estimates", "Numbers that the network reckons with."),
    Phrase(r"\b(?:the like|the whole of it|what of it)\b", "name the thing", "Corners, screws and the like."),
    Phrase(r"\blooks? through (?:a|the|real) networks?\b", "uses a network", "The loss looks through a network."),
    Phrase(r"\b(?:an|another) own\b", "its own, or: a separate", "Each has an own folder."),
    Phrase(r"\bof one's own\b", "of your own", "Dialects of one's own."),
    Phrase(r"\bto be had\b", "available", "No port is to be had."),
    Phrase(r"\bwith every word about\b", "whenever it writes about", "It shows it with every word about the job."),
)
ACCEPTED = (
    "Nothing can tell the two apart, and they are seldom told apart.",
    "There is no network; if there are no pens, it is no longer needed and is no more than a name.",
    "A work is displayed. A process hangs, a worker hung, and the sheet hangs on the wall.",
    "The drawings hang on a wall.",
    "Nobody has moved it, and that is no reason to stop.",
    "The answer is no. It has nothing to do with the port, or with networks.",
    "A new pen; know, renewal, teller, toll.",
    "It would do so again.",
)
_COMPILED = tuple((re.compile(phrase.pattern.replace(" ", r"\s+"), re.IGNORECASE), phrase) for phrase in PHRASES)

Chunks = Iterator[tuple[int, int, str]]  # the first and the last line, and the text between them


def faults(text: str) -> Iterator[tuple[int, str, Phrase]]:
    """How many lines down each phrase is, and how it is written there."""
    for pattern, phrase in _COMPILED:
        for found in pattern.finditer(text):
            yield text.count("\n", 0, found.start()), " ".join(found[0].split()), phrase


# --- the prose of a file ----------------------------------------------------------------------------------------------


def _blanked(pattern: str, text: str, flags: re.RegexFlag = re.DOTALL) -> str:
    """The text without what matches, line for line."""
    return re.sub(pattern, lambda found: "{}" + "\n" * found[0].count("\n"), text, flags=flags)


def _whole(text: str) -> Chunks:
    yield 1, text.count("\n") + 1, text


def markdown_prose(text: str) -> Chunks:
    """All but code in a line, addresses, generated tables (checked at their source) and what style.md warns of."""
    text = _blanked(r"<!-- fields of .*?<!-- end -->", text)
    text = _blanked(r"^- Before: .*?$", text, re.MULTILINE) if text.startswith("# Style: ") else text
    return _whole(_blanked(r"\]\([^)\s]*\)", _blanked(r"`[^`\n]+`", text)))


def yaml_prose(text: str) -> Chunks:
    for number, line in enumerate(text.splitlines(), 1):
        if comment := re.search(r"(?:^|\s)#\s(.*)", line):
            yield number, number, comment[1]


def python_prose(text: str) -> Chunks:
    """Strings of more than one word, docstrings among them, and comments."""
    of_joined: set[int] = set()
    for node in ast.walk(ast.parse(text)):  # an f-string comes before its parts
        said = ""
        if isinstance(node, ast.JoinedStr):
            of_joined |= {id(part) for part in node.values}
            said = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in of_joined:
            said = node.value
        if isinstance(node, ast.expr) and " " in said:
            yield node.lineno, node.end_lineno or node.lineno, said
    first, last, block = 0, -1, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            words, line = token.string.lstrip("# "), token.start[0]
            if line == last + 1:
                last, block = line, f"{block}\n{words}"
                continue
            yield first, last, block
            first, last, block = line, line, words
    yield first, last, block


_QUOTED = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
_SCRIPT = re.compile(rf"//[^\n]*|/\*.*?\*/|{_QUOTED}|`(?:\\.|[^`\\])*`", re.DOTALL)


def script_prose(text: str) -> Chunks:
    """Strings of more than one word, and comments."""
    for found in _SCRIPT.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if " " in found[0]:
            yield line, line + found[0].count("\n"), _blanked(r"\$\{[^}]*\}", found[0])


def template_prose(text: str) -> Chunks:
    """What people read of a Jinja template of HTML or Markdown: text, labels, and the strings in its tags."""
    for found in re.finditer(r"<(script|style)\b.*?</\1>|\{[{%#].*?[%#}]\}", text, re.DOTALL):
        before = text.count("\n", 0, found.start())
        yield from ((before + first, before + last, said) for first, last, said in script_prose(found[0]))
    text = _blanked(r"<(script|style)\b.*?</\1>", text)
    text = _blanked(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", text)
    for label in re.finditer(r'\b(?:alt|title|placeholder|aria-label)="([^"]*)"', text):
        line = text.count("\n", 0, label.start()) + 1
        yield line, line + label[1].count("\n"), label[1]
    yield from _whole(_blanked(r"<[^>]*>", text))


PROSE: dict[str, Callable[[str], Chunks]] = {
    ".md": markdown_prose,
    ".yaml": yaml_prose,
    ".py": python_prose,
    ".js": script_prose,
    ".j2": template_prose,
}


def report(name: str, text: str) -> list[str]:
    """A line for every phrase in a file of this name."""
    found = {
        (min(first + down, last), written, phrase.instead)
        for first, last, said in PROSE[Path(name).suffix](text)
        for down, written, phrase in faults(said)
    }
    return [f"{name}:{line}: {written!r}; write instead: {instead}" for line, written, instead in sorted(found)]


def is_checked(name: str) -> bool:
    path = Path(name)
    if path.suffix not in PROSE or name.endswith((".min.js", "test_plain_english.py")):
        return False
    return path.suffix in {".md", ".yaml"} or any(path.is_relative_to(each) for each in CHECKED)


def tracked() -> list[str]:
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        return sorted(path.relative_to(ROOT).as_posix() for each in ("*.md", "docs/*.md") for path in ROOT.glob(each))
    return listed.splitlines()


# --- tests ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in tracked() if is_checked(name)])
def test_a_text_has_no_phrase_that_reads_as_translated(name: str) -> None:
    path = ROOT / name
    lines = report(name, path.read_text(encoding="utf-8")) if path.exists() else []
    assert not lines, "docs/style.md says why\n" + "\n".join(lines)


def test_what_is_checked_exists() -> None:
    assert [each for each in CHECKED if not (ROOT / each).exists()] == []
    assert is_checked("README.md")
    assert is_checked("docs/style.md")


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.example)
def test_a_phrase_is_found_in_its_example(phrase: Phrase) -> None:
    assert [found for _, _, found in faults(phrase.example)] == [phrase]


@pytest.mark.parametrize("sentence", ACCEPTED)
def test_a_good_sentence_passes(sentence: str) -> None:
    assert list(faults(sentence)) == []


def test_a_phrase_is_found_over_the_end_of_a_line() -> None:
    assert [(down, written) for down, written, _ in faults("It is\nso, such\nthat it goes on.")] == [(1, "such that")]


def test_a_fault_names_its_place_the_phrase_and_what_to_write() -> None:
    assert report("x.md", "# Title\n\nA file is\nwritten anew.\n") == ["x.md:4: 'anew'; write instead: again"]


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("x.md", "`anew` and [a page](anew.md)\n<!-- fields of X -->\nanew\n<!-- end -->\n", []),
        ("x.md", "- Before: anew\n- After: again\n", [1]),
        ("x.md", "# Style: words\n- Before: anew\n- After: anew\n", [3]),
        ("x.md", "    render x   # written anew\n", [1]),
        ("x.yaml", 'colour: "#anew"\nanew: 1   # written anew\n# anew\n', [2, 3]),
        ("x.py", "told = anew('told', key=tells.anew)\n", []),
        ("x.py", '"""Told.\n\nIt is told anew.\n"""\n', [1, 3, 3]),
        ("x.py", "x = 1  # a name, such\n# that\ny = 2\n# anew\n", [1, 4]),
        ("x.py", 'x = f"{told!r} is no {anew}"\n', [1]),
        ("x.py", 'x = (\n    f"{told} is "\n    "no spec"\n)\n', [2]),
        ("x.js", 'const told = "anew"; // told\nsay("it is told", `${told}\n anew`);\n', [1, 2, 3]),
        ("x.html.j2", "<p title=\"told\">{{ told }} {% if anew %}anew{% endif %}\n{{ 'it tells' }}</p>", [1, 1, 2]),
        ("x.html.j2", "<script>\nlet told = 1;\n// anew, again\n</script>\n<style>.told {}</style>", [3]),
    ],
)
def test_prose_is_checked_and_names_are_not(name: str, text: str, lines: list[int]) -> None:
    assert [int(line.split(":")[1]) for line in report(name, text)] == lines
