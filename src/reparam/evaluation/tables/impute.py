"""What stands in missing cells: draws from p(missing|observed), or their means and how far they spread."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.data.columns.form import Table, pandas_frame
from reparam.data.columns.outside import INSIDE, Outside
from reparam.data.columns.table import TableSchema
from reparam.data.columns.wording import counted
from reparam.data.readers.cells import Cells, Column
from reparam.distributions.columns import Category, Number, places
from reparam.distributions.columnwise import Columns
from reparam.distributions.columnwise.categories import one_hot
from reparam.distributions.columnwise.within import Interval, OneOf, Region, sample_within
from reparam.errors import UserError
from reparam.evaluation.tables.observed import filled_in, observed
from reparam.evaluation.tables.samples import table_of
from reparam.evaluation.tables.shown import shown_columns
from reparam.hardware import exact, require_memory
from reparam.models.protocols import Decodes, Encodes, HasPrior, require
from reparam.pace import work
from reparam.randomness import noise
from reparam.result import UNSAID, Result
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from reparam.plots import ColumnCells

CODES = 500
"""Codes that are drawn for each row."""
ROWS = 200
"""Rows at a time."""
FEW = 10.0
"""Effective codes below which a row's draws are told to be unsure."""


@dataclass(frozen=True, repr=False)
class Imputed(Result):
    """A table whose missing cells are filled.

    Attributes:
        rows: by draw, ``(draws, n, width)`` as a model sees them.
        mean: what stands for all draws, ``(n, width)``: the mean of numbers, the most probable of categories.
        spread: standard deviation of numbers, and of categories the probability that it is another, by the column that
            a model sees, ``(n, columns)``; 0 where the cell was there.
        filled: which cells were missing, ``(n, columns)``.
        effective: effective sample size of each row's codes, ``(n,)``.
        schema: of the table.
        cells: the table as it was given.
        seed: of the draws.
        reasons: of each row of that table why it is left as it was, ``""`` where it is not: the arrays above are of the
            others alone, in their order.
    """

    rows: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    filled: np.ndarray
    effective: np.ndarray
    schema: TableSchema = field(metadata=UNSAID)
    cells: Cells = field(metadata=UNSAID)
    seed: int = 0
    reasons: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=object), metadata=UNSAID)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Draws, means, spreads, which cells were filled, and effective sample sizes."""
        return {"rows": self.rows, "mean": self.mean, "spread": self.spread, "filled": self.filled,
                "effective": self.effective}  # fmt: skip

    def table(self, draw: int | None = 0) -> Table:
        """The filled table: a draw by its number, or the means where that is None.

        What was there is as it was, columns that no model sees included.
        """
        return Table(self._filled(draw), self.cells.punctuation or self.schema.punctuation)

    def frame(self, draw: int | None = 0) -> Any:
        """The same as a DataFrame, where pandas is installed."""
        frame = pandas_frame(self._filled(draw), self.cells.index)
        return self.table(draw) if frame is None else frame

    def _filled(self, draw: int | None) -> tuple[Column, ...]:
        made = self.schema.cells(self.mean if draw is None else self.rows[draw], seed=self.seed)
        return filled_in(self.cells, made, np.flatnonzero(self.reasons == INSIDE))

    def __str__(self) -> str:
        cells = int(self.filled.sum())
        unsure = int((self.effective[self.filled.any(1)] < FEW).sum())
        told = f"; {unsure:,} of the rows rest on fewer than {FEW:.0f} effective codes" if unsure else ""
        rows, draws = counted(int(self.filled.any(1).sum()), "row"), counted(len(self.rows), "draw")
        return f"{counted(cells, 'cell')} of {rows} filled, {draws}{told}"

    def figure(self) -> "Figure":
        """Of each column with holes, what they were filled with beside what was there.

        Raises:
            UserError: if no cell was missing.
        """
        from reparam.plots import column_panels

        at = np.flatnonzero(self.filled.any(0))
        if not len(at):
            raise UserError("no cell was missing: there is nothing to draw")
        made = shown_columns(self.schema, self.rows[0])
        drawn = [_some(made[i], self.filled[:, i]) for i in at]
        there = [_some(made[i], ~self.filled[:, i]) for i in at]
        return column_panels(drawn, there, title="What was filled beside what was there", named=("filled", "there"))


def _some(column: "ColumnCells", rows: np.ndarray) -> "ColumnCells":
    """A column's cells in some rows."""
    return replace(column, values=column.values[rows], missing=column.missing[rows])


