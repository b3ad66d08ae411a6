"""`python -m renderer.specfile` writes the JSON Schema and the tables of `specs/README.md` again, from the models."""

from pathlib import Path

from renderer.specfile.readme import with_tables
from renderer.specfile.schema import schema_text

SCHEMA = Path(__file__).parent.parent / "spec.schema.json"
README = Path(__file__).parent.parent.parent / "specs" / "README.md"


def main() -> None:
    """Write both files."""
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
