"""The models of a comparison by name: `vae`, `vae-2`, `gan`, `wgan-gp` ..."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from reparam.errors import UserError
from reparam.settings import AutoencoderConfig, AVBConfig, GANConfig, ModelConfig, VAEConfig, WGANConfig

KINDS: Mapping[str, ModelConfig] = {
    "autoencoder": AutoencoderConfig(),
    "vae": VAEConfig(),
    "iwae": VAEConfig(objective="iwae"),
    "vae-flow": VAEConfig(posterior="iaf"),
    "vae-vamp": VAEConfig(prior="vamp"),
    "avb": AVBConfig(),
    "gan": GANConfig(),
    "gan-plain": GANConfig(loss="non-saturating"),
    "wgan": WGANConfig(),
    "wgan-gp": WGANConfig(gradient_penalty=10.0),
}
"""What each name stands for; `-N` behind it sets the width of the latent."""


def contender(name: str) -> ModelConfig:
    """The settings of the model that a name stands for.

    Args:
        name: one of :data:`KINDS`, with ``-N`` behind it for a latent of width N.

    Raises:
        UserError: if there is no such kind, or a latent has no width.

    >>> contender("vae-2").latent_dim, contender("wgan-gp").gradient_penalty
    (2, 10.0)
    """
    kind, latent = _parts(name)
    if kind not in KINDS:
        close = get_close_matches(kind, KINDS, n=1)
        guess = f" (did you mean {close[0]!r}?)" if close else ""
        raise UserError(f"there is no model {name!r}{guess}: name {', '.join(KINDS)}, with -N for N latent dimensions")
    settings = KINDS[kind].model_dump() | ({} if latent is None else {"latent_dim": latent})
    return type(KINDS[kind])(**settings)


def _parts(name: str) -> tuple[str, int | None]:
    """The kind and the width of the latent, where one is named."""
    match = re.fullmatch(r"(.+?)-(\d+)", name)
    return (match[1], int(match[2])) if match else (name, None)
