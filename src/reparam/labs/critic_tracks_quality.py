"""Which curve tells how good the samples are: a critic's loss, or a discriminator's estimate of the JSD."""

import math

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from reparam import adversarial, transport
from reparam.adversarial import optimal
from reparam.data import load_data
from reparam.labs.games import play
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.models import GAN, WGAN
from reparam.models.gan.constraints import GradientPenalty
from reparam.networks import MLP
from reparam.plots.style import BLUE, INK, ORANGE, SOFT, dress, new_figure

TEXT = """
Train a Wasserstein GAN and a GAN on the ring of eight narrow blobs, and measure the samples' quality from time to time
by the exact Wasserstein distance to data, which neither of them sees. The critic's loss is an estimate of that very
distance: the two fall together. What a well-trained discriminator estimates, ½ (V(D, G) + log 4), is a lower bound on
the Jensen-Shannon divergence. The ring is thin, so the divergence itself is near its ceiling of log 2; the estimate
stays most of the way up whether samples become better or worse: it does not tell a good generator from a bad one.
"""
SOURCE = "Arjovsky et al. 2017, section 4.2, figures 3 and 4"
LATENT, HIDDEN, JUDGED = 8, [64, 64], 400
RATES = {"discriminator": 2e-3, "generator": 5e-4}
WARM = 50  # updates of the opponent before the generator moves


def _players() -> tuple[MLP, MLP]:
    return MLP(LATENT, HIDDEN, 2), MLP(2, HIDDEN, 1)


def measure(seed: int, quick: bool) -> Findings:
    """Both games, each with its own estimate beside the exact distance."""
    from scipy.stats import spearmanr

    data = load_data("ring", seed=seed)
    assert isinstance(data.train.x, Tensor)
    steps, readings = (80, 8) if quick else (1200, 30)
    games = {
        "wgan": WGAN(*_players(), LATENT, (2,), constraint=GradientPenalty(1.0), average=0.0),
        "gan": GAN(*_players(), LATENT, (2,), loss="non-saturating", average=0.0, discriminator_turns=5),
    }
    rows = {name: _follow(game, data.train.x, steps, steps // readings) for name, game in games.items()}
    rank = {name: float(spearmanr(values[:, 1], values[:, 2]).statistic) for name, values in rows.items()}
    fall, jsd = rows["wgan"][0, 2] / rows["wgan"][-1, 2], rows["gan"][:, 1]
    checks = (
        Check("the Wasserstein GAN's samples get better: fall of W1", 2.0, fall, relation=">="),
        Check("rank correlation of the critic's loss and W1", 0.8, rank["wgan"], relation=">="),
        Check("rank correlation of the JSD's estimate and W1: less", rank["wgan"] - 0.2, rank["gan"], relation="<="),
        Check("the JSD's estimate: mean share of log 2", 0.6, jsd.mean() / math.log(2), relation=">="),
        Check("the JSD's estimate: largest, nats", math.log(2), jsd.max(), 1e-6, "<="),
    )
    return Findings(checks, rows)


def _follow(game: GAN, x: Tensor, steps: int, every: int) -> np.ndarray:
    """Rows of (step, the opponent's estimate, exact W1) while a game is played."""
    rows: list[tuple[float, float, float]] = []
    still = {"discriminator": RATES["discriminator"], "generator": 0.0}
    play(game, x, WARM, still)

    def watch(step: int) -> None:
        if step % every == 0:
            rows.append((step, _estimate(game, x), _distance(game, x)))

    play(game, x, steps, RATES, watch=watch)
    return np.array(rows)


@torch.no_grad()
def _estimate(game: GAN, x: Tensor) -> float:
    """The critic's difference of means, or the discriminator's estimate of the JSD, on fresh draws."""
    real, fake = game.judge(x[torch.randint(len(x), (4000,))]), game.judge(game.generate(4000))
    if game.critic:
        return -adversarial.wasserstein_critic(real, fake).item()
    return optimal.jensen_shannon_estimate(adversarial.value(real, fake)).item()


@torch.no_grad()
def _distance(game: GAN, x: Tensor) -> float:
    """W1 between fresh draws of both."""
    return transport.wasserstein(x[torch.randint(len(x), (JUDGED,))], game.generate(JUDGED)).item()


def draw(numbers: Numbers) -> Figure:
    """Estimate and exact distance over training, for both games."""
    figure = new_figure(10.4, 4.4)
    panels = figure.subplots(1, 2)
    looks = (
        ("wgan", "Wasserstein GAN", "critic's difference of means", BLUE),
        ("gan", "GAN", "½ (V + log 4), estimate of the JSD (nats)", ORANGE),
    )
    for axes, (name, title, label, colour) in zip(panels, looks, strict=True):
        step, estimate, exact = numbers[name].T
        dress(axes, x="generator steps", y="distance", title=title)
        axes.plot(step, exact, color=INK, label="exact W1 of samples to data")
        axes.plot(step, estimate, color=colour, label=label)
        axes.set_ylim(bottom=min(0.0, float(estimate.min())))
        if name == "gan":
            axes.axhline(math.log(2), color=SOFT, linestyle=":", label="log 2")
        axes.legend(fontsize=8, frameon=False)
    return figure


LAB = Lab("critic-tracks-quality", "The critic's loss tells how good the samples are", TEXT, SOURCE, measure, draw)
run = LAB.run
