"""An HPGL or HP-GL/2 file -> SVG: each pen is a layer. Units of 0.025 mm, y up."""

import cmath
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hardware.formats.hpgl_scanner import Instruction, encoded_moves, instructions
from hardware.formats.stroke_sheet import FormatError, Imported, Look, StrokeSheet

_MM = 0.025
_WIDTH_MM = 0.35  # of pens whose file gives none, as HPGL says
_FINE = 0.1  # units by which a chord may deviate from its arc
_COLOURS = ("#000000", "#ff0000", "#00aa00", "#c8a000", "#0000ff", "#ff00ff", "#00aaaa", "#808080")
_DASHES_MM = {  # by the type of a line
    1: (0.0, 4.0),
    2: (2.0, 2.0),
    3: (3.0, 1.5),
    4: (3.0, 1.0, 0.0, 1.0),
    5: (3.0, 1.0, 1.0, 1.0),
    6: (2.5, 0.8, 0.8, 0.8, 0.8, 0.8),
}
_UNSEEN = (  # speeds, forces, paper, typefaces, answers to a computer
    "IN DF VS VA VN FS AS AC AF AH AP BP CA CF CO CP CS CT CV DC DP DS EC ES FI FN FR FT GC GM GP IM IV KY LA LM LO"
    " MC MG MT NP NR OA OC OD OE OF OG OH OI OK OL OO OP OS OT OW PB PC PG PS PT QL RF RP RQ SA SB SD SS ST SV TD TL TR"
    " UL VP WU"
)
_IGNORED = frozenset(_UNSEEN.split())


def hpgl_as_svg(text: str) -> Imported:
    """Return an HPGL file as SVG. Raises FormatError if it draws nothing, or has absurd numbers."""
    plotter = _Plotter()
    for instruction in instructions(text):
        try:
            plotter.obey(instruction)
        except (ArithmeticError, ValueError):
            raise FormatError(f"the instruction {instruction.name} has numbers that cannot be drawn") from None
    plotter.lift()
    return plotter.sheet.imported()


@dataclass
class _Plotter:
    """The state of a plotter that obeys HPGL. Points are complex numbers, x + y i."""

    sheet: StrokeSheet = field(default_factory=lambda: StrokeSheet(_MM))
    at: complex = 0j  # in user units
    line: list[complex] = field(default_factory=list)  # that the pen draws, in plotter units
    is_down: bool = False
    is_relative: bool = False
    pen: int = 1
    widths_mm: dict[int, float] = field(default_factory=dict)
    dashes: int = 0  # type of line; 0 is solid
    corners: tuple[complex, complex] = (0j, 10000 + 7200j)  # P1 and P2
    scale: tuple[float, float, float, float] | None = None  # x and y at P1 and P2
    turns: int = 0  # quarters by which RO rotates
    letters: float = 2.7 / _MM  # height of capitals, in plotter units
    direction: float = 0.0  # of letters, degrees
    polygon: list[list[complex]] | None = None  # that PM collects
    area: list[list[complex]] = field(default_factory=list)  # what EP and FP draw

    def obey(self, instruction: Instruction) -> None:
        """Carry out an instruction, or count it as lost."""
        name = instruction.name
        if name in _ACTIONS:
            _ACTIONS[name](self, instruction)
        elif name not in _IGNORED:
            self.sheet.lost(f"the instruction {name} is left out")

    # --- places ---

    def placed(self, point: complex) -> complex:
        """Return a point in plotter units."""
        if self.scale is not None:
            left, right, bottom, top = self.scale
            low, size = self.corners[0], self.corners[1] - self.corners[0]
            across, up = (point.real - left) / (right - left), (point.imag - bottom) / (top - bottom)
            point = low + complex(across * size.real, up * size.imag)
        return point * 1j**self.turns

    def target(self, x: float, y: float) -> complex:
        """Return the point that two arguments mean."""
        return complex(x, y) + (self.at if self.is_relative else 0)

    # --- drawing ---

    def lift(self) -> None:
        """Finish the line that the pen draws."""
        if self.line and self.polygon is None:
            self.sheet.line(self.layer(), self.line, self.look())
        self.line = []

    def draw(self, point: complex) -> None:
        """Draw or move to a point, in user units."""
        if self.polygon is not None:
            self.polygon[-1].append(self.placed(point))
        elif self.is_down:
            self.line = self.line or [self.placed(self.at)]
            self.line.append(self.placed(point))
        self.at = point

    def closed(self, outlines: list[list[complex]], is_filled: bool) -> None:
        """Draw outlines or the area in them, in plotter units; the pen stays where it is."""
        self.lift()
        self.sheet.area(self.layer(), [each for each in outlines if len(each) > 1], self.look(), is_filled)

    def layer(self) -> str:
        """Return the layer of the pen in use."""
        return f"{self.pen} pen {self.pen}"

    def look(self) -> Look:
        """Return how the pen in use draws."""
        width_mm = max(self.widths_mm.get(self.pen, self.widths_mm.get(0, _WIDTH_MM)), 0.05)
        return Look(_COLOURS[(self.pen - 1) % len(_COLOURS)], width_mm, _DASHES_MM.get(abs(self.dashes), ()))


