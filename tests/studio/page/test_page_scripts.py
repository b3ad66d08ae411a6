"""The scripts of the page, which share one global scope."""

import re
from collections import Counter
from pathlib import Path

from renderer.studio import page

STATIC = Path(page.__file__).parent / "static"
DECLARED = re.compile(r"^(?:const|let|async function|function|class) (\w+)", re.MULTILINE)


def test_no_two_scripts_declare_the_same_name() -> None:
    """The browser refuses the whole second script."""
    scripts = [path for path in STATIC.glob("*.js") if not path.name.endswith(".min.js")]
    names = Counter(name for path in scripts for name in set(DECLARED.findall(path.read_text(encoding="utf-8"))))
    assert len(scripts) >= 4
    assert [name for name, count in names.items() if count > 1] == []
