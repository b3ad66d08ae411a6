"""Puts this folder on the path: what the tests of several folders share lies here."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