# --- instructions -----------------------------------------------------------------------------------------------------


def _pairs(numbers: tuple[float, ...]) -> Iterator[tuple[float, float]]:
    yield from zip(numbers[::2], numbers[1::2], strict=False)


def _moves(plotter: _Plotter, numbers: tuple[float, ...]) -> None:
    for x, y in _pairs(numbers):
        plotter.draw(plotter.target(x, y))


def _pen_up(plotter: _Plotter, instruction: Instruction) -> None:
    plotter.lift()
    plotter.is_down = False
    _moves(plotter, instruction.numbers)


def _pen_down(plotter: _Plotter, instruction: Instruction) -> None:
    if not plotter.is_down and plotter.polygon is None:
        plotter.line = [plotter.placed(plotter.at)]
    plotter.is_down = True
    _moves(plotter, instruction.numbers)


def _absolute(plotter: _Plotter, instruction: Instruction) -> None:
    plotter.is_relative = False
    _moves(plotter, instruction.numbers)


def _relative(plotter: _Plotter, instruction: Instruction) -> None:
    plotter.is_relative = True
    _moves(plotter, instruction.numbers)


def _select(plotter: _Plotter, instruction: Instruction) -> None:
    plotter.lift()
    number = int(instruction.numbers[0]) if instruction.numbers else 0
    if number > 0:  # 0 puts the pen away
        plotter.pen = number


def _width(plotter: _Plotter, instruction: Instruction) -> None:
    plotter.lift()
    given = (*instruction.numbers, _WIDTH_MM)[:2] if instruction.numbers else (_WIDTH_MM, 0.0)
    plotter.widths_mm[int(given[1]) if len(instruction.numbers) > 1 else 0] = given[0]


def _line_type(plotter: _Plotter, instruction: Instruction) -> None:
    plotter.lift()
    plotter.dashes = int(instruction.numbers[0]) if instruction.numbers else 0


def _arc(plotter: _Plotter, centre: complex, degrees: float) -> None:
    begin = plotter.at
    spoke = begin - centre
    reach = abs(plotter.placed(begin) - plotter.placed(centre))
    for turned in _turns(reach, degrees):
        plotter.draw(centre + spoke * turned)
    plotter.at = centre + spoke * cmath.rect(1.0, math.radians(degrees))


def _turns(radius: float, degrees: float) -> list[complex]:
    """Return the rotations along an arc, without that of its begin."""
    step = max(2 * math.acos(max(1 - _FINE / max(radius, _FINE), 0.0)), 1e-4)
    count = min(max(2, math.ceil(abs(math.radians(degrees)) / step)), 20_000)
    return [cmath.rect(1.0, math.radians(degrees) * number / count) for number in range(1, count + 1)]


