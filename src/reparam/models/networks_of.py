"""The networks that a model is made of, by what they do, for whoever computes them elsewhere than in torch."""

from dataclasses import dataclass

from torch import nn

from reparam.errors import UserError
from reparam.models.gan.gan import GAN
from reparam.models.protocols import named
from reparam.models.vae.autoencoder import Autoencoder
from reparam.models.vae.avb import AVB
from reparam.models.vae.vae import VAE


@dataclass(frozen=True)
class Networks:
    """What data are made by, and what they are read by.

    Args:
        latent_dim: width of z.
        decoder: from z to the likelihood's parameters; from z to x where there is no likelihood.
        likelihood: from the decoder's output to p(x|z), or None.
        encoder: from x to what the posterior takes, or None.
        posterior: from the encoder's output to q(z|x); None where the output is the code.
        prior: whether p(z) is a part of the model: an autoencoder has none.
        judge: a discriminator of x, or None.
        critic: whether what it says is a critic's output.
        probability: whether the sigmoid of what it says is the probability that x is real.
        classes: that decoder and judge are told of; 0: of none.
        head: from the decoder's output to what x is drawn from, or None.
    """

    latent_dim: int
    decoder: nn.Module
    likelihood: nn.Module | None = None
    encoder: nn.Module | None = None
    posterior: nn.Module | None = None
    prior: bool = True
    judge: nn.Module | None = None
    critic: bool = False
    probability: bool = False
    classes: int = 0
    head: nn.Module | None = None


def networks_of(model: nn.Module) -> Networks:
    """The networks of a model of ours.

    Raises:
        UserError: if it is none whose parts are known.

    >>> from reparam.networks import MLP
    >>> networks_of(GAN(MLP(2, [8], 5), MLP(5, [8], 1), 2, (5,), average=0.0)).decoder
    MLP(...)
    """
    if isinstance(model, VAE):
        return Networks(model.latent_dim, model.decoder, model.likelihood, model.encoder, model.posterior)
    if isinstance(model, Autoencoder):
        return Networks(model.latent_dim, model.decoder, model.likelihood, model.encoder, prior=False)
    if isinstance(model, AVB):
        inside = model.autoencoder
        return Networks(model.latent_dim, inside["decoder"], model.likelihood, inside["encoder"], inside["posterior"])
    if isinstance(model, GAN):
        decoder = model.generator if model.averaged is None else model.averaged
        game = model.game
        return Networks(
            model.latent_dim,
            decoder,
            judge=model.discriminator,
            critic=model.critic,
            probability=game.ratio and not game.paired,
            classes=model.classes,
            head=model.head,
        )
    raise UserError(f"which networks {named(model)} is made of is not known: give a run of a vae, an autoencoder, an "
                    "avb or a game")  # fmt: skip
