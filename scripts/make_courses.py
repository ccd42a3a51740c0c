"""Runs the notebooks of the courses with their full settings and keeps them, outputs and all, in ``docs/courses``.

``python scripts/make_courses.py [NUMBER ...]``: all five take about a quarter of an hour on two cores.
"""

import sys
from pathlib import Path

from reparam.courses import COURSES, get, source
from reparam.courses.execute import execute
from reparam.courses.hand_in import written
from reparam.files import replace_atomically, text
from reparam.pace import heard

DOCS = Path(__file__).parent.parent / "docs" / "courses"


def main(numbers: list[str]) -> int:
    """Run and keep; 1 where a claim did not hold, whose notebook is not kept."""
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
