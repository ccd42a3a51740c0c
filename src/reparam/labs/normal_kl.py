"""KL between normals three ways: closed form, quadrature, Monte Carlo."""

import numpy as np
import torch
from matplotlib.figure import Figure

from reparam import divergences
from reparam.distributions import Normal
from reparam.labs.lab import Check, Findings, Lab, Numbers, slope
from reparam.plots.style import BLUE, CLASS_COLOURS, SOFT, dress, new_figure

TEXT = """
How far is a normal q = N(μ, σ²) from the standard normal p? The closed form is KL(q ‖ p) = ½ (σ² + μ² - 1) - log σ:
a q that nearly is the prior costs almost nothing, a narrow q far from it costs hundreds of nats. Quadrature of the
integral gives the same number to ten digits; the mean of log q/p over n draws of q gives it with an error that falls
like n to the power of -½. A VAE uses the first where it can and the third where it must.
"""
SOURCE = "Kullback & Leibler 1951; Kingma & Welling 2014, appendix B"
EXAMPLES = ((0.1, 0.95), (1.0, 0.5), (3.0, 0.2), (25.0, 0.1))
RATE_AT = 1  # the example whose error is followed


def normal(mean: float, scale: float) -> Normal:
    """A univariate normal in float64."""
    return Normal(torch.tensor([mean], dtype=torch.float64), torch.tensor([scale], dtype=torch.float64))


def measure(seed: int, quick: bool) -> Findings:
    """Four examples by three methods, and the rate of the third."""
    p = normal(0.0, 1.0)
    checks, closed_forms = [], []
    for mean, scale in EXAMPLES:
        q = normal(mean, scale)
        closed = q.kl(p).item()
        by_hand = 0.5 * (scale**2 + mean**2 - 1) - np.log(scale)
        rule = divergences.interval(mean - 14 * scale, mean + 14 * scale, 60)
        quadrature = divergences.between(divergences.kl, q, p, rule).item()
        sampled = divergences.estimate(divergences.kl, q, p, 20_000)
        of = f"KL(N({mean:g}, {scale:g}²) ‖ N(0, 1))"
        checks += [
            Check(f"{of}, closed form, nats", by_hand, closed, 1e-9),
            Check(f"{of}, quadrature, nats", closed, quadrature, 1e-8),
            Check(f"{of}, 20,000 draws, nats", closed, sampled.value.item(), 4.5 * sampled.error.item()),
        ]
        closed_forms.append(closed)
    sizes = np.array([10, 40, 160, 640, 2560])
    errors = _errors(normal(*EXAMPLES[RATE_AT]), p, closed_forms[RATE_AT], sizes, 100 if quick else 400)
    checks.append(Check("exponent of n in the error of n draws", -0.5, slope(sizes, errors), 0.06))
    return Findings(tuple(checks), {"kl": np.array(closed_forms), "sizes": sizes, "errors": errors})


def _errors(q: Normal, p: Normal, exact: float, sizes: np.ndarray, repeats: int) -> np.ndarray:
    """Root mean square errors of estimates from so many draws each."""
    estimates = [[divergences.estimate(divergences.kl, q, p, int(n)).value for _ in range(repeats)] for n in sizes]
    return np.asarray(np.sqrt(((torch.tensor(estimates).numpy() - exact) ** 2).mean(1)))


def draw(numbers: Numbers) -> Figure:
    """The examples as densities, and the error against the number of draws."""
    figure = new_figure(9.6, 4.2)
    left, right = figure.subplots(1, 2)
    x = np.linspace(-4, 4.5, 600)
    dress(left, x="z", y="density", title="q beside the prior p, KL(q ‖ p) in nats")
    left.fill_between(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), color="#dddddd", label="p = N(0, 1)")
    for (mean, scale), kl, colour in zip(EXAMPLES[:3], numbers["kl"], CLASS_COLOURS[::2], strict=False):
        density = np.exp(-0.5 * ((x - mean) / scale) ** 2) / (scale * np.sqrt(2 * np.pi))
        left.plot(x, density, color=colour, label=f"N({mean:g}, {scale:g}²): {kl:.3g}")
    left.plot([], [], " ", label=f"N(25, 0.1²), off to the right: {numbers['kl'][3]:.3g}")
    left.legend(fontsize=8, frameon=False)
    dress(right, x="draws n", y="root mean square error (nats)", title="sampled KL(N(1, 0.5²) ‖ N(0, 1))")
    n, errors = numbers["sizes"], numbers["errors"]
    right.loglog(n, errors, "o", color=BLUE, label="measured")
    right.loglog(n, errors[0] * (n / n[0]) ** -0.5, "--", color=SOFT, label="n to the power of -½")
    right.legend(fontsize=8, frameon=False)
    return figure


LAB = Lab("normal-kl", "KL between normals, three ways", TEXT, SOURCE, measure, draw)
run = LAB.run
