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
    """Print a column for each render: first what differs, then the figures; in several tables if they are wide."""
    columns = [_column(work) for work in works]
    labels = ["", *works[0].settings, *FIGURES]
    for number, group in enumerate(_side_by_side(columns, max(map(len, labels)))):
        table = printing.table("<", *(column[0] for column in group))
        for row, label in enumerate(labels[1:], 1):
            table.add_row(label, *(column[row] for column in group))
        if number:
            printing.say("")
        printing.show_table(table)
    if not works[0].settings:
        printing.say("note: the settings of these renders do not differ")


def _column(work: Compared) -> list[str]:
    """Its name, its settings and its figures."""
    name = f"{work.folder.name}{' (stopped)' if work.interrupted else ''}"
    return [name, *work.settings.values(), *(figure_text(key, work.figures[key]) for key in FIGURES)]


def _side_by_side(columns: list[list[str]], label: int) -> list[list[list[str]]]:
    """The columns in groups that are no wider than the terminal, each at least one; labels have `label` letters."""
    groups: list[list[list[str]]] = []
    room = 0
    for column in columns:
        wide = max(map(len, column)) + 2
        if not groups or wide > room:
            groups.append([])
            room = printing.console().width - label - 2
        groups[-1].append(column)
        room -= wide
    return groups