def _arc_absolute(plotter: _Plotter, instruction: Instruction) -> None:
    if len(instruction.numbers) >= 3:
        _arc(plotter, complex(*instruction.numbers[:2]), instruction.numbers[2])


def _arc_relative(plotter: _Plotter, instruction: Instruction) -> None:
    if len(instruction.numbers) >= 3:
        _arc(plotter, plotter.at + complex(*instruction.numbers[:2]), instruction.numbers[2])


def _arc_through(plotter: _Plotter, instruction: Instruction) -> None:
    """AT and RT: an arc through a point to another."""
    if len(instruction.numbers) < 4:
        return
    origin = plotter.at if instruction.name == "RT" else 0j
    middle, end = (origin + complex(*pair) for pair in _pairs(instruction.numbers[:4]))
    to_middle, to_end = middle - plotter.at, end - plotter.at
    across = 2 * (to_middle.conjugate() * to_end).imag
    if across == 0:  # on one line
        plotter.draw(middle)
        plotter.draw(end)
        return
    spoke = 1j * (to_middle * abs(to_end) ** 2 - to_end * abs(to_middle) ** 2) / across
    centre = plotter.at + spoke
    degrees = math.degrees(cmath.phase((end - centre) / (plotter.at - centre)))
    wanted = 1 if across > 0 else -1
    _arc(plotter, centre, degrees if degrees * wanted > 0 else degrees + 360 * wanted)


def _circle(plotter: _Plotter, instruction: Instruction) -> None:
    if not instruction.numbers:
        return
    centre, radius = plotter.at, abs(instruction.numbers[0])
    reach = abs(plotter.placed(centre + radius) - plotter.placed(centre))
    plotter.lift()
    points = [plotter.placed(centre + radius * turned) for turned in _turns(reach, 360)]
    if plotter.polygon is not None:
        plotter.polygon[-1:] = [points, []] if len(plotter.polygon[-1]) < 2 else [plotter.polygon[-1], points, []]
    else:
        plotter.closed([points], is_filled=False)


def _rectangle(plotter: _Plotter, instruction: Instruction) -> None:
    if len(instruction.numbers) < 2:
        return
    begin, end = plotter.at, complex(*instruction.numbers[:2])
    end += begin if instruction.name in ("ER", "RR") else 0
    corners = [begin, complex(end.real, begin.imag), end, complex(begin.real, end.imag)]
    plotter.closed([[plotter.placed(corner) for corner in corners]], is_filled=instruction.name in ("RA", "RR"))


def _wedge(plotter: _Plotter, instruction: Instruction) -> None:
    if len(instruction.numbers) < 3:
        return
    radius, begin, sweep = instruction.numbers[:3]
    centre = plotter.at
    first = centre + cmath.rect(radius, math.radians(begin))
    reach = abs(plotter.placed(first) - plotter.placed(centre))
    points = [centre, first, *(centre + (first - centre) * turned for turned in _turns(reach, sweep))]
    plotter.closed([[plotter.placed(point) for point in points]], is_filled=instruction.name == "WG")


def _bezier(plotter: _Plotter, instruction: Instruction) -> None:
    points = [complex(*pair) for pair in _pairs(instruction.numbers)]
    for number in range(0, len(points) - 2, 3):
        origin = plotter.at if instruction.name == "BR" else 0j
        a, (b, c, d) = plotter.at, (origin + point for point in points[number : number + 3])
        bend = 6 * max(abs(p - 2 * q + r) for p, q, r in ((a, b, c), (b, c, d)))
        count = min(max(1, math.ceil(math.sqrt(bend / (8 * _FINE)))), 10_000)
        for t in (step / count for step in range(1, count + 1)):
            u = 1 - t
            plotter.draw(u**3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t**3 * d)


