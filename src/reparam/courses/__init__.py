"""Five sheets of exercises, each answered by a notebook that is run: derivation, code, number and figure together.

:func:`run` runs one and writes what is handed in; :func:`exercise` writes it without the answers, with checks of a
student's own functions (:mod:`reparam.check`).
"""

from reparam.courses.course import COURSES, Course, get
from reparam.courses.execute import quick
from reparam.courses.hand_in import HandIn, exercise, run

__all__ = ["COURSES", "Course", "HandIn", "exercise", "get", "quick", "run"]
