"""Rows of which something is known: by importance resampling of codes, by rejection, exactly where it is a class."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.distributions.columnwise import Columns
from reparam.distributions.columnwise.within import Interval, log_prob_within, sample_within
from reparam.errors import UserError
from reparam.evaluation.classes import Classes, classes_of
from reparam.evaluation.likelihood.importance import Accumulator
from reparam.evaluation.tables.conditions import Conditions
from reparam.evaluation.tables.samples import table_of
from reparam.hardware import exact, require_memory
from reparam.models.model import Model
from reparam.models.protocols import Conditional, Decodes, HasPrior, can, decoded, prior_of, require
from reparam.models.protocols import Samples as CanSample
from reparam.pace import work
from reparam.randomness import noise
from reparam.runs.run import Run

PROPOSALS = 20
"""Codes that are drawn for each row that is asked for."""
LEAST_CODES, MOST_CODES = 20_000, 1_000_000
AT_ONCE = 20_000
LEAST_EFFECTIVE = 100.0
"""Effective codes below which what is resampled is a few rows over and over."""


@exact()
@torch.no_grad()
def conditioned(
    run: Run, asked: Conditions, n: int, seed: int = 0, label: str | None = None, draws: int | None = None
) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Rows ``(n, width)`` of which some columns are given, their classes, and how well that could be met.

    Of a model with a prior and a decoder, z is drawn from p(z), weighed by how probable it makes what is given,
    p(given|z), and resampled (Rubin 1987); the other columns come from p(x|z), those that are given from p(x|z, given).
    Of a game, rows are drawn until enough are as is asked.

    Args:
        run: of a table.
        asked: what is known of columns.
        n: how many.
        seed: the same seed gives the same rows.
        label: the class, for conditional models.
        draws: codes, or rows of a game, that are drawn at most; 20 a row, 20,000 at least, unless given.

    Raises:
        UserError: if too few draws are as is asked.
    """
    require_memory("n", checks.whole("n", n), math.prod(run.model.data_shape))
    if label is not None and not can(run.model, Conditional):
        raise UserError(f"the labels are no part of the rows of this {type(run.model).__name__}, which was not told "
                        f'them: train with conditional=True, or on the table with labels="none"')  # fmt: skip
    draws = min(MOST_CODES, max(LEAST_CODES, PROPOSALS * n)) if draws is None else checks.whole("draws", draws)
    with noise(seed, "sample given"):
        if _tells_columns(run.model):
            rows, words = _resampled(run.model, asked, n, draws)
            return rows.cpu().numpy(), None, words
        x, y, words = _rejected(run, asked, label, n, draws)
        return x.cpu().numpy(), None if y is None else y.cpu().numpy(), words


def _tells_columns(model: Any) -> bool:
    """Whether p(x|z) of a model is a distribution of columns."""
    if not can(model, Decodes) or not can(model, HasPrior) or can(model, Conditional):
        return False
    return isinstance(decoded(model, prior_of(model).sample((1,))), Columns)


def _resampled(model: Any, asked: Conditions, n: int, draws: int) -> tuple[Tensor, str]:
    """Rows at codes resampled by how probable they make what is given."""
    codes = [model.prior.sample((min(AT_ONCE, draws - start),)) for start in range(0, draws, AT_ONCE)]
    weights = Accumulator(1)
    log_w = torch.cat([log_prob_within(model.decode(z), asked.regions) for z in codes])
    weights.add(log_w.unsqueeze(1))
    effective = float(weights.effective)
    if not effective >= LEAST_EFFECTIVE:
        raise UserError(f"of {draws:,} codes only {effective:.0f} are worth keeping where {asked.words}, too few to "
                        f"resample {n:,} rows from: ask for less, or for wider ranges")  # fmt: skip
    chosen = torch.multinomial((log_w - log_w.max()).exp(), n, replacement=True)
    z = torch.cat(codes)[chosen.to(codes[0].device)]
    rows = []
    with work("drawing rows", n, "`n`") as add:
        for part in torch.split(z, AT_ONCE):
            rows.append(sample_within(model.decode(part), asked.regions))
            add(len(part))
    return torch.cat(rows), f"effective sample size {effective:,.0f} of {draws:,} codes"


def _rejected(run: Run, asked: Conditions, label: str | None, n: int, draws: int) -> tuple[Tensor, Tensor | None, str]:
    """Rows of a model that only draws, and their classes, those kept that are as is asked."""
    schema, classes = table_of(run), classes_of(run, label)
    for at, region in asked.regions.items():
        if isinstance(region, Interval) and region.low == region.high:
            raise UserError(f"no draw of this {type(run.model).__name__} has exactly that value of "
                            f"{schema.seen[at].name!r}: give a range, LOW..HIGH")  # fmt: skip
    kept: list[tuple[Tensor, Tensor]] = []
    drawn = found = 0
    with work("drawing rows", draws, "`n`") as add:
        while found < n and drawn < draws:
            x, y = _draw(run.model, classes, min(AT_ONCE, draws - drawn))
            fits = asked.hold(x, schema)
            kept.append((x[fits], y[fits]))
            drawn, found = drawn + len(x), found + int(fits.sum())
            add(len(x))
    if found < n:
        raise UserError(f"{found:,} of {drawn:,} rows are as asked ({asked.words}), and {n:,} are wanted: ask for "
                        f"fewer, or for wider ranges")  # fmt: skip
    x, y = (torch.cat(parts)[:n] for parts in zip(*kept, strict=True))
    return x, None if classes is None else y, f"{found:,} of {drawn:,} rows were"


def _draw(model: Model, classes: Classes | None, n: int) -> tuple[Tensor, Tensor]:
    """Rows and their classes, 0 where the model is told none."""
    if classes is None:
        x = require(model, CanSample).sample(n)
        return x, torch.zeros(n, dtype=torch.int64, device=x.device)
    y = classes(n)
    return require(model, Conditional).sample(n, y), y
