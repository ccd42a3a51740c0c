"""The dual of the Wasserstein distance by critics under different constraints, against the exact primal."""

import math
from itertools import pairwise

import numpy as np
import torch
from matplotlib.figure import Figure

from reparam.evaluation.dual import DualEstimate, dual_by_critic
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.plots.style import CLASS_COLOURS, SOFT, dress, new_figure

TEXT = """
W1 is the largest difference of means that a function of slope at most 1 can have between two distributions. A
Wasserstein GAN's critic looks for it. Between points of the plane the exact distance is known from the optimal plan, so
what a critic reaches can be judged: its difference of means divided by its own steepest slope is never above W1.

How the slope is bounded decides how well it does. Clipping every weight to [-c, c] with c = 0.001 leaves a network of
three layers a gradient of a few millionths: that is what a generator would learn from. With c = 1 the weights need
hundreds of steps to reach their bounds, and all the while the slope grows and with it the loss. Neither comes near the
exact value. The gradient penalty gets within a few percent, at a slope of 1.
"""
SOURCE = "Villani 2009, 5.16; Arjovsky et al. 2017, section 3; Gulrajani et al. 2017, section 3; Miyato et al. 2018"
HIDDEN = (32, 32)
CLIPS = (1e-3, 1e-2, 1e-1, 1.0)


def measure(seed: int, quick: bool) -> Findings:
    """Six critics on the same points."""
    x, y = _points(100 if quick else 300)
    steps = 300 if quick else 1500
    runs = {f"clipping {c:g}": dual_by_critic(x, y, "clipping", strength=c, hidden=HIDDEN, steps=steps) for c in CLIPS}
    runs["gradient penalty"] = dual_by_critic(x, y, "gradient-penalty", hidden=HIDDEN, steps=steps)
    runs["spectral norm"] = dual_by_critic(x, y, "spectral-norm", hidden=HIDDEN, steps=steps)
    exact = runs["gradient penalty"].exact
    checks = [
        Check(f"{name}: highest estimate over training, at most W1", exact, _best(found), 1e-4, "<=")
        for name, found in runs.items()
    ]
    tiny, penalized = runs["clipping 0.001"], runs["gradient penalty"]
    growth = {name: _growth(found) for name, found in runs.items()}
    ratio = runs["clipping 1"].gradient_norm / penalized.gradient_norm
    checks += [
        Check("gradient penalty: estimate / W1", 0.9, penalized.estimate / exact, relation=">="),
        Check("gradient penalty: its slope", 1.0, penalized.gradient_norm, 0.4),
        Check("spectral norm: its slope", 1.0, runs["spectral norm"].gradient_norm, 0.01, "<="),
        Check("clipping 0.001: gradient, at most its bound", _slope_bound(1e-3), tiny.gradient_norm, relation="<="),
        Check("clipping 0.001: gradient, vanishing", 1e-3, tiny.gradient_norm, relation="<="),
        Check("clipping 0.01: growth of its slope from step 150 to 300", 1.1, growth["clipping 0.01"], relation="<="),
        Check("clipping 1: growth of its slope from step 150 to 300", 1.5, growth["clipping 1"], relation=">="),
        Check("clipping 1: its gradient over that of the penalty", 30.0, ratio, relation=">="),
    ]
    histories = {name: np.array(found.history) for name, found in runs.items()}
    return Findings(tuple(checks), {"exact": np.array(exact), **histories})


def _points(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A ring around a blob: no linear function tells their distance."""
    angles = 2 * math.pi * torch.rand(n)
    ring = 2 * torch.stack([angles.cos(), angles.sin()], 1) + 0.2 * torch.randn(n, 2)
    return ring, 0.5 * torch.randn(n, 2)


def _best(found: DualEstimate) -> float:
    return max(raw / slope if slope else 0.0 for _, raw, slope in found.history)


def _growth(found: DualEstimate) -> float:
    """The slope near step 300 over that near step 150."""
    steps = np.array([step for step, *_ in found.history])
    late, early = (found.history[int(np.abs(steps - at).argmin())][2] for at in (300, 150))
    return late / early


def _slope_bound(c: float) -> float:
    """A bound on the slope of a perceptron whose weights are in [-c, c]: the product of its layers' Frobenius norms."""
    widths = (2, *HIDDEN, 1)
    return math.prod(c * math.sqrt(a * b) for a, b in pairwise(widths))


def draw(numbers: Numbers) -> Figure:
    """Estimates and slopes while training."""
    figure = new_figure(10.4, 4.4)
    left, right = figure.subplots(1, 2)
    dress(left, x="critic step", y="difference of means / steepest slope", title="the dual's estimate of W1")
    dress(right, x="critic step", y="steepest slope between the sets", title="what the constraint makes of the slope")
    names = [name for name in numbers if name != "exact"]
    for name, colour in zip(names, CLASS_COLOURS, strict=False):
        step, raw, steepest = numbers[name].T
        left.plot(step, raw / np.maximum(steepest, 1e-30), color=colour, label=name)
        right.semilogy(step, np.maximum(steepest, 1e-12), color=colour, label=name)
    left.axhline(float(numbers["exact"]), color=SOFT, linestyle="--", label="exact")
    left.set_ylim(bottom=0)
    left.legend(fontsize=8, frameon=False, loc="lower right")
    return figure


LAB = Lab("kantorovich-rubinstein", "The critic's dual against the exact distance", TEXT, SOURCE, measure, draw)
run = LAB.run
