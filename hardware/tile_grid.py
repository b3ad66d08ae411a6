"""How a drawing is distributed among sheets: which part of it each sheet has."""

from dataclasses import dataclass

MARK_MM = (2.0, 6.0)  # from the edge of a part: where a mark begins and ends
LEAST_MARGIN_MM = 8.0  # room for marks


@dataclass(frozen=True)
class Span:
    """What a sheet has of one axis of the drawing, mm. `before_mm`, `after_mm` are None at the drawing's own edge."""

    begin_mm: float
    end_mm: float
    before_mm: float | None  # where the part before it ends
    after_mm: float | None  # where the part after it begins


@dataclass(frozen=True)
class Tiling:
    """How a drawing is distributed among sheets: divided, or, with `sheet_mm`, as large as the sheets make it."""

    columns: int
    rows: int
    overlap_mm: float = 0.0  # by how much a part goes on under its right and lower neighbour
    margin_mm: float = 10.0  # of each sheet, around its part
    sheet_mm: tuple[float, float] | None = None  # width and height of every sheet

    @property
    def names(self) -> tuple[str, ...]:
        """The sheets by row and column, as in r1-c2, row by row."""
        return tuple(f"r{row}-c{column}" for row in range(1, self.rows + 1) for column in range(1, self.columns + 1))

    def spans(self, width_mm: float, height_mm: float) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Return the columns and the rows of a drawing of this size."""
        sheet_mm = self.sheet_mm or (None, None)
        return self._axis(self.columns, width_mm, sheet_mm[0]), self._axis(self.rows, height_mm, sheet_mm[1])

    def whole_mm(self, sheet_mm: tuple[float, float]) -> tuple[float, float]:
        """Return the size of the drawing that sheets of this size make, with a margin around it."""
        width_mm, height_mm = (
            count * (side_mm - 2 * self.margin_mm - self.overlap_mm) + self.overlap_mm + 2 * self.margin_mm
            for count, side_mm in zip((self.columns, self.rows), sheet_mm, strict=True)
        )
        return width_mm, height_mm

    def _axis(self, count: int, whole_mm: float, sheet_mm: float | None) -> tuple[Span, ...]:
        if sheet_mm is None:
            first_mm, step_mm = 0.0, whole_mm / count
        else:
            first_mm, step_mm = self.margin_mm, sheet_mm - 2 * self.margin_mm - self.overlap_mm
        spans = []
        for number in range(count):
            begin_mm, is_last = first_mm + number * step_mm, number + 1 == count
            below_mm = 0.0 if is_last and sheet_mm is None else self.overlap_mm  # a divided drawing ends here
            before_mm = begin_mm + self.overlap_mm if number else None
            spans.append(
                Span(begin_mm, begin_mm + step_mm + below_mm, before_mm, None if is_last else begin_mm + step_mm)
            )
        return tuple(spans)
