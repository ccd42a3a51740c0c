"""Tasks about normal distributions: KL in closed form, to the standard normal and between two."""

import torch
from torch import Tensor

from reparam import divergences
from reparam.check.task import SIZES, Inputs, Mistake, Task


def ours_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) ‖ N(0, I))."""
    return divergences.kl_diagonal(mean, (0.5 * log_variance).exp(), torch.zeros_like(mean), torch.ones_like(mean))


def _draw(generator: torch.Generator, number: int) -> Inputs:
    size = SIZES[number]
    return tuple(torch.randn(size, generator=generator, dtype=torch.float64) for _ in range(2))


def _two(generator: torch.Generator, number: int) -> Inputs:
    mean_q, raw_q, mean_p, raw_p = (
        torch.randn(SIZES[number], generator=generator, dtype=torch.float64) for _ in range(4)
    )
    return mean_q, (0.5 * raw_q).exp(), mean_p, (0.5 * raw_p).exp()


def _half_sum(squares: Tensor) -> Tensor:
    return 0.5 * squares.sum(-1)


KL = Task(
    name="kl",
    takes=("mean", "log_variance"),
    asks=(
        "takes the mean and the logarithm of the variance of q, each (batch, dimensions), and gives "
        "KL(q ‖ N(0, I)) per example, (batch,), in nats"
    ),
    ours=ours_kl,
    draw=_draw,
    mistakes=(
        Mistake(
            lambda m, v: ours_kl(m, 2 * v), "the log-variance is taken for the logarithm of the standard deviation"
        ),
        Mistake(
            lambda m, v: _half_sum(m**2 + v**2 - 1 - (v**2).log()),
            "the log-variance is taken for the standard deviation",
        ),
        Mistake(lambda m, v: _half_sum(m**2 + v - 1 - v.log()), "the log-variance is taken for the variance"),
        Mistake(lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v), "the dimensions have not been added up"),
        Mistake(lambda m, v: _half_sum(m**2 + v.exp() - v), "a constant per dimension is missing"),
        Mistake(lambda m, v: _half_sum(m**2 + v.exp() - 1 + v), "the logarithm has the wrong sign"),
        Mistake(lambda m, v: _half_sum(m.abs() + v.exp() - 1 - v), "the mean enters by its absolute value"),
        Mistake(lambda m, v: _half_sum(m + v.exp() - 1 - v), "the mean enters as it is: its sign must not matter"),
        Mistake(lambda m, v: _half_sum(v.exp() - 1 - v), "the mean is missing"),
        Mistake(
            lambda m, v: _half_sum(((m**2 + 1) / v.exp()) - 1 + v),
            "it is the divergence in the other direction, KL(N(0, I) ‖ q)",
        ),
    ),
    hard=(
        (torch.zeros(1, 2, dtype=torch.float64), torch.full((1, 2), -60.0, dtype=torch.float64)),
        "a very small variance",
    ),
)

KL_NORMALS = Task(
    name="kl_normals",
    takes=("mean_q", "sd_q", "mean_p", "sd_p"),
    asks=(
        "takes means and standard deviations of q and of p, each (batch, dimensions), and gives KL(q ‖ p) per "
        "example, (batch,), in nats"
    ),
    ours=divergences.kl_diagonal,
    draw=_two,
    mistakes=(
        Mistake(
            lambda m, s, n, t: divergences.kl_diagonal(n, t, m, s),
            "it is the divergence in the other direction, KL(p ‖ q)",
        ),
        Mistake(
            lambda m, s, n, t: divergences.kl_diagonal(m, s.sqrt(), n, t.sqrt()),
            "the standard deviations are taken for variances",
        ),
        Mistake(
            lambda m, s, n, t: ((t / s).log() + (s**2 + (m - n) ** 2) / (2 * t**2)).sum(-1),
            "a constant per dimension is missing",
        ),
        Mistake(
            lambda m, s, n, t: ((s / t).log() + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5).sum(-1),
            "the fraction within the logarithm is upside down",
        ),
        Mistake(
            lambda m, s, n, t: ((t / s).log() + (s**2 + (m - n) ** 2) / t**2 - 0.5).sum(-1),
            "the quotient of squares is twice as large as it should be: a factor is missing beneath it",
        ),
        Mistake(
            lambda m, s, n, t: (t / s).log() + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5,
            "the dimensions have not been added up",
        ),
    ),
)

TASKS = (KL, KL_NORMALS)