@of_run
@exact()
@torch.no_grad()
def impute(run: Run, x: Any, draws: int = 1, seed: int = 0, codes: int = CODES, outside: Outside = "skip") -> Imputed:
    """Fill what is missing.

    z ~ q(z|observed) is weighed by p(observed|z) p(z) / q(z|observed) and resampled, then the missing cells are drawn
    from p(missing|z): exact as the number of codes grows, whatever the encoder makes of holes (Mattei & Frellsen 2019).
    Cells are taken to be missing for no reason that lies in their values.

    Args:
        run: of a table, of a model with an encoder, a prior and a decoder.
        x: rows in any form that the run's own table could have had, a path included.
        draws: how often each cell is filled.
        seed: of the draws.
        codes: z that are drawn for each row.
        outside: of rows with cells that the run's data do not know, as a word never seen: ``"skip"``: they stay as they
            are, and it is said; ``"clip"``: they are filled as if numbers and dates stood at the end of their range,
            and those that have none are skipped; ``"refuse"``: all rows are.

    Raises:
        UserError: if the model or the data will not do.
    """
    checks.wholes(draws=draws, codes=codes)
    schema = table_of(run)
    cells, rows, there, reasons = observed(x, run.record, schema, outside)
    model: Any = run.model
    for capability in (Encodes, Decodes, HasPrior):
        require(model, capability)
    filled = ~there.all(1)
    require_memory("draws", draws, rows.size)
    require_memory("codes", codes, min(len(rows), ROWS) * rows.shape[1])
    result = [np.repeat(rows[None], draws, 0), rows.copy(), np.zeros(there.shape), np.full(len(rows), float(codes))]
    todo = np.flatnonzero(filled)
    with noise(seed, "impute"), work("filling rows", len(todo), "`codes` or `draws`") as add:
        for at in [todo[start : start + ROWS] for start in range(0, len(todo), ROWS)]:
            found = _filled(model, schema, torch.from_numpy(rows[at]), torch.from_numpy(there[at]), draws, codes)
            result[0][:, at], result[1][at], result[2][at], result[3][at] = (part.cpu().numpy() for part in found)
            add(len(at))
    drawn, mean, spread, effective = result
    return Imputed(drawn, mean, spread, ~there, effective, schema, cells, seed, reasons)


def _filled(
    model: Any, schema: TableSchema, x: Tensor, there: Tensor, draws: int, codes: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draws ``(draws, b, width)``, means ``(b, width)``, spreads ``(b, columns)`` and effective sizes ``(b,)``."""
    device = next(model.parameters()).device
    x, there = x.to(device), there.to(device)
    z, decoded, log_w = _weighed(model, x, there, codes)
    w = log_w.softmax(0)
    effective = 1 / w.square().sum(0)
    chosen = torch.multinomial(w.T, draws, replacement=True).T
    picked = z[chosen, torch.arange(len(x), device=device)]
    drawn = sample_within(model.decode(picked), _anywhere(schema))
    mean, spread = _moments(decoded, w, schema)
    keep = _by_entry(there, schema)
    return torch.where(keep, x, drawn), torch.where(keep, x, mean), torch.where(there, 0.0, spread), effective


def _anywhere(schema: TableSchema) -> dict[int, Region]:
    """That cells are there, whatever their values."""
    return {
        at: OneOf((True,) * family.width) if isinstance(family, Category) else Interval(-torch.inf, torch.inf)
        for at, family in enumerate(schema.families)
    }


def _by_entry(there: Tensor, schema: TableSchema) -> Tensor:
    """What is true of columns, of each of their entries."""
    widths = torch.tensor([family.entries for family in schema.families], device=there.device)
    return there.repeat_interleave(widths, 1)


def _moments(p: Columns, w: Tensor, schema: TableSchema) -> tuple[Tensor, Tensor]:
    """What stands for a mixture of rows of weights w ``(codes, b)``: ``(b, width)``, and spreads ``(b, columns)``."""
    drawn, weight = sample_within(p, _anywhere(schema)), w.unsqueeze(-1)
    mean, spread = torch.zeros_like(drawn[0]), []
    for family, place in zip(schema.families, places(schema.families), strict=True):
        entries = slice(place.start, place.start + family.width)
        if isinstance(family, Category):
            chances = (weight * p.output[..., entries].softmax(-1)).sum(0)
            mean[:, entries] = one_hot(chances)
            spread.append(1 - chances.amax(-1))
            continue
        centers = p.output[..., entries] if isinstance(family, Number) else drawn[..., entries]
        mean[:, entries] = (weight * centers).sum(0)
        square = (weight * (drawn[..., entries] - mean[:, entries]).square()).sum(0)
        spread.append(square.squeeze(-1).sqrt())
    return mean, torch.stack(spread, -1)


def _weighed(model: Any, x: Tensor, there: Tensor, codes: int) -> tuple[Tensor, Any, Tensor]:
    """Codes ``(codes, b, ...)``, what they decode to, and their log-weights ``(codes, b)``.

    Raises:
        UserError: if the model does not tell columns apart.
    """
    posterior, prior = model.encode(x), model.prior
    if posterior.has_density:
        z, log_q = posterior.sample_and_log_prob((codes,))
        base = prior.log_prob(z) - log_q
    else:
        z = prior.sample((codes, len(x)))
        base = torch.zeros(codes, len(x), device=x.device)
    decoded = model.decode(z)
    if not isinstance(decoded, Columns):
        raise UserError(f"this {type(model).__name__} does not tell the columns of a table apart: train it on a table "
                        f'with likelihood="columns"')  # fmt: skip
    return z, decoded, base + torch.where(there, decoded.log_prob_columns(x), 0.0).sum(-1)
