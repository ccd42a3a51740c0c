"""The Wasserstein GAN: a critic in the discriminator's place."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from reparam import checks
from reparam.models.gan.constraints import Constraint, WeightClipping
from reparam.models.gan.gan import GAN
from reparam.recording import recorded

PENALIZED_ADAM = {"learning_rate": 1e-4, "betas": (0.0, 0.9)}  # Gulrajani et al. 2017
RMSPROP = {"optimizer": "rmsprop", "learning_rate": 5e-5}


@recorded
class WGAN(GAN):
    """A generator and a critic that estimates a Wasserstein distance, with the defaults of Arjovsky et al. 2017.

    Args:
        generator, critic, latent_dim, data_shape: as for :class:`GAN`.
        constraint: weight clipping at 0.01 unless given.
        discriminator_turns: critic updates per generator update.
        settings: the rest of :class:`GAN`'s.

    Raises:
        UserError: as :class:`GAN`, or if another loss is asked for.
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
        optimizer: Mapping[str, Any] = RMSPROP,
        **settings: Any,
    ) -> None:
        if "loss" in settings:
            checks.refuse("loss", settings["loss"], "a WGAN's is 'wasserstein', leave it out or compose a GAN")
        super().__init__(
            generator,
            critic,
            latent_dim,
            data_shape,
            loss="wasserstein",
            constraint=constraint or WeightClipping(),
            discriminator_turns=discriminator_turns,
            optimizer=optimizer,
            **settings,
        )
