"""How many nats of code a model needs for how much distortion: the whole curve from one run of annealing."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.distributions import Distribution, Normal
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import device_of, examples, pick, require_real_codes
from reparam.evaluation.likelihood.annealed import Annealing, Decode, Target, moved, tuned_step_sizes
from reparam.hardware import exact, in_float64
from reparam.models.protocols import Conditional, Decodes, HasPrior, can, decoded, named, prior_of
from reparam.pace import work
from reparam.randomness import generator, noise
from reparam.result import Result
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCALE = 0.5**0.5
"""Of the normal whose log-density falls by the squared error itself."""
FINEST, COARSEST = 0.1, 1.0
"""Errors per value, and per example at the coarse end, between which the curve goes, in units of the data's spread."""


@dataclass(frozen=True)
class Ladder(Annealing):
    """Temperatures from 0 to any β, in equal ratios.

    Args:
        first: the least above 0.
        last: the largest.
    """

    first: float = 1e-3
    last: float = 1.0

    def temperatures(self) -> Tensor:
        """0 = β_0 < ... < β_T."""
        rising = torch.from_numpy(np.geomspace(self.first, self.last, self.steps))
        return torch.cat([torch.zeros(1, dtype=torch.float64), rising])


@dataclass(frozen=True, repr=False)
class RateDistortion(Result):
    """The rate-distortion curve of a decoder and its prior.

    Attributes:
        name: of the run.
        beta: the multipliers, ``(points,)``, rising.
        rate: mean nats of code per example at each.
        rate_error: its standard error over examples.
        distortion: mean squared error per value.
        distortion_error: its standard error.
        effective: the effective number of chains, the mean over examples, ``(points,)``.
        examples: of which split's, and how many.
        split: see there.
        chains: of annealing for each.
        steps: temperatures.
        seed: of the choice and of the noise.
    """

    name: str
    beta: np.ndarray
    rate: np.ndarray
    rate_error: np.ndarray
    distortion: np.ndarray
    distortion_error: np.ndarray
    effective: np.ndarray
    examples: int
    split: str
    chains: int
    steps: int
    seed: int

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """β, rate and distortion with their errors, and effective chains, ``(points,)`` each."""
        names = ("beta", "rate", "rate_error", "distortion", "distortion_error", "effective")
        return {name: getattr(self, name) for name in names}

    def figure(self) -> "Figure":
        """Nats of code over squared error, with bars of one standard error."""
        from reparam.plots.rates import rate_distortion_curve

        return rate_distortion_curve({self.name: (self.distortion, self.distortion_error, self.rate, self.rate_error)})

    def json(self) -> dict[str, Any]:
        """The points of the curve, and what they rest on."""
        rows = zip(*(array.tolist() for array in self.numbers.values()), strict=True)
        return super().json() | {"points": [dict(zip(self.numbers, row, strict=True)) for row in rows]}

    def __str__(self) -> str:
        lines = [f"{'rate (nats)':>18}{'squared error a value':>26}{'effective chains':>20}"]
        lines += [
            f"{f'{rate:.2f} ± {rate_error:.2f}':>18}{f'{far:.4g} ± {far_error:.2g}':>26}{effective:>20.1f}"
            for rate, rate_error, far, far_error, effective in zip(
                self.rate, self.rate_error, self.distortion, self.distortion_error, self.effective, strict=True
            )
        ]
        told = (
            f"{self.name}: {self.examples:,} {self.split} examples, {self.chains} chains of {self.steps} temperatures "
            f"each; seed {self.seed}; rates are upper bounds in expectation"
        )
        return "\n".join([*lines, told])


@dataclass(frozen=True)
class Curve:
    """What annealing found for each example: ``rate`` and ``distortion`` ``(points, batch)``, summed over values.

    ``effective``: chains, ``(points, batch)``. ``beta``: ``(points,)``.
    """

    beta: Tensor
    rate: Tensor
    distortion: Tensor
    effective: Tensor


