"""Measurements anybody can repeat: `python -m benchmarks.raster`. Figures are printed, never asserted."""
