"""What a run's other files say of its rows and notes: how many there were when they were written."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reparam.door import Unreadable
from reparam.errors import UserError
from reparam.runs.checkpoint import TRAINING, check_place, read_notes
from reparam.runs.lines import Lines
from reparam.runs.sealed import read_sealed

if TYPE_CHECKING:
    from reparam.runs.folder import RunFolder

Row = dict[str, Any]
AT_THE_END = ("finished", "notes")
"""What ``cost.json`` says besides what the run has cost, once that is done."""


def vouched(rows: list[Row], step: int) -> int:
    """How many rows a checkpoint at a step vouches for: all but those of the test, and of later steps.

    >>> vouched([{"step": 1, "split": "train"}, {"step": 2, "split": "train"}, {"step": 2, "split": "test"}], 2)
    2
    """
    return sum(row["step"] <= step and row["split"] != "test" for row in rows)


def missing_rows(place: "RunFolder") -> Callable[[Lines], list[str]]:
    """What is to be said of a log, by what the last checkpoint and ``cost.json`` say now."""
    last, finished = last_notes(place), _end(place).get("finished")

    def said(lines: Lines) -> list[str]:
        found = []
        known, step = last.get("rows"), last.get("step", 0)
        there = vouched(lines.rows, step)
        if isinstance(known, int) and not known - len(lines.damaged) <= there <= known:
            found.append(f"{place.metrics} holds {there} of the {known} rows that there were at step {step}")
        if finished and not any(row["split"] == "test" for row in lines.rows):
            found.append(f'{place.metrics} has lost its test row: resume="{place.path}" makes it again')
        return found

    return said


def missing_notes(place: "RunFolder") -> Callable[[Lines], list[str]]:
    """The same of the notes, of which there are more and more."""
    last, end = last_notes(place).get("notes"), _end(place).get("notes")
    known = max((one for one in (last, end) if isinstance(one, int)), default=0)

    def said(lines: Lines) -> list[str]:
        there = len(lines.rows) + len(lines.damaged)
        return [f"{place.notes} holds {there} of {known} notes"] if there < known else []

    return said


def last_notes(place: "RunFolder") -> dict[str, Any]:
    """What is said beside the last checkpoint; nothing where that is missing or damaged, or is another run's."""
    try:
        notes = read_notes(place.last)
        check_place(place.last, notes, place.identity, TRAINING)
    except Unreadable:
        raise
    except UserError:
        return {}
    return notes


def _end(place: "RunFolder") -> dict[str, Any]:
    """What ``cost.json`` says of the run's end."""
    try:
        return read_sealed(place.cost, place.identity.name)
    except Unreadable:
        raise
    except UserError:
        return {}
