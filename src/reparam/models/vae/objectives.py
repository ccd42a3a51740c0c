"""Training objectives of a VAE: how a bound on log p(x) becomes a loss."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from reparam import checks
from reparam.bounds import (
    KL,
    FreeBits,
    analytic_kl,
    doubly_reparameterized,
    elbo,
    importance_weighted,
    log_importance_weights,
)
from reparam.distributions import Distribution

Decode = Callable[[Tensor], Distribution]
AT_ONCE = 5  # draws decoded together when evaluating: a batch there is large, and memory is not


class Objective(ABC):
    """What a VAE raises; ``monitor`` names the entry of :meth:`evaluate` that judges it."""

    monitor: str = "elbo"

    @property
    def schedules(self) -> Mapping[str, float]:
        """Epochs over which a weight changes, by the setting that says so."""
        return {}

    @property
    def of_the_batch(self) -> Mapping[str, str]:
        """What it computes of a batch's examples together, by the setting that says so."""
        return {}

    @abstractmethod
    def loss(
        self, x: Tensor, posterior: Distribution, prior: Distribution, decode: Decode, epoch: float
    ) -> dict[str, Tensor]:
        """The scalars of a turn: the loss, and unweighted terms averaged over the batch, in nats.

        Args:
            x: ``(batch, *data_shape)``.
            posterior: q(z|x).
            prior: p(z).
            decode: from z to p(x|z).
            epoch: passes over the data so far.
        """

    @abstractmethod
    def evaluate(self, x: Tensor, posterior: Distribution, prior: Distribution, decode: Decode) -> dict[str, Tensor]:
        """Terms per example, each ``(batch,)`` in nats, with nothing of the loss's weights in them."""


@dataclass(frozen=True)
class ELBO(Objective):
    """The negative evidence lower bound, its KL weighted.

    Args:
        kl_weight: the KL term's final weight; 1 gives the bound, more a beta-VAE (Higgins et al. 2017).
        kl_warmup: epochs over which the weight rises linearly from 0 (Bowman et al. 2016); 0: none.
        samples: L, draws of z per example.
        kl: ``reparam.bounds.analytic_kl``, ``layerwise_kl`` or ``sampled_kl``.
        free_bits: nats per latent dimension that cost nothing, see :class:`reparam.bounds.FreeBits`; 0: none.

    Raises:
        UserError: if a number is negative or not finite, or something else has no effect beside ``kl_weight=0``.

    >>> [ELBO(kl_warmup=4).weight(epoch) for epoch in (0, 2, 4, 9)]
    [0.0, 0.5, 1.0, 1.0]
    """

    kl_weight: float = 1.0
    kl_warmup: float = 0.0
    samples: int = 1
    kl: KL = analytic_kl
    free_bits: float = 0.0

    def __post_init__(self) -> None:
        checks.whole("samples", self.samples)
        for name in ("kl_weight", "kl_warmup", "free_bits"):
            checks.within(name, getattr(self, name), 0)
        for name in ("kl_warmup", "free_bits"):
            if getattr(self, name) and not self.kl_weight:
                checks.refuse(name, getattr(self, name), "it has no effect with kl_weight=0, leave one of them out")
        if not callable(self.kl):
            checks.refuse("kl", self.kl, "give reparam.bounds.analytic_kl, layerwise_kl or sampled_kl")

    @property
    def schedules(self) -> Mapping[str, float]:
        """The KL's warm-up, if there is one."""
        return {"kl_warmup": self.kl_warmup} if self.kl_warmup else {}

    @property
    def of_the_batch(self) -> Mapping[str, str]:
        """Each dimension's average KL, which is what is or is not free."""
        return {"free_bits": "what of each dimension's KL is free"} if self.free_bits else {}

    def weight(self, epoch: float) -> float:
        """The KL term's weight after so many epochs."""
        return self.kl_weight * min(1.0, epoch / self.kl_warmup) if self.kl_warmup else self.kl_weight

    def loss(
        self, x: Tensor, posterior: Distribution, prior: Distribution, decode: Decode, epoch: float
    ) -> dict[str, Tensor]:
        """Weighted KL (what is free of it left out) minus reconstruction."""
        bound = elbo(x, posterior, prior, decode, self.samples, self.kl)
        reconstruction, kl = bound.reconstruction.mean(), bound.kl.mean()
        charged = FreeBits(self.free_bits)(posterior, prior).mean() if self.free_bits else kl
        terms = {"elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl}
        return {"loss": self.weight(epoch) * charged - reconstruction, **terms}

    def evaluate(self, x: Tensor, posterior: Distribution, prior: Distribution, decode: Decode) -> dict[str, Tensor]:
        """The bound and its two terms."""
        bound = elbo(x, posterior, prior, decode, self.samples, self.kl)
        return {"elbo": bound.elbo, "reconstruction": bound.reconstruction, "kl": bound.kl}


@dataclass(frozen=True)
class IWAE(Objective):
    """The negative importance-weighted bound (Burda et al. 2016).

    Args:
        samples: K, draws of z per example; 1 gives the ELBO with the sampled KL.

    Raises:
        UserError: if that is no whole number of at least 1.
    """

    samples: int = 50
    monitor = "iwae"

    def __post_init__(self) -> None:
        checks.whole("samples", self.samples)

    def loss(
        self, x: Tensor, posterior: Distribution, prior: Distribution, decode: Decode, epoch: float
    ) -> dict[str, Tensor]:
        """Minus the bound; its gradient is the plain one."""
        bound = importance_weighted(log_importance_weights(x, posterior, prior, decode, self.samples)).mean()
        return {"loss": -bound, "iwae": bound}

    def evaluate(self, x: Tensor, posterior: Distribution, prior: Distribution, decode: Decode) -> dict[str, Tensor]:
        """The bound, and the ELBO with its two terms from the same draws."""
        sizes = [min(AT_ONCE, self.samples - start) for start in range(0, self.samples, AT_ONCE)]
        parts = [self._draw(x, posterior, prior, decode, size) for size in sizes]
        reconstruction, log_ratio = (torch.cat(part) for part in zip(*parts, strict=True))
        log_weights = reconstruction - log_ratio
        terms = {"elbo": log_weights.mean(0), "reconstruction": reconstruction.mean(0), "kl": log_ratio.mean(0)}
        return {"iwae": importance_weighted(log_weights), **terms}

    @staticmethod
    def _draw(x: Tensor, posterior: Distribution, prior: Distribution, decode: Decode, n: int) -> tuple[Tensor, Tensor]:
        z, log_q = posterior.sample_and_log_prob((n,))
        return decode(z).log_prob(x), log_q - prior.log_prob(z)


@dataclass(frozen=True)
class DReG(IWAE):
    """The importance-weighted bound, the posterior moved by its doubly reparameterized gradient (Tucker et al. 2019).

    Args:
        samples: K, draws of z per example.

    Raises:
        UserError: if that is no whole number of at least 1.
    """

    def loss(
        self, x: Tensor, posterior: Distribution, prior: Distribution, decode: Decode, epoch: float
    ) -> dict[str, Tensor]:
        """Minus the surrogate; the bound is logged.

        Raises:
            UserError: if the posterior cannot be detached from its parameters (flows).
        """
        bound, surrogate = doubly_reparameterized(x, posterior, prior, decode, self.samples)
        return {"loss": -surrogate, "iwae": bound.mean()}
