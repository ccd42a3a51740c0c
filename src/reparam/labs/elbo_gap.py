"""The lower bound and its gap, exactly, and both ways in which pushing the bound up can act."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from reparam import bounds
from reparam.distributions import Normal
from reparam.divergences import kl_full
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.labs.linear_gaussian import LinearGaussian
from reparam.models import Turn
from reparam.plots.style import BLUE, INK, ORANGE, SOFT, dress, new_figure
from reparam.training import each_step

TEXT = """
For any q, log p(x) = ELBO + KL(q(z) ‖ p(z|x)): the bound falls short of the evidence by exactly the distance of q from
the posterior. Here the model is linear-Gaussian, so evidence and posterior are known, and the library's own bound,
estimated from draws of q, must add up with the exact KL to the exact evidence, whatever q is.

Pushing the bound up can therefore do two things. Moving only q (encoder's steps) leaves log p(x) where it is and
closes the gap: down to what a diagonal normal can reach, ½ (Σ log Λ_ii - log det Λ) for a posterior with precision Λ.
Moving only the model (decoder's steps) raises the bound, too, and then log p(x) moves: up by what the bound gained,
plus whatever the gap has grown.
"""
SOURCE = "Kingma & Welling 2014, equations 1 to 3; Blei et al. 2017, section 2.2"
EXAMPLES = 6
RATE = 0.05
randn = partial(torch.randn, dtype=torch.float64)


def measure(seed: int, quick: bool) -> Findings:
    """The identity for random q, then ascent in q alone and in the model alone."""
    draws, steps = (10_000, 120) if quick else (200_000, 400)
    model = LinearGaussian.random(5, 2, 0.7)
    x = model.sample(EXAMPLES)
    checks = [_identity(model, x, i, draws) for i in range(4)]
    q = nn.ParameterList([randn(EXAMPLES, 2), randn(EXAMPLES, 2).mul(0.1)])
    first = _ascend(model, list(q), x, q, steps)
    parameters = nn.ParameterList([randn(5, 2).mul(0.3).add(model.weight), model.bias.clone()])
    moving = LinearGaussian(parameters[0], parameters[1], model.log_scale)
    second = _ascend(moving, list(q), x, parameters, steps)
    floor = _mean_field_gap(model)
    checks += [
        Check("encoder's steps: change of log p(x), nats", 0.0, np.ptp(first["evidence"]), 1e-9),
        Check("encoder's steps: rise of the bound + fall of the gap, nats", 0.0, _balance(first), 1e-9),
        Check("encoder's steps: the gap at the end, nats", floor, first["gap"][-1], 5e-3),
        Check("model's steps: rise of the bound, nats", 0.1, float(np.ptp(second["elbo"])), relation=">="),
        Check(
            "model's steps: rise of log p(x) - rise of the bound - growth of the gap, nats", 0.0, _balance(second), 1e-9
        ),
        Check(
            "model's steps: rise of log p(x), nats", 0.1, second["evidence"][-1] - second["evidence"][0], relation=">="
        ),
    ]
    numbers = {f"{phase}_{key}": v for phase, rows in (("q", first), ("model", second)) for key, v in rows.items()}
    return Findings(tuple(checks), numbers)


def _identity(model: LinearGaussian, x: Tensor, index: int, draws: int) -> Check:
    """The library's sampled bound plus the exact gap, against the exact evidence, for one random q."""
    q = Normal(model.posterior(x)[0] + 0.5 * randn(EXAMPLES, 2), (0.5 * randn(EXAMPLES, 2) - 1).exp())
    batches = torch.stack(
        [bounds.elbo(x, q, model.prior(), model.likelihood, samples=draws // 20).elbo.mean() for _ in range(20)]
    )
    predicted = (model.evidence(x) - _gap(model, q, x)).mean().item()
    error = (batches.std() / 20**0.5).item()
    return Check(
        f"bound of random q number {index + 1}: log p(x) - KL, nats", predicted, batches.mean().item(), 5 * error
    )


def _gap(model: LinearGaussian, q: Normal, x: Tensor) -> Tensor:
    """KL(q ‖ p(z|x)), ``(batch,)``."""
    mean, covariance = model.posterior(x)
    return kl_full(q.mean, torch.diag_embed(q.scale**2), mean, covariance.expand(len(x), -1, -1))


def exact_elbo(model: LinearGaussian, q: Normal, x: Tensor) -> Tensor:
    """The bound with its reconstruction term in closed form, ``(batch,)``."""
    at_mean = model.likelihood(q.mean).log_prob(x)
    spread = (model.weight**2 / model.variances[:, None]).sum(0)
    return at_mean - 0.5 * (q.scale**2 * spread).sum(-1) - q.kl(model.prior())


def _ascend(
    model: LinearGaussian, q: Sequence[Tensor], x: Tensor, moving: nn.ParameterList, steps: int
) -> dict[str, np.ndarray]:
    """Gradient ascent on the exact bound in some of its parameters; bound, gap and evidence after each step."""

    def bound() -> Tensor:
        return exact_elbo(model, Normal.from_log_scale(q[0], q[1]), x).mean()

    @torch.no_grad()
    def reading() -> list[float]:
        gap = _gap(model, Normal.from_log_scale(q[0], q[1]), x).mean()
        return [bound().item(), gap.item(), model.evidence(x).mean().item()]

    turn = Turn("ascent", moving, lambda batch: {"loss": -bound()}, optimizer={"learning_rate": RATE})
    rows = [reading()]
    rows += [reading() for _ in each_step([turn], lambda number: x, steps, schedule="constant")]
    return dict(zip(("elbo", "gap", "evidence"), np.array(rows).T, strict=True))


def _balance(rows: dict[str, np.ndarray]) -> float:
    """How far evidence - bound - gap ever is from 0."""
    return float(np.abs(rows["evidence"] - rows["elbo"] - rows["gap"]).max())


def _mean_field_gap(model: LinearGaussian) -> float:
    precision = torch.linalg.inv(model.posterior(model.bias[None])[1])
    return float(0.5 * (precision.diagonal().log().sum() - torch.logdet(precision)))


def draw(numbers: Numbers) -> Figure:
    """Bound, gap and evidence over the steps of both phases."""
    figure = new_figure(9.6, 4.2)
    panels: Any = figure.subplots(1, 2)
    titles = {"q": "moving q alone: the gap closes", "model": "moving the model alone: log p(x) moves"}
    for axes, (phase, title) in zip(panels, titles.items(), strict=True):
        dress(axes, x="step", y="nats per example", title=title)
        elbo, evidence = numbers[f"{phase}_elbo"], numbers[f"{phase}_evidence"]
        steps = np.arange(len(elbo))
        axes.plot(steps, evidence, color=INK, label="log p(x)")
        axes.plot(steps, elbo, color=BLUE, label="lower bound")
        axes.fill_between(steps, elbo, evidence, color=ORANGE, alpha=0.25, label="KL(q ‖ posterior)")
        axes.legend(fontsize=8, frameon=False, loc="lower right")
        axes.axhline(evidence[0], color=SOFT, linewidth=0.7, linestyle=":")
    evidence = numbers["q_evidence"][0]
    panels[0].set_ylim(max(numbers["q_elbo"][0], evidence - 20) - 1, evidence + 2)
    return figure


LAB = Lab("elbo-gap", "The lower bound and its gap", TEXT, SOURCE, measure, draw)
run = LAB.run
