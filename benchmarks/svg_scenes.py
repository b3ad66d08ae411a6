"""SVG files of random scenes: does what is read look like what resvg draws?

    python -m benchmarks.svg_scenes                   400 scenes
    python -m benchmarks.svg_scenes --seeds 100:120   some of them, by their seeds
    python -m benchmarks.svg_scenes --keep /tmp/look  also the SVG and both pictures of each scene that differs

resvg is not a developer dependency: `uv pip install resvg-py`. Scenes nest groups, uses, symbols, viewports, clips,
masks, markers and transforms, and are coloured by attributes, `style` and a style sheet. Lines are thin and have round
ends, as pens draw them. What resvg does not know (variables, CSS transforms, `pathLength`) is left to the tests.
"""

import argparse
import io
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hardware.svgfile import Options, SvgError, read_svg, to_svg

WIDTH, HEIGHT = 100, 80  # mm
PX_PER_MM = 6
SAME = 0.2  # mean difference of two pictures, as a share of the ink, below which they look the same
SHEET = ".a{stroke:teal} g .b{stroke:#a0a} path.a{stroke-width:.4} #none{stroke:red} g>rect{stroke:orange}"
CLIPS = (
    '<circle cx="50" cy="40" r="25"/>',
    '<rect x="20" y="10" width="50" height="60"/>',
    '<path clip-rule="evenodd" d="M10 10H90V70H10zM30 30H60V60H30z"/>',
    '<rect x="20" y="10" width="50" height="40" transform="rotate(20)"/>',
)
VIEWS = ("", 'viewBox="0 0 100 80"', 'viewBox="10 0 50 50" preserveAspectRatio="xMinYMax slice"')


