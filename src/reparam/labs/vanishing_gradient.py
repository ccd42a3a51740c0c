"""Frozen generators against ever better discriminators: what is left of each loss's gradient."""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from reparam import adversarial
from reparam.data import load_data
from reparam.labs.games import ADAM, paced
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.models import GAN
from reparam.models.model import Batch, Terms, Turn
from reparam.networks.players import mlp_discriminator, mlp_generator
from reparam.plots.style import CLASS_COLOURS, dress, new_figure
from reparam.training import each_step

TEXT = """
Train generators of digits for three durations and freeze them. Then train a fresh discriminator towards the optimum,
and watch the gradient that it would send back to each generator. Data and samples lie on thin sheets that hardly meet,
so a discriminator that tells them perfectly exists, and the better it gets the less is left of the minimax loss's
gradient: it falls by orders of magnitude. The non-saturating loss's gradient grows instead, and its variance from one
batch of z to the next grows with it. A critic under a gradient penalty, trained just as long, does neither: the better
it is, the better its gradient.
"""
SOURCE = "Arjovsky & Bottou 2017, theorems 2.4 and 2.6, figures 2 and 3"
SHAPE, LATENT, BATCH = (1, 28, 28), 50, 64
BATCHES = 4  # of z, over which a gradient's variance is taken
LOSSES = ("minimax", "non-saturating", "wasserstein")


def measure(seed: int, quick: bool) -> Findings:
    """Three frozen generators, each against a discriminator and a critic in training."""
    durations, steps = ((20, 40, 80), 100) if quick else ((250, 1000, 2000), 2000)
    real = Sampler(load_data("mnist").train.x)
    at = np.unique(np.geomspace(10, steps, 5 if quick else 12).round().astype(int))
    norms, variances = {}, {}
    for name in ("discriminator", "critic"):
        readings = [_against(name, generator, real, at) for generator in _generators(durations, real)]
        for loss in LOSSES[:2] if name == "discriminator" else LOSSES[2:]:
            norms[loss] = np.array([[row[loss][0] for row in rows] for rows in readings])
            variances[loss] = np.array([[row[loss][1] for row in rows] for rows in readings])
    checks = _checks(durations, norms, variances, 5.0 if quick else 300.0)
    numbers = {f"{loss}_norm": norms[loss] for loss in LOSSES} | {
        f"{loss}_variance": variances[loss] for loss in LOSSES
    }
    return Findings(checks, {"steps": at, "durations": np.array(durations)} | numbers)


