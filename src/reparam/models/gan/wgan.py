"""The Wasserstein GAN: a critic in the discriminator's place."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from reparam.models.gan.constraints import Constraint, GradientPenalty, WeightClipping
from reparam.models.gan.gan import GAN
from reparam.models.gan.instance_noise import InstanceNoise
from reparam.recording import recorded

PENALIZED_ADAM: Mapping[str, Any] = {"learning_rate": 1e-4, "betas": (0.0, 0.9)}  # Gulrajani et al. 2017
RMSPROP: Mapping[str, Any] = {"optimizer": "rmsprop", "learning_rate": 5e-5}


@recorded
class WGAN(GAN):
    """A generator and a critic that estimates a Wasserstein distance, with the defaults of Arjovsky et al. 2017.

    Args:
        generator, critic, latent_dim, data_shape: as for :class:`GAN`.
        constraint: weight clipping at 0.01 unless given; ``Constraint()`` for none (spectral normalization, say).
        discriminator_turns: critic updates per generator update.
        noise, unroll, unroll_rate, average, classes, shared_samples: as for :class:`GAN`.
        optimizer: RMSprop unless given, Adam with a gradient penalty (Gulrajani et al. 2017).
        head: as for :class:`GAN`.

    Raises:
        UserError: as :class:`GAN`.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        latent_dim: int,
        data_shape: tuple[int, ...],
        *,
        constraint: Constraint | None = None,
        discriminator_turns: int = 5,
        noise: InstanceNoise | None = None,
        unroll: int = 0,
        unroll_rate: float = 1e-3,
        average: float = 0.999,
        classes: int = 0,
        shared_samples: bool = False,
        optimizer: Mapping[str, Any] | None = None,
        head: nn.Module | None = None,
    ) -> None:
        constraint = constraint or WeightClipping()
        penalized = isinstance(constraint, GradientPenalty)
        super().__init__(
            generator,
            critic,
            latent_dim,
            data_shape,
            loss="wasserstein",
            constraint=constraint,
            discriminator_turns=discriminator_turns,
            noise=noise,
            unroll=unroll,
            unroll_rate=unroll_rate,
            average=average,
            classes=classes,
            shared_samples=shared_samples,
            optimizer=(PENALIZED_ADAM if penalized else RMSPROP) if optimizer is None else optimizer,
            head=head,
        )
