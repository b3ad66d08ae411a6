"""A photograph of the card that a rack drew -> what its pens really do (hardware/measured_card.py draws the card).

Needs the extra `measure`: OpenCV finds the corner marks and the camera, SciPy fits; the model of the ink is here.
"""

from importlib.util import find_spec


class MeasureError(ValueError):
    """A photograph that cannot be measured; the message says why and what would work."""


def check_extra() -> None:
    """Raise MeasureError where the extra is not installed."""
    if find_spec("cv2") is None or find_spec("scipy") is None:
        raise MeasureError("measuring needs OpenCV and SciPy; install them: pip install 'artwork-renderer[measure]'")
