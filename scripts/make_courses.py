"""Runs the notebooks of the courses with their full settings and keeps them, outputs and all, in ``docs/courses``.

``python scripts/make_courses.py [NUMBER ...]``: all five take minutes. With ``--text`` nothing is run:
where words alone have changed since, the kept outputs get the new text.
"""

import sys
from pathlib import Path

import nbformat

from reparam.courses import COURSES, Course, get, source
from reparam.courses.execute import execute
from reparam.courses.hand_in import written
from reparam.files import replace_atomically, text
from reparam.pace import heard

DOCS = Path(__file__).parent.parent / "docs" / "courses"


def retold(course: Course) -> bool:
    """Give a kept notebook the text of its source; False where code has changed, too, and it has to be run."""
    path, new = DOCS / f"{course.number}.ipynb", source.notebook(course)
    kept = nbformat.read(path, 4)
    codes = [[cell.source for cell in notebook.cells if cell.cell_type == "code"] for notebook in (kept, new)]
    if codes[0] != codes[1]:
        return False
    run = iter([cell for cell in kept.cells if cell.cell_type == "code"])
    kept.cells = [_with_outputs(cell, next(run)) if cell.cell_type == "code" else cell for cell in new.cells]
    replace_atomically(path, text(written(kept)))
    return True


def _with_outputs(cell: nbformat.NotebookNode, run: nbformat.NotebookNode) -> nbformat.NotebookNode:
    cell.outputs, cell.execution_count = run.outputs, run.execution_count
    return cell


def main(words: list[str]) -> int:
    """Run and keep; 1 where a claim did not hold, whose notebook is not kept."""
    numbers = [word for word in words if word != "--text"]
    if "--text" in words:
        changed = [course.number for course in map(get, numbers or COURSES) if not retold(course)]
        print(f"to be run, since code has changed: {', '.join(changed)}" if changed else "the text is up to date")
        return min(len(changed), 1)
    failures = 0
    for course in map(get, numbers or COURSES):
        notebook = source.notebook(course)
        with heard():
            failed = execute(notebook, small=False, name=course.number)
        print(f"{course.number}: {failed or 'every claim held'}", flush=True)
        if failed:
            failures += 1
            continue
        replace_atomically(DOCS / f"{course.number}.ipynb", text(written(notebook)))
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
