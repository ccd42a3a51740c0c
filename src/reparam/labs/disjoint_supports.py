"""Two parallel segments: which distances notice how far apart they are, and which gradients point home."""

import math

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from reparam import divergences, transport
from reparam.distributions import Normal
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.plots.style import CLASS_COLOURS, SOFT, dress, new_figure

TEXT = """
Data lie on the segment x₁ = 0, a generator's samples on the parallel segment x₁ = θ. For every θ but 0 no point is
shared: KL is infinite in both directions, the Jensen-Shannon divergence is log 2, total variation is 1, all of them
the same at θ = 1 and at θ = 0.001, so their gradient in θ is 0 (or does not exist) and tells the generator nothing.
The Wasserstein distance is |θ|, and its gradient is ±1.

Instance noise of standard deviation σ on both widens the segments into strips that overlap. Then KL = θ²/(2σ²), the
Jensen-Shannon divergence is smooth, and both have gradients that point home again.
"""
SOURCE = "Arjovsky et al. 2017, example 1; Sønderby et al. 2017; Arjovsky & Bottou 2017, section 3"
NOISE = 0.3
THETAS = (-1.0, -0.5, -0.001, 0.0, 0.001, 0.5, 1.0)
POINTS = 32


def segments(theta: float) -> tuple[Tensor, Tensor]:
    """Log-masses of both segments, as 32 points each, at every point that either has."""
    mass = torch.full((POINTS,), -math.log(POINTS), dtype=torch.float64)
    if theta == 0:
        return mass, mass
    nowhere = torch.full((POINTS,), -torch.inf, dtype=torch.float64)
    return torch.cat([mass, nowhere]), torch.cat([nowhere, mass])


def distance(theta: Tensor) -> Tensor:
    """W1 of the segments' points by the exact plan, differentiable in theta ``()``."""
    heights = torch.linspace(0, 1, POINTS, dtype=torch.float64)
    here, there = (torch.stack([at.expand(POINTS), heights], 1) for at in (torch.zeros_like(theta), theta))
    return transport.wasserstein(here, there)


def noisy(divergence: divergences.Divergence, theta: Tensor) -> Tensor:
    """A divergence of the segments with noise across them: what is along them is equal and drops out."""
    scale = torch.tensor([NOISE], dtype=torch.float64)
    here, there = (Normal(mean.reshape(1), scale) for mean in (torch.zeros_like(theta), theta))
    return divergences.between(divergence, here, there, divergences.interval(-6.0, 6.0, 100))


def measure(seed: int, quick: bool) -> Findings:
    """Values and gradients at several theta, without noise and with."""
    checks = []
    for theta in THETAS:
        p, q = segments(theta)
        apart = theta != 0
        infinite = math.inf if apart else 0.0
        at = torch.tensor(theta, dtype=torch.float64)
        checks += [
            Check(f"θ = {theta:g}: KL, nats", infinite, divergences.kl(p, q).item(), 1e-12),
            Check(f"θ = {theta:g}: reverse KL, nats", infinite, divergences.reverse_kl(p, q).item(), 1e-12),
            Check(f"θ = {theta:g}: JSD, nats", math.log(2) * apart, divergences.jensen_shannon(p, q).item(), 1e-12),
            Check(f"θ = {theta:g}: W1", abs(theta), distance(at).item(), 1e-9),
        ]
    near, far = (divergences.jensen_shannon(*segments(t)).item() for t in (0.5, 0.51))
    checks.append(Check("slope of JSD between θ = 0.50 and 0.51, nats", 0.0, (far - near) / 0.01, 1e-12))
    for theta in (-0.5, 0.5):
        slopes, sign = _slopes(theta), math.copysign(1.0, theta)
        checks += [
            Check(f"θ = {theta:g}: gradient of W1", sign, slopes["w1"], 1e-9),
            Check(f"θ = {theta:g}, noise: gradient of KL, θ/σ²", theta / NOISE**2, slopes["kl"], 1e-6),
            Check(
                f"θ = {theta:g}, noise: gradient of JSD, towards 0",
                0.1,
                sign * slopes["jsd"],
                relation=">=",
            ),
        ]
    grid = torch.linspace(-1.2, 1.2, 49 if quick else 121, dtype=torch.float64)
    noisy_values = {name: torch.stack([noisy(d, t) for t in grid]) for name, d in NOISY.items()}
    gradients = {f"{name}_slope": np.array([_slopes(t.item())[name] for t in grid]) for name in ("w1", "kl", "jsd")}
    values = {name: value.numpy() for name, value in noisy_values.items()} | {"w1": grid.abs().numpy()}
    return Findings(tuple(checks), {"theta": grid.numpy()} | values | gradients)


NOISY = {"kl": divergences.kl, "jsd": divergences.jensen_shannon}


def _slopes(theta: float) -> dict[str, float]:
    at = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    values = {"w1": distance(at)} | {name: noisy(divergence, at) for name, divergence in NOISY.items()}
    return {name: torch.autograd.grad(value, at)[0].item() for name, value in values.items()}


def draw(numbers: Numbers) -> Figure:
    """The segments, the distances, and their gradients."""
    figure = new_figure(12.2, 4.2)
    left, middle, right = figure.subplots(1, 3)
    theta, colours = numbers["theta"], CLASS_COLOURS[::2]
    dress(left, x="x₁", y="x₂", title="two segments, without noise and with")
    for at, colour, name in ((0.0, "#0077bb", "data"), (0.8, "#d95f0e", "generated, θ = 0.8")):
        left.fill_betweenx([0, 1], at - NOISE, at + NOISE, color=colour, alpha=0.18, linewidth=0)
        left.plot([at, at], [0, 1], color=colour, linewidth=3, label=name)
    left.set_xlim(-0.7, 1.5)
    left.set_ylim(-0.1, 1.35)
    left.legend(fontsize=8, frameon=False, loc="upper left")
    dress(middle, x="θ", y="distance (KL, JSD in nats)", title="distance")
    dress(right, x="θ", y="derivative with respect to θ", title="gradient")
    middle.axhline(math.log(2), color=SOFT, label="JSD without noise: log 2 (0 at θ = 0)")
    right.axhline(0.0, color=SOFT, label="JSD without noise")
    for name, colour, label in zip(
        ("w1", "jsd", "kl"), colours, ("W1", "JSD, noise 0.3", "KL, noise 0.3"), strict=False
    ):
        middle.plot(theta, numbers[name], color=colour, label=label)
        right.plot(theta, numbers[f"{name}_slope"], color=colour, label=label)
    middle.set_ylim(0, 2)
    right.set_ylim(-4, 4)
    for axes in (middle, right):
        axes.legend(fontsize=8, frameon=False)
    return figure


LAB = Lab("disjoint-supports", "Disjoint supports: two parallel segments", TEXT, SOURCE, measure, draw)
run = LAB.run
