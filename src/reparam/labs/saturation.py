"""The gradient that each generator loss sends back as the discriminator grows sure."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure

from reparam import adversarial
from reparam.labs.lab import Check, Findings, Lab, Numbers, slope
from reparam.plots.style import CLASS_COLOURS, dress, new_figure

TEXT = """
Early in training the discriminator rejects every generated example: D(G(z)) is nearly 0. What then reaches the
generator is the derivative of its loss with respect to the discriminator's logit l, where D = sigmoid(l). Under the
minimax loss it is -½ D and vanishes in proportion to D. Under the non-saturating loss it is -½ (1 - D) and stays near
one half. The hinge and the Wasserstein loss send back 1 whatever happens; least squares sends more the surer the
discriminator is; the relativistic loss saturates only where the discriminator has no doubt about the *order* of a pair
the right way round, which is where the generator has won.
"""
SOURCE = "Goodfellow et al. 2014, section 3; Goodfellow 2016, section 3.2.3"
# dJ_G/dl of one generated example, from its logit and (for paired games) a real logit of 0
THEORY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "minimax": lambda d: -0.5 * d,
    "non-saturating": lambda d: -0.5 * (1 - d),
    "least-squares": lambda d: np.log(d / (1 - d)) - 1,
    "hinge": lambda d: -np.ones_like(d),
    "wasserstein": lambda d: -np.ones_like(d),
    "relativistic": lambda d: -(1 - d),
}


def measure(seed: int, quick: bool) -> Findings:
    """Each loss's derivative by autograd against its formula, and the exponents with which they vanish."""
    d = np.logspace(-1, -9, 17)
    logits = torch.from_numpy(np.log(d) - np.log1p(-d))
    gradients = {name: _gradients(name, logits) for name in THEORY}
    checks = [
        Check(f"{name}: largest relative error of the formula", 0.0, _error(gradients[name], theory(d)), 1e-8)
        for name, theory in THEORY.items()
    ]
    for name, exponent in (("minimax", 1.0), ("non-saturating", 0.0), ("wasserstein", 0.0)):
        rate = slope(d[8:], np.abs(gradients[name][8:]))
        checks.append(Check(f"{name}: exponent of D in the gradient as D goes to 0", exponent, rate, 1e-3))
    return Findings(tuple(checks), {"d": d} | gradients)


def _gradients(name: str, logits: torch.Tensor) -> np.ndarray:
    """The derivative of a generator's loss with respect to the logit of a lone generated example, for each logit."""
    slopes = []
    for logit in logits:
        fake = logit.reshape(1).clone().requires_grad_()
        loss = adversarial.LOSSES[name].generator(torch.zeros(1, dtype=torch.float64), fake)
        slopes.append(torch.autograd.grad(loss, fake)[0].item())
    return np.array(slopes)


def _error(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.max(np.abs(ours - theirs) / np.abs(theirs)))


def draw(numbers: Numbers) -> Figure:
    """The gradients' sizes against D."""
    figure = new_figure(7.6, 4.6)
    axes = figure.subplots()
    dress(axes, x="D(G(z)), from unsure to sure that it is generated", y="|dJ/dl| sent back to the generator")
    # three of the lines lie on one another, so they get different widths and dashes
    looks = (("-", 2), ("-", 2), ("-", 2), ("-", 5), ("--", 2.5), (":", 2))
    for name, colour, (style, width) in zip(THEORY, CLASS_COLOURS, looks, strict=False):
        axes.loglog(numbers["d"], np.abs(numbers[name]), linestyle=style, color=colour, label=name, linewidth=width)
    axes.invert_xaxis()
    axes.legend(fontsize=8, frameon=False)
    return figure


LAB = Lab("saturation", "Saturation: the gradient each loss sends back", TEXT, SOURCE, measure, draw)
run = LAB.run
