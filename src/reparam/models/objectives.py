"""Training objectives of a VAE: how its bound becomes a loss."""

from dataclasses import dataclass

from torch import Tensor

from reparam.bounds import KL, Bound, analytic_kl


@dataclass(frozen=True)
class ELBO:
    """The negative evidence lower bound, its KL weighted.

    Args:
        kl_weight: the KL term's final weight; 1 gives the bound, more a beta-VAE (Higgins et al. 2017).
        kl_warmup: epochs over which the weight rises linearly from 0 (Bowman et al. 2016); 0: none.
        samples: L, draws of z per example.
        kl: ``reparam.bounds.analytic_kl`` or ``sampled_kl``.

    >>> [ELBO(kl_warmup=4).weight(epoch) for epoch in (0, 2, 4, 9)]
    [0.0, 0.5, 1.0, 1.0]
    """

    kl_weight: float = 1.0
    kl_warmup: float = 0.0
    samples: int = 1
    kl: KL = analytic_kl

    def weight(self, epoch: float) -> float:
        """The KL term's weight after so many epochs."""
        return self.kl_weight * min(1.0, epoch / self.kl_warmup) if self.kl_warmup else self.kl_weight

    def loss(self, bound: Bound, epoch: float) -> dict[str, Tensor]:
        """The scalars of a turn: the loss, and the unweighted terms averaged over the batch, in nats."""
        reconstruction, kl = bound.reconstruction.mean(), bound.kl.mean()
        terms = {"elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl}
        return {"loss": self.weight(epoch) * kl - reconstruction, **terms}