def _encoded(plotter: _Plotter, instruction: Instruction) -> None:
    for kind, x, y in encoded_moves(instruction.text):
        if kind == ":":
            _select(plotter, Instruction("SP", (x,)))
            continue
        if kind in "-_":
            plotter.lift()
        is_down, plotter.is_down = plotter.is_down, kind in "+="
        plotter.draw(complex(x, y) + (plotter.at if kind in "+-" else 0))
        plotter.is_down = is_down if kind in "-_" else True


def _scaled(plotter: _Plotter, instruction: Instruction) -> None:
    given = instruction.numbers[:4]
    has_sides = len(given) == 4 and given[0] != given[1] and given[2] != given[3]
    plotter.lift()
    plotter.scale = (given[0], given[1], given[2], given[3]) if has_sides else None


def _input_corners(plotter: _Plotter, instruction: Instruction) -> None:
    points = [complex(*pair) for pair in _pairs(instruction.numbers)]
    if len(points) == 2:
        plotter.corners = points[0], points[1]


def _rotated(plotter: _Plotter, instruction: Instruction) -> None:
    plotter.lift()
    plotter.turns = round((instruction.numbers or (0.0,))[0] / 90) % 4


def _letter_size(plotter: _Plotter, instruction: Instruction) -> None:
    """SI gives centimetres; SR shares of the distance between P1 and P2."""
    if len(instruction.numbers) < 2:
        height = _Plotter.letters
    elif instruction.name == "SI":
        height = instruction.numbers[1] * 10 / _MM
    else:
        height = instruction.numbers[1] / 100 * (plotter.corners[1] - plotter.corners[0]).imag
    plotter.letters = abs(height)


def _letter_direction(plotter: _Plotter, instruction: Instruction) -> None:
    run, rise = (*instruction.numbers, 1.0, 0.0)[:2] if len(instruction.numbers) > 1 else (1.0, 0.0)
    plotter.direction = math.degrees(math.atan2(rise, run))


def _label(plotter: _Plotter, instruction: Instruction) -> None:
    plotter.lift()
    height = plotter.letters
    degrees = plotter.direction + 90 * plotter.turns
    down = cmath.rect(1.0, math.radians(degrees)) * -2j * height
    place = plotter.placed(plotter.at)
    for number, line in enumerate(instruction.text.replace("\r", "").split("\n")):
        shown = "".join(letter for letter in line if letter.isprintable())
        if shown.strip():
            plotter.sheet.text(plotter.layer(), place + number * down, shown, height, degrees, plotter.look())


def _polygon_mode(plotter: _Plotter, instruction: Instruction) -> None:
    mode = int(instruction.numbers[0]) if instruction.numbers else 0
    if mode == 0:
        plotter.lift()
        plotter.polygon = [[plotter.placed(plotter.at)]]
    elif mode == 1 and plotter.polygon is not None:
        plotter.polygon.append([])
    elif mode == 2 and plotter.polygon is not None:
        plotter.area, plotter.polygon = plotter.polygon, None


def _polygon(plotter: _Plotter, instruction: Instruction) -> None:
    plotter.closed(plotter.area, is_filled=instruction.name == "FP")


_ACTIONS: dict[str, Callable[[_Plotter, Instruction], None]] = {
    "AA": _arc_absolute,
    "AR": _arc_relative,
    "AT": _arc_through,
    "RT": _arc_through,
    "BR": _bezier,
    "BZ": _bezier,
    "CI": _circle,
    "DI": _letter_direction,
    "DR": _letter_direction,
    "EA": _rectangle,
    "EP": _polygon,
    "ER": _rectangle,
    "EW": _wedge,
    "FP": _polygon,
    "IP": _input_corners,
    "LB": _label,
    "LT": _line_type,
    "PA": _absolute,
    "PD": _pen_down,
    "PE": _encoded,
    "PM": _polygon_mode,
    "PR": _relative,
    "PU": _pen_up,
    "PW": _width,
    "RA": _rectangle,
    "RO": _rotated,
    "RR": _rectangle,
    "SC": _scaled,
    "SI": _letter_size,
    "SP": _select,
    "SR": _letter_size,
    "WG": _wedge,
}
