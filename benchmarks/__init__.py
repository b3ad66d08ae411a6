"""Measurements that anyone can repeat: `python -m benchmarks.raster`. Figures are printed, never asserted."""
