"""Which convergence implies which: KL, then Jensen-Shannon, then Wasserstein, and never the other way round."""

import math
from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from reparam import divergences, transport
from reparam.labs.lab import Check, Findings, Lab, Numbers, slope
from reparam.plots.style import CLASS_COLOURS, dress, new_figure

TEXT = """
On a bounded space, KL(π ‖ p_t) → 0 implies JSD → 0, and JSD → 0 implies W → 0: no sequence can defy
JSD ≤ log 2 · √(KL/2) and W1 ≤ diameter · √(2 JSD). Three sequences show that the order is strict.

A density 1 + cos(2πx)/t against the uniform one converges in all three, KL as 1/(4t²). The uniform distribution
shifted by 1/t converges in JSD (exactly log 2 / t) while KL stays infinite, since a sliver is always uncovered. A
point mass at 1/t converges to one at 0 in W (exactly 1/t) while JSD stays at log 2. The weakest convergence is what
makes W a loss that a generator can follow from far away.
"""
SOURCE = "Arjovsky et al. 2017, theorem 2; Pinsker's inequality (Cover & Thomas 2006, lemma 11.6.1)"
TIMES = np.array([2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
Row = tuple[float, float, float]


def ripple(t: float) -> Row:
    """KL, JSD and W1 of the uniform density on [0, 1] and 1 + cos(2πx)/t."""
    nodes = divergences.interval(0.0, 1.0, 40)
    x = nodes.points.squeeze(1)
    log_p, log_q = torch.zeros_like(x), (1 + torch.cos(2 * math.pi * x) / t).log()
    return *_both(log_p, log_q, nodes.weights), transport.wasserstein_1d(
        x, x, nodes.weights, log_q.exp() * nodes.weights
    ).item()


def shift(t: float) -> Row:
    """The same of the uniform distributions on [0, 1] and on [1/t, 1 + 1/t]: three pieces of constant density."""
    widths = torch.tensor([1 / t, 1 - 1 / t, 1 / t], dtype=torch.float64)
    log_p, log_q = (torch.tensor(d, dtype=torch.float64).log() for d in ((1.0, 1.0, 0.0), (0.0, 1.0, 1.0)))
    points = (torch.arange(2000, dtype=torch.float64) + 0.5) / 2000
    return *_both(log_p, log_q, widths), transport.wasserstein_1d(points, points + 1 / t).item()


def point(t: float) -> Row:
    """The same of point masses at 0 and at 1/t."""
    here, there = torch.tensor([0.0], dtype=torch.float64), torch.tensor([1 / t], dtype=torch.float64)
    log_p, log_q = (torch.tensor(d, dtype=torch.float64).log() for d in ((1.0, 0.0), (0.0, 1.0)))
    return *_both(log_p, log_q, None), transport.wasserstein_1d(here, there).item()


SEQUENCES: dict[str, Callable[[float], Row]] = {"ripple": ripple, "shift": shift, "point": point}


def _both(log_p: Tensor, log_q: Tensor, weights: Tensor | None) -> tuple[float, float]:
    return divergences.kl(log_p, log_q, weights).item(), divergences.jensen_shannon(log_p, log_q, weights).item()


def measure(seed: int, quick: bool) -> Findings:
    """Three distances along three sequences, their rates, and the inequalities that make the order."""
    rows = {name: np.array([sequence(t) for t in TIMES]) for name, sequence in SEQUENCES.items()}
    wave, shifted, points = rows["ripple"], rows["shift"], rows["point"]
    checks = [
        Check("ripple, t = 64: KL · 4t²", 1.0, wave[-1, 0] * 4 * TIMES[-1] ** 2, 1e-3),
        Check("ripple: exponent of t in KL", -2.0, slope(TIMES[2:], wave[2:, 0]), 0.02),
        Check("ripple: exponent of t in JSD", -2.0, slope(TIMES[2:], wave[2:, 1]), 0.02),
        Check("ripple: exponent of t in W1", -1.0, slope(TIMES[2:], wave[2:, 2]), 0.02),
        Check("shift, every t: KL, nats", math.inf, shifted[:, 0].min()),
        Check("shift: largest error of JSD = log 2 / t", 0.0, _error(shifted[:, 1], math.log(2) / TIMES), 1e-12),
        Check("shift: largest error of W1 = 1/t", 0.0, _error(shifted[:, 2], 1 / TIMES), 1e-9),
        Check("point, every t: KL, nats", math.inf, points[:, 0].min()),
        Check("point: largest error of JSD = log 2", 0.0, _error(points[:, 1], np.full(6, math.log(2))), 1e-12),
        Check("point: largest error of W1 = 1/t", 0.0, _error(points[:, 2], 1 / TIMES), 1e-12),
    ]
    for name, values in rows.items():
        kl, jsd, w1 = values.T
        diameter = 1 + (1 / TIMES if name == "shift" else 0)
        checks += [
            Check(
                f"{name}: least slack of JSD ≤ log 2 · √(KL/2)",
                0.0,
                (math.log(2) * np.sqrt(kl / 2) - jsd).min(),
                relation=">=",
            ),
            Check(
                f"{name}: least slack of W1 ≤ diameter · √(2 JSD)",
                0.0,
                (diameter * np.sqrt(2 * jsd) - w1).min(),
                relation=">=",
            ),
        ]
    return Findings(tuple(checks), {"t": TIMES} | rows)


def _error(measured: np.ndarray, exact: np.ndarray) -> float:
    return float(np.abs(measured - exact).max())


def draw(numbers: Numbers) -> Figure:
    """Each sequence's three distances."""
    figure = new_figure(12.0, 4.0)
    titles = {
        "ripple": "1 + cos(2πx)/t: all three converge",
        "shift": "uniform moved by 1/t: JSD and W, not KL",
        "point": "point mass at 1/t: W alone",
    }
    for axes, (name, title) in zip(figure.subplots(1, 3, sharey=True), titles.items(), strict=True):
        dress(axes, x="t", y="distance (KL, JSD in nats)" if name == "ripple" else "", title=title)
        for label, values, colour in zip(("KL", "JSD", "W1"), numbers[name].T, CLASS_COLOURS[::2], strict=False):
            if np.isinf(values).all():
                axes.plot([], [], "o-", color=colour, label=f"{label}: infinite throughout")
            else:
                axes.loglog(numbers["t"], values, "o-", color=colour, label=label)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.legend(fontsize=8, frameon=False, loc="lower left")
    return figure


LAB = Lab(
    "convergence-order", "The order of convergences: KL, Jensen-Shannon, Wasserstein", TEXT, SOURCE, measure, draw
)
run = LAB.run
