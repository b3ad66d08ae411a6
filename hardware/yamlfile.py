"""A YAML file -> plain values, or one line that says what is wrong with it."""

from pathlib import Path
from typing import Any

import yaml


def values_in(path: Path, error: type[ValueError]) -> Any:
    """Return the values in a file. Raises `error`, as `path: what`, where it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise error(f"{path}: cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise error(f"{path}: not a text file in UTF-8") from None
    except yaml.YAMLError as fault:
        raise error(f"{path}: not YAML: {' '.join(str(fault).split())}") from None
