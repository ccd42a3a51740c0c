"""Estimators that judge rows: ``score_samples`` and ``score``."""

import zlib
from typing import Any

import numpy as np
import torch
from sklearn.utils.metaestimators import available_if
from torch import Tensor

from reparam.data.incoming import Seen
from reparam.evaluation import drawing
from reparam.evaluation.codes.encoding import device_of
from reparam.evaluation.given import has_log_prob, judge_of
from reparam.evaluation.likelihood.estimate import log_p
from reparam.evaluation.samples.kernel_distance import squared_mmd
from reparam.hardware import exact
from reparam.randomness import noise
from reparam.runs.run import Run
from reparam.sklearn.base import told

MOST_COMPARED, FEWEST_COMPARED = 2000, 200
"""Samples that rows are compared with: as many as rows, but not fewer, and not more of either."""


class Fit:
    """How well rows fit a model that has a bound, or a reconstruction, to judge them by."""

    def score_samples(self, X: Any) -> np.ndarray:
        """How well each row fits, ``(n,)`` in nats: the higher the better.

        Log p(x) by importance sampling with ``draws`` draws where the model gives it (in expectation a lower bound);
        of adversarial variational Bayes the bound as its discriminator estimates it; of a plain autoencoder log p(x|z)
        at the code, which is no likelihood of x. The noise of a row is a function of the row and of
        ``random_state``, so that it is judged alike in any company.
        Of a row of a DataFrame with a word that was never seen it is NaN.
        """
        run = self._fitted()  # type: ignore[attr-defined]
        with told():
            seen: Seen = self.rows_.read(self, X, run)  # type: ignore[attr-defined]
            seed = self._seed() if isinstance(self.random_state, int) else 0  # type: ignore[attr-defined]
            found = [_judged(run, row[None], seed, self.draws) for row in seen.x]  # type: ignore[attr-defined]
            return seen.spread(np.array(found))

    def score(self, X: Any, y: Any = None) -> float:
        """The average of :meth:`score_samples` over the rows that have one: what a search maximizes."""
        return float(np.nanmean(self.score_samples(X)))


def _judged(run: Run, row: Tensor, seed: int, draws: int) -> float:
    number = zlib.crc32(row.numpy().tobytes())
    if has_log_prob(run.model):
        return float(log_p(run, row, draws, seed + number))
    return float(_said(run, row, seed, number))


@exact()
@torch.no_grad()
def _said(run: Run, x: Tensor, *noise_of: int) -> Tensor:
    judge, _ = judge_of(run.model)
    with noise(noise_of[0], "score", *noise_of[1:]):
        return judge(x.to(device_of(run.model))).cpu().double()


def _is_told_no_class(estimator: Any) -> bool:
    """Whether its discriminator judges rows without a class."""
    return not getattr(estimator, "conditional", False)


class Likeness:
    """How real rows look to a game's discriminator, and how like its samples are to rows."""

    @available_if(_is_told_no_class)  # type: ignore[untyped-decorator]
    def score_samples(self, X: Any) -> np.ndarray:
        """What the discriminator says of each row, ``(n,)``: a logit, or a critic's value, higher where it looks real.

        It compares rows of one fitted model. It is no density, and not to be compared between models.
        """
        run = self._fitted()  # type: ignore[attr-defined]
        with told():
            seen: Seen = self.rows_.read(self, X, run)  # type: ignore[attr-defined]
            return seen.spread(_said(run, seen.x, 0).numpy())

    def score(self, X: Any, y: Any = None) -> float:
        """Minus the squared kernel distance (MMD, cubic kernel, unbiased) between rows and as many samples.

        0 is best, about which it scatters. Columns are scaled to mean 0 and deviation 1 by X; of each set 2,000 rows
        at most are compared (Bińkowski et al. 2018).
        """
        run = self._fitted()  # type: ignore[attr-defined]
        with told():
            real = self.rows_.read(self, X, run).x[:MOST_COMPARED].flatten(1).double()  # type: ignore[attr-defined]
            made = _as_seen(run, max(len(real), FEWEST_COMPARED), self._seed())  # type: ignore[attr-defined]
        scale = torch.where((sd := real.std(0, correction=0)) > 0, sd, 1.0)
        return -float(squared_mmd((real - real.mean(0)) / scale, (made - real.mean(0)) / scale))


def _as_seen(run: Run, n: int, seed: int) -> Tensor:
    """Samples in the numbers that the model makes."""
    return torch.from_numpy(drawing(run, n, seed, as_seen=True).samples().x).flatten(1).double()
