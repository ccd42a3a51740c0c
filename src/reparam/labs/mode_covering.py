"""One normal fitted to a mixture of two: what each divergence makes of what does not fit."""

import math
from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from reparam import divergences, transport
from reparam.distributions import Normal
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.models import Turn
from reparam.plots.style import CLASS_COLOURS, dress, new_figure
from reparam.training import minimize

TEXT = """
A single normal p cannot be a mixture π of two. KL(π ‖ p) is infinite wherever π has mass and p has none, so its
minimizer covers: it has exactly the mixture's mean and variance. KL(p ‖ π) punishes mass where π has little, so its
minimizer seeks one mode, and pays about log 1/w for the share w of the mode it chose. The Jensen-Shannon divergence,
here, seeks too. The Wasserstein distance W2 covers, with the mixture's mean and a standard deviation ∫ F⁻¹(u) Φ⁻¹(u)
du, a little less than the mixture's own.
"""
SOURCE = "Bishop 2006, section 10.1.2; Huszár 2015; Peyré & Cuturi 2019, remark 2.30"
SHARES, CENTRES, SPREADS = (0.6, 0.4), (-2.0, 2.5), (0.6, 0.6)
STARTS = ((-2.0, 0.0), (2.5, 0.0), (0.0, 0.8))
Objective = Callable[[Tensor, Tensor], Tensor]


def log_mixture(x: Tensor) -> Tensor:
    """Log π, ``(n,)``, at x ``(n, 1)``."""
    parts = [
        math.log(w) + Normal(torch.tensor([m]).to(x), torch.tensor([s]).to(x)).log_prob(x)
        for w, m, s in zip(SHARES, CENTRES, SPREADS, strict=True)
    ]
    return torch.logsumexp(torch.stack(parts), 0)


def measure(seed: int, quick: bool) -> Findings:
    """The best normal under each objective, from several starts."""
    objectives = _objectives()
    steps = 150 if quick else 1000
    fits = {name: _fit(objective, steps) for name, objective in objectives.items()}
    mean = sum(w * m for w, m in zip(SHARES, CENTRES, strict=True))
    second = sum(w * (m**2 + s**2) for w, m, s in zip(SHARES, CENTRES, SPREADS, strict=True))
    deviation = math.sqrt(second - mean**2)
    matched = float((quantiles() * torch.special.ndtri(levels())).mean())
    checks = [
        Check("KL(π ‖ p): the mean covers, it is the mixture's", mean, fits["KL(π ‖ p)"][0], 0.01),
        Check("KL(π ‖ p): so is the standard deviation", deviation, fits["KL(π ‖ p)"][1], 0.01),
        Check("KL(p ‖ π): the mean seeks the heavier mode", CENTRES[0], fits["KL(p ‖ π)"][0], 0.05),
        Check("KL(p ‖ π): so does the standard deviation", SPREADS[0], fits["KL(p ‖ π)"][1], 0.05),
        Check("KL(p ‖ π): what it pays, nats", -math.log(SHARES[0]), _value(objectives, fits, "KL(p ‖ π)"), 0.02),
        Check("W2: the mean covers, it is the mixture's", mean, fits["W2"][0], 0.01),
        Check("W2: the standard deviation is ∫ F⁻¹ Φ⁻¹", matched, fits["W2"][1], 0.01),
    ]
    for name, objective in objectives.items():
        others = min(_at(objective, fit) for other, fit in fits.items() if other != name)
        own = _at(objective, fits[name])
        checks.append(Check(f"{name}: no other fit does better than", own, others, 1e-6, ">="))
    return Findings(tuple(checks), {"fits": np.array(list(fits.values()))})


def _objectives() -> dict[str, Objective]:
    nodes = divergences.interval(-14.0, 14.0, 50)
    log_pi, targets = log_mixture(nodes.points), quantiles()
    unit = torch.special.ndtri(levels())

    def by_nodes(divergence: divergences.Divergence) -> Objective:
        return lambda m, s: divergence(log_pi, Normal(m, s).log_prob(nodes.points), nodes.weights)

    return {
        "KL(π ‖ p)": by_nodes(divergences.kl),
        "KL(p ‖ π)": by_nodes(divergences.reverse_kl),
        "JSD": by_nodes(divergences.jensen_shannon),
        "W2": lambda m, s: transport.wasserstein_1d(targets, m + s * unit, p=2),
    }


def levels(n: int = 2000) -> Tensor:
    """Midpoints of n equal slices of probability."""
    return (torch.arange(n, dtype=torch.float64) + 0.5) / n


def quantiles() -> Tensor:
    """F⁻¹ of the mixture at :func:`levels`, by bisection."""
    low, high = torch.full_like(levels(), -20.0), torch.full_like(levels(), 20.0)
    for _ in range(60):
        middle = (low + high) / 2
        below = _distribution_function(middle) < levels()
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


def _distribution_function(x: Tensor) -> Tensor:
    parts = [w * torch.special.ndtr((x - m) / s) for w, m, s in zip(SHARES, CENTRES, SPREADS, strict=True)]
    return torch.stack(parts).sum(0)


def _fit(objective: Objective, steps: int) -> tuple[float, float]:
    """Mean and standard deviation of the best normal found from any start."""
    found = [_descend(objective, *start, steps) for start in STARTS]
    return min(found, key=lambda fit: _at(objective, fit))


def _descend(objective: Objective, mean: float, log_scale: float, steps: int) -> tuple[float, float]:
    fit = nn.ParameterList(torch.tensor([value], dtype=torch.float64) for value in (mean, log_scale))
    turn = Turn("normal", fit, lambda batch: {"loss": objective(fit[0], fit[1].exp())})
    minimize(
        [turn], lambda number: torch.empty(0), steps, learning_rate=0.08
    )  # by quadrature: there is nothing to draw
    return fit[0].item(), fit[1].exp().item()


def _at(objective: Objective, fit: tuple[float, float]) -> float:
    mean, scale = (torch.tensor([value], dtype=torch.float64) for value in fit)
    return objective(mean, scale).item()


def _value(objectives: dict[str, Objective], fits: dict[str, tuple[float, float]], name: str) -> float:
    return _at(objectives[name], fits[name])


def draw(numbers: Numbers) -> Figure:
    """The mixture and its four fits."""
    figure = new_figure(7.6, 4.4)
    axes = figure.subplots()
    x = torch.linspace(-7, 7, 700, dtype=torch.float64)
    dress(axes, x="x", y="density", title="one normal fitted to a mixture of two")
    axes.fill_between(x, log_mixture(x[:, None]).exp(), color="#dddddd", label="mixture π")
    names = ("KL(π ‖ p) covers", "KL(p ‖ π) seeks", "JSD", "W2 covers")
    for name, (mean, scale), colour in zip(names, numbers["fits"], CLASS_COLOURS[::2], strict=False):
        density = np.exp(-0.5 * ((x.numpy() - mean) / scale) ** 2) / (scale * math.sqrt(2 * math.pi))
        axes.plot(
            x,
            density,
            color=colour,
            label=f"{name}: N({mean:.2f}, {scale:.2f}²)",
            linestyle="--" if name == "JSD" else "-",
        )
    axes.legend(fontsize=8, frameon=False)
    return figure


LAB = Lab("mode-covering", "Covering or seeking: one normal for two modes", TEXT, SOURCE, measure, draw)
run = LAB.run
