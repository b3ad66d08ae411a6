"""Drawings and the machines that plot them: toolpaths, G-code, plotting time. Needs no torch."""

__version__ = "0.2.0"
