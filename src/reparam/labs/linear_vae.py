"""The linear VAE is probabilistic PCA, and with a noise of its own per dimension it is factor analysis."""

import math
import warnings

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.labs.linear_gaussian import LinearGaussian
from reparam.models import VAE, NormalLikelihood, StandardNormal
from reparam.models.model import Batch
from reparam.plots.style import BLUE, ORANGE, SOFT, dress, new_figure
from reparam.training import minimize

TEXT = """
Take a VAE whose encoder and decoder are one linear layer each, with a normal likelihood of one learned variance. Its
model is that of probabilistic PCA, whose maximum likelihood is known in closed form from the eigenvalues of the data's
covariance. Its bound can be tight: at the maximum the posterior's covariance does not depend on x and is diagonal in
the right basis. So training by samples of the bound must end at probabilistic PCA's likelihood, its noise variance and
its subspace.

With one learned variance per dimension the same network is factor analysis, and must end at the likelihood that the
EM-like algorithm of scikit-learn finds. On data whose dimensions are noisy to different degrees that is the better
model.
"""
SOURCE = "Tipping & Bishop 1999, equations 7 and 8; Lucas et al. 2019, theorem 1; Bishop 2006, section 12.2.4"
DIMENSIONS, LATENTS, EXAMPLES = 6, 2, 600


def measure(seed: int, quick: bool) -> Findings:
    """Two linear VAEs trained on data of each kind of noise, against both classical models."""
    steps = 600 if quick else 4000
    equal, unequal = (_data(noise) for noise in (torch.full((DIMENSIONS,), 0.5), torch.linspace(0.2, 1.5, DIMENSIONS)))
    pca, (trained, history) = Pca.of(equal), _train(equal, torch.tensor(1.0), steps)
    model = _model(trained)
    evidence, bound = model.evidence(equal).mean().item(), _bound(trained, equal)
    factors, _ = _train(unequal, torch.ones(DIMENSIONS), steps)
    (analysis, classical), ours = _factor_analysis(unequal), _model(factors).evidence(unequal).mean().item()
    tolerance = 0.03 if quick else 0.01
    checks = (
        Check("linear VAE: log-likelihood, nats", pca.log_likelihood, evidence, tolerance),
        Check("linear VAE: lower bound, nats", pca.log_likelihood, bound, 2 * tolerance),
        Check("linear VAE: noise variance", pca.noise, model.variances[0].item(), 0.05 * pca.noise),
        Check("cosine of the largest angle between both subspaces", 1.0, _agreement(model.weight, pca.axes), 0.005),
        Check("factor VAE: log-likelihood, nats", analysis, ours, 2 * tolerance),
        Check(
            "factor analysis above PCA, noise unequal, nats", Pca.of(unequal).log_likelihood + 0.1, ours, relation=">="
        ),
    )
    numbers = {
        "eigenvalues": pca.eigenvalues.numpy(),
        "ours": torch.linalg.eigvalsh(model.weight @ model.weight.T + torch.diag(model.variances)).flip(0).numpy(),
        "scales": np.linspace(0.2, 1.5, DIMENSIONS),
        "classical": classical,
        "found": _model(factors).variances.sqrt().numpy(),
        "bounds": history,
        "best": np.array(pca.log_likelihood),
    }
    return Findings(checks, numbers)


def _data(scales: Tensor) -> Tensor:
    """Draws of a linear-Gaussian model with these noise scales, ``(n, d)`` float64."""
    random = LinearGaussian.random(DIMENSIONS, LATENTS, 1.0)
    return LinearGaussian(random.weight, random.bias, scales.double().log()).sample(EXAMPLES)


class Pca:
    """Maximum likelihood of probabilistic PCA, in closed form."""

    def __init__(self, eigenvalues: Tensor, axes: Tensor) -> None:
        self.eigenvalues, self.axes = eigenvalues, axes
        self.noise = eigenvalues[LATENTS:].mean().item()
        logs = eigenvalues[:LATENTS].log().sum().item() + (DIMENSIONS - LATENTS) * math.log(self.noise)
        self.log_likelihood = -0.5 * (DIMENSIONS * (1 + math.log(2 * math.pi)) + logs)

    @classmethod
    def of(cls, x: Tensor) -> "Pca":
        """The fit to x ``(n, d)``: likelihood in nats per example."""
        values, vectors = torch.linalg.eigh(torch.cov(x.T, correction=0))
        return cls(values.flip(0), vectors.flip(1)[:, :LATENTS])