def _checks(
    durations: Sequence[int], norms: dict[str, np.ndarray], variances: dict[str, np.ndarray], fall: float
) -> tuple[Check, ...]:
    checks = []
    for i, duration in enumerate(durations):
        after = f"generator of {duration} steps"
        minimax, other, wasserstein = (norms[loss][i] for loss in LOSSES)
        spread = variances["non-saturating"][i]
        late = wasserstein[len(wasserstein) // 3 :]
        checks += [
            Check(f"{after}: minimax gradient, largest over last", fall, minimax.max() / minimax[-1], relation=">="),
            Check(f"{after}: non-saturating gradient, last over first", 1.0, other[-1] / other[0], relation=">="),
            Check(f"{after}: its variance over z, last over first", 2.0, spread[-1] / spread[0], relation=">="),
            Check(
                f"{after}: Wasserstein gradient, largest over smallest", 10.0, late.max() / late.min(), relation="<="
            ),
        ]
    return tuple(checks)


class Sampler:
    """Random batches of images, ``(n, 1, 28, 28)`` in [0, 1]."""

    def __init__(self, images: object) -> None:
        assert isinstance(images, Tensor)
        self.images = images

    def __call__(self, n: int) -> Tensor:
        """Draw."""
        return self.images[torch.randint(len(self.images), (n,))].reshape(n, *SHAPE).float() / 255


def _generators(durations: Sequence[int], real: Sampler) -> list[nn.Module]:
    """Frozen copies of a generator after so many steps of the non-saturating game."""
    gan = GAN(
        mlp_generator(LATENT, [96, 96], SHAPE, 0.0, 1.0, batch_norm=False),
        mlp_discriminator(SHAPE, [96]),
        LATENT,
        SHAPE,
        loss="non-saturating",
        average=0.0,
    )
    kept = []
    rates = {"discriminator": 5e-4, "generator": 5e-4}
    for step in each_step(paced(gan, rates), lambda number: real(BATCH), max(durations), schedule="constant"):
        if step in durations:
            kept.append(copy.deepcopy(gan.generator))
    return kept


def _against(kind: str, generator: nn.Module, real: Sampler, at: np.ndarray) -> list[dict[str, tuple[float, float]]]:
    """Readings of the generator's gradients at some steps of a fresh opponent's training."""
    opponent = mlp_discriminator(SHAPE, [96])
    critic: Callable[[Tensor], Tensor] = lambda x: opponent(x).squeeze(1)  # noqa: E731

    def loss(batch: Batch) -> Terms:
        with torch.no_grad():
            fake = generator(torch.randn(BATCH, LATENT))
        if kind == "critic":
            distance = adversarial.LOSSES["wasserstein"].discriminator(critic(batch.x), critic(fake))
            return {"loss": distance + 10 * adversarial.gradient_penalty(critic, batch.x, fake)}
        return {"loss": adversarial.LOSSES["minimax"].discriminator(critic(batch.x), critic(fake))}

    turn = Turn(kind, opponent, loss, optimizer={"learning_rate": 2e-3, **ADAM})
    names = LOSSES[:2] if kind == "discriminator" else LOSSES[2:]
    rows = []
    for step in each_step([turn], lambda number: real(BATCH), int(at[-1]), schedule="constant"):
        if step in at:
            rows.append({name: _gradient(name, generator, critic) for name in names})
    return rows


def _gradient(name: str, generator: nn.Module, critic: Callable[[Tensor], Tensor]) -> tuple[float, float]:
    """The norm of the mean gradient over batches of z, and the summed variance of a batch's gradient."""
    gradients = []
    for _ in range(BATCHES):
        fake = critic(generator(torch.randn(BATCH, LATENT)))
        loss = adversarial.LOSSES[name].generator(torch.zeros_like(fake), fake)
        parts = torch.autograd.grad(loss, list(generator.parameters()))
        gradients.append(torch.cat([part.flatten() for part in parts]))
    stacked = torch.stack(gradients)
    return stacked.mean(0).norm().item(), stacked.var(0).sum().item()


def draw(numbers: Numbers) -> Figure:
    """Each loss's gradient against the opponent's training, a curve per generator."""
    figure = new_figure(12.0, 4.2)
    titles = ("minimax: vanishes", "non-saturating: grows, and varies", "Wasserstein, gradient penalty: neither")
    for axes, loss, title in zip(figure.subplots(1, 3, sharey=True), LOSSES, titles, strict=True):
        y = "norm of the generator's gradient" if loss == LOSSES[0] else ""
        dress(axes, x="steps of the fresh opponent", y=y, title=title)
        for i, (duration, colour) in enumerate(zip(numbers["durations"], CLASS_COLOURS[::2], strict=False)):
            norm, deviation = numbers[f"{loss}_norm"][i], np.sqrt(numbers[f"{loss}_variance"][i])
            axes.loglog(
                numbers["steps"], norm, "o-", markersize=4, color=colour, label=f"generator of {duration} steps"
            )
            axes.loglog(numbers["steps"], deviation, ":", color=colour)
        axes.plot([], [], ":", color="#666666", label="standard deviation over batches")
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    return figure


LAB = Lab(
    "vanishing-gradient", "Vanishing gradients: better discriminators, worse teachers", TEXT, SOURCE, measure, draw
)
run = LAB.run
