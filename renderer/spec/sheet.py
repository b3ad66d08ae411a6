"""The target and the sheet of paper."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from hardware.pen import Colour
from renderer.spec.base import AUTO, MisfitError, SpecModel, either

# ISO 216 and ANSI sheets, portrait, in mm.
PAPERS_MM = {
    "A2": (420.0, 594.0),
    "A3": (297.0, 420.0),
    "A4": (210.0, 297.0),
    "A5": (148.0, 210.0),
    "A6": (105.0, 148.0),
    "letter": (215.9, 279.4),
    "tabloid": (279.4, 431.8),
}
SMALLEST_MM = 10  # of the area inside the margins, either way
MOST_PX = 8192  # of the longer side: 64 megapixels are 800 MB for each picture of three float32 channels


def _sha256(text: str) -> str:
    if len(text) != 64 or not set(text.lower()) <= set("0123456789abcdef"):
        raise ValueError(f"a sha256 has 64 hexadecimal digits, this has {len(text)} characters")
    return text.lower()


class RemoteImage(SpecModel):
    """A picture on the web, identified by its content."""

    url: str = Field(pattern=r"^https?://", description="Address from which the picture is fetched, once.")
    sha256: Annotated[str, AfterValidator(_sha256)] = Field(description="SHA-256 of the file, 64 hexadecimal digits.")
    fallback: str | None = Field(
        None, description="A picture beside the spec, used, with a note, where the web cannot be reached."
    )


Share = Annotated[float, Field(ge=0, le=0.9)]


class Crop(SpecModel):
    """What is cut off the picture first, as shares of its width and height."""

    left: Share = Field(0.0, description="Share of the width cut off at the left.")
    top: Share = Field(0.0, description="Share of the height cut off at the top.")
    right: Share = Field(0.0, description="Share of the width cut off at the right.")
    bottom: Share = Field(0.0, description="Share of the height cut off at the bottom.")

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        for low, high in (("left", "right"), ("top", "bottom")):
            both = getattr(self, low) + getattr(self, high)
            if both > 0.9:
                raise MisfitError(((low,), f"{low} and {high} together cut off {both:.0%}; leave at least 10 %"))
        return self


class Tone(SpecModel):
    """How the picture's tones are mapped to those of ink on paper. All metrics compare with the result."""

    black: float = Field(0.0, ge=0, lt=1, description="sRGB value, 0 to 1, that becomes black.")
    white: float = Field(1.0, gt=0, le=1, description="sRGB value, 0 to 1, that becomes white.")
    gamma: float = Field(1.0, gt=0.1, le=10, description="Above 1 lightens the middle tones, below 1 darkens them.")
    saturation: float = Field(
        1.0, ge=0, le=5, description="0 is grey, 1 unchanged, above 1 more colourful, except for what is nearly white."
    )
    local_contrast: float = Field(
        0.0, ge=0, le=5, description="How much shapes stand out from their surroundings: 1 is much. Brings out a face."
    )
    lift: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="How far black is lifted towards white, so that hatching with fine pens stays open in dark areas.",
    )

    features: float = Field(
        0.0,
        ge=0,
        le=10,
        description="How much thin dark features within `focus` are darkened, so that a few strokes still show eyes "
        "and mouths: 3 is much.",
    )

    @model_validator(mode="after")
    def _black_below_white(self) -> Self:
        if self.black >= self.white:
            raise MisfitError((("black",), f"{self.black:g} is not below white, which is {self.white:g}"))
        return self


class Spot(SpecModel):
    """A round spot of the picture that counts more than the rest, or less. It fades out towards its rim."""

    x: float = Field(ge=0, le=1, description="Centre, from the left: share of the width, after `crop`.")
    y: float = Field(ge=0, le=1, description="Centre, from the top: share of the height, after `crop`.")
    radius: float = Field(gt=0, le=2, description="Radius: share of the picture's shorter side.")
    weight: float = Field(
        8.0, ge=0.1, le=40, description="How much the spot counts; the rest counts 1, so below 1 it counts less."
    )


def _focus_tag(value: Any) -> str:
    if isinstance(value, list | tuple | dict):
        return "spots"
    return "name" if value in ("auto", "none") else "path"


