"""The test set's log-likelihood with its error bars: by importance sampling, naive Monte Carlo or annealing."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.data import at_once
from reparam.distributions import Delta, Distribution, Normal
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import device_of, examples, pick, require_real_codes
from reparam.evaluation.likelihood.annealed import Annealing, annealed_estimate
from reparam.evaluation.likelihood.importance import importance_estimate
from reparam.evaluation.likelihood.values import values_of
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import Conditional, Decodes, Encodes, HasPrior, can, decoded, encoded, named, prior_of
from reparam.pace import work
from reparam.randomness import generator, noise
from reparam.result import Result
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Proposal = Literal["posterior", "prior", "annealed"]
BATCH, CHAINS_AT_ONCE = 100, 4
EIGHT_BIT = 256
FEW = 5
"""With fewer effective draws than this, a few carry all the weight."""


class Estimate(Protocol):
    """What every estimator gives."""

    @property
    def log_mean(self) -> Tensor:
        """Log of the mean weight, ``(batch,)`` in nats."""

    @property
    def effective(self) -> Tensor:
        """How many equal weights would be as good, ``(batch,)``."""


@dataclass(frozen=True, repr=False)
class LogLikelihood(Result):
    """A mean log-likelihood and what it rests on; nats per example.

    Attributes:
        mean: of the examples' log p(x); in expectation a lower bound.
        standard_error: of that mean as an estimate for the population, from the spread over examples.
        monte_carlo_error: what the estimator's own noise contributes, by the delta method.
        effective_sample_size: mean and smallest over examples.
        bits_per_dimension: -mean in bits per dimension, for likelihoods of 8-bit values, else None.
        examples, samples, proposal, split, seed: what was estimated and how.
        seconds: it took.
        values: log p(x) of each example, ``(examples,)``.
        estimated_bound: what the run itself took for a lower bound of log p(x) on the test set when it ended, where its
            KL is a discriminator's estimate (AVB); else None.
        of: what log p(x) is of, in words: a probability, or a density.
    """

    mean: float
    standard_error: float
    monte_carlo_error: float
    effective_sample_size: tuple[float, float]
    bits_per_dimension: float | None
    examples: int
    samples: int
    proposal: str
    split: str
    seed: int
    seconds: float
    values: np.ndarray
    estimated_bound: float | None = None
    of: str = ""

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Log p(x) of each example."""
        return {"values": self.values}

    def figure(self) -> "Figure":
        """How log p(x) spreads over the examples."""
        from reparam.plots import histogram

        title = f"log p(x) of {self.examples:,} {self.split} examples"
        return histogram(self.values, title=title, unit="nats")

    def __str__(self) -> str:
        kind = "chains of annealing" if self.proposal == "annealed" else f"samples of the {self.proposal}"
        effective, smallest = self.effective_sample_size
        known = math.isfinite(self.standard_error)  # one example has no spread
        examples = f"± {self.standard_error:.2f} (examples) " if known else ""
        errors = f"{examples}± {self.monte_carlo_error:.2f} (sampling)"
        return (
            f"log p(x) {self.mean:.2f} {errors} nats per example\n"
            f"  of {self.examples:,} from {self.split}; {self.samples:,} {kind} each, as good as {effective:.1f} "
            f"(least {smallest:.1f}) equal ones; seed {self.seed}"
        )

    @property
    def trusted(self) -> bool:
        """Whether enough draws carry the weight; else the truth lies above, by nobody knows how much."""
        return self.effective_sample_size[0] >= FEW

    @property
    def contradicted(self) -> bool:
        """Whether that bound lies above an annealed log p(x) by more than its error bars, as no lower bound can."""
        if self.estimated_bound is None or self.proposal != "annealed":
            return False
        return self.estimated_bound > self.mean + 3 * math.hypot(self.standard_error, self.monte_carlo_error)


