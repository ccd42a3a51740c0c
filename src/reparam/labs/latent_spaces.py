"""An autoencoder's and a variational autoencoder's latent planes on MNIST, and what each decodes from noise."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from reparam.data import Split, load_data
from reparam.data.load import binarized
from reparam.data.reading import rows_of
from reparam.distributions import Normal
from reparam.evaluation import latents, sample
from reparam.evaluation.samples.classifier import digit_classifier
from reparam.evaluation.two_sample import kernel_test
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.models import VAE, Autoencoder, StandardNormal
from reparam.networks import MLP
from reparam.plots.style import CLASS_COLOURS, dress, new_figure
from reparam.plots.tiles import tile
from reparam.training import Silent
from reparam.training.fit import fit
from reparam.transport import wasserstein2_full

TEXT = """
Both networks are the same but for the encoder's last layer; both squeeze digits into a plane. The autoencoder puts its
codes wherever reconstruction likes them, so nobody knows where to draw a code from. The variational autoencoder pays
KL(q(z|x) ‖ N(0, I)) for every code, so its codes together look much more like the prior: their distance from N(0, I)
is a fraction of the autoencoder's.

That is what makes it a generative model. Decode draws of N(0, I) and compare the results with real digits, by the
features of a classifier and a kernel two-sample statistic: the variational autoencoder's are nearer.
"""
SOURCE = "Kingma & Welling 2014, sections 3 and 5, figure 4; Doersch 2016"
SHAPE, HIDDEN = (1, 28, 28), [128]
SHOWN, JUDGED = 64, 400


def measure(seed: int, quick: bool) -> Findings:
    """Train both, look at their codes, and judge what they decode from the prior."""
    whole = load_data("mnist")
    # short splits, since nothing here is judged by them
    short = replace(whole, validation=_first(whole.validation, 500), test=_first(whole.test, 1000), fingerprint="")
    data = binarized(short, "dynamic")
    settings: dict[str, Any] = {
        "steps": 200 if quick else 2000,
        "seed": seed,
        "progress": Silent(),
        "learning_rate": 4e-3,
    }
    encoders = [MLP(SHAPE, HIDDEN, width) for width in (2, 4)]
    decoders = [MLP(2, HIDDEN, SHAPE) for _ in range(2)]
    models = {
        "autoencoder": Autoencoder(encoders[0], decoders[0], 2),
        "VAE": VAE(encoders[1], decoders[1], StandardNormal(2)),
    }
    images = rows_of(whole.test.x, torch.arange(JUDGED))
    digits = digit_classifier().features(images.reshape(-1, *SHAPE).float() / 255)
    numbers: dict[str, np.ndarray] = {}
    far, unlike = {}, {}
    for name, model in models.items():
        run: Any = fit(model, data, **settings)
        codes, decoded = latents(run, 1000, seed), sample(run, JUDGED, seed).mean
        far[name] = _distance_from_prior(torch.from_numpy(codes.z).double())
        features = digit_classifier().features(torch.from_numpy(decoded))
        unlike[name] = kernel_test(digits, features, permutations=1, seed=seed).squared_mmd
        shown = {"z": codes.z, "labels": codes.labels, "decoded": decoded[:SHOWN]}
        numbers |= {f"{name}_{key}": np.asarray(values) for key, values in shown.items()}
    half, other = 0.5 * far["autoencoder"], unlike["autoencoder"]
    checks = (
        Check("W2 of the VAE's codes from N(0, I), below half the autoencoder's", half, far["VAE"], relation="<="),
        Check("MMD² of the VAE's decoded noise from digits, below the other's", other, unlike["VAE"], relation="<="),
    )
    return Findings(checks, numbers)


def _first(split: Split, n: int) -> Split:
    assert split.labels is not None, "MNIST has labels"
    return replace(split, x=rows_of(split.x, torch.arange(n)), y=split.labels[:n])


def _distance_from_prior(z: torch.Tensor) -> float:
    """W2 between N(0, I) and the normal with the codes' mean and covariance."""
    prior = Normal(torch.zeros(2, dtype=z.dtype), torch.ones(2, dtype=z.dtype))
    return wasserstein2_full(prior.mean, torch.diag(prior.scale**2), z.mean(0), torch.cov(z.T)).item()


def draw(numbers: Numbers) -> Figure:
    """Codes by class on one scale each, and digits decoded from the same noise."""
    figure = new_figure(9.6, 9.2)
    panels = figure.subplots(2, 2)
    for (top, bottom), name in zip(panels.T, ("autoencoder", "VAE"), strict=True):
        dress(top, x="z₁", y="z₂", title=f"{name}: codes of test digits")
        z, labels = numbers[f"{name}_z"], numbers[f"{name}_labels"]
        for digit, colour in enumerate(CLASS_COLOURS):
            chosen = z[labels == digit]
            top.scatter(chosen[:, 0], chosen[:, 1], s=6, color=colour, linewidths=0, alpha=0.7, label=str(digit))
        angles = np.linspace(0, 2 * np.pi, 100)
        top.plot(2 * np.cos(angles), 2 * np.sin(angles), color="black", linewidth=1)
        top.set_aspect("equal", adjustable="datalim")
        bottom.imshow(tile(numbers[f"{name}_decoded"], 8)[..., 0], cmap="gray", vmin=0, vmax=1)
        bottom.set_title(f"{name}: decoded from z ~ N(0, I)", fontsize=11)
        bottom.axis("off")
    panels[0, 1].plot([], [], color="black", linewidth=1, label="2 standard\ndeviations\nof N(0, I)")
    panels[0, 1].legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), markerscale=2)
    return figure


LAB = Lab("latent-spaces", "Two latent planes: an autoencoder's and a VAE's", TEXT, SOURCE, measure, draw)
run = LAB.run
