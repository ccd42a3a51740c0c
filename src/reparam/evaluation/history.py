"""What a run kept while it trained: its samples, and the curves of its log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from reparam.data.columns.form import Table
from reparam.data.columns.table import TableSchema
from reparam.data.picture import AS_IT_IS, Picture
from reparam.door import Unreadable, present
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples, pick
from reparam.evaluation.tables.samples import storable
from reparam.evaluation.tables.shown import shown_columns
from reparam.evaluation.tables.vectors import vector_table
from reparam.models.protocols import Judges, Samples, can
from reparam.randomness import generator
from reparam.result import UNSAID, Result
from reparam.runs.checkpoint import read_notes
from reparam.runs.folder import RunFolder
from reparam.runs.given import of_run
from reparam.runs.only_read import is_only_read
from reparam.runs.run import Run
from reparam.runs.snapshots import CLOUD, moments, read_snapshots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Snapshots(Result):
    """Samples kept on the way, from the same noise each time.

    Attributes:
        steps: of training.
        samples: those of each step, ``(n, *data_shape)``, in the data's own numbers.
        data: test examples that points are drawn over, ``(m, d)``; None of images, and where the data are gone.
        look: how images are drawn.
        best: the step of the weights that the last ones are of, where training has kept better ones than its last.
    """

    steps: tuple[int, ...]
    samples: tuple[np.ndarray, ...]
    data: np.ndarray | None = None
    look: Picture = AS_IT_IS
    best: int | None = None

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """The samples of each step, as ``step_<number>``."""
        return {f"step_{step}": x for step, x in zip(self.steps, self.samples, strict=True)}

    def figure(self) -> "Figure":
        """A panel a step."""
        from reparam import plots

        labelled = self.labelled
        if self.samples[0].ndim == 4:
            return plots.samples_over_training([(label, self.look(x)) for label, x in labelled])
        return plots.points_over_training(labelled, self.data)

    def table(self, step: int | None = None) -> Table:
        """Of vectors, or rows of a table, those of a step, the last unless given.

        Raises:
            UserError: if none were kept then, or they are images.
        """
        return self._rows(self.samples[self._place(step)])

    def _rows(self, x: np.ndarray) -> Table:
        return vector_table(x)

    def _place(self, step: int | None) -> int:
        """Which of the steps it is.

        Raises:
            UserError: if samples were not kept then.
        """
        if step is not None and step not in self.steps:
            raise UserError(f"step={step}: samples were kept after step {', '.join(map(str, self.steps))}: name one")
        return len(self.steps) - 1 if step is None else self.steps.index(step)

    @property
    def labelled(self) -> list[tuple[str, np.ndarray]]:
        """What the samples of each step are called, and the samples."""
        labelled = [(f"after step {step:,}", x) for step, x in zip(self.steps, self.samples, strict=True)]
        if self.best is not None:
            labelled[-1] = (f"best weights, of step {self.best:,}", labelled[-1][1])
        return labelled

    def json(self) -> dict[str, Any]:
        """The steps, and how many samples of what shape were kept at each."""
        return {"steps": list(self.steps), "shapes": {name: list(x.shape) for name, x in self.numbers.items()}}

    def __str__(self) -> str:
        last = "" if self.best is None else f"; the last of the best weights, of step {self.best:,}"
        each = " × ".join(map(str, self.samples[0].shape))
        return f"samples ({each}) after step {', '.join(f'{step:,}' for step in self.steps)}, from the same noise{last}"


@dataclass(frozen=True, repr=False)
class TableSnapshots(Snapshots):
    """The same of a table: ``samples`` are as the model sees rows, numbers and picture as the user does.

    Attributes:
        schema: of the table.
    """

    schema: TableSchema | None = field(default=None, metadata=UNSAID)

    def _rows(self, x: np.ndarray) -> Table:
        assert self.schema is not None
        return self.schema.table(x)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """The columns of each step in the user's types, as ``step_<number>/<column>``."""
        tables = {step: self.table(step) for step in self.steps}
        return {f"step_{step}/{name}": storable(one[name]) for step, one in tables.items() for name in one.columns}

    def figure(self) -> "Figure":
        """A panel a column, of some of the steps."""
        from reparam.plots import columns_over_training

        assert self.schema is not None
        shown = [(label, shown_columns(self.schema, x)) for label, x in self.labelled]
        return columns_over_training(shown, None if self.data is None else shown_columns(self.schema, self.data))

    def json(self) -> dict[str, Any]:
        """The steps, and how many rows of which columns were kept at each."""
        return {"steps": list(self.steps), "rows": len(self.samples[0]), "columns": list(self.table().columns)}


