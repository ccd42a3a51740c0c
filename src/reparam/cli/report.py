"""``reparam report RUN...``: the comparison's report from runs that were trained before."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from reparam.cli.compare import show
from reparam.cli.parse import Writes, parse, say


@dataclass
class ReportOptions(Writes):
    """Options of ``reparam report``."""

    runs: Positional[tuple[Path, ...]]
    """Finished run folders, all of the same data; or a comparison's folder, or those of two, side by side."""
    out: Path = Path("report.html")
    """The page to write; its numbers are written beside it as JSON."""
    data: str | None = None
    """Where the data of the runs lie now, or others of the same schema in their place."""
    count: int = 5000
    """Samples of each model that are measured, at most."""
    images: int = 1000
    """Test examples whose log-likelihood is estimated."""
    json: bool = False
    """Print the results as JSON."""


EXAMPLES = [
    "reparam report runs/vae runs/gan",
    "reparam report runs/* --out runs/report.html --count 10000",
    "reparam report short long --out short-and-long.html",
]


def run(command: str, argv: list[str]) -> int:
    """Measure the runs and write the report."""
    what = "Measure runs that were trained before and write the report to open."
    options = parse(ReportOptions, command, argv, what, EXAMPLES)
    from reparam import studies

    settings = {name: getattr(options, name) for name in ("data", "count", "images", "force")}
    results = studies.report(options.runs, options.out, say=say, **settings)
    return show(results, options.json)
