"""The `d` of a path -> subpaths, by the grammar of SVG 2, 9.3.

svgelements reads path data, but reads on after errors or raises any exception. So here the part before the first error
is found, which is what SVG draws. Plain lines, of which files for plotters are full, have a fast path.
"""

import re
from collections.abc import Iterator

from hardware.svgfile.subpath import Subpath
from hardware.svgfile.svg_values import NUMBER

_NUMBER = re.compile(NUMBER)
_POINT = rf"\s*{NUMBER}(?:\s*,\s*|\s+){NUMBER}\s*"
_PLAIN = re.compile(rf"\s*M(?>{_POINT})(?>L(?>{_POINT}))*+")  # as `to_svg` and many programs write lines
_ONE = rf"(?>[\s,]*{NUMBER})"
_FLAG = r"[\s,]*[01]"  # can stand without a space: `a1 1 0 01 5 5`
_ARGUMENTS = {
    "MmLlTt": f"{_ONE}{{2}}",
    "HhVv": _ONE,
    "QqSs": f"{_ONE}{{4}}",
    "Cc": f"{_ONE}{{6}}",
    "Aa": f"{_ONE}{{3}}{_FLAG}{_FLAG}{_ONE}{{2}}",
}
_COMMANDS = "|".join(f"[{letters}](?>{arguments})++" for letters, arguments in _ARGUMENTS.items())
_SOUND = re.compile(rf"\s*(?=[Mm])(?>[\s,]*(?:{_COMMANDS}|[Zz]))*+[\s,]*+")
_LONE_POINT = re.compile(r"\.(?!\d)[eE]?")  # in `5.` and `5.e3`, which svgelements does not know


def subpaths_of(text: str) -> tuple[list[Subpath], bool]:
    """Return the subpaths of path data up to its first error, and whether it is free of errors."""
    if _PLAIN.fullmatch(text):
        values = list(map(float, _NUMBER.findall(text)))
        points = list(map(complex, values[::2], values[1::2]))
        return [Subpath(points[0], [*points[1:]])], True
    return subpaths_of_any(text)


def subpaths_of_any(text: str) -> tuple[list[Subpath], bool]:
    """Return the same as `subpaths_of`, without its fast path."""
    from hardware.svgfile.path_curves import parsed_path

    sound = _SOUND.match(text)
    if sound is None or not sound[0].strip(" \t\r\n,"):
        return [], text.strip() in ("", "none")
    plain = _LONE_POINT.sub(lambda point: "e" if len(point[0]) > 1 else " ", sound[0])
    return parsed_path(plain), sound.end() == len(text)


# --- where markers stand ----------------------------------------------------------------------------------------------


def vertices(subpaths: list[Subpath]) -> Iterator[tuple[complex, complex, complex]]:
    """Yield the vertices of a path, with the directions in which it arrives and leaves; 0 at its ends."""
    for subpath in subpaths:
        pieces = list(_pieces(subpath))
        arriving = [0j, *(piece[2] for piece in pieces)]
        leaving = [*(piece[1] for piece in pieces), 0j]
        if subpath.closed and pieces:
            arriving[0], leaving[-1] = arriving[-1], leaving[0]
        points = [subpath.start, *(piece[0] for piece in pieces)]
        yield from zip(points, arriving, leaving, strict=True)


def _pieces(subpath: Subpath) -> Iterator[tuple[complex, complex, complex]]:
    """Yield the end of each segment, and the directions of its begin and its end."""
    from hardware.svgfile.path_curves import curve_end, end_directions

    point = subpath.start
    for segment in [*subpath.segments, *([subpath.start] if subpath.closed else [])]:
        if isinstance(segment, complex):
            yield segment, segment - point, segment - point
            point = segment
        else:
            point = curve_end(segment)
            yield point, *end_directions(segment)
