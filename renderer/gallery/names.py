"""The files of a work's folder."""

PREVIEW, DRAWING, MANIFEST = "preview.webp", "drawing.svg", "manifest.json"
ORIGINAL = "target.jpg"  # where the spec gives a credit
PENS, LOSS = "pens.svg", "loss.svg"
