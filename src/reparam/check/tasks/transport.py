"""Tasks about distances: Wasserstein on the line, the earth mover of histograms, and Jensen-Shannon."""

import torch
from torch import Tensor

from reparam import divergences
from reparam.check.task import Inputs, Mistake, Task
from reparam.transport import wasserstein_1d

SAMPLES, BINS = (6, 9, 2, 5), (4, 6, 3, 5)


def ours_earth_mover(a: Tensor, b: Tensor) -> Tensor:
    """The area between both cumulative sums."""
    return (a - b).cumsum(-1).abs().sum(-1)


def _points(generator: torch.Generator, number: int) -> Inputs:
    return tuple(3 * torch.randn(SAMPLES[number], generator=generator, dtype=torch.float64) for _ in range(2))


def _masses(generator: torch.Generator, number: int) -> Inputs:
    return tuple(torch.randn(BINS[number], generator=generator, dtype=torch.float64).softmax(-1) for _ in range(2))


def _shannon(p: Tensor, q: Tensor) -> Tensor:
    return divergences.jensen_shannon(p.log(), q.log())


LINE = Task(
    name="wasserstein",
    takes=("x", "y"),
    asks="takes two samples of equal size on the line, each (n,), and gives the scalar W1 of them, in their unit",
    ours=wasserstein_1d,
    draw=_points,
    mistakes=(
        Mistake(lambda x, y: (x - y).abs().mean(), "points are paired in the order in which they came"),
        Mistake(lambda x, y: (x.mean() - y.mean()).abs(), "only the means are compared"),
        Mistake(
            lambda x, y: (x[:, None] - y).abs().mean(), "every point is paired with every other: no plan does that"
        ),
        Mistake(lambda x, y: wasserstein_1d(x, y) * len(x), "it is the sum over points: each carries the mass 1/n"),
        Mistake(
            lambda x, y: (x.sort().values - y.sort().values).square().mean(), "the distances are squared: W1 has none"
        ),
        Mistake(
            lambda x, y: (x.sort().values - y.sort().values).square().mean().sqrt(), "it is W2: distances are squared"
        ),
    ),
)

EARTH_MOVER = Task(
    name="earth_mover",
    takes=("a", "b"),
    asks=(
        "takes the masses of two histograms over the same places, one step apart, each (places,) with sum 1, and gives "
        "the scalar cost of the cheapest plan, in steps"
    ),
    ours=ours_earth_mover,
    draw=_masses,
    learned=(),  # masses that always add up to one have more than one right gradient
    mistakes=(
        Mistake(lambda a, b: (a - b).abs().sum(), "distances do not count: earth that moves far costs no more"),
        Mistake(
            lambda a, b: 0.5 * (a - b).abs().sum(), "it is the total variation: earth that moves far costs no more"
        ),
        Mistake(
            lambda a, b: (a - b).cumsum(-1).sum(-1).abs(), "surplus and lack cancel: absolute values come too late"
        ),
        Mistake(lambda a, b: (a.cumsum(-1) - b.cumsum(-1)).abs().mean(-1), "it is a mean over places: costs add up"),
        Mistake(lambda a, b: (a.cumsum(-1) - b.cumsum(-1)).abs().max(), "it is the largest pile alone, not the total"),
    ),
)

JENSEN_SHANNON = Task(
    name="jensen_shannon",
    takes=("p", "q"),
    asks="takes two vectors of probabilities, each (outcomes,), and gives the scalar JSD of them, in nats",
    ours=_shannon,
    draw=_masses,
    mistakes=(
        Mistake(lambda p, q: (p * (p / q).log()).sum(), "it is KL(p ‖ q): the mixture of both is missing"),
        Mistake(lambda p, q: (q * (q / p).log()).sum(), "it is KL(q ‖ p): the mixture of both is missing"),
        Mistake(
            lambda p, q: 0.5 * ((p - q) * (p / q).log()).sum(), "it is the mean of both KLs: the mixture is missing"
        ),
        Mistake(lambda p, q: 0.5 * (p * (2 * p / (p + q)).log()).sum(), "one of its two halves is missing"),
        Mistake(lambda p, q: _shannon(p, q).sqrt(), "it is the distance, the square root of the divergence"),
        Mistake(
            lambda p, q: 0.5 * (p * (p / (p + q)).log() + q * (q / (p + q)).log()).sum(),
            "the mixture is not normalized: p + q has the mass 2",
        ),
    ),
)

TASKS = (LINE, EARTH_MOVER, JENSEN_SHANNON)
