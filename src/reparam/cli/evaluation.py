"""How ``reparam evaluate`` goes from run to run: what cannot be had of one is put down, and the others go on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reparam.cli.outcome import Found, Outcome
from reparam.errors import UserError

if TYPE_CHECKING:
    from reparam.cli.evaluate import EvaluateOptions
    from reparam.runs.run import Run

IMAGES = 1000
"""Examples whose log p(x) is estimated when the samples are measured, too: all of them would take minutes a run."""
SAMPLES, CHAINS = 1000, 16
FEWER = " (--images N: of so many; --likelihood alone: of all)"


class Evaluation:
    """Measures runs one after the other.

    Args:
        options: what is asked for.

    Attributes:
        outcome: what was found so far.

    Raises:
        UserError: if Inception's features are asked for and cannot be had.
    """

    def __init__(self, options: "EvaluateOptions") -> None:
        self.options, self.outcome = options, Outcome(options.measures)
        self.features: Any = options.features
        if options.features == "inception" and "quality" in options.measures:
            from reparam.evaluation.samples.inception import Inception

            self.features = Inception()  # loaded once, and missing weights are known before anything takes its time

    def add(self, folder: Path) -> None:
        """Measure a run."""
        from reparam.runs.run import load

        name, measures = str(folder), {"log_likelihood": self._likelihood, "quality": self._quality}
        left_out = self.outcome.left_out
        try:
            run = load(folder)
            found = self.outcome.found.setdefault(run.data.fingerprint, Found(run.data.name))
        except UserError as error:
            for reasons in left_out.values():
                reasons[name] = str(error)
            return
        for measure, reasons in left_out.items():
            try:
                measures[measure](run, name, found)
            except UserError as error:
                reasons[name] = str(error)

    def _likelihood(self, run: "Run", name: str, found: Found) -> None:
        from reparam.evaluation.likelihood.annealed import Annealing
        from reparam.evaluation.likelihood.estimate import log_likelihood

        options = self.options
        with progress(f"{name}: log p(x)") as step:
            found.likelihoods[name] = log_likelihood(
                run,
                self._samples,
                options.proposal,
                images=self._images,
                split=options.split,
                seed=options.seed,
                scale=self._scale(run),
                annealing=Annealing(steps=options.steps),
                step=step,
            )

    def _quality(self, run: "Run", name: str, found: Found) -> None:
        from reparam.evaluation.samples.run_measures import measure_run, yardstick_of

        options = self.options
        with progress(f"{name}: samples beside {found.data}", known=False):
            if found.by is None:
                found.by = yardstick_of(run, options.count, options.seed, options.reference, features=self.features)
            found.cards[name] = measure_run(run, found.by, name)

    @property
    def _samples(self) -> int:
        if self.options.samples is not None:
            return self.options.samples
        return CHAINS if self.options.proposal == "annealed" else SAMPLES

    @property
    def _images(self) -> int | None:
        return IMAGES if self.options.images is None and "quality" in self.options.measures else self.options.images

    def _scale(self, run: "Run") -> float | None:
        """The scale for games; beside them, models with a likelihood of their own go without.

        Raises:
            UserError: if a game is given none, saying all that it takes.
        """
        from reparam.evaluation.likelihood.estimate import explanation
        from reparam.models.protocols import Encodes, can

        explains = explanation(run.model) is not None
        if not explains and not can(run.model, Encodes) and self.options.scale is None:
            raise UserError(
                f"a {type(run.model).__name__} has no likelihood of its own: --proposal annealed --scale 0.1, say, "
                "sees its samples through normal noise"
            )
        alone = len(self.options.runs) == 1
        return self.options.scale if alone or not explains else None

    def add_floors(self) -> None:
        """Measure real examples of each data set in the samples' place."""
        for one in self.outcome.found.values():
            if one.by is not None and one.cards:
                with progress(f"{one.data}: real examples in the samples' place", known=False):
                    one.floor = one.by.floor()

    def write(self, path: Path) -> None:
        """Write log p(x) of every example."""
        from reparam.files import write_npz

        results = [pair for one in self.outcome.found.values() for pair in one.likelihoods.items()]
        write_npz(path, {name: result.values for name, result in results})

    def text(self) -> str:
        """The outcome for a person."""
        fewer = self._images != self.options.images
        return self.outcome.text(FEWER if fewer else "")


@contextmanager
def progress(name: str, known: bool = True) -> Iterator[Callable[[float], None]]:
    """A bar on standard error, where that is a terminal; one that only moves where nothing tells how much is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=1.0 if known else None)
        yield lambda share: bar.update(task, completed=share)