@of_run
@exact()
def log_likelihood(
    run: Run,
    samples: int = 1000,
    proposal: Proposal = "posterior",
    *,
    images: int | None = None,
    split: Literal["train", "validation", "test"] = "test",
    seed: int = 0,
    scale: float | None = None,
    annealing: Annealing | None = None,
    step: Callable[[float], None] = lambda share: None,
) -> LogLikelihood:
    """Estimate log p(x) of a split, or of a seeded random subset of it.

    Args:
        run: a trained run, or its folder.
        samples: K importance samples; chains of annealing.
        proposal: the model's posterior; its prior; or annealing from prior to posterior, which needs no encoder.
        images: so many examples, chosen at random; all unless given.
        split: which examples.
        seed: of the choice and of the noise.
        scale: standard deviation of a normal observation model around what a generator makes (games only).
        annealing: settings of the chains; ``samples`` replaces their number.
        step: told the share that is done.

    Raises:
        UserError: if an argument is out of range or unknown, the model has no such proposal, or a game no observation
            model.
    """
    started = time.monotonic()
    checks.one_of("split", split, ("train", "validation", "test"))
    checks.one_of("proposal", proposal, ("posterior", "prior", "annealed"))
    if images is not None:
        checks.whole("images", images)
    model = observed(run.model, scale)
    _check(model, proposal, samples)
    whole = run.data.splits[split]
    chosen = whole if images is None else pick(whole, min(images, len(whole)), generator(seed, "likelihood"))
    batches, told, device = examples(chosen, run.data), (lambda done: step(done / len(chosen))), device_of(run.model)
    values, effective = _weighed(model, batches, len(chosen), device, samples, proposal, seed, annealing, told)
    return LogLikelihood(
        mean=values.mean().item(),
        standard_error=(values.std() / len(values) ** 0.5).item() if len(values) > 1 else math.inf,
        monte_carlo_error=(1 / effective - 1 / samples).clamp(min=0).sum().sqrt().item() / len(values),
        effective_sample_size=(effective.mean().item(), effective.min().item()),
        bits_per_dimension=_bits(model, values),
        examples=len(values),
        samples=samples,
        proposal=proposal,
        split=split,
        seed=seed,
        seconds=time.monotonic() - started,
        values=values.numpy(),
        estimated_bound=run.test.get("estimated_elbo") if split == "test" else None,
        of=values_of(run, scale),
    )


def log_p(run: Run, x: Tensor, samples: int = 1000, seed: int = 0) -> Tensor:
    """Log p(x) of examples by importance sampling from the posterior, ``(n,)`` in nats, float64 on the CPU.

    Args:
        run: of a model with a prior and a posterior that has a density.
        x: as the model sees them, ``(n, *data_shape)``.
        samples: K draws for each.
        seed: of the noise.

    Raises:
        UserError: if the model has no such posterior.
    """
    return log_p_and_error(run, x, samples, seed)[0]


def log_p_and_error(run: Run, x: Tensor, samples: int = 1000, seed: int = 0) -> tuple[Tensor, Tensor]:
    """The same with the standard error of each from the draws' noise, √(1/ESS - 1/K), ``(n,)`` both.

    Raises:
        UserError: as :func:`log_p`.
    """
    model = observed(run.model, None)
    _check(model, "posterior", samples)
    values, effective = _weighed(model, [x], len(x), device_of(run.model), samples, "posterior", seed)
    return values, (1 / effective - 1 / samples).clamp(min=0).sqrt()


def bits_per_dimension(run: Run, values: Tensor) -> float | None:
    """Mean log p(x) ``(n,)`` of 8-bit values as bits for each of them; None of other likelihoods.

    It is of the probabilities of the 256 values themselves, so that nothing was dequantized.
    """
    return _bits(run.model, values)


