"""The report of a sweep: what the settings do, every trial, then the winner as a comparison shows a model."""

import io
from dataclasses import replace
from pathlib import Path

from reparam.files import make_way, result_json, write_result
from reparam.folders import standing
from reparam.pages import Page, Picture, Section, Table, percent, write
from reparam.result import write_png
from reparam.studies.numbers_csv import as_csv
from reparam.studies.sweeps.results import Sweep
from reparam.studies.write import page as compared

DPI = 110
STATES = {"pruned": "lagged behind", "fail": "failed", "running": "put off"}
"""What Optuna calls the states of trials, in words."""


def write_report(sweep: Sweep, path: Path, force: bool = False) -> Path:
    """Write the page, and the numbers as JSON beside it."""
    with standing(make_way(path)):
        write_result(path.with_suffix(".json"), result_json(sweep.json()), force)
        return write(page(sweep), path, force)


def page(sweep: Sweep) -> Page:
    """The whole report."""
    winner = compared(sweep.measured)
    first, *rest = winner.sections
    sections = [
        Section("What was found", _found(sweep)),
        Section("What the settings do", figures=_figures(sweep), tables=_importances(sweep)),
        Section("Trials", tables=[_trials(sweep)]),
        replace(first, heading=f"The winner, trial {sweep.winner.number}"),
        *rest,
    ]
    data = sweep.run.record.name
    counts = ", ".join(f"{len(split):,} {name}" for name, split in sweep.run.data.splits.items())
    subtitle = f"{data}: {counts} examples; {len(sweep.trials)} trials of {', '.join(a.name for a in sweep.axes)}"
    return replace(winner, title=f"A sweep of {sweep.kind} on {data}", subtitle=subtitle, sections=sections)


def _found(sweep: Sweep) -> str:
    lines = [line for line in str(sweep).splitlines() if line and not line.startswith("open ")]
    how = (
        "The validation split decided; the test split was read for the winner alone, and everything below about the "
        "winner is measured as a comparison measures. Of many trials the best was lucky as well as good, so that its "
        "validation value is too high; its test value is not."
    )
    return "\n\n".join([*(f"{line[0].upper()}{line[1:]}." for line in lines), how])


def _figures(sweep: Sweep) -> list[Picture]:
    what = (
        f"every trial that came to its end as a line through its settings to {sweep.criterion} (last axis, the higher "
        "the better); the best in orange"
    )
    file = io.BytesIO()
    write_png(sweep.figure(), file, DPI)
    return [Picture(file.getvalue(), f"{what[0].upper()}{what[1:]}.", what, None, as_csv(sweep.numbers))]


def _importances(sweep: Sweep) -> list[Table]:
    if not sweep.importances:
        return []
    caption = (
        "The share of each setting, alone and over the range that was tried, in how the trials' values differ (fANOVA, "
        "Hutter et al. 2014); of few trials these are rough."
    )
    rows = [[name, percent(share)] for name, share in sweep.importances.items()]
    return [Table(("setting", "share"), rows, caption)]


def _trials(sweep: Sweep) -> Table:
    order = sorted(sweep.trials, key=lambda one: (one.value is None, -(one.value or 0.0)))
    rows = [
        [
            f"trial {one.number}",
            *(f"{value:.4g}" if isinstance(value := one.settings[a.name], float) else str(value) for a in sweep.axes),
            one.value,
            STATES.get(one.state, one.state),
            *([sweep.machines.get(one.number, "")] if sweep.machines else []),
        ]
        for one in order
    ]
    caption = f"The best first, by {sweep.criterion}."
    heads = ("trial", *(a.name for a in sweep.axes), "value", "outcome", *(("machine",) if sweep.machines else ()))
    return Table(heads, rows, caption)