def _train(x: Tensor, scale: Tensor, steps: int) -> tuple[VAE, np.ndarray]:
    """A linear VAE trained on the sampled bound of all data, its rate falling to 0; the bound at each step."""
    likelihood = NormalLikelihood((DIMENSIONS,), scale)
    encoder, decoder = nn.Linear(DIMENSIONS, 2 * LATENTS), nn.Linear(LATENTS, DIMENSIONS)
    vae = VAE(encoder, decoder, StandardNormal(LATENTS), likelihood=likelihood).double()
    rows = minimize(vae.turns(), lambda number: x, steps, log_every=1, learning_rate=0.1)
    return vae, np.array([row["elbo"] for row in rows])


def _model(vae: VAE) -> LinearGaussian:
    """What the decoder and the likelihood are as a linear-Gaussian model."""
    learned = {name: parameter.detach() for name, parameter in vae.named_parameters()}
    weight, bias = learned["decoder.weight"], learned["decoder.bias"]
    return LinearGaussian(weight, bias, learned["likelihood.log_scale"])


@torch.no_grad()
def _bound(vae: VAE, x: Tensor) -> float:
    return torch.stack([vae.evaluate(Batch(x))["elbo"].mean() for _ in range(200)]).mean().item()


def _agreement(weight: Tensor, axes: Tensor) -> float:
    """The cosine of the largest principal angle between the columns' spans."""
    return float(torch.linalg.svdvals(torch.linalg.qr(weight).Q.T @ axes).min())


def _factor_analysis(x: Tensor) -> tuple[float, np.ndarray]:
    """The log-likelihood that scikit-learn's factor analysis reaches, nats per example, and its noise scales."""
    from sklearn.decomposition import FactorAnalysis

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its tolerance is on the sum over examples, far below what is checked here
        fitted = FactorAnalysis(LATENTS, tol=1e-4, max_iter=5000).fit(x.numpy())
        return float(fitted.score(x.numpy())), np.sqrt(fitted.noise_variance_)


def draw(numbers: Numbers) -> Figure:
    """The bound over training, the covariance's eigenvalues, and the noise of each dimension."""
    figure = new_figure(12.0, 4.0)
    left, middle, right = figure.subplots(1, 3)
    dress(left, x="step", y="nats per example", title="equal noise: the bound while training")
    left.plot(numbers["bounds"], color=BLUE, linewidth=0.8, label="linear VAE, lower bound")
    left.axhline(float(numbers["best"]), color=SOFT, linestyle="--", label="probabilistic PCA")
    left.set_ylim(numbers["best"] - 1.5, numbers["best"] + 0.5)
    dress(middle, x="eigenvalue number", y="eigenvalue", title="equal noise: the covariance")
    places = np.arange(1, DIMENSIONS + 1)
    middle.plot(places, numbers["eigenvalues"], "o", color=SOFT, markersize=9, label="data")
    middle.plot(places, numbers["ours"], "x", color=ORANGE, label="linear VAE")
    middle.set_yscale("log")
    dress(right, x="dimension", y="standard deviation of the noise", title="unequal noise: factor analysis")
    right.plot(places, numbers["scales"], "o", color=SOFT, markersize=9, label="drawn with")
    right.plot(places, numbers["classical"], "+", color=BLUE, markersize=9, label="factor analysis")
    right.plot(places, numbers["found"], "x", color=ORANGE, label="factor VAE")
    for axes in (left, middle, right):
        axes.legend(fontsize=8, frameon=False)
    return figure


LAB = Lab("linear-vae", "The linear VAE, probabilistic PCA and factor analysis", TEXT, SOURCE, measure, draw)
run = LAB.run
