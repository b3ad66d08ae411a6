"""The styles that `render new --style` knows: each is the layers of a spec, bottom first, as a spec writes them."""

STYLES: dict[str, tuple[str, ...]] = {
    "curves": ("curves",),
    "lines": ("lines",),
    "points": ("points", "curves"),
    "hatching": ("hatching: {cross: 2}",),
    "flow": ("flow",),
    "one-line": ("one_line",),
    "scribble": ("scribble",),
    "spiral": ("spiral",),
    "waves": ("waves",),
    "halftone": ("halftone",),
    "contours": ("contours",),
    "poster": ("areas",),
    "stipple": ("{points: auto, start: stipple}",),
    "paint": ("points", "curves"),
}
