"""Tasks about likelihoods and bounds: Bernoulli pixels, the ELBO of one draw, log p(x) from draws of the prior."""

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.bounds import importance_weighted
from reparam.check.task import SIZES, Inputs, Mistake, Task
from reparam.check.tasks.normals import ours_kl
from reparam.distributions import Bernoulli


def ours_bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    """Log p(x), the pixels added up."""
    return Bernoulli(logits, 1).log_prob(x)


def ours_elbo(x: Tensor, logits: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The bound of one draw, whose decoder gave the logits."""
    return ours_bernoulli(x, logits) - ours_kl(mean, log_variance)


def _pixels(generator: torch.Generator, size: tuple[int, int]) -> Inputs:
    x = (torch.rand(size, generator=generator, dtype=torch.float64) < 0.5).double()
    return x, 2 * torch.randn(size, generator=generator, dtype=torch.float64)


def _bernoulli(generator: torch.Generator, number: int) -> Inputs:
    return _pixels(generator, SIZES[number])


def _elbo(generator: torch.Generator, number: int) -> Inputs:
    batch, latent = SIZES[number]
    codes = (torch.randn((batch, latent), generator=generator, dtype=torch.float64) for _ in range(2))
    return (*_pixels(generator, (batch, latent + 4)), *codes)


def _log_weights(generator: torch.Generator, number: int) -> Inputs:
    batch, samples = SIZES[number]
    return (3 * torch.randn((samples, batch), generator=generator, dtype=torch.float64) - 4,)


BERNOULLI = Task(
    name="bernoulli_log_prob",
    takes=("x", "logits"),
    asks=(
        "takes binary pixels and logits, each (batch, pixels), and gives log p(x) per example, (batch,), in nats: "
        "a negative number"
    ),
    ours=ours_bernoulli,
    draw=_bernoulli,
    learned=("logits",),
    mistakes=(
        Mistake(lambda x, a: -F.softplus(-a).sum(-1), "every pixel is taken for a 1: x has no effect"),
        Mistake(lambda x, a: -(x * F.softplus(-a)).sum(-1), "pixels that are 0 are left out"),
        Mistake(lambda x, a: -((1 - x) * F.softplus(a)).sum(-1), "pixels that are 1 are left out"),
        Mistake(lambda x, a: ours_bernoulli(1 - x, a), "0 and 1 are exchanged"),
        Mistake(lambda x, a: ours_bernoulli(x, a.sigmoid()), "the logits went through two sigmoids"),
        Mistake(lambda x, a: -(x - a.sigmoid()).square().sum(-1), "it is a squared error, and no log-probability"),
        Mistake(
            lambda x, a: F.binary_cross_entropy_with_logits(a, x),
            "it is the mean over pixels and examples: torch averages unless told otherwise",
        ),
    ),
    hard=(
        (torch.tensor([[1.0, 0.0]], dtype=torch.float64), torch.tensor([[-2000.0, 2000.0]], dtype=torch.float64)),
        "very large logits (the logarithm of a sigmoid that has rounded to 0)",
    ),
)

ELBO = Task(
    name="elbo",
    takes=("x", "logits", "mean", "log_variance"),
    asks=(
        "takes binary pixels and the decoder's logits for one draw of q, each (batch, pixels), mean and log-variance "
        "of q, each (batch, dimensions), and gives the lower bound per example, (batch,), in nats"
    ),
    ours=ours_elbo,
    draw=_elbo,
    learned=("logits", "mean", "log_variance"),
    mistakes=(
        Mistake(
            lambda x, a, m, v: ours_bernoulli(x, a) + ours_kl(m, v),
            "the KL is added where it is to be paid: the bound of the sheet without its brackets",
        ),
        Mistake(lambda x, a, m, v: ours_bernoulli(x, a), "the KL is missing"),
        Mistake(
            lambda x, a, m, v: ours_bernoulli(x, a) / x.shape[-1] - ours_kl(m, v),
            "the reconstruction is averaged over pixels, so that the KL weighs far too much",
        ),
        Mistake(
            lambda x, a, m, v: ours_bernoulli(x, a) - ours_kl(m, v) / m.shape[-1],
            "the KL is averaged over the latent dimensions: it is to be added up",
        ),
        Mistake(
            lambda x, a, m, v: ours_bernoulli(x, a) - ours_kl(m, 2 * v),
            "in the KL the log-variance is taken for the logarithm of the standard deviation",
        ),
        Mistake(
            lambda x, a, m, v: ours_bernoulli(x, a) - 2 * ours_kl(m, v), "the KL is twice as large as it should be"
        ),
    ),
)

MONTE_CARLO = Task(
    name="monte_carlo_log_prob",
    takes=("log_px_given_z",),
    asks=(
        "takes log p(x|z) at draws z of the prior, (samples, batch), and gives the estimate of log p(x) per example, "
        "(batch,), in nats"
    ),
    ours=importance_weighted,
    draw=_log_weights,
    mistakes=(
        Mistake(
            lambda w: w.mean(0),
            "it is the mean of the logarithms: the estimate is the logarithm of a mean (Jensen: this is lower)",
        ),
        Mistake(lambda w: w.logsumexp(0), "the number of draws has been forgotten: a mean is asked for, not a sum"),
        Mistake(lambda w: w.exp().mean(0), "it is p(x), and not its logarithm"),
        Mistake(lambda w: importance_weighted(w.T), "it averages over the batch: the draws are the first dimension"),
        Mistake(lambda w: w.amax(0), "it is the largest draw alone"),
    ),
    hard=(
        (torch.full((3, 2), -2000.0, dtype=torch.float64),),
        "log-probabilities of -2000 (an image's are such: their exponential is 0)",
    ),
)

TASKS = (BERNOULLI, ELBO, MONTE_CARLO)
