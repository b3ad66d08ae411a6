"""Golden files: texts that a change may alter only on purpose, with `pytest --update-golden`."""

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of this name in the folder `goldens` beside the test."""
    folder = Path(request.path).parent / "goldens"

    def compare(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.exists(), f"{path.name} is not there yet: run pytest --update-golden"
        assert text == path.read_bytes().decode("utf-8"), (
            f"{path.name} differs; if that is meant: pytest --update-golden"
        )

    return compare
