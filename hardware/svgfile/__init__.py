"""Drawing -> SVG, and any SVG -> Drawing. Millimetres throughout; one Inkscape layer per pass."""

from hardware.svgfile.read import Reading, read_svg, reading
from hardware.svgfile.svg_layers import Options
from hardware.svgfile.write import pass_svg, to_svg
from hardware.svgfile.xml import SvgError

__all__ = ["Options", "Reading", "SvgError", "pass_svg", "read_svg", "reading", "to_svg"]
