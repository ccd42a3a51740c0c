"""How a model uses its latent space: which units carry something of x, and whether codes look like the prior."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.bounds import has_layers, kl_by_layer
from reparam.data import evaluation_batches
from reparam.distributions import Distribution, Hierarchy, Normal
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import device_of, pick, require_real_codes
from reparam.evaluation.two_sample import FEWEST, classifier_test
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import Encodes, HasPrior, can, encoded, prior_of, require
from reparam.randomness import generator, noise
from reparam.result import Result
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACTIVE = 0.01
DRAWS = 8
UNIT = "variance over x of the posterior's mean"


@dataclass(frozen=True, repr=False)
class LatentUsage(Result):
    """Latent units, and the aggregate posterior q(z) = mean over x of q(z|x) beside the prior.

    Attributes:
        active: how many units have ``signal`` above 0.01.
        signal: of each unit the variance over x of the posterior's mean, in the units of N(0, I). Under a prior with
            layers it is that of the noise which the prior pushes down to z, so that what a layer only repeats of those
            above it counts for nothing. Any other learned prior (a flow, a mixture) gives each unit a scale of its own,
            which the decoder undoes: there it is the share of the unit's variance under q(z) that the mean's is, which
            no scale changes. Where q(z) has variance 1, as N(0, I) wants it, both are the same number.
        mean: of q(z), unit by unit.
        scale: standard deviations of q(z).
        prior_mean: those of the prior, of draws.
        prior_scale: likewise.
        accuracy: of a classifier that tells draws of q(z) from draws of the prior, on draws held out; ½ by chance.
        accuracy_error: its binomial standard error.
        p_value: the chance of such an accuracy if q(z) is the prior.
        n: examples that were encoded, and draws of either.
        split: where they are from.
        seed: of their choice and of the draws.
        prior: whose draws are compared: the model's, or N(0, I) where it has none.
        layer_kl: nats of the KL in each layer, the top one first, averaged over x; none where it has no layers.
        share: whether ``signal`` is a share of the variance under q(z).
    """

    active: int
    signal: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    prior_mean: tuple[float, ...]
    prior_scale: tuple[float, ...]
    accuracy: float
    accuracy_error: float
    p_value: float
    n: int
    split: str
    seed: int
    prior: str
    layer_kl: tuple[float, ...] = ()
    share: bool = False

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Of each unit: its signal, and mean and scale of q(z) and of the prior."""
        names = ("signal", "mean", "scale", "prior_mean", "prior_scale")
        return {name: np.array(getattr(self, name)) for name in names}

    def figure(self) -> "Figure":
        """The signal of each unit, the first 30."""
        from reparam.plots import bars

        title = f"{self.active} of {len(self.signal)} latent units are active (above {ACTIVE:g})"
        names = [f"z{i + 1}" for i in range(len(self.signal))]
        unit = "share of the variance of z that is the posterior mean's" if self.share else UNIT
        return bars(names, self.signal, title=title, unit=unit)

    def __str__(self) -> str:
        told = f"{self.accuracy:.3f} ± {self.accuracy_error:.3f}, p = {self.p_value:.2g}"
        layers = ", ".join(f"{nats:.1f}" for nats in self.layer_kl)
        layered = f"  KL by layer, the top one first: {layers} nats\n" if layers else ""
        return (
            f"{self.active} of {len(self.signal)} latent units are active\n{layered}"
            f"  q(z) is told from {self.prior} with accuracy {told} (½ by chance)\n"
            f"  codes of {self.n:,} examples of the {self.split} split, seed {self.seed}"
        )


@of_run
@exact()
def latent_usage(run: Run, n: int = 10_000, seed: int = 0) -> LatentUsage:
    """Encode test examples, and compare the codes with the prior.

    Active units are those of Burda et al. 2016 (section 5.2), whose 0.01 is meant of a prior N(0, I); of a prior that
    has learned another scale see :class:`LatentUsage`. How a KL to such a prior falls on single units is not told,
    since it is no sum over them. That the aggregate posterior is the prior is what samples
    rest on (Hoffman & Johnson 2016; Makhzani et al. 2016).

    Args:
        run: of a model with an encoder.
        n: test examples at most.
        seed: of their choice and of the draws.

    Raises:
        UserError: if the model has no encoder, its codes are integers, or there are fewer than 40 test examples.
    """
    checks.whole("n", n)
    require(run.model, Encodes)
    require_real_codes(run.model, "whose use is not measured by variances")
    chosen = pick(run.data.test, n, generator(seed, "latent usage", "examples"))
    if len(chosen) < FEWEST:
        count = "1 test example is" if len(chosen) == 1 else f"{len(chosen)} test examples are"
        raise UserError(f"{count} too few to judge a latent space by: {FEWEST} are needed")
    signal, z = aggregate(run.model, (x for x, _ in evaluation_batches(chosen, run.data)), seed)
    prior, name = _prior_draws(run.model, z.shape, seed)
    told = classifier_test(z, prior, permutations=1, seed=seed, features=False)
    return LatentUsage(
        active=int((signal > ACTIVE).sum()),
        signal=_numbers(signal),
        mean=_numbers(z.mean(0)),
        scale=_numbers(z.std(0)),
        prior_mean=_numbers(prior.mean(0)),
        prior_scale=_numbers(prior.std(0)),
        accuracy=told.accuracy,
        accuracy_error=(told.accuracy * (1 - told.accuracy) / told.held_out) ** 0.5,
        p_value=told.p_binomial,
        n=len(z),
        split="test",
        seed=seed,
        prior=name,
        layer_kl=layer_kl(run.model, (x for x, _ in evaluation_batches(chosen, run.data)), seed),
        share=has_own_scale(run.model),
    )


