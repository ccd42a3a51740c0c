"""The plain autoencoder."""

from typing import Literal

from reparam.kinds import networks
from reparam.kinds.kind import Kind
from reparam.kinds.networks import NetworkConfig, build_decoder, build_encoder, build_likelihood
from reparam.models.traits import Traits
from reparam.models.vae.autoencoder import Autoencoder
from reparam.settings import Positive


class AutoencoderConfig(NetworkConfig):
    """A plain autoencoder."""

    kind: Literal["autoencoder"] = "autoencoder"
    latent_dim: Positive = 20
    """Width of the code."""


def build_autoencoder(config: AutoencoderConfig, traits: Traits) -> Autoencoder:
    """An autoencoder from its settings."""
    likelihood = build_likelihood(config, traits)
    return Autoencoder(
        build_encoder(config, config.latent_dim, traits),
        build_decoder(config, config.latent_dim, likelihood, traits),
        config.latent_dim,
        likelihood=likelihood,
    )


KIND = Kind(
    name="autoencoder",
    settings=AutoencoderConfig,
    model=Autoencoder,
    what="a code and back, no distribution over codes",
    examples=("reparam train autoencoder --latent-dim 2",),
    resolve=networks.decided,
    build=build_autoencoder,
    suits=networks.training,
    idle=networks.IDLE,
)
