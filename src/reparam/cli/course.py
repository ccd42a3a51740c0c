"""``reparam course``: list the five sheets, run the notebook of one, or write it without the answers."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from reparam.cli.parse import Writes, emit, parse
from reparam.errors import UserError


@dataclass
class CourseOptions(Writes):
    """Options of ``reparam course``."""

    number: Positional[str] = ""
    """Of the sheet; without one, the five are listed."""
    out: Path | None = None
    """Folder of the report, the notebook and the archive."""
    quick: bool = False
    """Small settings: a minute or less. The numbers in the text are those of the full ones."""
    exercise: bool = False
    """Write the notebook with the answers taken out, and run nothing."""
    author: str | None = None
    """Whose it is: the archive's name begins with it."""
    json: bool = False
    """Print the result as JSON."""


WHAT = """Run the notebook that answers a sheet of exercises, and write the report (one HTML file), the executed
notebook, and both with the code as one archive. The exit code is 1 where a claim of the text did not hold."""
EXAMPLES = [
    "reparam course",
    "reparam course 001 --out handin/ --quick",
    "reparam course 001 --out handin/ --author miller",
    "reparam course 000 --exercise --out students/",
]


def run(command: str, argv: list[str]) -> int:
    """List, run, or write; exit code 1 where a claim did not hold."""
    options = parse(CourseOptions, command, argv, WHAT, EXAMPLES)
    from reparam import courses

    if not options.number:
        listed = {number: {"title": one.title, "what": one.what} for number, one in courses.COURSES.items()}
        lines = [f"  {number}  {one.title}\n       {one.what}" for number, one in courses.COURSES.items()]
        emit(options.json, listed, "\n".join(lines))
        return 0
    course = courses.get(options.number)
    if options.out is None:
        raise UserError(f"a folder is missing: `reparam course {course.number} --out FOLDER`")
    if options.exercise:
        path = courses.exercise(course.number, options.out, options.force)
        emit(options.json, {"course": course.number, "notebook": path}, f"open {path}")
        return 0
    found = courses.run(course.number, options.out, options.quick, options.author, options.force)
    emit(options.json, found.json(), str(found))
    return 1 if found.failed else 0