class Target(SpecModel):
    """What the drawing should look like."""

    image: Annotated[
        Annotated[str, Field(min_length=1, description="A path relative to the spec."), Tag("path")]
        | Annotated[RemoteImage, Tag("RemoteImage")],
        either("RemoteImage", "path"),
    ] = Field(description="A path relative to the spec; or a mapping of `url`, `sha256` and `fallback`.")
    credit: str | None = Field(
        None,
        min_length=1,
        max_length=300,
        description="Who made the picture, and its licence. With a credit, a gallery shows the picture and its credit "
        "beside the drawing; without one, neither.",
    )
    fit: Literal["cover", "contain", "stretch"] = Field(
        "contain",
        description="`contain` shows the complete picture and leaves wider margins; `cover` fills the area inside the "
        "margins and crops; `stretch` distorts.",
    )
    crop: Crop = Field(Crop(), description="What is cut off the picture first.")
    tone: Annotated[
        Annotated[Literal["auto", "none"], Tag("word")] | Annotated[Tone, Tag("Tone")], either("Tone", "word")
    ] = Field(
        AUTO,
        description="How the picture's tones are mapped to those of ink on paper. `auto`: as suits these pens on this "
        "paper; `none`: the picture as it is.",
    )
    focus: Annotated[
        Annotated[Literal["auto", "none"], Tag("name")]
        | Annotated[str, Field(min_length=1, description="A picture beside the spec."), Tag("path")]
        | Annotated[tuple[Spot, ...], Field(min_length=1, max_length=100), Tag("spots")],
        Discriminator(_focus_tag),
    ] = Field(
        "auto",
        description="What counts most. `auto`: faces, then whatever else draws the eye, then edges; `none`: everything "
        "equally; or a picture beside the spec, of any size, bright where it counts (white twelve times as much as "
        "black); or a list of round spots.",
    )

    @property
    def focus_picture(self) -> str | None:
        """The name of the picture that says what counts, or None."""
        return self.focus if isinstance(self.focus, str) and self.focus not in ("auto", "none") else None


class Sheet(SpecModel):
    """A sheet of any size."""

    width_mm: float = Field(gt=10, le=5000, description="Width of the sheet, mm.")
    height_mm: float = Field(gt=10, le=5000, description="Height of the sheet, mm.")


class Canvas(SpecModel):
    """The sheet of paper."""

    paper: Annotated[
        Annotated[Literal["A2", "A3", "A4", "A5", "A6", "letter", "tabloid"], Tag("size")]
        | Annotated[Sheet, Tag("Sheet")],
        either("Sheet", "size"),
    ] = Field("A4", description="A paper size by name; or a mapping of `width_mm` and `height_mm`.")
    orientation: Literal["auto", "portrait", "landscape"] = Field(
        AUTO,
        description="Orientation of a paper with a name. `auto`: landscape for a picture that is wider than high.",
    )
    margin_mm: float = Field(10, ge=0, description="Margin on all four sides that no stroke enters, mm.")
    overhang: bool = Field(
        False,
        description="Whether the centre of the pen may reach the edge of the margin, with half its ink beyond: for "
        "taped edges.",
    )
    colour: Colour = Field("#ffffff", description="Colour of the paper, `#rrggbb`.")
    px_per_mm: float | None = Field(
        None,
        gt=0,
        le=40,
        description="Resolution at which the strokes are fitted, pixels per mm. Default: the thinnest nib is 2 px "
        "wide, with 256 to 512 px for the longer side; where a `count` is `auto`, 1.3 px or more, with 320 to 800 px.",
    )

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height of the sheet as it lies, mm; portrait where its orientation is not planned yet."""
        if isinstance(self.paper, Sheet):
            return self.paper.width_mm, self.paper.height_mm
        width_mm, height_mm = PAPERS_MM[self.paper]
        return (height_mm, width_mm) if self.orientation == "landscape" else (width_mm, height_mm)

    @property
    def sizes_mm(self) -> tuple[tuple[float, float], ...]:
        """Width and height of the sheet in each possible orientation, mm: two where that is not planned yet."""
        size_mm = self.size_mm
        is_open = self.orientation == AUTO and not isinstance(self.paper, Sheet)
        return (size_mm, size_mm[::-1]) if is_open else (size_mm,)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        faults = tuple(self._faults())
        if faults:
            raise MisfitError(*faults)
        return self

    def _faults(self) -> Iterable[tuple[tuple[str], str]]:
        width_mm, height_mm = self.size_mm
        most_mm = (min(self.size_mm) - SMALLEST_MM) / 2
        if self.margin_mm > most_mm:
            sheet = f"a {width_mm:g} x {height_mm:g} mm sheet"
            yield (
                ("margin_mm",),
                f"margins of {self.margin_mm:g} mm leave less than 10 mm of {sheet}; use at most {most_mm:g}",
            )
        if isinstance(self.paper, Sheet) and self.orientation != AUTO:
            yield (
                ("orientation",),
                "is only for papers with a name; width_mm and height_mm set this sheet's orientation, so leave it out",
            )
        longer_px = max(self.size_mm) * (self.px_per_mm or 0)
        if longer_px > MOST_PX:
            most = MOST_PX / max(self.size_mm)
            yield (
                ("px_per_mm",),
                f"makes the longer side {longer_px:.0f} px; use at most {most:.3g}, which gives {MOST_PX} px",
            )