class Scene:
    """Writes one random scene."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._defs: list[str] = []

    def svg(self) -> str:
        """Return the scene as SVG."""
        body = "".join(self._part(0) for _ in range(self._random.randint(3, 7)))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}mm" height="{HEIGHT}mm"'
            f' viewBox="0 0 {WIDTH} {HEIGHT}"><style>{SHEET}</style>'
            '<g fill="none" stroke="black" stroke-width=".5" stroke-linecap="round" stroke-linejoin="round">'
            f"<defs>{''.join(self._defs)}</defs>{body}</g></svg>"
        )

    def _number(self, low: float, high: float) -> str:
        return f"{self._random.uniform(low, high):.2f}"

    def _numbers(self, count: int) -> str:
        return " ".join(self._number(5, 75) for _ in range(count))

    def _named(self, tag: str, attributes: str, body: str) -> str:
        """Put an element into <defs>; return its id."""
        name = f"i{len(self._defs)}"
        self._defs.append("")  # what is inside comes after it
        self._defs[int(name[1:])] = f'<{tag} id="{name}" {attributes}>{body}</{tag}>'
        return name

    def _style(self) -> str:
        given = []
        if self._random.random() < 0.5:
            colours = ["red", "#00f", "rgb(0,128,0)", "hsl(300,100%,40%)", "inherit", "currentColor"]
            given.append(("stroke", self._random.choice(colours)))
        if self._random.random() < 0.2:
            given.append(("stroke-width", self._random.choice([".3", ".5", ".4mm", ".4%"])))
        if self._random.random() < 0.15:
            given.append(("stroke-dasharray", self._random.choice(["4 2", "3", "5 1 2", "2% 2%"])))
        if self._random.random() < 0.1:
            given.append(("visibility", self._random.choice(["hidden", "visible"])))
        if self._random.random() < 0.5:
            return " ".join(f'{name}="{value}"' for name, value in given)
        return 'style="' + ";".join(f"{name}:{value}" for name, value in given) + '"'

    def _attributes(self) -> str:
        moved = self._random.choice(
            [
                *("", "", ""),
                f"translate({self._number(-10, 10)} {self._number(-10, 10)})",
                f"rotate({self._number(-40, 40)} 50 40)",
                f"scale({self._number(0.7, 1.3)})",
            ]
        )
        classes = self._random.choice(["", 'class="a"', 'class="b"', 'class="a b"'])
        return f'{self._style()} {classes} transform="{moved}"'

    def _part(self, depth: int) -> str:
        kinds = [self._path, self._rectangle, self._ellipse, self._polyline]
        if depth > 3 or self._random.random() < 0.45:
            return self._random.choice(kinds)()
        return self._random.choice([self._group, self._use, self._nested, self._symbol, self._masked])(depth + 1)

    def _path(self) -> str:
        arc = f"{self._number(3, 20)} {self._number(3, 20)} {self._number(0, 90)}"
        flags = self._random.choice(["00", "01", "10", "11"])
        ends = f"{self._number(-20, 20)} {self._number(-20, 20)}"
        data = f"M{self._numbers(2)}L{self._numbers(2)}C{self._numbers(6)}a{arc} {flags}{ends}"
        return f'<path {self._attributes()} d="{data}"/>'

    def _rectangle(self) -> str:
        x, y, width, height = self._numbers(4).split()
        rounded = self._random.choice(["0", "3"])
        box = f'x="{x}" y="{y}" width="{width}" height="{height}"'
        return f'<rect {self._attributes()} {box} rx="{rounded}"/>'

    def _ellipse(self) -> str:
        radii = f'rx="{self._number(2, 15)}" ry="{self._number(2, 15)}"'
        return f'<ellipse {self._attributes()} cx="{self._number(10, 90)}" cy="{self._number(10, 70)}" {radii}/>'

    def _polyline(self) -> str:
        own = '<path fill="none" stroke="red" stroke-width=".5" d="M1 1L5 3L1 5"/>'
        turned = self._random.choice(["auto", "0", "45"])
        size = f'viewBox="0 0 6 6" markerWidth="6" markerHeight="6" refX="{self._random.choice("03")}" refY="3"'
        name = self._named("marker", f'{size} orient="{turned}"', own)
        where = self._random.choice(["marker-end", "marker-start", "marker-mid"])
        return f'<polyline {self._attributes()} points="{self._numbers(8)}" {where}="url(#{name})"/>'

    def _group(self, depth: int) -> str:
        clip = ""
        if self._random.random() < 0.4:
            clip = f'clip-path="url(#{self._named("clipPath", "", self._random.choice(CLIPS))})"'
        parts = [self._part(depth) for _ in range(self._random.randint(1, 4))]
        return f"<g {self._attributes()} {clip}>{''.join(parts)}</g>"

    def _use(self, depth: int) -> str:
        name = self._named("g", "", self._part(depth))
        return f'<use {self._attributes()} href="#{name}" x="{self._number(-10, 10)}" y="{self._number(-5, 5)}"/>'

    def _nested(self, depth: int) -> str:
        place = f'x="{self._number(0, 30)}" y="{self._number(0, 30)}"'
        size = f'width="{self._number(30, 60)}" height="{self._number(30, 50)}"'
        return f"<svg {place} {size} {self._random.choice(VIEWS)}>{self._part(depth)}{self._part(depth)}</svg>"

    def _symbol(self, depth: int) -> str:
        overflow = self._random.choice(["", 'overflow="visible"'])
        name = self._named("symbol", f'viewBox="0 0 100 80" {overflow}', self._part(depth))
        size = f'width="{self._number(30, 70)}" height="{self._number(30, 60)}"'
        return f'<use {self._attributes()} href="#{name}" x="{self._number(0, 30)}" {size}/>'

    def _masked(self, depth: int) -> str:
        whole = f'maskUnits="userSpaceOnUse" x="0" y="0" width="{WIDTH}" height="{HEIGHT}"'
        light = '<rect stroke="none" width="70" height="80" fill="white"/>'
        light += '<circle stroke="none" fill="black" cx="40" cy="40" r="12"/>'
        return f'<g {self._attributes()} mask="url(#{self._named("mask", whole, light)})">{self._part(depth)}</g>'


def drawn(svg: str) -> NDArray[np.float64]:  # [H, W, 3] in [0, 255]
    """Return the picture that resvg draws."""
    import resvg_py

    size = {"width": WIDTH * PX_PER_MM, "height": HEIGHT * PX_PER_MM}
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, background="white", dpi=96, **size))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.float64)


def differs(svg: str) -> tuple[float, str]:
    """Return how much what is read differs, as a share of the ink, and the SVG of what is read."""
    theirs = drawn(svg)
    try:
        ours = to_svg(read_svg(svg, Options(keep_order=True)))
    except SvgError:  # nothing to draw
        ours = svg.partition("<style>")[0] + "</svg>"
    return float(np.abs(drawn(ours) - theirs).mean() / max((255 - theirs).mean(), 0.2)), ours


def main() -> None:
    """Print the scenes that differ, and how many do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:400")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    first, last = map(int, asked.seeds.split(":"))
    shares = []
    for seed in range(first, last):
        svg = Scene(seed).svg()
        share, ours = differs(svg)
        shares.append(share)
        if share > SAME:
            print(f"scene {seed}: differs by {share:.0%} of its ink")
            if asked.keep:
                keep(asked.keep, seed, svg, ours)
    print(
        f"{sum(share > SAME for share in shares)} of {len(shares)} scenes differ; mean difference {np.mean(shares):.1%}"
    )


def keep(folder: Path, seed: int, svg: str, ours: str) -> None:
    """Write a scene, and its picture by resvg beside that of what was read."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{seed}.svg").write_text(svg, encoding="utf-8")
    both = np.concatenate([drawn(svg), drawn(ours)], axis=1)
    Image.fromarray(both.astype(np.uint8)).save(folder / f"{seed}.png")


if __name__ == "__main__":
    main()
