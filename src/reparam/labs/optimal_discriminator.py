"""The optimal discriminator: its formula, a trained one, the three cases, and the game's value against it."""

import math

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from reparam import adversarial, divergences
from reparam.adversarial import optimal
from reparam.distributions import Normal
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.labs.training import train_discriminator
from reparam.networks import MLP
from reparam.plots.style import BLUE, ORANGE, SOFT, dress, new_figure

TEXT = """
Against a fixed generator the best discriminator is D*(x) = p*(x) / (p*(x) + p_θ(x)): one half where both densities
agree, 1 where only the data have mass, 0 where only the generator has. A small network, trained on nothing but draws
of both, finds the same function.

The game's value against it is V = 2 JSD(p* ‖ p_θ) - log 4. Moving the generator's density away from the data's raises
V from -log 4, where they are equal, towards 0, where a discriminator can tell every example.
"""
SOURCE = "Goodfellow et al. 2014, proposition 1 and theorem 1"
SHIFTS = (0.0, 0.5, 1.0, 2.0, 4.0)
CASES = ((0.5, 1.0, "p* alone"), (1.5, 0.5, "both"), (2.5, 0.0, "p_θ alone"))


def measure(seed: int, quick: bool) -> Findings:
    """The three cases on two overlapping uniforms, then the value for normals further and further apart."""
    steps = 250 if quick else 1500
    checks = []
    network = train_discriminator(
        MLP(1, [64, 64], 1), lambda n: 2 * torch.rand(n, 1), lambda n: 1 + 2 * torch.rand(n, 1), steps
    )
    x = torch.linspace(0, 3, 301)
    data, model = (torch.where((x >= low) & (x <= low + 2), 0.5, 0.0).log() for low in (0.0, 1.0))
    with torch.no_grad():
        trained = network(x[:, None]).sigmoid().squeeze(1)
    analytic = optimal.optimal_discriminator(data, model)
    for at, expected, where in CASES:
        index = round(100 * at)
        checks += [
            Check(f"D* where {where} has mass, formula", expected, analytic[index].item(), 1e-7),
            Check(f"D where {where} has mass, trained", expected, trained[index].item(), 0.1),
        ]
    values = [_values(shift, steps) for shift in SHIFTS]
    for shift, (exact, best, found, error) in zip(SHIFTS, values, strict=True):
        checks += [
            Check(f"V(D*, G) at shift {shift:g}, nats", exact, best, 5 * error + 1e-6),
            Check(f"V of the trained D at shift {shift:g}, nats", exact, found, 5 * error + 0.02),
        ]
    checks.append(Check("V at p_θ = p*, nats", -math.log(4), values[0][0], 1e-9))
    sweep = np.linspace(0, 6, 61)
    curve = np.array([_exact(float(shift)) for shift in sweep])
    numbers = {"x": x, "analytic": analytic, "trained": trained, "sweep": sweep, "curve": curve}
    return Findings(tuple(checks), numbers | {"shifts": np.array(SHIFTS), "values": np.array(values)})


def _exact(shift: float) -> float:
    nodes = divergences.interval(-12.0, 12.0 + shift, 120)
    return optimal.value_at_optimum(
        _normal(0.0).log_prob(nodes.points), _normal(shift).log_prob(nodes.points), nodes.weights
    ).item()


def _normal(mean: float) -> Normal:
    return Normal(torch.tensor([mean]), torch.ones(1))


def _values(shift: float, steps: int) -> tuple[float, float, float, float]:
    """V by quadrature, of D* on draws, of a trained D on the same draws, and the standard error of these."""
    data, model = _normal(0.0), _normal(shift)
    network = train_discriminator(
        MLP(1, [32], 1), lambda n: data.sample((n,)), lambda n: model.sample((n,)), steps, batch=256, learning_rate=2e-2
    )
    real, fake = data.sample((100_000,)), model.sample((100_000,))
    with torch.no_grad():
        best = [optimal.optimal_logits(data.log_prob(x), model.log_prob(x)) for x in (real, fake)]
        found = [network(x).squeeze(1) for x in (real, fake)]
    return (_exact(shift), adversarial.value(*best).item(), adversarial.value(*found).item(), _error(*best))


def _error(real: Tensor, fake: Tensor) -> float:
    spread = real.sigmoid().log().var() + (-fake).sigmoid().log().var()
    return float((spread / len(real)).sqrt())


def draw(numbers: Numbers) -> Figure:
    """The three cases, and the value over the sweep."""
    figure = new_figure(9.6, 4.2)
    left, right = figure.subplots(1, 2)
    dress(left, x="x", y="D(x)", title="p* uniform on [0, 2], p_θ uniform on [1, 3]")
    left.plot(numbers["x"], numbers["analytic"], color=SOFT, linestyle="--", label="p* / (p* + p_θ)")
    left.plot(numbers["x"], numbers["trained"], color=BLUE, label="trained on draws")
    for at, expected, where in CASES:
        left.annotate(
            where, (at, expected), (0, -14 if expected else 22), textcoords="offset points", ha="center", fontsize=8
        )
    left.legend(fontsize=8, frameon=False)
    dress(right, x="shift of p_θ = N(shift, 1) from p* = N(0, 1)", y="V(D, G) (nats)", title="the value of the game")
    right.plot(numbers["sweep"], numbers["curve"], color=SOFT, linestyle="--", label="2 JSD - log 4")
    right.plot(numbers["shifts"], numbers["values"][:, 1], "o", color=ORANGE, label="D*, on draws")
    right.plot(numbers["shifts"], numbers["values"][:, 2], "x", color=BLUE, label="trained D, on draws")
    right.axhline(-math.log(4), color=SOFT, linewidth=0.8, linestyle=":")
    right.text(6, -math.log(4) + 0.02, "-log 4", ha="right", fontsize=8)
    right.legend(fontsize=8, frameon=False)
    return figure


LAB = Lab("optimal-discriminator", "The optimal discriminator and the game's value", TEXT, SOURCE, measure, draw)
run = LAB.run
