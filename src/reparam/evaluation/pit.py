"""The probability integral transform: where test values lie in what a model says of them, given a code."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reparam import checks
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import device_of, examples, pick
from reparam.evaluation.draws import drawing
from reparam.evaluation.likelihood.estimate import FEW, explanation, has_density
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import HasPrior, can, named, prior_of
from reparam.pace import work
from reparam.randomness import derive_seed, generator, noise
from reparam.result import Result
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[Any]
BINS, CODES = 10, 100
PERMUTATIONS = 999
AT_ONCE = 2**19
"""Numbers of x that are decoded at a time."""
LEVEL = 0.05
SURE = 2.0
"""Standard errors from which on it is said in which way values lie elsewhere."""


@dataclass(frozen=True, repr=False)
class PIT(Result):
    """How the transform of test values spreads over [0, 1], beside that of the model's own draws.

    Attributes:
        kind: of likelihood.
        shares: of each example's values, how large a part lies in each of ten bins, ``(examples, 10)``.
        own: the same of as many draws of the model, judged by the same estimator.
        p: how seldom the two differ so much where the model is right.
        effective: how many equal draws of the posterior those of an example are worth, mean and least.
        codes: draws of the posterior for each example.
        seed: of choice and draws.
    """

    kind: str
    shares: Array
    own: Array
    p: float
    effective: tuple[float, float]
    codes: int
    seed: int

    @property
    def histogram(self) -> tuple[Array, Array]:
        """The mean share of each bin, a tenth where the model is right, and its standard error over examples."""
        return _mean_and_error(self.shares)

    @property
    def numbers(self) -> dict[str, Array]:
        """Histograms of test values and of draws with their errors, ``(10,)`` each."""
        return dict(zip(("pit", "pit_error", "pit_own", "pit_own_error"), self.histograms, strict=True))

    @property
    def histograms(self) -> tuple[Array, Array, Array, Array]:
        """Mean shares and their errors, of test values and of draws, ``(10,)`` each."""
        return *self.histogram, *_mean_and_error(self.own)

    @property
    def verdict(self) -> str:
        """What is wrong, in words; empty where test values lie as draws do."""
        if self.p >= LEVEL:
            return ""
        tails = _apart(self.shares, self.own, [0, 1, -2, -1])
        upper = _apart(self.shares, self.own, range(BINS // 2, BINS))
        told = ["too narrow: values lie in the tails of what it says too often"] if tails > SURE else []
        told += ["too wide: values lie in the tails of what it says too seldom"] if tails < -SURE else []
        told += ["too low: values lie in its upper half too often"] if upper > SURE else []
        told += ["too high: values lie in its lower half too often"] if upper < -SURE else []
        return (
            "the model is " + ", and ".join(told) if told else "the model is wrong in another way than spread or place"
        )

    def figure(self) -> "Figure":
        """The histogram with its errors, and that of draws."""
        from reparam.plots.predictive import pit_panel

        return pit_panel(*self.histograms, title=f"PIT of a {self.kind}, p = {self.p:.2g}")

    def __str__(self) -> str:
        (share, error), own = self.histogram, self.own.mean(0)
        rows = [f"{'PIT, up to':<14}" + "".join(f"{(at + 1) / BINS:>8.1f}" for at in range(BINS))]
        rows += [
            f"{words:<14}" + "".join(f"{value:>8.4f}" for value in values)
            for words, values in (("test values", share), ("  ± error", error), ("draws", own))
        ]
        mean, least = self.effective
        rows += [
            f"where values lie in what the {self.kind} likelihood says of them: a tenth in each if it is right",
            f"p = {self.p:.2g} of {len(self.shares):,} examples beside as many draws; {self.codes} codes an example, "
            f"as good as {mean:.1f} (least {least:.1f}) equal ones; seed {self.seed}",
            *filter(None, [self.verdict]),
        ]
        few = f"so few effective codes tell little, and small faults stay unseen: codes={4 * self.codes} says more"
        return "\n".join([*rows, few] if mean < FEW else rows)

    def json(self) -> dict[str, Any]:
        """With the histograms and the verdict."""
        return super().json() | {name: array.tolist() for name, array in self.numbers.items()} | {
            "verdict": " ".join(self.verdict.split())}  # fmt: skip


@of_run
@exact()
@torch.no_grad()
def pit(run: Run, n: int = 300, seed: int = 0, *, codes: int = CODES) -> PIT:
    """Whether a model is calibrated: of each value the probability, given a code, of at most what it is.

    The code is one draw of p(z|x), by importance resampling from q(z|x). Then, where the model is right, the transform
    P(X ≤ x|z) of each value is uniform (Johnson 2007, of pivotal quantities at posterior draws). Where values have a
    probability of their own (coins, levels), all from P(X < x|z) to P(X ≤ x|z) counts alike, whose mean over examples
    is uniform, too, without the noise of a random place in between (Czado, Gneiting & Held 2009, equation 2). A hump
    says that the model is too wide (underconfident), a trough that it is too narrow.

    With few effective draws a code is not quite one of p(z|x), and not even a right model's values would be uniform. So
    the test has the same done to draws of the model: where it is right, its draws and the test examples, which it was
    not trained on, are exchangeable, however good the encoder is. The statistic is Hotelling's of the examples'
    shares, its p-value by 999 permutations of examples, so that values of one example may depend on each other.

    Args:
        run: of a model with a posterior whose density is known and a likelihood, or its folder.
        n: test examples, and draws; all unless there are more.
        seed: of the choice and the draws.
        codes: draws of q(z|x) for each example.

    Raises:
        UserError: if the model has no such posterior or likelihood, or is told a class, or is of a table.
    """
    checks.whole("n", n, 2)
    checks.whole("codes", codes)
    kind = _check(run)
    chosen = pick(run.data.test, n, generator(seed, "pit"))
    x = torch.cat(list(examples(chosen, run.data)))
    made = torch.from_numpy(np.asarray(drawing(run, len(x), derive_seed(seed, "pit"), as_seen=True).x))
    with work("comparing values with what is said of them", 2 * len(x) * codes, "`codes` or `n`") as add:
        (shares, effective), (own, _) = (
            _shares(run.model, some, codes, derive_seed(seed, "pit", what), add)
            for some, what in ((x, "test"), (made, "own"))
        )
    return PIT(kind, shares, own, exchanged(shares, own, seed), (float(effective.mean()), float(effective.min())),
               codes, seed)  # fmt: skip


def _check(run: Run) -> str:
    """The name of the likelihood; what has none whose transform is known is refused."""
    model = run.model
    if run.data.table is not None:
        raise UserError("the transform of a table's cells is among the measures of tables: evaluate it")
    p = explanation(model)
    if p is None or not can(model, HasPrior):
        raise UserError(f"{named(model)} has no likelihood, in which a value could lie anywhere: that takes a vae")
    if not has_density(model):
        raise UserError(f"{named(model)} has no posterior whose density is known, to draw codes of: that takes a vae")
    p.cumulative(p.center)
    return type(p).__name__


def _shares(model: Model, x: Tensor, codes: int, seed: int, add: Any) -> tuple[Array, Array]:
    """Of each example its values' shares in the bins ``(n, 10)``, and the effective draws of its code ``(n,)``."""
    found: list[Array] = []
    effective: list[Array] = []
    with noise(seed, "pit"):
        for part in torch.split(x, max(1, AT_ONCE // max(1, x[0].numel()))):
            seen = part.to(device_of(model))
            z, worth = posterior_draw(model, seen, codes, add)
            p: Any = model.decode(z)  # type: ignore[operator]
            found.append(in_bins(*p.cumulative(seen)))
            effective.append(worth.numpy())
    return np.concatenate(found), np.concatenate(effective)


def posterior_draw(
    model: Any, x: Tensor, codes: int, add: Callable[[float], None] = lambda amount: None
) -> tuple[Tensor, Tensor]:
    """One z of p(z|x) for each x ``(b, ...)``, chosen of draws of q(z|x) by their weights.

    And how many equal ones these are worth, (Σ w)² / Σ w² (Kish 1965), ``(b,)``. It is chosen as they come, by the
    largest of log-weight plus Gumbel noise, so that memory does not grow with ``codes``; ``add`` is told of them.
    """
    prior, posterior = prior_of(model), model.encode(x)
    best = torch.full((len(x),), -torch.inf, dtype=torch.float64, device=x.device)
    chosen = posterior.sample()
    total, squares = torch.full_like(best, -torch.inf), torch.full_like(best, -torch.inf)
    step = max(1, AT_ONCE // max(1, x.numel()))
    for start in range(0, codes, step):
        z, log_q = posterior.sample_and_log_prob((min(step, codes - start),))
        log_w = (model.decode(z).log_prob(x) + prior.log_prob(z) - log_q).double()
        total = torch.logaddexp(total, log_w.logsumexp(0))
        squares = torch.logaddexp(squares, (2 * log_w).logsumexp(0))
        keys, at = (log_w - torch.empty_like(log_w).exponential_().log()).max(0)
        better = keys > best
        best = torch.where(better, keys, best)
        chosen[better] = z[at, torch.arange(len(x), device=x.device)][better]
        add(len(z) * len(x))
    return chosen, (2 * total - squares).exp().cpu()


def in_bins(below: Tensor, up_to: Tensor) -> Array:
    """How large a part of the stretches from ``below`` to ``up_to`` ``(n, ...)`` lies in each of ten bins, ``(n, 10)``.

    Each stretch weighs the same, and one of no length is a point.

    >>> in_bins(torch.tensor([[0.0, 0.95]]), torch.tensor([[0.2, 0.95]])).round(2).tolist()
    [[0.25, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]]
    """
    low, high = (end.flatten(1).double().clamp(0, 1) for end in (below, up_to))
    length = high - low
    known = [torch.zeros(len(low), dtype=torch.float64, device=low.device)]
    for edge in range(1, BINS):
        part = (edge / BINS - low) / length.clamp(min=1e-300)
        share = torch.where(length > 0, part.clamp(0, 1), (low <= edge / BINS).double())
        known.append(share.mean(1))
    known.append(torch.ones_like(known[0]))
    return torch.stack(known, 1).diff(dim=1).cpu().numpy()


def exchanged(first: Array, second: Array, seed: int) -> float:
    """How seldom examples that are mixed up differ in their mean shares as much as these: a permutation p-value.

    The statistic is Hotelling's: the squared difference of means in units of the covariance of all.

    Args:
        first: ``(n, bins)``.
        second: ``(m, bins)``.
        seed: of the permutations.
    """
    rows = np.concatenate([first, second])[:, :-1]  # shares sum to one
    rows = rows - rows.mean(0)
    scale = np.linalg.pinv(np.cov(rows, rowvar=False), hermitian=True)
    found = [_distance(rows[order[: len(first)]].mean(0), scale) for order in _orders(len(rows), seed)]
    return float(np.mean(np.array(found) >= found[0] * (1 - 1e-9)))


def _orders(n: int, seed: int) -> Iterator[Array]:
    """The order as it is, and permutations."""
    rng = np.random.default_rng(derive_seed(seed, "pit", "permutations"))
    yield np.arange(n)
    for _ in range(PERMUTATIONS):
        yield rng.permutation(n)


def _distance(mean: Array, scale: Array) -> float:
    """The means' distance: that of the others is minus this one in proportion, since all sum to zero."""
    return float(mean @ scale @ mean)


def _mean_and_error(shares: Array) -> tuple[Array, Array]:
    return shares.mean(0), shares.std(0, ddof=1) / len(shares) ** 0.5


def _apart(first: Array, second: Array, bins: Any) -> float:
    """How many standard errors the share of some bins is greater in the first."""
    (one, error), (other, other_error) = (_mean_and_error(shares[:, list(bins)].sum(1)) for shares in (first, second))
    return float((one - other) / max(np.hypot(error, other_error), 1e-12))
