"""A VAE of digits gives a black image a higher likelihood than digits: log p(x) alone tells no strange image."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from reparam.data import load_data
from reparam.data.load import binarized
from reparam.data.reading import rows_of
from reparam.evaluation.likelihood.importance import importance_estimate
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.models import VAE, StandardNormal
from reparam.networks import MLP
from reparam.plots.style import BLUE, ORANGE, SOFT, dress, new_figure
from reparam.training import Silent
from reparam.training.fit import fit

TEXT = """
A density that is high on the data is not low elsewhere. A black image lies where the background of every digit lies,
and it has no stroke whose place would have to be known: it is more probable than any single digit, though no digit is
black. Pixels that are independent, each white as often as in the training data, show it without any network: the
log-probability of a black image is a sum, known exactly, and above that of nearly all digits. A VAE with a posterior
for each x inherits it: the fewer pixels are white, the higher is log p(x). So a threshold on log p(x) finds noise, and
lets through what is simpler than the data.

Dividing the VAE's likelihood by that of independent pixels, which know the background and nothing of digits, takes most
of the excess away (the third panel), and not all of it: a ratio is no remedy that could be relied on.
"""
SOURCE = "Nalisnick et al. 2019, sections 3 to 5; Serrà et al. 2020; the ratio to a background: Ren et al. 2019"
SHAPE, LATENTS, JUDGED, DRAWS = (1, 28, 28), 10, 400, 100


def measure(seed: int, quick: bool) -> Findings:
    """Train a VAE on binarized digits, and judge test digits, a black image and noise."""
    data = binarized(load_data("mnist"), "threshold")
    vae = VAE(MLP(SHAPE, [200], 2 * LATENTS), MLP(LATENTS, [200], SHAPE), StandardNormal(LATENTS))
    settings: dict[str, Any] = {"steps": 300 if quick else 3000, "seed": seed, "progress": Silent()}
    run: Any = fit(vae, data, learning_rate=3e-3, **settings)
    train, test = (_binary(split, n) for split, n in ((data.train, 10_000), (data.test, JUDGED)))
    images = {"digits": test, "black": torch.zeros(1, *SHAPE), "noise": torch.rand(50, *SHAPE).round()}
    share = (train.mean(0) * len(train) + 0.5) / (len(train) + 1)
    alone = {name: _independent(x, share) for name, x in images.items()}
    model = run.model.eval()
    found = {name: importance_estimate(model, x, DRAWS).log_mean for name, x in images.items()}
    ink = test.flatten(1).sum(1).double()
    return Findings(_checks(alone, found, ink), _numbers(alone, found, ink))


def _binary(split: Any, n: int) -> Tensor:
    """The first images as 0 and 1, ``(n, 1, 28, 28)``."""
    return (rows_of(split.x, torch.arange(n)).reshape(n, *SHAPE).float() > (127 if split.x.dtype == torch.uint8
            and not split.binarized else 0.5)).float()  # fmt: skip


def _independent(x: Tensor, share: Tensor) -> Tensor:
    """Log p(x) ``(n,)`` of independent pixels, each white with its share, in nats."""
    x, p = x.double(), share.double()
    return torch.where(x > 0.5, p.log(), (-p).log1p()).flatten(1).sum(1)


def _checks(alone: dict[str, Tensor], found: dict[str, Tensor], ink: Tensor) -> tuple[Check, ...]:
    black, digits = found["black"].item(), found["digits"]
    below = (digits < black).double().mean().item()
    related = torch.corrcoef(torch.stack([ink, digits]))[0, 1].item()
    margin = (alone["black"] - alone["digits"].mean()).item()
    told = (digits > found["noise"].max()).double().mean().item()
    return (
        Check("black image above the mean digit, independent pixels, nats", 0.0, margin, relation=">="),
        Check("black image above the mean digit, VAE, nats", 0.0, black - digits.mean().item(), relation=">="),
        Check("share of test digits below the black image", 0.95, below, relation=">="),
        Check("correlation of log p(x) with the number of white pixels", 0.0, related, relation="<="),
        Check("share of test digits above all noise", 1.0, told, 0.005),
    )


def _numbers(alone: dict[str, Tensor], found: dict[str, Tensor], ink: Tensor) -> dict[str, np.ndarray]:
    numbers = {name: values.numpy() for name, values in found.items()}
    return numbers | {f"{name}_alone": values.numpy() for name, values in alone.items()} | {"ink": ink.numpy()}


def draw(numbers: Numbers) -> Figure:
    """Log p(x) of digits, noise and a black image; over the white pixels; and the ratio to independent pixels."""
    figure = new_figure(12.6, 4.0)
    left, middle, right = figure.subplots(1, 3)
    black = float(numbers["black"][0])
    dress(left, x="log p(x), nats", y="images", title="what the VAE says of images")
    left.hist(numbers["digits"], 30, color=BLUE, alpha=0.7, label="test digits")
    left.hist(numbers["noise"], 10, color=SOFT, alpha=0.7, label="noise")
    left.axvline(black, color=ORANGE, linewidth=2, label="black image")
    dress(middle, x="white pixels", y="log p(x), nats", title="the fewer, the likelier")
    middle.scatter(numbers["ink"], numbers["digits"], s=8, color=BLUE, linewidths=0, label="test digits")
    middle.plot([0], [black], "*", color=ORANGE, markersize=12, label="black image")
    ratio = {name: numbers[name] - numbers[f"{name}_alone"] for name in ("digits", "black")}
    dress(right, x="log ratio to independent pixels, nats", y="images", title="what is left without the background")
    right.hist(ratio["digits"], 30, color=BLUE, alpha=0.7, label="test digits")
    right.axvline(float(ratio["black"][0]), color=ORANGE, linewidth=2, label="black image")
    for axes in (left, middle, right):
        axes.legend(fontsize=8, frameon=False)
    return figure


LAB = Lab("simple-images", "A black image is likelier than any digit", TEXT, SOURCE, measure, draw)
run = LAB.run
