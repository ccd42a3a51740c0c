"""Whether a model's conditionals are right: where each cell lies in what the model says, given the rest of its row."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from reparam import checks
from reparam.data.columns.table import TableSchema
from reparam.distributions.columns import places
from reparam.distributions.columnwise import Columns
from reparam.distributions.columnwise.within import cumulative
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import device_of
from reparam.hardware import exact
from reparam.models.protocols import Conditional, Decodes, Encodes, HasPrior, can, decoded, encoded, named, prior_of
from reparam.pace import work
from reparam.randomness import derive_seed, generator, noise

Array = NDArray[Any]
CODES = 300
"""Codes that are drawn for each cell."""
INTERVAL = 0.9
MOST_DECODED = 500_000
MOST_ROWS, FEWEST_ROWS = 500, 50
MOST_COLUMNS = 40
"""Columns that are judged: the first, where there are more."""
AT_ONCE = 20_000
FEW = 10.0
"""Effective codes below which what is said of a cell rests on too few."""


@dataclass(frozen=True)
class Calibration:
    """The probability integral transform of each cell given the rest of its row.

    Attributes:
        names: of the columns.
        values: ``(rows, columns)``, in [0, 1], uniform where the model is right; NaN where a cell is missing.
        effective: the effective number of codes behind each, ``(rows, columns)``.
    """

    names: tuple[str, ...]
    values: Array
    effective: Array

    @property
    def coverage(self) -> tuple[float, float]:
        """The share of cells within the central 90 % of what the model says, and its standard error, by rows."""
        inside = np.where(np.isnan(self.values), np.nan, np.abs(self.values - 0.5) <= INTERVAL / 2)
        shares = np.nanmean(inside, 1)
        return float(np.nanmean(inside)), float(shares.std(ddof=1)) / sqrt(len(shares))

    def column_coverage(self, at: int) -> tuple[float, float]:
        """The same of one column."""
        known = self.values[~np.isnan(self.values[:, at]), at]
        share = float((np.abs(known - 0.5) <= INTERVAL / 2).mean())
        return share, sqrt(max(share * (1 - share), INTERVAL * (1 - INTERVAL)) / max(1, len(known)))

    def uniform(self, at: int) -> tuple[float, float]:
        """The largest distance of a column's distribution function from that of uniform values, and its p-value."""
        from scipy.stats import kstest

        found = kstest(self.values[~np.isnan(self.values[:, at]), at], "uniform")
        return float(found.statistic), float(found.pvalue)

    @property
    def unsure(self) -> float:
        """The share of cells of which fewer than ten effective codes tell."""
        known = ~np.isnan(self.values)
        return float((self.effective[known] < FEW).mean())


