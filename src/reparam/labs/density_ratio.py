"""The ratio of two densities recovered from draws alone, and the KL from the mean of its logarithm."""

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from reparam.adversarial import optimal
from reparam.distributions import Normal
from reparam.divergences import kl_diagonal
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.labs.training import train_discriminator
from reparam.networks import MLP
from reparam.plots.style import BLUE, ORANGE, SOFT, dress, new_figure

TEXT = """
A discriminator trained to tell draws of q₁ from draws of q₂ learns D/(1 - D) = q₁/q₂: neither density is ever
evaluated. Here both are known normals of the plane, so the learned log-ratio can be laid beside the true one.

The mean over q₁ of the *logarithm* of the ratio is KL(q₁ ‖ q₂), which is how adversarial variational Bayes gets a KL
without densities. The mean of the ratio itself is another number, ∫ q₁²/q₂ (one plus the chi-squared divergence), as
the last check shows: mistaking one for the other is easy and not small.
"""
SOURCE = "Sugiyama et al. 2012, chapter 4; Mescheder et al. 2017, section 3"
MEANS, SCALES = ((0.5, 0.0), (-0.4, 0.3)), ((0.7, 0.8), (1.0, 1.0))


def densities() -> list[Normal]:
    """Both normals of the plane; the second is wide enough that the ratio is bounded."""
    return [Normal(torch.tensor(m), torch.tensor(s)) for m, s in zip(MEANS, SCALES, strict=True)]


def measure(seed: int, quick: bool) -> Findings:
    """A trained ratio against the exact one, and three means of it."""
    first, second = densities()
    network = train_discriminator(
        MLP(2, [64, 64], 1, activation="silu"), lambda n: first.sample((n,)), lambda n: second.sample((n,)),
        400 if quick else 3000, batch=1024,
    )  # fmt: skip
    x, y = first.sample((50_000,)), second.sample((50_000,))
    with torch.no_grad():
        learned, other = (network(z).squeeze(1) for z in (x, y))
    exact = optimal.optimal_logits(first.log_prob(x), second.log_prob(x))
    kl = kl_diagonal(first.mean, first.scale, second.mean, second.scale).item()
    error, kl_error = (learned - exact).square().mean().sqrt().item(), exact.std().item() / len(x) ** 0.5
    tolerance = 0.05 if quick else 0.02
    ratio = optimal.density_ratio(other.sigmoid())
    wrong, slack = optimal.density_ratio(learned.sigmoid()).mean().item(), tolerance + 5 * kl_error
    checks = (
        Check("root mean square error of the log ratio on q₁, nats", 0.2 if quick else 0.08, error, relation="<="),
        Check("KL from the exact log ratio's mean, nats", kl, exact.mean().item(), 5 * kl_error),
        Check("KL from the learned log ratio's mean, nats", kl, optimal.kl_from_logits(learned).item(), slack),
        Check("mean of the learned ratio over q₂", 1.0, ratio.mean().item(), 0.05),
        Check("mean of the learned ratio over q₁: ∫ q₁²/q₂, not the KL", mean_ratio(), wrong, 0.15 * mean_ratio()),
    )
    return Findings(checks, {"learned": learned[:3000].numpy(), "exact": exact[:3000].numpy(), **_map(network)})


def mean_ratio() -> float:
    """∫ q₁²/q₂ in closed form: per dimension s₂²/(s₁ √(2 s₂² - s₁²)) · exp(Δ²/(2 s₂² - s₁²))."""
    total = 1.0
    for m, n, s, t in zip(*MEANS, *SCALES, strict=True):
        spread = 2 * t**2 - s**2
        total *= t**2 / (s * spread**0.5) * np.exp((m - n) ** 2 / spread)
    return float(total)


def _map(network: torch.nn.Module) -> dict[str, np.ndarray]:
    """Log ratios on a grid of the plane, learned and exact."""
    side = torch.linspace(-3, 3, 80)
    grid = torch.cartesian_prod(side, side)
    first, second = densities()
    with torch.no_grad():
        learned: Tensor = network(grid)
    exact = first.log_prob(grid) - second.log_prob(grid)
    return {"side": side.numpy(), "map": learned.reshape(80, 80).numpy(), "exact_map": exact.reshape(80, 80).numpy()}


def draw(numbers: Numbers) -> Figure:
    """Learned against exact, point by point and as maps of the plane."""
    figure = new_figure(9.8, 4.4)
    left, right = figure.subplots(1, 2)
    dress(left, x="exact log q₁/q₂ (nats)", y="learned log D/(1 - D) (nats)", title="at draws of q₁")
    left.scatter(numbers["exact"], numbers["learned"], s=4, alpha=0.4, color=BLUE, linewidths=0)
    ends = [numbers["exact"].min(), numbers["exact"].max()]
    left.plot(ends, ends, color=SOFT, linewidth=1)
    dress(right, x="x₁", y="x₂", title="contours of the log ratio (nats)")
    levels = [-4, -2, -1, 0, 0.5, 1]
    for key, colour, style in (("exact_map", SOFT, "dashed"), ("map", ORANGE, "solid")):
        lines = right.contour(
            numbers["side"], numbers["side"], numbers[key].T, levels=levels, colors=colour, linestyles=style
        )
    right.clabel(lines, fontsize=7)
    right.plot([], [], "--", color=SOFT, label="exact")
    right.plot([], [], color=ORANGE, label="learned")
    right.legend(fontsize=8, loc="lower left")
    right.set_aspect("equal")
    return figure


LAB = Lab("density-ratio", "The density ratio trick", TEXT, SOURCE, measure, draw)
run = LAB.run
