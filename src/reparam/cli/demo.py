"""``reparam demo``: the comparison on the bundled MNIST, in the time that one waits for it."""

from dataclasses import dataclass
from pathlib import Path

from reparam.cli.compare import CompareOptions, compare
from reparam.cli.parse import Writes, parse
from reparam.settings import COMPARED

SHARED_BUDGET, QUICK_BUDGET = "60s", "4s"
COUNT, QUICK_COUNT = 5000, 1000


@dataclass
class DemoOptions(Writes):
    """Options of ``reparam demo``."""

    out: Path = Path("demo")
    """Folder of the runs and the report; finished runs in it are used again, interrupted ones continued."""
    data: str = "mnist"
    """A name or a path, as for `reparam train`."""
    quick: bool = False
    """A tenth of the time: everything is there, nothing is good."""
    json: bool = False
    """Print the results as JSON."""


def run(command: str, argv: list[str]) -> int:
    """Compare both families and say where the report is."""
    examples = ["reparam demo", "reparam demo --quick --out quick", "reparam demo --data fashion-mnist --out fashion"]
    what = f"Compare {', '.join(COMPARED)} within 8 minutes on two cores, and write a report to open."
    options = parse(DemoOptions, command, argv, what, examples)
    return compare(_comparison(options), command)


def _comparison(options: DemoOptions) -> CompareOptions:
    budget, count = (QUICK_BUDGET, QUICK_COUNT) if options.quick else (SHARED_BUDGET, COUNT)
    images = count // 5
    return CompareOptions(
        data=options.data,
        budget=budget,
        count=count,
        images=images,
        out=options.out,
        json=options.json,
        force=options.force,
    )