@of_run
def snapshots(run: Run) -> Snapshots:
    """The samples that a run kept while it trained; of points, over test examples where the data can still be read.

    Raises:
        UserError: if it kept none.
    """
    kept = _kept(run, run.folder) if run.folder else []
    if not kept:
        where = run.folder.name if run.folder else "a run in memory"
        raise UserError(f"{where} kept no samples while training: see `reparam sample`")
    steps, samples = zip(*kept, strict=True)
    if (schema := run.record.schema) is not None:
        return TableSnapshots(steps, samples, _test_points(run), best=_best(run, steps[-1]), schema=schema)
    if not run.record.is_image:
        return Snapshots(steps, samples, _test_points(run), best=_best(run, steps[-1]))
    given_back = tuple(map(run.record.given_back, samples))
    return Snapshots(steps, given_back, look=run.record.drawn, best=_best(run, steps[-1]))


def _best(run: Run, last: int) -> int | None:
    """The step of the weights that a finished run's last samples are of, unless it is their own."""
    tested = tested_step(run)
    ended = run.test and run.rows[-1]["step"] == last
    return tested if ended and tested != last else None


def tested_step(run: Run) -> int | None:
    """The step whose weights a finished run's test row is of; None where they are those of the row's own step."""
    if run.folder is None:
        return run.step
    try:
        return int(read_notes(run.folder.best)["step"]) if present(run.folder.best) else None
    except Unreadable:
        raise
    except UserError:  # damaged, and told by whoever loads it
        return None


def _kept(run: Run, place: RunFolder) -> list[tuple[int, np.ndarray]]:
    """What lies in the folder; of a run whose files carry checksums it is known what should."""
    shape, training, reached = run.record.data_shape, run.config.training, run.rows[-1]["step"] if run.rows else 0
    kept = not is_only_read(place.path) and place.identity.seals  # bundled or on a hub they have none, to be small
    there = kept and can(run.model, Samples) and training.steps
    expected = [step for step in moments(shape, training.steps or 0) if step <= reached] if there else []
    return read_snapshots(place.figures, shape, place.identity, expected)


def _test_points(run: Run) -> np.ndarray | None:
    try:
        chosen = pick(run.data.test, CLOUD, generator(0, "snapshots"))
    except UserError:  # they are a background, and the samples are there without it
        return None
    return torch.cat(list(examples(chosen, run.data))).numpy()


@dataclass(frozen=True, repr=False)
class Curves(Result):
    """The log of a run: the quantity that training follows, or a game's readings.

    Attributes:
        rows: of ``metrics.jsonl``; a value that was not finite is None, and has become NaN in ``numbers``.
        quantity: what is drawn; None: the readings of a game.
        critic: whether the game's discriminator is a critic.
        tested: the step whose weights the test row is of, where these are not the last ones.
    """

    rows: tuple[Row, ...]
    quantity: str | None
    critic: bool = False
    tested: int | None = None

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """The columns of the rows that have what is drawn; NaN where a row has no number."""
        drawn = self.quantity or "value"
        rows = [row for row in self.rows if drawn in row]
        followed = ("step", "epoch", "split", drawn)
        names = followed if self.quantity else dict.fromkeys(name for row in rows for name in row if name != "split")
        return {name: column(rows, name) for name in names}

    def figure(self) -> "Figure":
        """Curves of training and validation data, or four panels of a game; gaps where there is no number."""
        from reparam import plots

        if self.quantity is not None:
            return plots.curves([self._placed(row) for row in self.rows], quantity=self.quantity)
        return (plots.critic_curves if self.critic else plots.game_curves)(self.rows)

    def _placed(self, row: Row) -> Row:
        """A row; that of the test at the place of the validation that its weights were kept at."""
        if row["split"] != "test":
            return row
        there = (one for one in self.rows if one["split"] == "validation" and one["step"] == self.tested)
        return {**row, **{name: value for one in there for name, value in one.items() if name in ("step", "epoch")}}

    def __str__(self) -> str:
        numbers = self.numbers
        drawn = self.quantity or "value"
        values = numbers.get(drawn, np.empty(0))
        known = values[np.isfinite(values)]
        ends = f": from {known[0]:.4g} to {known[-1]:.4g}" if len(known) else ""
        return f"{drawn} over {len(values)} rows of the log{ends}\n  numbers: {', '.join(numbers)}"


@of_run
def curves(run: Run) -> Curves:
    """The lower bound on training and validation data over training, or a game's readings."""
    critic = can(run.model, Judges) and run.model.critic
    return Curves(tuple(run.rows), run.model.monitor or run.model.curve, critic, tested_step(run))


def column(rows: Sequence[Row], name: str) -> np.ndarray:
    """A term of the log as an array: words as they are, whole numbers whole, NaN where a row has no number.

    >>> column([{"split": "train", "ratio": 1.5}, {"split": "test", "ratio": None}], "ratio").tolist()
    [1.5, nan]
    """
    values = [row.get(name) for row in rows]
    return np.array([np.nan if value is None else value for value in values])
