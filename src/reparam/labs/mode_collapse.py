"""How many modes a generator reaches, over training, in four games on two mixtures."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from reparam.data import load_data
from reparam.labs.games import play
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.models import GAN, WGAN
from reparam.models.gan.constraints import GradientPenalty
from reparam.models.gan.instance_noise import InstanceNoise
from reparam.networks import MLP
from reparam.plots.style import CLASS_COLOURS, SOFT, dress, new_figure

TEXT = """
Eight narrow blobs on a ring, twenty-five on a grid, and small networks. The plain game's generator puts nearly all it
makes onto one blob; the discriminator learns to reject that blob, and the generator moves on to another: it cycles
through the modes instead of covering them. The generator that looks a few discriminator steps ahead foresees the
rejection and spreads out (unrolling). A Wasserstein critic, whose value falls with every bit of mass that is moved the
right way, spreads it, too. Instance noise, wide at first and fading, lets both distributions overlap: on the ring it
ends with every mode.

A mode counts as reached if at least a quarter of its fair share of the samples lies nearer to it than half the
distance between neighbouring modes. All games have the same networks, generator's step size and number of steps. Now
and then a plain game breaks out of its cycle: it is played four times, and the mean is shown. On the grid the
discriminator learns at a third of the generator's rate, which makes the plain game cycle there as well; instance noise
does not help against that, and the critic, which is none the worse for being well trained, keeps its full rate.
"""
SOURCE = "Goodfellow 2016, section 5.1.1; Metz et al. 2017, section 3.1; Sønderby et al. 2017; Arjovsky et al. 2017"
LATENT, HIDDEN, BATCH = 16, [64, 64], 128
RATE, SLOW_RATE = 1e-3, 3e-4
SAMPLES = 2000
PLAYS = {"plain": 4}  # whose mean is taken; all others end alike each time


def _players() -> tuple[MLP, MLP]:
    return MLP(LATENT, HIDDEN, 2), MLP(2, HIDDEN, 1)


def _gan(**settings: object) -> GAN:
    return GAN(*_players(), LATENT, (2,), **{"loss": "non-saturating", "average": 0.0, **settings})  # type: ignore[arg-type]


GAMES: dict[str, Callable[[], GAN]] = {
    "plain": _gan,
    "unrolled": lambda: _gan(unroll=5, unroll_rate=0.1),
    "instance noise": lambda: _gan(noise=InstanceNoise(1.0, 1.0)),
    "Wasserstein": lambda: WGAN(
        *_players(),
        LATENT,
        (2,),
        constraint=GradientPenalty(1.0),
        discriminator_turns=3,
        average=0.0,
    ),
}


def measure(seed: int, quick: bool) -> Findings:
    """Modes reached while each game is played on each mixture."""
    steps = 150 if quick else 800
    numbers = {}
    for data in ("ring",) if quick else ("ring", "grid"):
        for name, build in GAMES.items():
            if not (quick and name == "instance noise"):
                plays = [_follow(data, build(), steps, seed) for _ in range(PLAYS.get(name, 1))]
                numbers[f"{data}: {name}"] = np.mean(plays, axis=0)
    return Findings(tuple(_checks(numbers)), numbers)


def _checks(numbers: dict[str, np.ndarray]) -> list[Check]:
    """Means over the last two fifths of training, where the plain game still cycles; the end for the fading noise."""
    checks = []
    for key, readings in numbers.items():
        data, game = key.split(": ")
        count, late = {"ring": 8, "grid": 25}[data], readings[readings[:, 0] >= 0.6 * readings[-1, 0], 1]
        if game == "plain":
            checks.append(Check(f"{key}: share of modes reached", 0.5, float(late.mean()) / count, relation="<="))
        elif key == "ring: instance noise":
            checks.append(Check(f"{key}: share of modes at the end", 0.6, float(late[-1]) / count, relation=">="))
        elif game != "instance noise":
            checks.append(Check(f"{key}: share of modes reached", 0.6, float(late.mean()) / count, relation=">="))
    return checks


def _follow(name: str, game: GAN, steps: int, seed: int) -> np.ndarray:
    """Rows of (step, modes reached) over training."""
    data = load_data(name, seed=seed)
    assert isinstance(data.train.x, Tensor)
    assert data.density is not None
    modes, rows = data.density.modes, []

    def watch(step: int) -> None:
        if step % (steps // 25) == 0 or step == steps:
            with torch.no_grad():
                rows.append((step, reached(game.sample(SAMPLES), modes)))

    slowed = name == "grid" and not game.critic
    rates = {"discriminator": SLOW_RATE if slowed else RATE, "generator": RATE}
    play(game, data.train.x, steps, rates, batch=BATCH, watch=watch)
    return np.array(rows, dtype=float)


def reached(x: Tensor, modes: Tensor) -> int:
    """How many modes have at least a quarter of their fair share of samples within half the distance between modes.

    >>> corners = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    >>> reached(corners.repeat(10, 1), corners), reached(corners[:1].repeat(10, 1), corners)
    (2, 1)
    """
    distance, nearest = torch.cdist(x.double(), modes).min(1)
    within = nearest[distance < torch.pdist(modes).min() / 2]
    return int((torch.bincount(within, minlength=len(modes)) >= 0.25 * len(x) / len(modes)).sum())


def draw(numbers: Numbers) -> Figure:
    """Modes reached over training, a panel for each mixture."""
    mixtures = list(dict.fromkeys(key.split(": ")[0] for key in numbers))
    figure = new_figure(1.0 + 5.0 * len(mixtures), 4.2)
    for axes, mixture in zip(np.atleast_1d(figure.subplots(1, len(mixtures))), mixtures, strict=True):
        count = {"ring": 8, "grid": 25}[mixture]
        dress(axes, x="generator steps", y="modes reached", title=f"{mixture} of {count} modes")
        for name, colour in zip(GAMES, CLASS_COLOURS[::2], strict=False):
            if f"{mixture}: {name}" in numbers:
                axes.plot(*numbers[f"{mixture}: {name}"].T, color=colour, label=name)
        axes.axhline(count, color=SOFT, linestyle=":", linewidth=1)
        axes.legend(fontsize=8, frameon=False)
    return figure


LAB = Lab("mode-collapse", "Mode collapse, and what keeps it off", TEXT, SOURCE, measure, draw)
run = LAB.run
