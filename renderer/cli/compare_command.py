"""`render compare`: finished renders side by side, as a table and as a page."""

import dataclasses
from pathlib import Path

from renderer.cli import printing
from renderer.cli.atomic_file import write_atomically
from renderer.cli.codes import DONE
from renderer.comparison import FIGURES, Compared, compared, figure_text, page


def compare_renders(*, folders: tuple[Path, ...], page_file: Path | None, as_json: bool) -> int:
    """Print the table, and write the page if one is named. Raises CompareError, OutputError."""
    works = compared(folders)
    if page_file is not None:
        write_atomically(page_file, page(works))
    if as_json:
        rows = [{**dataclasses.asdict(work), "folder": str(work.folder)} for work in works]
        printing.as_json({"works": rows, "page": page_file and str(page_file)})
        return DONE
    show_comparison(works)
    if page_file is not None:
        printing.data(str(page_file))
    return DONE


def show_comparison(works: tuple[Compared, ...]) -> None:
    """Print a column for each render: first what differs, then the figures."""
    table = printing.table("<", *(f"{work.folder.name}{' (stopped)' if work.interrupted else ''}" for work in works))
    for key in works[0].settings:
        table.add_row(key, *(work.settings[key] for work in works))
    for key in FIGURES:
        table.add_row(key, *(figure_text(key, work.figures[key]) for work in works))
    printing.show_table(table)
    if not works[0].settings:
        printing.say("note: the settings of these renders do not differ")
