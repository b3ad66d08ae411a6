"""Drawing to SVG, and any SVG to Drawing. Millimetres throughout; one Inkscape layer a pen pass."""

from hardware.svgfile.read import read_svg
from hardware.svgfile.write import pass_svg, to_svg
from hardware.svgfile.xml import SvgError

__all__ = ["SvgError", "pass_svg", "read_svg", "to_svg"]