@exact()
@torch.no_grad()
def aggregate(model: Model, batches: Iterable[Tensor], seed: int = 0) -> tuple[Tensor, Tensor]:
    """The signal of each unit, see :class:`LatentUsage`, and a draw of q(z|x) for each x, as vectors.

    A posterior whose mean has no closed form is drawn from 2 × 8 times: the covariance of two independent means of 8
    draws is the variance of the true mean, without bias.

    Args:
        model: with an encoder.
        batches: of x, on the CPU.
        seed: of the draws.

    Returns:
        Signals ``(units,)`` and draws ``(n, units)``, float64 on the CPU.
    """
    device, parts = device_of(model), []
    prior = prior_of(model) if can(model, HasPrior) else None
    for number, x in enumerate(batches):
        with noise(seed, "latent usage", number):
            parts.append(_means_and_draw(encoded(model, x.to(device)), prior))
    first, second, z = (torch.cat(part).flatten(1).cpu().double() for part in zip(*parts, strict=True))
    first, second = first - first.mean(0), second - second.mean(0)
    signal = (first * second).sum(0) / (len(z) - 1)
    if not has_own_scale(model):
        return signal, z
    whole = z.var(0)
    return torch.where(whole > 0, signal / whole, 0.0), z  # a unit that is the same for all examples says nothing


@exact()
@torch.no_grad()
def layer_kl(model: Model, batches: Iterable[Tensor], seed: int = 0) -> tuple[float, ...]:
    """Nats of the KL in each layer, averaged over x; none where posterior and prior have no layers in common."""
    device, prior, found = device_of(model), prior_of(model) if can(model, HasPrior) else None, []
    for number, x in enumerate(batches):
        q = encoded(model, x.to(device))
        if prior is None or not has_layers(q, prior):
            return ()
        with noise(seed, "latent usage layers", number):
            found.append(kl_by_layer(q, prior)[1].cpu().double())
    return _numbers(torch.cat(found, dim=1).mean(1))


def _means_and_draw(q: Distribution, prior: Distribution | None) -> tuple[Tensor, Tensor, Tensor]:
    """Two estimates of the mean, independent or exact, and a draw, each ``(batch, *event_shape)``."""
    if not isinstance(prior, Hierarchy):
        try:
            return q.mean, q.mean, q.sample()
        except UserError:
            pass
    draws = q.sample((2 * DRAWS,))
    found = prior.pull(draws) if isinstance(prior, Hierarchy) else draws
    return found[:DRAWS].mean(0), found[DRAWS:].mean(0), draws[0]


@torch.no_grad()
def _prior_draws(model: Model, shape: tuple[int, ...], seed: int) -> tuple[Tensor, str]:
    """``(n, units)``, and what they are draws of."""
    with noise(seed, "latent usage", "prior"):
        if not can(model, HasPrior):  # what an autoencoder's `sample` decodes
            return torch.randn(shape, dtype=torch.float64), "N(0, I)"
        prior = prior_of(model)
        draws = prior.sample((shape[0],)).flatten(1).cpu().double()
    return draws, "N(0, I)" if _is_standard(prior) else "the model's prior"


@torch.no_grad()
def has_own_scale(model: Model) -> bool:
    """Whether the scale of a unit is what a prior has made it, so that a variance says nothing by itself."""
    prior = prior_of(model) if can(model, HasPrior) else None
    return prior is not None and not isinstance(prior, Hierarchy) and not _is_standard(prior)


def _is_standard(prior: Distribution) -> bool:
    return isinstance(prior, Normal) and bool((prior.mean == 0).all() and (prior.scale == 1).all())


def _numbers(values: Tensor) -> tuple[float, ...]:
    return tuple(values.tolist())
