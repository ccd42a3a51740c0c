"""``reparam evaluate RUN...``: what runs come to on data they have not seen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

from reparam.cli.parse import emit, parse
from reparam.errors import UserError


@dataclass
class EvaluateOptions:
    """Options of ``reparam evaluate``."""

    runs: Positional[tuple[Path, ...]]
    """Run folders."""
    likelihood: bool = False
    """Estimate log p(x) (the default, as long as it is the only measure)."""
    samples: Annotated[int | None, arg(aliases=["-k"])] = None
    """K, importance samples per example (1000 unless given); chains of annealing (16)."""
    proposal: Literal["posterior", "prior", "annealed"] = "posterior"
    """Where they come from: the model's posterior, its prior, or annealing, which needs no encoder."""
    images: Annotated[int | None, arg(aliases=["-n"])] = None
    """So many examples of the split, chosen at random; all unless given."""
    split: Literal["train", "validation", "test"] = "test"
    """Which examples."""
    steps: int = 500
    """Temperatures of annealing."""
    scale: float | None = None
    """Standard deviation of a normal observation model, for games."""
    out: Path | None = None
    """Write every example's log p(x) here too (.npz)."""
    seed: int = 0
    """Seed of the choice of examples and of the noise."""
    json: bool = False
    """Print the result as JSON."""


FEW = 5
ADVICE = "take more --samples, the posterior as --proposal, or more --steps of annealing"
EXAMPLES = [
    "reparam evaluate runs/vae --likelihood",
    "reparam evaluate runs/vae runs/iwae --samples 5000 --images 1000",
    "reparam evaluate runs/avb --proposal annealed --images 100",
    "reparam evaluate runs/vae --proposal prior      naive Monte Carlo: see it fail as the latent grows",
    "reparam evaluate runs/gan --proposal annealed --scale 0.1 --images 100",
]


@dataclass
class _Table:
    """Rows for people, in columns."""

    rows: list[list[str]] = field(default_factory=list)

    def __str__(self) -> str:
        widths = [max(len(row[i]) for row in self.rows) for i in range(len(self.rows[0]))]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in self.rows)
        return "\n".join(line.rstrip() for line in lines)


def run(command: str, argv: list[str]) -> int:
    """Estimate each run's log-likelihood and print the table."""
    what = "Estimate log p(x) of runs on their test data, in nats per example, with error bars."
    options = parse(EvaluateOptions, command, argv, what, EXAMPLES)
    if not options.runs:
        raise UserError("no run was named: give one or more run folders, as in `reparam evaluate runs/vae`")
    from reparam.evaluation.annealed import Annealing
    from reparam.evaluation.likelihood import log_likelihood
    from reparam.files import write_npz
    from reparam.training.run import load

    found = {}
    for folder in options.runs:
        with progress(str(folder)) as step:
            found[str(folder)] = log_likelihood(
                load(folder),
                options.samples or (16 if options.proposal == "annealed" else 1000),
                options.proposal,
                images=options.images,
                split=options.split,
                seed=options.seed,
                scale=options.scale,
                annealing=Annealing(steps=options.steps),
                step=step,
            )
    if options.out is not None:
        write_npz(options.out, {name: result.values for name, result in found.items()})
    plain = {name: {k: v for k, v in asdict(result).items() if k != "values"} for name, result in found.items()}
    emit(options.json, {"log_likelihood": plain}, describe(found))
    return 0


def describe(found: dict[str, Any]) -> str:
    """The table for a person, and what it rests on."""
    table = _Table([["run", "log p(x)", "± examples", "± sampling", "effective", "bits/dim"]])
    for name, result in found.items():
        mean, smallest = result.effective_sample_size
        bits = "-" if result.bits_per_dimension is None else f"{result.bits_per_dimension:.3f}"
        errors = [f"{result.standard_error:.2f}", f"{result.monte_carlo_error:.2f}"]
        table.rows.append([name, f"{result.mean:.2f}", *errors, f"{mean:.1f} (least {smallest:.1f})", bits])
    last = next(reversed(found.values()))
    poor = [name for name, result in found.items() if result.effective_sample_size[0] < FEW]
    warning = (
        f"\n{', '.join(poor)}: a few draws carry all the weight, so that the truth is above: {ADVICE}" if poor else ""
    )
    kind = "chains of annealing" if last.proposal == "annealed" else f"samples of the {last.proposal}"
    return f"{table}\nnats per example of {last.examples:,} from {last.split}; {last.samples:,} {kind} each{warning}"


@contextmanager
def progress(name: str) -> Iterator[Callable[[float], None]]:
    """A bar on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=1.0)
        yield lambda share: bar.update(task, completed=share)