@exact()
@torch.no_grad()
def calibration(model: Any, schema: TableSchema, x: Tensor, seed: int = 0, codes: int = CODES) -> Calibration:
    """Where each cell lies in p(cell | the other cells of its row).

    z is drawn in equal parts from the prior, from q(z|row) and from q(z|others), and weighed by p(others|z) p(z) over
    their mixture (Veach & Guibas 1995), so that no code weighs more than three times what it would if all were drawn
    from the prior, whatever the encoder makes of a row with a hole. P(X ≤ x | others) is the weighed mean of
    P(X ≤ x | z): exact as the number of codes grows. Of words, whole and rounded numbers a random place within their
    probability is taken, which makes the transform uniform for a model that is right (Czado, Gneiting & Held 2009;
    Dawid 1984).

    Args:
        model: with an encoder, a prior and a decoder to columns.
        schema: of the table.
        x: rows as a model sees them, ``(n, width)``, held out from training.
        seed: of the codes and places.
        codes: drawn for each cell.

    Raises:
        UserError: if the model does not tell p(x|z) of columns.
    """
    checks.whole("codes", codes, 2)
    _check(model)
    columns = [(at, kind.name) for at, kind in enumerate(schema.seen)][:MOST_COLUMNS]
    order = torch.randperm(len(x), generator=generator(seed, "calibration", "rows"))
    x = x[order[: judged(len(columns), codes)]].to(device_of(model))
    found, effective = np.full((len(x), len(columns)), np.nan), np.full((len(x), len(columns)), np.nan)
    jitter = np.random.default_rng(derive_seed(seed, "calibration")).uniform(size=found.shape)
    step = max(1, AT_ONCE // codes)
    with noise(seed, "calibration"), work("comparing cells with their conditionals", found.size, "the columns") as add:
        for at, _ in columns:
            for start in range(0, len(x), step):
                part = slice(start, start + step)
                below, up_to, sure, there = _transform(model, schema, x[part], at, codes)
                values = below + jitter[part, at] * (up_to - below)
                found[part, at] = np.where(there, values, np.nan)
                effective[part, at] = np.where(there, sure, np.nan)
                add(len(there))
    known = ~np.isnan(found).all(0)
    return Calibration(
        tuple(name for at, name in columns if known[at]), found[:, known].clip(0, 1), effective[:, known]
    )


def judged(columns: int, codes: int = CODES) -> int:
    """Of how many rows the cells are judged, at most."""
    return max(FEWEST_ROWS, min(MOST_ROWS, MOST_DECODED // (codes * min(columns, MOST_COLUMNS))))


def _check(model: Any) -> None:
    """Refuse what has no conditionals."""
    if not (can(model, Encodes) and can(model, Decodes) and can(model, HasPrior)) or can(model, Conditional):
        raise UserError(f"{named(model)} says nothing of a cell given the rest of its row: that takes a VAE")
    if not isinstance(decoded(model, prior_of(model).sample((1,))), Columns):
        raise UserError(f"{named(model)} does not tell the columns of a table apart: train it on a table with "
                        f'likelihood="columns"')  # fmt: skip


def _weighed(model: Any, rows: Sequence[Tensor], codes: int) -> tuple[Tensor, Tensor]:
    """Codes ``(codes, b, ...)`` of the prior and of the posteriors of rows, and log p(z) less that of the mixture."""
    prior = prior_of(model)
    posteriors = [q for q in (encoded(model, row) for row in rows) if q.has_density]
    share = max(1, codes // (1 + len(posteriors)))
    z = torch.cat([prior.sample((share, len(rows[0]))), *(q.sample((share,)) for q in posteriors)])
    log_prior = prior.log_prob(z)
    densities = torch.stack([log_prior, *(q.log_prob(z) for q in posteriors)])
    return z, log_prior - densities.logsumexp(0)


def _transform(
    model: Any, schema: TableSchema, x: Tensor, column: int, codes: int
) -> tuple[Array, Array, Array, Array]:
    """P(X < x) and P(X ≤ x) of one column given the others, effective codes, and which cells are there, ``(b,)``."""
    place, family = places(schema.families)[column], schema.families[column]
    entries = slice(place.start, place.start + family.width)
    there = torch.ones(len(x), dtype=torch.bool, device=x.device) if not family.missing else x[:, entries.stop] < 0.5
    hidden = x.clone()
    hidden[:, place] = 0
    if family.missing:
        hidden[:, entries.stop] = 1
    z, log_w = _weighed(model, (x, hidden), codes)
    p: Any = model.decode(z)
    told = p.log_prob_columns(hidden)
    told[..., column] = 0  # what the cell is, is not given
    log_w = log_w + told.sum(-1)
    if family.missing:  # the cell is there: so much is known of it
        log_w = log_w + F.logsigmoid(-p.output[..., entries.stop])
    w = log_w.double().softmax(0)
    below, up_to = ((w * part).sum(0).cpu().numpy() for part in cumulative(p, column, x[:, entries]))
    return below, up_to, (1 / w.square().sum(0)).cpu().numpy(), there.cpu().numpy()


def expected_distance(n: int) -> float:
    """What a right model's distance from uniform comes to on average, of n rows: √(π/2) log 2 / √n (Kolmogorov 1933).

    >>> round(expected_distance(100), 4)
    0.0869
    """
    return sqrt(np.pi / 2) * float(np.log(2)) / sqrt(n)