@exact()
@torch.no_grad()
def annealed_curve(
    x: Tensor,
    prior: Distribution,
    mean: Callable[[Tensor], Tensor],
    settings: Ladder,
    points: int = 20,
    step: Callable[[int], None] = lambda done: None,
) -> Curve:
    """Rates and distortions of q_β(z|x) ∝ p(z) exp(-β ‖x - f(z)‖²), for all β in one go (Huang et al. 2020).

    Annealed importance sampling from the prior passes every β on its way. At each its weighted chains give the
    distortion E‖x - f(z)‖² and log Z(β), and with both the rate KL(q_β ‖ p) = -β E‖x - f(z)‖² - log Z(β), which is
    above the truth in expectation where the distortion is known, as log Z is below. The curve is that of the prior and
    the decoder: an encoder, or a likelihood's own noise, has no part in it, so that games have one, too.

    Args:
        x: ``(batch, *data_shape)``.
        prior: p(z), of batch shape ``()``.
        mean: f, from z ``(chains, batch, *event_shape)`` to x, differentiable.
        settings: temperatures and chains.
        points: of the curve, at most as many as temperatures.
        step: told after each temperature, twice, as of annealing.
    """
    dims = x.dim() - 1
    decode: Decode = lambda z: _observed(mean(z), dims)  # noqa: E731
    constant = x[0].numel() * 0.5 * float(np.log(np.pi))  # of the normal's log-density
    sizes = tuned_step_sizes(x, prior, decode, settings, step)
    target, betas = Target(x, prior, decode), settings.temperatures().tolist()
    z = target.draw(settings.chains)
    fit = target.parts(z)[1]
    total = in_float64(torch.zeros_like(fit))
    kept = set(np.unique(np.linspace(1, settings.steps, points).round().astype(int)).tolist())
    found = []
    for at, ((before, beta), size) in enumerate(zip(pairwise(betas), sizes, strict=True), 1):
        total += (beta - before) * (in_float64(fit) + constant)
        z, fit, _ = moved(target, z, beta, size, settings.leapfrog)
        if at in kept:
            found.append((beta, *_point(total, -(in_float64(fit) + constant), beta)))
        step(1)
    beta, rate, distortion, effective = zip(*found, strict=True)
    return Curve(torch.tensor(beta), torch.stack(rate), torch.stack(distortion), torch.stack(effective))


def _observed(mean: Tensor, dims: int) -> Normal:
    return Normal(mean, torch.full_like(mean, SCALE), dims)


def _point(log_w: Tensor, squared: Tensor, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    """Rate, distortion and effective chains of each example, from log-weights and errors ``(chains, batch)``."""
    w = log_w.softmax(0)
    distortion = (w * squared).sum(0)
    log_z = log_w.logsumexp(0) - float(np.log(len(log_w)))
    return (-beta * distortion - log_z).cpu(), distortion.cpu(), (1 / w.square().sum(0)).cpu()


@of_run
@exact()
def rate_distortion(
    run: Run, n: int = 20, seed: int = 0, *, steps: int = 300, chains: int = 8, points: int = 20
) -> RateDistortion:
    """The rate-distortion curve of a run's prior and decoder on test examples.

    Args:
        run: of a model with a prior and a decoder, a game too, or its folder.
        n: test examples, chosen at random.
        seed: of the choice and of the noise.
        steps: temperatures of annealing.
        chains: of it, for each example.
        points: of the curve.

    Raises:
        UserError: if the model has no such parts, or what it makes of a code is drawn column by column.
    """
    checks.wholes(n=n, steps=steps, chains=chains, points=points)
    model: Any = run.model
    _check(run)
    chosen = pick(run.data.test, n, generator(seed, "rate-distortion"))
    x = torch.cat(list(examples(chosen, run.data))).to(device_of(model))
    variance = float(x.double().var(0).mean()) or 1.0 if len(x) > 1 else 1.0
    first, last = (1 / (2 * share**2 * variance) for share in (COARSEST * x[0].numel() ** 0.5, FINEST))
    ladder = Ladder(steps=steps, chains=chains, first=first, last=last)
    with noise(seed, "rate-distortion"), work("annealing", 2 * steps, "`steps` or `n`") as add:
        curve = annealed_curve(x, prior_of(model), lambda z: _mean(model, z), ladder, points, add)
    values = x[0].numel()
    several = len(x) ** 0.5
    errors = [
        part.std(1) / several if len(x) > 1 else torch.zeros(len(part)) for part in (curve.rate, curve.distortion)
    ]
    return RateDistortion(
        name=run.folder.name if run.folder else type(model).__name__,
        beta=curve.beta.numpy(),
        rate=curve.rate.mean(1).numpy(),
        rate_error=errors[0].numpy(),
        distortion=curve.distortion.mean(1).numpy() / values,
        distortion_error=errors[1].numpy() / values,
        effective=curve.effective.mean(1).numpy(),
        examples=len(x),
        split="test",
        chains=chains,
        steps=steps,
        seed=seed,
    )


def _check(run: Run) -> None:
    model = run.model
    if not (can(model, HasPrior) and can(model, Decodes)) or can(model, Conditional):
        raise UserError(f"{named(model)} has no prior and decoder of its own, and so no rate-distortion curve: train a "
                        "vae or a gan without classes")  # fmt: skip
    if run.record.schema is not None and run.record.schema.form == "table":
        raise UserError(f"rows of {run.record.name!r} have no squared error: a rate-distortion curve is of images and "
                        "vectors")  # fmt: skip
    require_real_codes(model, "and annealing moves codes by gradients")


def _mean(model: Any, z: Tensor) -> Tensor:
    """What codes ``(chains, batch, *event_shape)`` decode to, ``(chains, batch, *data_shape)``."""
    events = len(prior_of(model).event_shape)
    leading = z.shape[: z.dim() - events]
    made = decoded(model, z.flatten(0, len(leading) - 1)).mean
    return made.reshape(*leading, *model.data_shape)
