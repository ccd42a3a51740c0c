"""``reparam report RUN...``: the comparison's report from runs that were trained before."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from reparam.cli.compare import report
from reparam.cli.parse import parse, say
from reparam.errors import UserError


@dataclass
class ReportOptions:
    """Options of ``reparam report``."""

    runs: Positional[tuple[Path, ...]]
    """Finished run folders, all of the same data."""
    out: Path = Path("report.html")
    """The page to write; its numbers are written beside it as JSON."""
    count: int = 5000
    """Samples of each model that are measured, at most."""
    images: int = 1000
    """Test examples whose log-likelihood is estimated."""
    json: bool = False
    """Print the results as JSON."""


EXAMPLES = ["reparam report runs/vae runs/gan", "reparam report runs/* --out runs/report.html --count 10000"]


def run(command: str, argv: list[str]) -> int:
    """Measure the runs and write the report."""
    what = "Measure runs that were trained before and write the report to open."
    options = parse(ReportOptions, command, argv, what, EXAMPLES)
    if not options.runs:
        raise UserError("no run was named: give one or more run folders, as in `reparam report runs/vae runs/gan`")
    if options.out.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"a report is a page, and {options.out} is not named like one: give --out {options.out}.html")
    from reparam.runs.run import load
    from reparam.studies import Protocol, Trial, judge

    trials = [Trial(folder.name or str(folder), folder, load(folder)) for folder in dict.fromkeys(options.runs)]
    _check_finished(trials)
    protocol = Protocol(count=options.count, images=options.images)
    return report(judge(trials, protocol, say, apart=True), options.out, options.json)


def _check_finished(trials: Sequence[Any]) -> None:
    """Refuse runs that were interrupted: their numbers would be of something half done."""
    for trial in trials:
        if not trial.run.folder.finished:
            raise UserError(
                f"{trial.folder} was interrupted: go on with `reparam train --resume {trial.folder}` before"
            )
