"""A notebook from its text, whole, or with the answers taken out."""

from typing import TYPE_CHECKING, Any

from reparam.errors import UserError
from reparam.files import MADE_BY

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from reparam.courses.course import Course

ANSWER, CHECK = "answer", "check"
"""Tags of cells: what is taken out for an exercise, and what checks a student's own."""
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
HERE = {"markdown": "*Your answer:*", "code": "# your code"}
"""What stands in an answer's place, unless its cell says it (``prompt``)."""
MISSING = "notebooks need jupytext, nbclient, nbconvert and ipykernel: pip install 'reparam[courses]'"


def notebook(course: "Course") -> "NotebookNode":
    """The notebook of a course, not run.

    Raises:
        UserError: if what reads notebooks is not installed.
    """
    try:
        import jupytext
    except ImportError:
        raise UserError(MISSING) from None
    found: NotebookNode = jupytext.reads(course.source, fmt="md:myst")
    for number, cell in enumerate(found.cells):
        cell["id"] = f"{course.number}-{number:03d}"  # the same each time it is made
    found.metadata = _metadata(course)
    return found


def exercise(course: "Course") -> "NotebookNode":
    """The notebook with a prompt in each answer's place; questions, what is to be checked and its checks stay."""
    found = notebook(course)
    for cell in found.cells:
        if ANSWER in tags(cell):
            cell["source"] = cell.metadata.get("prompt", HERE[cell.cell_type]).strip()
        cell.metadata.pop("prompt", None)
    return found


def tags(cell: Any) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", ()))


def _metadata(course: "Course") -> Any:
    from nbformat import from_dict

    # in this order, so that what says who made it comes near the end of the file, where files.is_ours looks
    return from_dict(  # type: ignore[no-untyped-call]
        {"kernelspec": KERNEL, "language_info": {"name": "python"}, "made_by": MADE_BY[8:], "title": course.title}
    )
