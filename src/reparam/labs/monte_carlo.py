"""Estimating log p(x) by draws of the prior, and by draws of a distribution near the posterior."""

import math

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from reparam.distributions import Normal
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.labs.linear_gaussian import LinearGaussian
from reparam.plots.style import BLUE, ORANGE, SOFT, dress, new_figure

TEXT = """
p(x) is the mean of p(x|z) over draws z of the prior, so it can be estimated without any encoder. But where the
posterior is narrower than the prior by a constant factor per dimension, almost no draw lands where p(x|z) is not
nearly 0: the relative variance of one draw is r^d - 1, exponential in the dimension d of z. For the model x = z + σ ·
noise, r has a closed form (a normal integral).

Importance sampling draws from a q near the posterior and weighs by p(x, z)/q(z). With the posterior's mean and 1.3
times its standard deviation its r is 1.3²/√(2 · 1.3² - 1) = 1.0955: at 20 dimensions a few hundred draws do what the
prior would need hundreds of millions for. This is why a VAE has an encoder.
"""
SOURCE = "Kingma & Welling 2014, section 2.1; Owen 2013, chapter 9"
SCALE, AT, WIDER = 0.5, 1.0, 1.3
DIMENSIONS = (1, 2, 3, 4, 6, 8, 12, 16, 20)
SAMPLED = 4  # in so many of them, the smallest, the variance itself is measured


def growth_of_prior_sampling() -> float:
    """R with 1 + relative variance = r^d: E[p(x|z)²] / p(x)² for one dimension of x = z + σ · noise, in closed form."""

    def normal(variance: float) -> float:
        return math.exp(-(AT**2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)

    return normal(1 + SCALE**2 / 2) / (2 * SCALE * math.sqrt(math.pi)) / normal(1 + SCALE**2) ** 2


def measure(seed: int, quick: bool) -> Findings:
    """The variance per draw against its closed form, and what a thousand draws make of log p(x)."""
    rates = {"prior": growth_of_prior_sampling(), "importance": WIDER**2 / math.sqrt(2 * WIDER**2 - 1)}
    draws, repeats = (200_000, 50) if quick else (2_000_000, 200)
    checks, measured, errors = [], {}, {}
    for name, rate in rates.items():
        logs = [_log_weights(name, d, draws) for d in DIMENSIONS[:SAMPLED]]
        measured[name] = [_log_second_moment(w) for w in logs]
        per_dimension = float(np.polyfit(DIMENSIONS[:SAMPLED], measured[name], 1)[0])
        checks.append(
            Check(f"{name}: growth of log(1 + relative variance) per dimension", math.log(rate), per_dimension, 0.05)
        )
        errors[name] = np.array([_log_errors(name, d, 1000, repeats) for d in DIMENSIONS])
        worst = max(abs(w.exp().mean().item() - 1) / (w.exp().std().item() / draws**0.5) for w in logs)
        checks.append(Check(f"{name}: bias of p(x)'s estimate, standard errors", 0.0, worst, 4.5))
    spread = {name: float(np.sqrt((values[-1] ** 2).mean())) for name, values in errors.items()}
    checks += [
        Check("prior, 20 dimensions, 1000 draws: error of log p(x), nats", 1.0, spread["prior"], relation=">="),
        Check("importance, the same, nats", 0.3, spread["importance"], relation="<="),
        Check(
            "prior: mean of log p(x)'s estimate less log p(x), nats",
            0.0,
            float(errors["prior"][-1].mean()),
            relation="<=",
        ),
    ]
    numbers = {"dimensions": np.array(DIMENSIONS), "rates": np.array(list(rates.values()))}
    numbers |= {f"{name}_moments": np.array(values) for name, values in measured.items()}
    return Findings(tuple(checks), numbers | {f"{name}_errors": values for name, values in errors.items()})


def _log_weights(name: str, d: int, draws: int) -> Tensor:
    """Log of p(x, z) / (q(z) p(x)) at draws of q: its mean is 1 without the logarithm."""
    eye = torch.eye(d, dtype=torch.float64)
    model = LinearGaussian(eye, torch.zeros(d, dtype=torch.float64), torch.tensor(math.log(SCALE), dtype=torch.float64))
    x = torch.full((1, d), AT, dtype=torch.float64)
    mean, covariance = model.posterior(x)
    q = model.prior() if name == "prior" else Normal(mean[0], WIDER * covariance.diagonal().sqrt())
    z = q.sample((draws,))
    return model.likelihood(z).log_prob(x) + model.prior().log_prob(z) - q.log_prob(z) - model.evidence(x)


def _log_second_moment(log_weights: Tensor) -> float:
    n = math.log(len(log_weights))
    return (torch.logsumexp(2 * log_weights, 0) + n - 2 * torch.logsumexp(log_weights, 0)).item()


def _log_errors(name: str, d: int, draws: int, repeats: int) -> np.ndarray:
    """Errors of log p(x) estimated from so many draws, ``(repeats,)`` in nats."""
    weights = _log_weights(name, d, draws * repeats).reshape(repeats, draws)
    return (torch.logsumexp(weights, 1) - math.log(draws)).numpy()


def draw(numbers: Numbers) -> Figure:
    """The variance's growth, and the errors of log p(x)."""
    figure = new_figure(9.8, 4.3)
    left, right = figure.subplots(1, 2)
    d = numbers["dimensions"]
    dress(left, x="latent dimensions d", y="1 + relative variance of one draw", title="exponential in the dimension")
    dress(
        right,
        x="latent dimensions d",
        y="estimate less log p(x) (nats)",
        title="1000 draws: mean and spread of the error",
    )
    for (name, label), colour, rate in zip(LABELS.items(), (ORANGE, BLUE), numbers["rates"], strict=True):
        left.semilogy(d, rate**d, "--", color=SOFT, linewidth=1)
        left.semilogy(d[:SAMPLED], np.exp(numbers[f"{name}_moments"]), "o", color=colour, label=f"{label}, measured")
        errors = numbers[f"{name}_errors"]
        low, high = np.quantile(errors, [0.05, 0.95], axis=1)
        right.plot(d, errors.mean(1), "o-", color=colour, label=label)
        right.fill_between(d, low, high, color=colour, alpha=0.2)
    left.plot([], [], "--", color=SOFT, label="r to the power of d")
    for axes in (left, right):
        axes.set_xticks(range(0, 21, 4))
        axes.legend(fontsize=8, frameon=False)
    return figure


LABELS = {"prior": "draws of the prior", "importance": "importance sampling"}
LAB = Lab("monte-carlo", "Monte Carlo: why log p(x) needs an encoder", TEXT, SOURCE, measure, draw)
run = LAB.run
