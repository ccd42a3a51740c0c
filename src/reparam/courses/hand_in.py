"""What is handed in: the report, the notebook and the code, and all of it as one archive."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reparam.courses import source
from reparam.courses.course import Course, get
from reparam.courses.execute import execute
from reparam.courses.page import page
from reparam.door import user_path
from reparam.errors import UserError
from reparam.files import MADE_BY, archive, check_targets, make_way, text, write_result
from reparam.folders import standing
from reparam.result import plain

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True, repr=False)
class HandIn:
    """A course's notebook, run and written.

    Attributes:
        course: its number.
        report: the HTML file.
        notebook: the executed notebook.
        archive: report, notebook and code in one.
        quick: whether with the small settings.
        seconds: it took.
        failed: which of its claims did not hold, and where; None if all did.
    """

    course: str
    report: Path
    notebook: Path
    archive: Path
    quick: bool
    seconds: float
    failed: str | None = None

    def __str__(self) -> str:
        end = f"FAILED: {self.failed}" if self.failed else "every claim held"
        return f"{self.course}: {end} ({self.seconds:.0f} s)\nopen {self.report}\nhand in {self.archive}"

    __repr__ = __str__

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        found: dict[str, Any] = plain(self)
        return found


def run(number: str, out: str | Path, quick: bool = False, name: str | None = None, force: bool = False) -> HandIn:
    """Run a course's notebook and write the report, the notebook and their archive.

    Args:
        number: of the course.
        out: the folder to write to.
        quick: with small settings, in a minute or less; the numbers in the text are those of the full ones.
        name: whose it is: the archive's name begins with it.
        force: write over files of others, too.

    Raises:
        UserError: if there is no such course, or a file cannot be written.

    A claim that does not hold is no error: it is told by ``failed``, and the notebook shows it.
    """
    course, folder = get(number), user_path(out)
    report, made, packed = (folder / file for file in _names(course, name))
    check_targets([report, made, packed], force=force)
    begun = time.perf_counter()
    notebook = source.notebook(course)
    failed = execute(notebook, quick, f"course {course.number}")
    contents = _contents(course, notebook)
    with standing(make_way(report)):
        write_result(report, text(contents["report.html"]), force)
        write_result(made, text(contents[f"{course.number}.ipynb"]), force)
        write_result(packed, archive(contents, packed.stem), force)
    return HandIn(course.number, report, made, packed, quick, time.perf_counter() - begun, failed)


def exercise(number: str, out: str | Path, force: bool = False) -> Path:
    """Write a course's notebook with the answers taken out, and give its path.

    Args:
        number: of the course.
        out: the folder to write to.
        force: write over files of others, too.

    Raises:
        UserError: as :func:`run`.
    """
    course = get(number)
    path = user_path(out) / f"{course.number}-exercise.ipynb"
    write_result(path, text(written(source.exercise(course))), force)
    return path


def written(notebook: "NotebookNode") -> str:
    """A notebook as the text of its file."""
    import nbformat

    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4) + "\n"  # type: ignore[no-any-return,no-untyped-call]


def _contents(course: Course, notebook: "NotebookNode") -> dict[str, str]:
    return {
        "report.html": page(notebook),
        f"{course.number}.ipynb": written(notebook),
        f"{course.number}.py": code(notebook, course.title),
    }


def code(notebook: "NotebookNode", title: str) -> str:
    """The code of a notebook as a script."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "\n\n".join([f'"""{title}; {MADE_BY}."""', *cells]) + "\n"


def _names(course: Course, name: str | None) -> tuple[str, str, str]:
    if name is not None and not re.fullmatch(r"[\w-]+", name):
        raise UserError(f"name={name!r} cannot begin a file's name: take letters, digits, - and _")
    whose = f"{name}_" if name else ""
    return f"{course.number}.html", f"{course.number}.ipynb", f"{whose}{course.archive}.zip"
