"""The files of a work's folder."""

PREVIEW, DRAWING, MANIFEST = "preview.webp", "drawing.svg", "manifest.json"
PENS, LOSS = "pens.svg", "loss.svg"