def _weighed(
    model: Any,
    batches: Iterable[Tensor],
    total: int,
    device: torch.device,
    samples: int,
    proposal: Proposal,
    seed: int,
    annealing: Annealing | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> tuple[Tensor, Tensor]:
    """Log p(x) and effective sample size of each of ``total`` examples, ``(total,)``; ``told`` how many are done.

    Raises:
        UserError: if any is not finite.
    """
    parts: list[Estimate] = []
    done, fewer = 0, "`samples`, `steps` or `images`" if proposal == "annealed" else "`samples` or `images`"
    with noise(seed, "likelihood"), work("log p(x)", total, fewer) as add:
        for x in (part for batch in batches for part in torch.split(batch, _rows(model, samples, proposal))):
            parts.append(_estimate(model, x.to(device), samples, proposal, annealing, add))
            done += len(x)
            told(done)
    values, effective = (torch.cat([getattr(part, name) for part in parts]) for name in ("log_mean", "effective"))
    if not torch.isfinite(values).all():
        raise UserError(
            f"log p(x) of {int((~torch.isfinite(values)).sum())} examples is not finite: train the model anew"
        )
    return values, effective


def _rows(model: Any, samples: int, proposal: Proposal) -> int:
    """Examples at a time: 100, fewer of large ones; every chain of annealing is an example to the decoder."""
    rows = at_once(model.data_shape)
    return min(BATCH, max(1, CHAINS_AT_ONCE * rows // samples) if proposal == "annealed" else rows)


class Observed:
    """A generator with a normal observation model around what it makes (Wu et al. 2017, section 2.1).

    The generator's alone: samples that a discriminator has chosen (:meth:`reparam.models.GAN.choosing`) have another
    density.

    Args:
        model: a game.
        scale: the observation's standard deviation.
    """

    def __init__(self, model: Model, scale: float) -> None:
        self.model, self.scale, self.data_shape = model, scale, model.data_shape

    @property
    def prior(self) -> Distribution:
        """The game's own, N(0, I)."""
        return prior_of(self.model)

    def decode(self, z: Tensor) -> Normal:
        """N(G(z), scale²) for z of any leading shape."""
        event_dims = len(self.prior.event_shape)
        made = decoded(self.model, z.flatten(0, z.dim() - event_dims - 1)).mean
        mean = made.reshape(*z.shape[: z.dim() - event_dims], *self.data_shape)
        return Normal(mean, torch.full_like(mean, self.scale), len(self.data_shape))


@torch.no_grad()
def explanation(model: Model) -> Distribution | None:
    """p(x|z) at a draw z of the prior, if the model has such a likelihood; else None.

    What a generator makes of z is a point: no density says how well it explains x. Where a class is told, z alone
    makes nothing.
    """
    if not (can(model, HasPrior) and can(model, Decodes)) or can(model, Conditional):
        return None
    with noise(0, "explanation"):
        p = decoded(model, prior_of(model).sample((1,)))
    return p if p.has_density else None


def observed(model: Model, scale: float | None) -> Model | Observed:
    """The model as it is where it has a likelihood, else with a normal one.

    Raises:
        UserError: if a game is given no scale, or another model one, or makes rows of a table.
    """
    if explanation(model) is not None:
        if scale is not None:
            raise UserError(f"this {type(model).__name__} has a likelihood of its own: leave `scale` out")
        return model
    if can(model, Conditional):
        raise UserError(f"{named(model)} that is told its class has no log p(x) without one: train it without classes")
    if not can(model, HasPrior):
        raise UserError(f"this {type(model).__name__} has no prior and so no likelihood: train a vae")
    if not _makes_points(model):
        raise UserError(
            f"{named(model)} of a table draws what it makes of a code, and normal noise around a draw is no likelihood "
            "of words or whole numbers: train a vae"
        )
    if scale is None:
        raise UserError(
            f'a {type(model).__name__} has no likelihood of its own: proposal="annealed" with scale=0.1, say, sees '
            "its samples through normal noise"
        )
    if not scale > 0:
        raise UserError(f"scale={scale:g} is no standard deviation: give a positive one")
    return Observed(model, scale)


@torch.no_grad()
def _makes_points(model: Model) -> bool:
    """Whether a code has one x, with nothing left to be drawn."""
    with noise(0, "explanation"):
        return isinstance(decoded(model, prior_of(model).sample((1,))), Delta)


def _check(model: Model | Observed, proposal: Proposal, samples: int) -> None:
    if samples < 1:
        raise UserError(f"{samples} samples estimate nothing: ask for at least 1")
    whole = model.model if isinstance(model, Observed) else model
    if proposal == "annealed":
        require_real_codes(whole, "and annealing moves codes by gradients: use proposal='prior'")
    if proposal == "posterior" and not (can(model, Encodes) and has_density(whole)):
        who = type(whole).__name__
        raise UserError(f"this {who} has no posterior whose density is known: use proposal='annealed' (or prior)")


@torch.no_grad()
def has_density(model: Model) -> bool:
    """Whether a model has a posterior whose density is known."""
    if not can(model, Encodes):
        return False
    return encoded(model, torch.zeros(1, *model.data_shape, device=device_of(model))).has_density


@torch.no_grad()
def _estimate(
    model: Any,
    x: Tensor,
    samples: int,
    proposal: Proposal,
    annealing: Annealing | None,
    add: Callable[[float], None] = lambda examples: None,
) -> Estimate:
    """The estimate for some examples; ``add`` is told how many of them, in parts, are done."""
    if proposal == "annealed":
        defaults = annealing or Annealing()
        settings = Annealing(defaults.steps, defaults.leapfrog, samples, defaults.pilots, defaults.step_size)
        moves = 2 * settings.steps  # of the run that finds step sizes, and of the one that counts
        return annealed_estimate(x, model.prior, model.decode, settings, lambda moved: add(len(x) * moved / moves))
    return importance_estimate(model, x, samples, proposal, lambda decoded: add(decoded / samples))


def _bits(model: Model | Observed, values: Tensor) -> float | None:
    p = None if isinstance(model, Observed) else explanation(model)
    if p is None or p.levels != EIGHT_BIT:
        return None
    return float(-values.mean() / (math.log(2) * math.prod(model.data_shape)))
